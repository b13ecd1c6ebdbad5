"""Raw files: what the sources are, how to bring them, and whether they are whole."""
