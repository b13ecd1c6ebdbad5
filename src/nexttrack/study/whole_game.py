"""The first comparison: five models of five kinds, chosen and tested in the same way."""

import json
from functools import partial

import pandas as pd

from nexttrack.evaluation.comparison import Candidate, grid
from nexttrack.study.kept import kept
from nexttrack.study.protocol import choose_and_test, task
from nexttrack.study.registry import AS_IT_COMES, FEATURES, MODELS


def five_models(tracks: pd.DataFrame) -> dict[str, Candidate]:
    """Return the five models; each that has something to choose gets at most six settings.

    Args:
        tracks: items x columns with the audio features, NaN where unknown.
    """
    audio_knn = partial(MODELS["Audio kNN"].make, tracks)
    ials = partial(MODELS[AS_IT_COMES].make, regularization=10.0, iterations=15)
    return {
        "Random": Candidate(MODELS["Random"].make),
        "Popularity": Candidate(MODELS["Popularity"].make),
        "Audio kNN": Candidate(audio_knn, grid(features=list(FEATURES))),
        "Item kNN": Candidate(MODELS["Item kNN"].make, grid(K=[100, 400], shrinkage=[5, 20, 50])),
        "iALS": Candidate(ials, grid(factors=[32, 64], alpha=[5, 10, 20])),
    }


@kept
def play(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Choose and test all candidates on a data set of the edition at hand.

    Takes some ten seconds; the result is kept until the package's code or the data change.

    Args:
        name: one of ``protocol.DATASETS``.

    Returns:
        (trials, scores), see :func:`nexttrack.study.protocol.choose_and_test`.
    """
    asked = task(name)
    return choose_and_test(five_models(asked.dataset.tracks), asked)


def chosen_settings(trials: pd.DataFrame, model: str) -> dict:
    """Return the chosen setting of a model from the trials of :func:`play`, as keywords."""
    return json.loads(trials.loc[trials["chosen"] & (trials["model"] == model), "settings"].item())
