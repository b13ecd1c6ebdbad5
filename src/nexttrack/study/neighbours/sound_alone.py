"""How far sound alone goes: as z-scores, as normal scores, and in a space learned from plays."""

from functools import partial

import pandas as pd

from nexttrack.evaluation.comparison import Candidate, difference, grid, summarise
from nexttrack.evaluation.sweeps import sweep
from nexttrack.study.kept import kept
from nexttrack.study.neighbours.neighbour_curves import METRIC, SEED, by_halves
from nexttrack.study.protocol import task
from nexttrack.study.registry import FEATURES, MODELS

CENTROID, KERNELS = "centroid, z-scores", "kernels, normal scores"
LEARNED = "learned from other artists"
CONCENTRATIONS = (1, 3, 10, 30)


def sound_models(tracks: pd.DataFrame) -> dict[str, Candidate]:
    """Return popularity and the ways to go by sound, each with its settings.

    Args:
        tracks: items x columns with audio features and, for recordings, ``artists``.
    """
    audio = partial(MODELS["Audio kNN"].make, tracks)
    sets = list(FEATURES)
    kernels = grid(metric=["cosine", "euclidean"], concentration=CONCENTRATIONS, features=sets)
    learned = grid(factors=[32, 128], regularization=[0.01, 0.1], concentration=[0, 3, 10, 30])
    return {
        "Popularity": Candidate(MODELS["Popularity"].make),
        CENTROID: Candidate(audio, grid(scale=["z-scores"], features=sets)),
        "centroid, normal scores": Candidate(audio, grid(features=sets)),
        KERNELS: Candidate(audio, kernels),
        LEARNED: Candidate(partial(MODELS["Learned sound kNN"].make, tracks), learned),
    }


@kept
def sound_alone(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure how far sound alone goes on the validation part of a data set.

    Each half of the users is measured with the setting that is best on the other
    (:func:`nexttrack.study.neighbours.neighbour_curves.by_halves`). Takes a minute, and is kept.

    Args:
        name: one of ``protocol.DATASETS``.

    Returns:
        (means, gains). ``means``: NDCG@10 of each way with its interval, ``model``, ``mean``,
        ``low``, ``high``. ``gains``: what each way adds to the centroid of z-scores, paired by
        user, ``model``, ``gain``, ``low``, ``high``.
    """
    asked = task(name)
    scores, _ = sweep(sound_models(asked.dataset.tracks), asked.asked)
    scores, _ = by_halves(scores, METRIC)
    others = [model for model in scores["model"].unique() if model != CENTROID]
    gains = pd.DataFrame(
        [(one, *difference(scores, METRIC, one, CENTROID, seed=SEED)) for one in others],
        columns=["model", "gain", "low", "high"],
    )
    return summarise(scores, METRIC, seed=SEED).reset_index(), gains
