"""Compiled loops: ranking, sums over rows, random streams, chunks of rows."""
