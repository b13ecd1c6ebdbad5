"""New listeners who have told one song, or a few: how soon do models know them?"""

from functools import partial

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from nexttrack.evaluation.evaluator import evaluate
from nexttrack.evaluation.metrics import ndcg_at_k
from nexttrack.evaluation.splits import Split
from nexttrack.parallel import in_processes, on_one_thread
from nexttrack.study.cold_start.contenders import both, single
from nexttrack.study.cold_start.tasks import asked, users_of
from nexttrack.study.kept import kept
from nexttrack.study.protocol import SEED

SONGS = (1, 2, 5, 10)
MODELS = ("iALS", "EASE, scaled", "Item kNN", "Content kNN")
BOTH = "EASE, content"
SIDE_WEIGHT = 1.0
"""Of EASE, content, which is not chosen anew for each number of songs."""
METRICS = {"NDCG@10": partial(ndcg_at_k, k=10)}


def told(parts: Split, n: int, *, seed: int) -> csr_matrix:
    """Return what is known of the listeners of the test, n songs each, drawn from all that is.

    The songs of a listener for a smaller n are among those for a larger one. Only listeners with
    ten or more are asked, so that all numbers are of the same ones.
    """
    rng, rows = np.random.default_rng(seed), parts.test_in.copy()
    for start, stop in zip(rows.indptr, rows.indptr[1:], strict=False):
        rows.data[start:stop] = rng.permutation(stop - start) < n
    rows.eliminate_zeros()
    return rows


@kept
def few_songs(name: str) -> pd.DataFrame:
    """Measure models on new listeners of whom few songs are known; kept.

    Args:
        name: of the data set.

    Returns:
        One row for each model, number of songs and listener: ``model``, ``songs``, ``user``,
        ``NDCG@10``.
    """
    question = asked(name, "strong")
    made = both(question.dataset, (BOTH,)) | single(question.dataset, MODELS)
    tables = in_processes(_asked, (made, question.split), [(model,) for model in made], name)
    return pd.concat(tables, keys=list(made), names=["model"]).reset_index("model")


def _asked(made, parts: Split, name: str) -> pd.DataFrame:
    settings = {"side_weight": SIDE_WEIGHT} if name == BOTH else {}
    model = on_one_thread(made[name].make(**settings))
    model.fit(parts.test_train, show_progress=False)
    enough = np.diff(parts.test_in.indptr) >= max(SONGS)
    users = np.intersect1d(users_of(parts, "test"), np.flatnonzero(enough))
    tables = []
    for n in SONGS:
        seen, out = told(parts, n, seed=SEED), parts.test_out
        found = evaluate(
            *(model, seen[users], out[users], METRICS),
            N=10,
            fold_in=True,
            items=parts.test_items,
        )
        tables.append(found.assign(songs=n, user=users).reset_index(drop=True))
    return pd.concat(tables, ignore_index=True)
