"""The map of recordings: its content, its page, and the frame in a chapter."""
