"""Compiled loops: what is stored, ranking, sums over rows, random streams, chunks of rows."""
