"""A listener's own music: read from Spotify's or Exportify's files, kept, matched to recordings.

It stays in the data folder. Chapters do not read it.
"""

from nexttrack.data.listener.profiles import profile

__all__ = ["profile"]
