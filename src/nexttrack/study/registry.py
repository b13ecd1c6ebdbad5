"""Every model of the book: its class, what is searched, what it is set to, and its colour."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from implicit.als import AlternatingLeastSquares

from nexttrack.data.columns import AUDIO, MOOD
from nexttrack.data.dataset import Dataset
from nexttrack.features.names import names_incidence
from nexttrack.models import (
    BPR,
    EASE,
    IALS,
    NMF,
    SLIM,
    AudioKNN,
    ClusterPopularity,
    ContentKNN,
    ItemKNN,
    LearnedSoundKNN,
    LogisticMF,
    Popularity,
    PureSVD,
    Random,
    RecentPopularity,
    RP3beta,
    UserKNN,
)
from nexttrack.models.content import artists_and_genres
from nexttrack.models.space import OneOf, Space
from nexttrack.study.protocol import SEED

FEATURES = {"mood": MOOD, "sound": AUDIO, "sound + form": (*AUDIO, "mode", "duration_ms")}
"""Sets of columns that audio neighbours may be found by."""
FACTORS = 64  # of iALS, where they are not tuned
AS_IT_COMES = "iALS as it comes"
"""implicit's class with the settings that it has if none are given."""
PLAIN = {"unobserved_weight": 1.0, "frequency_exponent": 0.0}
"""What makes :class:`nexttrack.models.IALS` the model of Hu et al., which implicit has."""


@dataclass(frozen=True)
class Entry:
    """A model of the book.

    Attributes:
        name: as it stands in tables and figures.
        make: returns an unfitted model when called with settings as keywords.
        space: the range of each setting in a search; empty if there is nothing to tune.
        default: the settings where none are chosen, those that chapter 07 found best on lastfm-2k.
        on_playlists: those that it found best on playlists, where they are others.
        colour: one through all chapters.
        given: what ``make`` takes before the settings from a data set; nothing if None.
    """

    name: str
    make: Callable[..., Any]
    space: Space = field(default_factory=dict)
    default: Mapping[str, Any] = field(default_factory=dict)
    on_playlists: Mapping[str, Any] = field(default_factory=dict)
    colour: str = "#000000"
    given: Callable[[Dataset], Any] | None = None

    def on(self, dataset: Dataset) -> Callable[..., Any]:
        """Return a function that makes the model for a data set, from settings as keywords."""
        return partial(self.make, self.given(dataset)) if self.given else self.make

    def as_set_on(self, dataset: Dataset) -> Callable[..., Any]:
        """Return a function that makes the model for a data set with its default settings."""
        others = self.on_playlists if dataset.name == "playlists" else {}
        return partial(self.on(dataset), **{**self.default, **others})


def _bpr(**settings):
    return BPR(iterations=200, random_state=SEED, **settings)


def _ials(**settings):
    return IALS(**{"random_state": SEED} | settings)


def _plain(**settings):
    """iALS with the weights of Hu et al. and the same ridge in every row."""
    return _ials(factors=FACTORS, **PLAIN, **settings)


def _neighbours(model, **settings):
    """Return a model of neighbours; BM25 has a saturation of its own in place of shrinkage."""
    if settings.get("weighting") == "bm25" and settings.get("shrinkage"):
        settings["shrinkage"] = 0.0
    return model(**settings)


def _content(tracks: pd.DataFrame, names, **settings):
    attributes = artists_and_genres(tracks, {"genres": 0.0, "artists": 1.0, "both": 0.5}[names])
    return ContentKNN(_columns(tracks, AUDIO), attributes, **settings)


def _audio(tracks: pd.DataFrame, features="sound", **settings):
    return AudioKNN(_columns(tracks, FEATURES[features]), **settings)


def _learned_sound(tracks: pd.DataFrame, features="sound + form", **settings):
    groups = names_incidence(tracks["artists"]) if "artists" in tracks else None
    sound = _columns(tracks, FEATURES[features])
    return LearnedSoundKNN(sound, groups, random_state=SEED, **settings)


def _columns(tracks: pd.DataFrame, names) -> np.ndarray:
    return tracks[list(names)].to_numpy(dtype=np.float64)


def _tracks(dataset: Dataset) -> pd.DataFrame:
    return dataset.tracks


def _popular_in(groups: Mapping[Any, np.ndarray], k, shrinkage):
    """Return popularity in one of some groupings of the items, ``groups[k]``."""
    return ClusterPopularity(groups[k], shrinkage)


_ENTRIES = (
    Entry("Random", partial(Random, SEED), Random.search_space, colour="#B0B0B0"),
    Entry("Popularity", Popularity, Popularity.search_space, colour="#7F7F7F"),
    Entry(
        "Recent popularity",
        RecentPopularity,
        RecentPopularity.search_space,
        colour="#4D4D4D",
        given=Dataset.days,
    ),
    Entry("Shuffled clusters", _popular_in, colour="#B0B0B0"),
    Entry("Cluster popularity", _popular_in, colour="#009E73"),
    Entry("Genre popularity", _popular_in, colour="#CC79A7"),
    Entry(
        "Audio kNN",
        _audio,
        {"features": OneOf(tuple(FEATURES)), **AudioKNN.search_space},
        colour="#E69F00",
        given=_tracks,
    ),
    Entry(
        "Learned sound kNN",
        _learned_sound,
        LearnedSoundKNN.search_space,
        colour="#E69F00",
        given=_tracks,
    ),
    Entry(
        "Content kNN",
        _content,
        {"names": OneOf(("genres", "artists", "both")), **ContentKNN.search_space},
        colour="#009E73",
        given=_tracks,
    ),
    Entry("User kNN", partial(_neighbours, UserKNN), UserKNN.search_space, colour="#56B4E9"),
    Entry(
        "Item kNN",
        partial(_neighbours, ItemKNN),
        ItemKNN.search_space,
        default={"K": 400, "shrinkage": 5},
        on_playlists={"shrinkage": 20},
        colour="#0072B2",
    ),
    Entry("RP3beta", RP3beta, RP3beta.search_space, colour="#CC79A7"),
    Entry(
        "iALS",
        _ials,
        IALS.search_space,
        default={
            "factors": FACTORS,
            "frequency_exponent": 0.5,
            "regularization": 0.3,
            "unobserved_weight": 0.03,
        },
        on_playlists={
            "frequency_exponent": 1.0,
            "regularization": 0.03,
            "unobserved_weight": 0.01,
        },
        colour="#D55E00",
    ),
    Entry("iALS, plain", _plain, colour="#E8A27C"),
    Entry(AS_IT_COMES, partial(AlternatingLeastSquares, random_state=SEED), colour="#8C5A3C"),
    Entry(
        "EASE",
        EASE,
        EASE.search_space,
        default={"regularization": 100},
        on_playlists={"regularization": 500},
        colour="#000000",
    ),
    Entry("SLIM", SLIM, SLIM.search_space, colour="#332288"),
    Entry("PureSVD", partial(PureSVD, random_state=SEED), PureSVD.search_space, colour="#117733"),
    Entry("NMF", partial(NMF, random_state=SEED), NMF.search_space, colour="#999933"),
    Entry(
        "Logistic MF",
        partial(LogisticMF, random_state=SEED),
        LogisticMF.search_space,
        colour="#882255",
    ),
    Entry("BPR", _bpr, BPR.search_space, colour="#AA4499"),
)
MODELS: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}
"""The models by name."""
