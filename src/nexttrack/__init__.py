"""Music recommendation with Spotify data: what the chapters of the book import."""

from nexttrack import scratch  # noqa: F401 (first of all: libraries find folders to write to)

__version__ = "0.1.0"
