"""Names of columns that several modules mean, in the orders that count.

The order of columns is that of sums, and so of last digits; and that of random draws.
"""

RAW_AUDIO = (
    "danceability", "energy", "key", "loudness", "mode", "speechiness", "acousticness",
    "instrumentalness", "liveness", "valence", "tempo", "duration_ms", "time_signature",
)  # fmt: skip
"""As raw files have them."""
MOOD = ("danceability", "energy", "valence", "acousticness")
AUDIO = (*MOOD, "loudness", "speechiness", "instrumentalness", "liveness", "tempo")
"""How a track sounds: the nine that are measured of the sound alone."""
SHARES = tuple(name for name in RAW_AUDIO if name in AUDIO and name not in ("loudness", "tempo"))
"""Those from 0 to 1."""
AUDIO_AND_DURATION = (
    "energy", "acousticness", "instrumentalness", "liveness", "danceability", "speechiness",
    "valence", "loudness", "tempo", "duration_ms",
)  # fmt: skip
"""What is measured of a recording, ten numbers, as features and clusters of them are ordered."""
TABLE_AUDIO = (
    *(name for name in RAW_AUDIO if name in AUDIO),
    "key", "mode", "time_signature", "duration_ms",
)  # fmt: skip
"""As processed tables have them."""
