"""Exact and approximate search, as ``make search`` measured it: what of it chapter 06 shows."""

import numpy as np
import pandas as pd

from nexttrack.study.results import bench_table

METHODS = ("exact", "k-d tree", "HNSW")
"""In the order of the table."""


def search_times() -> pd.DataFrame:
    """Return what was measured, ``results/search.csv``, as numbers.

    Raises:
        UserError: if it was not measured.
    """
    return bench_table("search.csv", "search")


def break_even(times: pd.DataFrame, least_recall: float) -> pd.DataFrame:
    """Return from how many queries on building an approximate index pays.

    With b the seconds to build and r the queries per second, a method takes ``b + q / r`` seconds
    for q queries; it is cheaper than the exact search from
    ``q = (b - b_exact) / (1 / r_exact - 1 / r)`` on.

    Args:
        times: the rows of :func:`search_times`.
        least_recall: of the settings of HNSW the fastest with at least this recall is taken.

    Returns:
        One row for each n: ``n``, ``vectors``, ``ef``, ``recall``, ``build_seconds``,
        ``queries_per_second``, ``exact`` (queries per second of the exact search) and ``queries``,
        infinite where it never pays. Sizes at which no setting is good enough are left out.
    """
    exact = times[times["method"] == "exact"].set_index("n")
    graph = times[(times["method"] == "HNSW") & (times["recall"] >= least_recall)]
    graph = graph.sort_values("queries_per_second").groupby("n").tail(1).sort_values("n")
    known = exact.loc[graph["n"]]
    saved = 1 / known["queries_per_second"] - 1 / graph["queries_per_second"].to_numpy()
    more = graph["build_seconds"].to_numpy() - known["build_seconds"]
    queries = np.where(saved > 0, np.maximum(more, 0) / np.where(saved > 0, saved, 1), np.inf)
    columns = ["n", "vectors", "ef", "recall", "build_seconds", "queries_per_second"]
    return (
        graph[columns]
        .assign(exact=known["queries_per_second"].to_numpy(), queries=queries)
        .reset_index(drop=True)
    )
