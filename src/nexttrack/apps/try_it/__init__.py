"""The page on which a reader gets recommendations: one HTML file that carries its models."""
