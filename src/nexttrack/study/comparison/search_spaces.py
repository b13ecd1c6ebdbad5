"""Which models are compared, and over which settings each of them is tuned."""

from functools import partial

import numpy as np
import pandas as pd
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from nexttrack.data.columns import AUDIO
from nexttrack.data.dataset import Dataset
from nexttrack.evaluation.tuning import Tunable
from nexttrack.models import (
    EASE,
    SLIM,
    AudioKNN,
    ContentKNN,
    ItemKNN,
    Popularity,
    Random,
    RecentPopularity,
    RP3beta,
    UserKNN,
)
from nexttrack.models.content import artists_and_genres
from nexttrack.study.factors.factor_sweeps import bpr, ials, logistic, nmf, svd
from nexttrack.study.whole_game import FEATURES, SEED

real = FloatDistribution
log = partial(FloatDistribution, log=True)
whole = partial(IntDistribution, log=True)
one_of = CategoricalDistribution


def tunables(dataset: Dataset) -> dict[str, Tunable]:
    """Return the models that chapter 08 compares on a data set, those that take long first."""
    tracks = dataset.tracks
    by_interactions = {
        "BPR": Tunable(
            bpr,
            {
                "factors": whole(8, 128),
                "learning_rate": log(0.005, 0.2),
                "regularization": log(1e-4, 0.1),
            },
        ),
        "SLIM": Tunable(SLIM, {"l1": log(0.05, 20), "l2": log(1, 500)}),
        "Logistic MF": Tunable(
            logistic, {"factors": whole(8, 128), "regularization": log(0.1, 30)}
        ),
        "NMF": Tunable(nmf, {"factors": whole(4, 128), "regularization": log(1e-5, 0.1)}),
        "iALS": Tunable(
            ials,
            {
                "factors": whole(16, 256),
                "regularization": log(1e-4, 1),
                "unobserved_weight": log(1e-3, 1),
                "frequency_exponent": real(0, 1),
            },
        ),
        "EASE": Tunable(EASE, {"regularization": log(1, 10_000)}),
        "User kNN": Tunable(partial(_shrunk, UserKNN), _neighbours()),
        "Item kNN": Tunable(partial(_shrunk, ItemKNN), _neighbours()),
        "RP3beta": Tunable(
            RP3beta, {"K": whole(10, 1000), "alpha": real(0.2, 2), "beta": real(0, 1)}
        ),
        "PureSVD": Tunable(svd, {"factors": whole(2, 256)}),
    }
    return (
        by_interactions
        | _by_content(tracks)
        | _by_dates(dataset)
        | {"Popularity": Tunable(Popularity, {}), "Random": Tunable(partial(Random, SEED), {})}
    )


def space_table(tunables: dict[str, Tunable]) -> pd.DataFrame:
    """Return what is tuned, to be printed: one row for each setting of each model."""
    rows = [
        {"model": name, "setting": setting, "range": _words(range_)}
        for name, tunable in tunables.items()
        for setting, range_ in tunable.space.items()
    ]
    return pd.DataFrame(rows, columns=["model", "setting", "range"])


def _neighbours() -> dict[str, BaseDistribution]:
    # Shrinkage is in the unit of the norms; those of tf-idf rows are some ten times as long.
    return {
        "K": whole(10, 1000),
        "weighting": one_of(["cosine", "tfidf", "bm25"]),
        "shrinkage": log(0.1, 1000),
    }


def _shrunk(model, K, weighting, shrinkage):
    """Return a model of neighbours; BM25 has a saturation of its own in place of shrinkage."""
    return model(K=K, weighting=weighting, shrinkage=0.0 if weighting == "bm25" else shrinkage)


def _by_content(tracks: pd.DataFrame) -> dict[str, Tunable]:
    sound = tracks[list(AUDIO)].to_numpy(dtype=np.float64)
    names = ["genres", "artists", "both"] if "artists" in tracks else ["genres"]

    def content(names, attribute_weight, K, profile):
        share = {"genres": 0.0, "artists": 1.0, "both": 0.5}[names]
        attributes = artists_and_genres(tracks, share)
        return ContentKNN(
            sound, attributes, attribute_weight=attribute_weight, K=K, profile=profile
        )

    def audio(features):
        return AudioKNN(tracks[list(FEATURES[features])].to_numpy(dtype=np.float64))

    return {
        "Content kNN": Tunable(
            content,
            {
                "names": one_of(names),
                "attribute_weight": real(0, 1),
                "K": whole(20, 500),
                "profile": one_of(["max", "sum"]),
            },
        ),
        "Audio kNN": Tunable(audio, {"features": one_of(list(FEATURES))}),
    }


def _by_dates(dataset: Dataset) -> dict[str, Tunable]:
    if dataset.dates is None:
        return {}
    return {
        "Recent popularity": Tunable(
            partial(RecentPopularity, dataset.days()), {"half_life": log(1, 1000)}
        )
    }


def _words(range_: BaseDistribution) -> str:
    if isinstance(range_, CategoricalDistribution):
        return ", ".join(map(str, range_.choices))
    scale = ", log scale" if range_.log else ""
    kind = "whole, " if isinstance(range_, IntDistribution) else ""
    return f"{kind}{range_.low:g} to {range_.high:g}{scale}"
