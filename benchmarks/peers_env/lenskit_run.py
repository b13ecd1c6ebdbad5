"""Fit LensKit on a matrix and have it recommend: one measured process of `make bench-peers`.

    python lenskit_run.py TASK.json

The task says which model with which settings, how long the lists are and where the files are (see
benchmarks.peers). Matrix and lists are .npz; nothing is pickled. Runs in the environment of
this folder, which does not have nexttrack.
"""

import json
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from lenskit.als import ImplicitMFScorer
from lenskit.batch import recommend
from lenskit.data import from_interactions_df
from lenskit.knn import ItemKNNScorer
from lenskit.pipeline import topn_pipeline


def scorer(model, settings):
    """Return LensKit's model with our settings."""
    if model == "ALS":
        return ImplicitMFScorer(
            embedding_size=settings["factors"],
            epochs=settings["iterations"],
            # A stored pair weighs 1 + weight there, and alpha here.
            weight=settings["alpha"] - 1,
            regularization=settings["regularization"],
            # Take the user's factors from the fit, as ours does, and do not solve for them anew.
            user_embeddings="prefer",
        )
    return ItemKNNScorer(
        feedback="implicit",
        # An item is none of its own neighbours there.
        save_nbrs=settings["K"] - 1,
        # All of the user's items count.
        max_nbrs=settings["most_items"],
    )


def interactions(indptr, indices):
    """Return LensKit's data set of a matrix in CSR form."""
    users = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    return from_interactions_df(pd.DataFrame({"user_id": users, "item_id": indices}))


def fitted(task, data):
    """Return a pipeline, trained on a data set."""
    pipeline = topn_pipeline(scorer(task["model"], task["settings"]), n=task["N"])
    pipeline.train(data)
    return pipeline


def run(task):
    """Fit and recommend once on a few users and once on all; write the lists and the report."""
    with np.load(task["train"], allow_pickle=False) as train:
        indptr, indices = train["indptr"], train["indices"]
    with np.load(task["asked"], allow_pickle=False) as asked:
        users = asked["users"]
    n_few = task["few"]
    few = fitted(task, interactions(indptr[: n_few + 1], indices[: indptr[n_few]]))
    recommend(few, np.arange(n_few), task["N"], n_jobs=task["jobs"])
    data = interactions(indptr, indices)

    start = time.perf_counter()
    pipeline = fitted(task, data)
    fit_seconds = time.perf_counter() - start
    start = time.perf_counter()
    lists = recommend(pipeline, users, task["N"], n_jobs=task["jobs"])
    recommend_seconds = time.perf_counter() - start

    place = {user: row for row, user in enumerate(users.tolist())}
    ids = np.full((len(users), task["N"]), -1, dtype=np.int32)
    for key, items in lists:
        ids[place[int(key.user_id)], : len(items)] = items.ids()
    np.savez(task["lists"], ids=ids)
    report = {
        "fit": fit_seconds,
        "recommend": recommend_seconds,
        "peer": f"LensKit {version('lenskit')}, Python {platform.python_version()}",
    }
    Path(task["report"]).write_text(json.dumps(report))


if __name__ == "__main__":
    run(json.loads(Path(sys.argv[1]).read_text()))
