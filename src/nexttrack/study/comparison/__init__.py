"""Chapter 08: every model, tuned, on the same splits."""

BUDGET = 24
"""Trials of each model on each data set."""
