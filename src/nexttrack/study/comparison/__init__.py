"""Chapter 08: every model, tuned, on the same splits."""
