"""Music recommendation with Spotify data: what the chapters of the book import."""

from nexttrack import scratch

__version__ = "0.1.0"

scratch.settle()
