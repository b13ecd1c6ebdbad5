"""``python -m benchmarks search``: exact and approximate neighbours, how fast and how right.

Vectors are how recordings sound (ten normal scores). Where more are asked for than there are, they
are drawn: rows with the columns and the rank correlations of the recordings, one cloud
(:func:`nexttrack.clustering.correlated_columns`). The queries are rows that are not in the index.
Everything runs on one thread, so that methods are compared and not their use of cores, and seconds
are those of the processor, so that other work on the machine disturbs them little. The medians
go to the terminal and to ``results/search.csv``. Nothing here is a test: seconds depend on the
machine.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from benchmarks.harness import keep, machine, runs_progress
from nexttrack import project
from nexttrack.features.neighbours import overlap

SIZES = (10_000, 20_000, 40_000, 80_000, 160_000, 280_000)
QUICK_SIZES = (5_000, 10_000)
K = 10
QUERIES = 800  # of the 80,831 recordings, beside 80,000 vectors
BLOCK = 64  # queries at a time: their distances to 280,000 vectors take 72 MB
EFS = (10, 20, 40, 80, 160, 320)  # how many candidates HNSW keeps while it looks
M, EF_CONSTRUCTION = 16, 200  # links of a vector, and candidates while the graph is built
SEED = 20_260_109


@dataclass(frozen=True)
class Method:
    """A way to search.

    Attributes:
        what: what it is, in words.
        build: returns an index of float32 vectors (n x features).
        query: returns positions (queries x k) for an index, queries, k and a setting.
        settings: the settings of a query.
    """

    what: str
    build: Callable[[np.ndarray], Any]
    query: Callable[[Any, np.ndarray, int, int], np.ndarray]
    settings: Sequence[int] = (0,)


def exact_index(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the vectors and half their squared lengths."""
    return vectors, (vectors**2).sum(axis=1) / 2


def exact_query(index: tuple, queries: np.ndarray, k: int, setting: int = 0) -> np.ndarray:
    """Return the k nearest vectors by one matrix product for each block of queries.

    The order of ``|x|^2 / 2 - q x`` is that of the distances ``|q - x|``.
    """
    vectors, half = index
    found = np.empty((len(queries), k), dtype=np.int64)
    for start in range(0, len(queries), BLOCK):
        far = queries[start : start + BLOCK] @ vectors.T
        np.subtract(half, far, out=far)
        near = np.argpartition(far, k - 1, axis=1)[:, :k]
        order = np.argsort(np.take_along_axis(far, near, axis=1), axis=1, kind="stable")
        found[start : start + BLOCK] = np.take_along_axis(near, order, axis=1)
    return found


def tree_index(vectors: np.ndarray) -> Any:
    """Return scikit-learn's k-d tree of the vectors."""
    from sklearn.neighbors import KDTree

    return KDTree(vectors)


def tree_query(index: Any, queries: np.ndarray, k: int, setting: int = 0) -> np.ndarray:
    """Return the k nearest vectors by the tree, which is exact."""
    return index.query(queries, k, return_distance=False)


def graph_index(vectors: np.ndarray) -> Any:
    """Return the graph of small worlds (HNSW, Malkov & Yashunin 2020) of voyager."""
    from voyager import Index, Space

    index = Index(
        Space.Euclidean,
        vectors.shape[1],
        M=M,
        ef_construction=EF_CONSTRUCTION,
        random_seed=SEED % 2**31,
        max_elements=len(vectors),
    )
    index.add_items(vectors, ids=np.arange(len(vectors)), num_threads=1)
    return index


def graph_query(index: Any, queries: np.ndarray, k: int, setting: int) -> np.ndarray:
    """Return k near vectors by the graph; the setting is the number of candidates (ef)."""
    ids, _ = index.query(queries, k, num_threads=1, query_ef=setting)
    return ids.astype(np.int64)


METHODS = {
    "exact": Method("all distances by matrix products", exact_index, exact_query),
    "k-d tree": Method("scikit-learn's KDTree, exact", tree_index, tree_query),
    "HNSW": Method(
        f"voyager, M {M}, ef_construction {EF_CONSTRUCTION}", graph_index, graph_query, EFS
    ),
}


def recall(found: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean share of the true neighbours that were found, whatever the order."""
    return float(overlap(found, truth).mean())


def vectors_of(rows: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, str]:
    """Return n vectors to search in, queries that are not among them, and where they are from.

    Args:
        rows: how recordings sound, rows x features.
        n: number of vectors.

    Returns:
        (vectors, queries, source): float32 arrays, and "recordings" or, where there are too few
        of these, "drawn".
    """
    from nexttrack.clustering import correlated_columns

    source = "recordings"
    if len(rows) < n + QUERIES:
        rows, source = np.resize(rows, (n + QUERIES, rows.shape[1])), "drawn"
        rows = correlated_columns(rows, seed=SEED)
    order = np.random.default_rng(SEED).permutation(len(rows))
    rows = np.ascontiguousarray(rows[order], dtype=np.float32)
    return rows[QUERIES : QUERIES + n], rows[:QUERIES], source


def measure_method(
    name: str, vectors: np.ndarray, queries: np.ndarray, truth: np.ndarray, runs: int
) -> list[dict[str, object]]:
    """Measure a method on some vectors: a row for each setting of its queries.

    Args:
        name: of a method.
        vectors, queries: float32, rows x features.
        truth: positions of the nearest vectors, queries x K.
        runs: times that it is built and asked; medians are returned.
    """
    method = METHODS[name]
    builds, seconds, right = [], {setting: [] for setting in method.settings}, {}
    for _ in range(runs):
        start = time.process_time()
        index = method.build(vectors)
        builds.append(time.process_time() - start)
        for setting in method.settings:
            start = time.process_time()
            found = method.query(index, queries, K, setting)
            seconds[setting].append(time.process_time() - start)
            right[setting] = recall(found, truth)
    return [
        {
            "method": name,
            "what": method.what,
            "n": len(vectors),
            "ef": setting or "",
            "build_seconds": f"{statistics.median(builds):.4f}",
            "queries_per_second": f"{len(queries) / statistics.median(seconds[setting]):.1f}",
            "recall": f"{right[setting]:.4f}",
            "runs": runs,
        }
        for setting in method.settings
    ]


def search(
    quick: Annotated[
        bool, typer.Option(help="Small sizes, one run, and nothing is kept: to try it out.")
    ] = False,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each; the median is kept.")] = 3,
) -> None:
    """Measure exact and approximate search for neighbours; results/search.csv.

    Takes some ten minutes.
    """
    from nexttrack.data.dataset import table
    from nexttrack.study import sound_space
    from nexttrack.study.protocol import fingerprint

    rows = sound_space.sound(table("recordings")).to_numpy()
    facts = machine() | {"fingerprint": fingerprint()}
    results, console = [], Console(stderr=True)
    sizes, runs = (QUICK_SIZES, 1) if quick else (SIZES, runs)
    with (
        threadpool_limits(1),
        runs_progress(console) as progress,
    ):
        task = progress.add_task("search", total=len(sizes) * len(METHODS))
        for n in sizes:
            vectors, queries, source = vectors_of(rows, n)
            truth = exact_query(exact_index(vectors.astype(np.float64)), queries, K)
            for name in METHODS:
                found = measure_method(name, vectors, queries, truth, runs)
                results += [row | {"vectors": source} | facts for row in found]
                progress.advance(task)
    results.sort(key=lambda row: list(METHODS).index(row["method"]))
    if not quick:
        keep(results, project.root() / "results" / "search.csv", list(METHODS))
    Console().print(result_table(results))


def result_table(rows: list[dict[str, object]]) -> Table:
    """Return the rows as a table for the terminal."""
    shown = Table(caption="one thread; recall of the 10 nearest")
    headings = {
        "method": "method",
        "n": "vectors",
        "vectors": "source",
        "ef": "ef",
        "build_seconds": "build s",
        "queries_per_second": "queries/s",
        "recall": "recall",
    }
    for heading in headings.values():
        shown.add_column(heading, no_wrap=True)
    for row in rows:
        shown.add_row(*(str(row[name]) for name in headings))
    return shown
