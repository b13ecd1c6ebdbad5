"""Chapter 04: what features of sound are good for."""
