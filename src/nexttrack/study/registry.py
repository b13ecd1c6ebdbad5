"""Every model of the book: its class, what is searched, what it is set to, and its colour."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from implicit.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix

from nexttrack.data.columns import AUDIO, MOOD
from nexttrack.data.dataset import Dataset
from nexttrack.evaluation.any_matrix import neighbours
from nexttrack.features.names import names_incidence
from nexttrack.models import (
    BPR,
    EASE,
    GFCF,
    IALS,
    NMF,
    RDLAE,
    RLAE,
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
    SameArtist,
    SoftmaxMF,
    UserKNN,
)
from nexttrack.models.content import artists_and_genres
from nexttrack.models.space import OneOf, Range, Space
from nexttrack.study.protocol import SEED

FEATURES = {"mood": MOOD, "sound": AUDIO, "sound + form": (*AUDIO, "mode", "duration_ms")}
"""Sets of columns that audio neighbours may be found by."""
AS_IT_COMES = "iALS as it comes"
"""implicit's class with the settings that it has if none are given."""
PLAIN = {"unobserved_weight": 1.0, "frequency_exponent": 0.0}
"""What makes :class:`nexttrack.models.IALS` the model of Hu et al., which implicit has."""

_IALS = ("factors", "regularization", "unobserved_weight", "frequency_exponent", "iterations")
_IALS_KNOWN = (
    *((64, 2.0, 0.03, 0.5, 15), (64, 2.0, 0.5, 0.5, 15), (128, 3.0, 0.05, 0.5, 5)),
    *((192, 3.0, 0.1, 0.5, 4), (128, 2.0, 0.01, 1.0, 5), (192, 3.0, 0.01, 0.5, 4)),
)

# A minute a trial where the others take seconds: settings are chosen among these, not searched.
_SOFTMAX_KNOWN = tuple(
    {"factors": factors, "temperature": temperature, "iterations": iterations}
    for factors, temperature, iterations in (
        *((64, 0.2, 50), (128, 0.2, 60), (128, 0.16, 40)),
        *((128, 0.14, 60), (128, 0.16, 80), (128, 0.25, 80)),
    )
)


@dataclass(frozen=True)
class Entry:
    """A model of the book.

    Attributes:
        name: as it stands in tables and figures.
        make: returns an unfitted model when called with settings as keywords.
        space: the range of each setting in a search; empty if there is nothing to tune.
        known: settings that a search begins with: first those of the class as it comes, then
            published ones and what was found before.
        colour: one through all chapters.
        given: what ``make`` takes before the settings from a data set; nothing if None.
    """

    name: str
    make: Callable[..., Any]
    space: Space = field(default_factory=dict)
    known: tuple[Mapping[str, Any], ...] = ({},)
    colour: str = "#000000"
    given: Callable[[Dataset], Any] | None = None

    def on(self, dataset: Dataset) -> Callable[..., Any]:
        """Return a function that makes the model for a data set, from settings as keywords."""
        return partial(self.make, self.given(dataset)) if self.given else self.make


def _ials(**settings):
    return IALS(**{"random_state": SEED} | settings)


def _plain(**settings):
    """iALS with the weights of Hu et al. and the same ridge in every row."""
    return _ials(**PLAIN, **settings)


def _content(tracks: pd.DataFrame, names="both", **settings):
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


def _artists(dataset: Dataset) -> csr_matrix:
    return names_incidence(dataset.tracks["artists"])


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
    Entry("Random cells", _popular_in, colour="#56B4E9"),
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
    Entry("User kNN", partial(neighbours, UserKNN), UserKNN.search_space, colour="#56B4E9"),
    Entry(
        "Item kNN",
        partial(neighbours, ItemKNN),
        ItemKNN.search_space,
        known=({}, {"K": 400, "shrinkage": 5}, {"K": 400, "shrinkage": 20}),
        colour="#0072B2",
    ),
    Entry(
        "RP3beta",
        RP3beta,
        RP3beta.search_space,
        known=({}, {"K": 400, "alpha": 0.7, "beta": 0.35}, {"K": 400, "alpha": 0.35, "beta": 0.25}),
        colour="#CC79A7",
    ),
    Entry(
        "iALS",
        _ials,
        IALS.search_space,
        known=tuple(dict(zip(_IALS, values, strict=True)) for values in _IALS_KNOWN),
        colour="#D55E00",
    ),
    Entry(
        "iALS, plain",
        _plain,
        {
            "factors": Range(16, 256, log=True, whole=True),
            "alpha": Range(1, 100, log=True),
            "regularization": Range(1, 300, log=True),
            "iterations": Range(2, 16, log=True, whole=True),
        },
        known=(
            {"factors": 64, "alpha": 10, "regularization": 60, "iterations": 15},
            {"factors": 64, "alpha": 40, "regularization": 150, "iterations": 15},
        ),
        colour="#E8A27C",
    ),
    Entry(AS_IT_COMES, partial(AlternatingLeastSquares, random_state=SEED), colour="#8C5A3C"),
    Entry(
        "EASE",
        EASE,
        EASE.search_space,
        known=({}, {"regularization": 100}, {"regularization": 500}),
        colour="#000000",
    ),
    Entry("SLIM", SLIM, SLIM.search_space, colour="#332288"),
    Entry(
        "Softmax MF",
        partial(SoftmaxMF, random_state=SEED),
        known=_SOFTMAX_KNOWN,
        colour="#B2182B",
    ),
    Entry(
        "Softmax MF, pooled",
        partial(SoftmaxMF, user_side="pooled", random_state=SEED),
        known=_SOFTMAX_KNOWN,
        colour="#F4A582",
    ),
    Entry("fsSLIM", partial(SLIM, candidates=100), SLIM.search_space, colour="#6A5ACD"),
    Entry("RLAE", RLAE, RLAE.search_space, colour="#4D4D4D"),
    Entry("RDLAE", RDLAE, RDLAE.search_space, colour="#7A6A53"),
    Entry(
        "EASE, scaled",
        EASE,
        {**EASE.search_space, "popularity_exponent": Range(0, 0.5)},
        known=({}, {"regularization": 100, "popularity_exponent": 0.2}),
        colour="#8A8A8A",
    ),
    Entry("GF-CF", GFCF, GFCF.search_space, colour="#1B9E77"),
    Entry("Same artist", SameArtist, SameArtist.search_space, colour="#66A61E", given=_artists),
    Entry("PureSVD", partial(PureSVD, random_state=SEED), PureSVD.search_space, colour="#117733"),
    Entry("NMF", partial(NMF, random_state=SEED), NMF.search_space, colour="#999933"),
    Entry(
        "Logistic MF",
        partial(LogisticMF, random_state=SEED),
        LogisticMF.search_space,
        colour="#882255",
    ),
    Entry(
        "BPR",
        partial(BPR, random_state=SEED),
        BPR.search_space,
        known=({}, {"factors": 97, "learning_rate": 0.005, "regularization": 0.014}),
        colour="#AA4499",
    ),
)
MODELS: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}
"""The models by name."""
