"""Features of recordings: scikit-learn transformers, and the pipeline of all of them."""

from nexttrack.features.artists import ArtistProfile
from nexttrack.features.audio import LogDuration, Loudness, SentinelsAsMissing, TempoOctaves
from nexttrack.features.genres import GenreEmbedding, GenreMultiHot, genre_families
from nexttrack.features.key import CircleOfFifths
from nexttrack.features.normal_scores import NormalScores
from nexttrack.features.pipeline import audio_pipeline

__all__ = [
    "ArtistProfile",
    "CircleOfFifths",
    "GenreEmbedding",
    "GenreMultiHot",
    "LogDuration",
    "Loudness",
    "NormalScores",
    "SentinelsAsMissing",
    "TempoOctaves",
    "audio_pipeline",
    "genre_families",
]
