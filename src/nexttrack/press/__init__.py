"""What makes the pages: execute, check, render."""
