"""Which models chapter 14 compares, what is searched for each, and which of them read the order."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from nexttrack.evaluation.comparison import Candidate
from nexttrack.features.names import names_incidence
from nexttrack.models import (
    EASE,
    IALS,
    ItemKNN,
    MarkovChain,
    Popularity,
    RecentContentKNN,
    RecentItemKNN,
    SessionKNN,
    UserKNN,
)
from nexttrack.models.space import Range, Space
from nexttrack.study.protocol import SEED

N_TRIALS = 6
"""Settings of each model that has any: the one it starts from, and others drawn from its space."""
_FADING = Range(0.2, 100, log=True)
_K = Range(10, 500, log=True, whole=True)
_SHRINKAGE = Range(0.1, 100, log=True)


@dataclass(frozen=True)
class Contender:
    """A model of the chapter.

    Attributes:
        make: returns an unfitted model when called with settings as keywords.
        reads_order: whether it takes values for moments; if not it is given ones.
        start: the settings tried first.
        space: the range of each setting; empty if there is nothing to choose.
        colour: of its marks.
    """

    make: Callable[..., Any]
    reads_order: bool
    start: Mapping[str, Any] = field(default_factory=dict)
    space: Space = field(default_factory=dict)
    colour: str = "#000000"


UNORDERED_OF = {
    "Fading artist": "Same artist",
    "STAN": "User kNN",
    "S-SKNN": "User kNN",
    "Fading item kNN": "Item kNN",
}
"""For each model that reads the order, the one that it is if there is none."""


def contenders(artists: csr_matrix) -> dict[str, Contender]:
    """Return the models by name, those that take long first.

    Args:
        artists: items x artists, from :func:`artists_of`.
    """
    by_artist = partial(RecentContentKNN, artists, K=200)
    ials_space = {
        "regularization": Range(0.003, 3, log=True),
        "unobserved_weight": Range(0.003, 0.3, log=True),
    }
    item_space = {"K": _K, "shrinkage": _SHRINKAGE}
    item_start = {"K": 100, "shrinkage": 5.0}
    return {
        "iALS": Contender(
            partial(IALS, factors=64, frequency_exponent=1.0, random_state=SEED),
            False,
            {"regularization": 0.03, "unobserved_weight": 0.01},
            ials_space,
            "#D55E00",
        ),
        "EASE": Contender(
            EASE,
            False,
            {"regularization": 100.0},
            {"regularization": Range(1, 3000, log=True)},
        ),
        "STAN": Contender(
            SessionKNN,
            True,
            {"K": 100, "half_life": 5.0, "spread": 5.0},
            {"K": _K, "half_life": _FADING, "spread": _FADING, "shrinkage": _SHRINKAGE},
            "#117733",
        ),
        "S-SKNN": Contender(
            partial(SessionKNN, latest=True),
            True,
            {"K": 100},
            {"K": _K, "shrinkage": _SHRINKAGE},
            "#999933",
        ),
        "User kNN": Contender(
            UserKNN, False, {"K": 100}, {"K": _K, "shrinkage": _SHRINKAGE}, "#56B4E9"
        ),
        "Fading item kNN": Contender(
            RecentItemKNN,
            True,
            {**item_start, "half_life": 10.0},
            {**item_space, "half_life": _FADING},
            "#332288",
        ),
        "Item kNN": Contender(ItemKNN, False, item_start, item_space, "#0072B2"),
        "Sequential rules": Contender(
            MarkovChain,
            True,
            {"steps": 10, "half_life": 3.0, "shrinkage": 1.0},
            MarkovChain.search_space,
            "#882255",
        ),
        "Markov chain": Contender(MarkovChain, True, colour="#AA4499"),
        "Fading artist": Contender(
            by_artist, True, {"half_life": 3.0}, {"half_life": _FADING}, "#E69F00"
        ),
        "Same artist": Contender(partial(by_artist, half_life=np.inf), False, colour="#009E73"),
        "Popularity": Contender(Popularity, False, colour="#7F7F7F"),
    }


def artists_of(tracks) -> csr_matrix:
    """Return who made each item, items x artists of ones."""
    return names_incidence(tracks["artists"]).astype(np.float32)


def to_try(contenders: Mapping[str, Contender], n_trials: int = N_TRIALS) -> dict[str, Candidate]:
    """Return each model with the settings it is tried with: a random search (Bergstra & Bengio
    2012, JMLR 13) of the same length for all that have any.

    The draws of a model depend on its name and on the book's seed, and on no other model.
    """
    return {
        name: Candidate(one.make, _drawn(one, n_trials, zlib.crc32(name.encode())))
        for name, one in contenders.items()
    }


def _drawn(contender: Contender, n_trials: int, number: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng([SEED, number])
    n = n_trials - 1 if contender.space else 0
    return [dict(contender.start), *(_draw(contender.space, rng) for _ in range(n))]


def _draw(space: Space, rng: np.random.Generator) -> dict[str, Any]:
    drawn = {}
    for name, range_ in space.items():
        if not isinstance(range_, Range):
            raise TypeError(f"{name}: only ranges are drawn from")
        low, high = np.log([range_.low, range_.high]) if range_.log else (range_.low, range_.high)
        value = rng.uniform(low, high)
        value = float(f"{np.exp(value) if range_.log else value:.3g}")
        drawn[name] = round(value) if range_.whole else value
    return drawn
