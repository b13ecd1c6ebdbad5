"""What comes next in a playlist, and what its order is worth: chapter 14."""
