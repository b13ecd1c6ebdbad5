"""Measure ranked lists with ranx or LensKit: one measured process of `make bench-peers`.

    python metrics_run.py NAME LISTS.npz REPORT.json

Names, files and report are those of benchmarks.metrics, which says what is compared. Runs in
the environment of this folder, which does not have nexttrack. LensKit brings PyTorch with it, so
each library is imported where it is used.
"""

import itertools
import json
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

CUT_OFFS = (10, 20, 100)
FEW = 50
RANX_NAMES = {
    "recall": "recall",
    "precision": "precision",
    "hit_rate": "hit_rate",
    "ndcg": "ndcg",
    "map": "average_precision",
    "mrr": "reciprocal_rank",
}
# What LensKit defines as ours does; recall and average precision have other denominators there.
LENSKIT_NAMES = {
    "Precision": "precision",
    "Hit": "hit_rate",
    "NDCG": "ndcg",
    "RecipRank": "reciprocal_rank",
}


def ranx_arrays(ids, indptr, indices, n_items):
    """Return ranx's (qrels, run): users x places x (id, score); -1 fills what is too short."""
    run = np.empty((*ids.shape, 2))
    run[:, :, 0] = ids
    run[:, :, 1] = np.arange(ids.shape[1], 0, -1)
    counts = np.diff(indptr)
    there = np.arange(counts.max()) < counts[:, None]
    qrels = np.zeros((*there.shape, 2))
    qrels[:, :, 0] = -1
    qrels[there] = np.column_stack([indices, np.ones(len(indices))])
    return qrels, run


def ranx_dictionaries(ids, indptr, indices, n_items):
    """Return ranx's (Qrels, Run), from dictionaries of strings."""
    from ranx import Qrels, Run

    names = np.array([str(item) for item in range(n_items)], dtype=object)
    scores = [float(score) for score in range(ids.shape[1], 0, -1)]
    wanted, ends = names[indices].tolist(), indptr.tolist()
    qrels, run = {}, {}
    for row, listed in enumerate(names[ids]):
        user = str(row)
        run[user] = dict(zip(listed.tolist(), scores, strict=True))
        qrels[user] = dict.fromkeys(wanted[ends[row] : ends[row + 1]], 1)
    return Qrels.from_dict(qrels), Run.from_dict(run)


def ranx_measure(converted):
    """Return ranx's values, an array for each metric."""
    from ranx import evaluate

    at_k = [f"{name}@{k}" for name in RANX_NAMES for k in CUT_OFFS]
    # Saving them in the run would copy them into dictionaries.
    options = {"return_mean": False, "save_results_in_run": False}
    return evaluate(*converted, [*at_k, "r-precision"], **options)


def ranx_summary(values):
    """Return the means over users by our names."""
    names = {f"{name}@{k}": f"{our}@{k}" for name, our in RANX_NAMES.items() for k in CUT_OFFS}
    names["r-precision"] = "r_precision"
    return {our: float(np.mean(values[name])) for name, our in names.items()}


def lenskit_lists(ids, indptr, indices, n_items):
    """Return LensKit's (lists by cut-off, relevant items), over a shared vocabulary.

    Item numbers with a vocabulary are looked up quicker than item ids.
    """
    from lenskit.data import ItemList, ItemListCollection, UserIDKey, Vocabulary

    items = Vocabulary(np.arange(n_items), name="item")
    relevant = ItemListCollection.empty(UserIDKey)
    for user, (start, stop) in enumerate(itertools.pairwise(indptr)):
        relevant.add(ItemList(item_nums=indices[start:stop], vocabulary=items), user)
    lists = {}
    for k in CUT_OFFS:
        lists[k] = ItemListCollection.empty(UserIDKey)
        for user, listed in enumerate(np.ascontiguousarray(ids[:, :k])):
            lists[k].add(ItemList(item_nums=listed, vocabulary=items, ordered=True), user)
    return lists, relevant


def lenskit_measure(converted):
    """Return LensKit's values, for each cut-off a data frame with a row for each user."""
    from lenskit.metrics import NDCG, Hit, Precision, Recall, RecipRank, RunAnalysis
    from lenskit.metrics.ranking import AveragePrecision, LogRankWeight

    lists, relevant = converted
    found = []
    for k, listed in lists.items():
        ndcg = NDCG(k, weight=LogRankWeight(offset=1))
        metrics = (Recall(k), Precision(k), Hit(k), ndcg, AveragePrecision(k), RecipRank(k))
        found.append(RunAnalysis(*metrics).measure(listed, relevant).list_metrics())
    return found


def lenskit_summary(values):
    """Return the means over users by our names, of what is defined as ours is."""
    means = {name: float(mean) for frame in values for name, mean in frame.mean().items()}
    names = {f"{name}@{k}": f"{our}@{k}" for name, our in LENSKIT_NAMES.items() for k in CUT_OFFS}
    return {our: means[name] for name, our in names.items()}


SIDES = {
    "ranx": ("ranx", ranx_arrays, ranx_measure, ranx_summary),
    "ranx-dictionaries": ("ranx", ranx_dictionaries, ranx_measure, ranx_summary),
    "LensKit": ("lenskit", lenskit_lists, lenskit_measure, lenskit_summary),
}


def run(name, lists_file, report_file):
    """Measure a few users once and all once, and report."""
    package, convert, measure, summary = SIDES[name]
    with np.load(lists_file, allow_pickle=False) as file:
        ids, indptr, indices = file["ids"], file["indptr"], file["indices"]
        n_items = int(file["n_items"])
    few = min(FEW, len(ids))
    measure(convert(ids[:few], indptr[: few + 1], indices[: indptr[few]], n_items))
    start, start_processor = time.perf_counter(), time.process_time()
    converted = convert(ids, indptr, indices, n_items)
    then = time.perf_counter()
    found = measure(converted)
    done, done_processor = time.perf_counter(), time.process_time()
    report = {
        "convert": then - start,
        "seconds": done - start,
        "processor": done_processor - start_processor,
        "summary": summary(found),
        "tool": f"{package} {version(package)}, Python {platform.python_version()}",
    }
    report_file.write_text(json.dumps(report))


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
