"""What content is worth for new items, for known ones, and beside who plays them: chapter 09."""
