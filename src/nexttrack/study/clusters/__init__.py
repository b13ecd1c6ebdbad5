"""Chapter 05: clusters of recordings by sound."""
