"""A simulated world of listeners and tracks: what the sample edition is made of."""
