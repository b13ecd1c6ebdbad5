"""Chapter 07: learned factors."""
