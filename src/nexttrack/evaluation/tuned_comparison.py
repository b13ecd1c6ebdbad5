"""The comparison of chapter 08: on which data, how they are split, and with which settings."""

from functools import partial

import numpy as np
import pandas as pd

from nexttrack import project
from nexttrack.data.dataset import Dataset
from nexttrack.errors import UserError
from nexttrack.evaluation import whole_game
from nexttrack.evaluation.metrics import ndcg_at_k
from nexttrack.evaluation.splits import Split, timed

SEED = 20_260_108
METRIC, N = partial(ndcg_at_k, k=10), 10
HELD_OUT = 0.2
"""Share of additions that come in validation, and of those in the test, where there are dates."""


def split(dataset: Dataset) -> Split:
    """Return the split of a data set: by time where there are dates, else a fifth of each user's.

    Time is cut for all users at once, on the days before which 60 % and 80 % of the pairs were
    there.
    """
    if dataset.dates is None:
        return whole_game.split(dataset)
    days = dataset.days()
    cuts = np.quantile(days.data, [1 - 2 * HELD_OUT, 1 - HELD_OUT])
    return timed(dataset.binary(), days, validation_from=cuts[0], test_from=cuts[1])


def kept_trials(data: str) -> pd.DataFrame:
    """Return the trials of ``results/tuning.csv`` that were made on some data.

    Args:
        data: a fingerprint, see :func:`nexttrack.data.dataset.fingerprint`.

    Raises:
        UserError: if there are none.
    """
    path = project.root() / "results" / "tuning.csv"
    trials = pd.read_csv(path) if path.exists() else pd.DataFrame({"fingerprint": []})
    trials = trials[trials["fingerprint"] == data]
    if trials.empty:
        raise UserError(f"{path}: no trials on these data ({data}); run: make tune")
    return trials
