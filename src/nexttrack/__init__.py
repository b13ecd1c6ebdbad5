"""Music recommendation with Spotify data: what the chapters of the book import."""

__version__ = "0.1.0"
