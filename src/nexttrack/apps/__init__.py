"""What readers use in a browser."""
