"""Features of recordings: scikit-learn transformers, and the pipeline of all of them."""

from nexttrack.features.artists import ArtistProfile
from nexttrack.features.audio import LogDuration, Loudness, SentinelsAsMissing, TempoOctaves
from nexttrack.features.genres import GenreEmbedding, GenreMultiHot
from nexttrack.features.key import CircleOfFifths
from nexttrack.features.pipeline import audio_pipeline

__all__ = [
    "ArtistProfile",
    "CircleOfFifths",
    "GenreEmbedding",
    "GenreMultiHot",
    "LogDuration",
    "Loudness",
    "SentinelsAsMissing",
    "TempoOctaves",
    "audio_pipeline",
]
