"""Chapter 10: how a figure comes out too good."""
