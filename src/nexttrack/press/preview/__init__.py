"""The renderer for machines without Quarto."""
