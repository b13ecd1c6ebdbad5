"""Features of recordings: scikit-learn transformers, and the pipeline of all of them.

The names below are loaded when they are first used: the recommenders take one function from here
and need not wait for scikit-learn.
"""

from importlib import import_module

_HOMES = {
    "ArtistProfile": "features.artists",
    "CircleOfFifths": "features.key",
    "GenreEmbedding": "features.genres",
    "GenreMultiHot": "features.genres",
    "LogDuration": "features.audio",
    "Loudness": "features.audio",
    "NormalScores": "features.normal_scores",
    "SentinelsAsMissing": "features.audio",
    "TempoOctaves": "features.audio",
    "audio_pipeline": "features.pipeline",
    "genre_families": "features.genres",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"nexttrack.{_HOMES[name]}"), name)
