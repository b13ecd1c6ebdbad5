"""``python -m benchmarks fits``: how seconds and memory of each fit grow with the catalogue.

Every run is a process of its own. It is handed the rows ready to fit on, fits some of them once, so
that imports and compilation are over, and then takes the time of the fit on all. The medians go to
the terminal and to ``results/scaling.csv``, with the exponent b of seconds ~ rows^b. The samples
are nested. Nothing here is a test: seconds depend on the machine, and on what else it does.
"""

import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.harness import (
    LONG,
    MOST_MEGABYTES,
    MOST_SECONDS,
    PER_MEGABYTE,
    exponent,
    in_turn,
    keep,
    machine,
    own,
    reported,
    runs_progress,
    takes_long,
)
from nexttrack import project
from nexttrack.errors import UserError

SIZES = (10_000, 20_000, 40_000)
"""Numbers of recordings to fit on, besides all."""
WARM_UP = 500
"""Rows of the fit that is not measured, enough for all code to be compiled."""
SEED = 0


@dataclass(frozen=True)
class Fit:
    """A fit to measure.

    Attributes:
        what: what is fitted, in words.
        prepare: from recordings (a frame) to the rows to fit on, as many; not measured.
        run: the fit; measured.
        megabytes: what it needs at least, from the number of rows; None if it grows with n only.
    """

    what: str
    prepare: Callable[[pd.DataFrame], pd.DataFrame]
    run: Callable[[pd.DataFrame], Any]
    megabytes: Callable[[int], float] | None = None


def recordings(table: pd.DataFrame) -> pd.DataFrame:
    """Return the recordings as they are."""
    return table


def features(table: pd.DataFrame) -> pd.DataFrame:
    """Return the features that are clustered, rows x 10."""
    from nexttrack.study.sound_space import sound

    return sound(table)


def features_and_popularity(table: pd.DataFrame) -> pd.DataFrame:
    """Return all audio features, with the popularity as the last column."""
    from nexttrack.features import audio_pipeline

    pipeline = audio_pipeline(scaling="normal").set_output(transform="pandas")
    return pipeline.fit_transform(table).assign(popularity=table["popularity"].to_numpy())


def umap_map(table: pd.DataFrame) -> pd.DataFrame:
    """Return places on a UMAP of the features, rows x 2."""
    return pd.DataFrame(umap(features(table)), columns=["x", "y"])


def artists_and_genres(table: pd.DataFrame) -> np.ndarray:
    """Fit and apply the pipeline of features with everything in it."""
    from nexttrack.features import audio_pipeline

    pipeline = audio_pipeline(scaling="normal", genres="embedding", artists=True)
    return pipeline.fit_transform(table)


def clustered(method: str, setting: int, **parameters: Any) -> Callable[[pd.DataFrame], Any]:
    """Return a fit of a method of chapter 05, with other parameters where some are given."""

    def fit(X: pd.DataFrame) -> Any:
        from nexttrack.clustering.seeds import seeded
        from nexttrack.study.clusters.methods import estimator

        return seeded(estimator(method, setting), SEED, **parameters).fit(X)

    return fit


def pca(X: pd.DataFrame) -> Any:
    """Fit the principal components."""
    from sklearn.decomposition import PCA

    return PCA(2, random_state=SEED).fit_transform(X)


def umap(X: pd.DataFrame) -> np.ndarray:
    """Fit UMAP."""
    from nexttrack.clustering import umap_places

    # Left to itself it takes 500 rounds for up to 10,000 rows and 200 for more: a step, no growth.
    return umap_places(X, seed=SEED, n_epochs=200)


def t_sne(X: pd.DataFrame) -> Any:
    """Fit t-SNE."""
    from sklearn.manifold import TSNE

    return TSNE(random_state=SEED, n_jobs=-1).fit_transform(X)


def gradient_boosting(rows: pd.DataFrame) -> Any:
    """Fit gradient boosting of the last column on the others."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    # Left to itself it stops early from 10,000 rows on: again a step.
    model = HistGradientBoostingRegressor(early_stopping=False, random_state=SEED)
    return model.fit(rows.iloc[:, :-1], rows.iloc[:, -1])


def _distances_twice(n: int) -> float:
    """Return the megabytes of SciPy's n (n − 1) / 2 distances in float64, and of its copy."""
    return n * (n - 1) * 8 / 1e6


FITS = {
    "audio-pipeline": Fit(
        "audio features with artists' profiles and genre embedding", recordings, artists_and_genres
    ),
    "k-means": Fit("k = 10, 4 starts", features, clustered("k-means", 10, n_init=4)),
    "gaussian-mixture": Fit(
        "10 components, full covariances, 2 starts", features, clustered("Gaussian mixture", 10)
    ),
    "ward": Fit("Ward's tree", features, clustered("Ward", 10), _distances_twice),
    "hdbscan": Fit("clusters of 100 or more", features, clustered("HDBSCAN", 100)),
    "pca": Fit("2 components", features, pca),
    "umap": Fit("2 dimensions, 15 exact neighbours, 200 rounds", features, umap),
    "t-sne": Fit("2 dimensions, perplexity 30, Barnes-Hut", features, t_sne),
    "hdbscan-umap": Fit(
        "clusters of 100 or more, on the UMAP", umap_map, clustered("HDBSCAN", 100)
    ),
    "gradient-boosting": Fit(
        "popularity from audio, 100 trees", features_and_popularity, gradient_boosting
    ),
}


def sizes_of(n_rows: int) -> list[int]:
    """Return the sizes to measure of so many recordings, all of them last."""
    return [size for size in SIZES if size < n_rows] + [n_rows]


def reason_to_skip(fit: Fit, n: int, sizes: list[int], seconds: list[float]) -> str:
    """Return why a fit is not begun on n rows, going by the sizes measured; empty if it is."""
    needed = fit.megabytes(n) if fit.megabytes else 0
    if needed > MOST_MEGABYTES:
        return f"needs {needed:,.0f} MB, more than {MOST_MEGABYTES:,}"
    if len(sizes) >= 2:
        expected = seconds[-1] * (n / sizes[-1]) ** exponent(sizes, seconds)
        if expected > MOST_SECONDS:
            return f"would take some {expected:,.0f} s, more than {MOST_SECONDS:,}"
    return ""


def fit_once(name: str, rows_file: Path, report_file: Path) -> None:
    """Fit on a few rows, fit on all, and report; the whole work of a measured process.

    Args:
        name: of a fit.
        rows_file: rows, as Parquet.
        report_file: becomes JSON: ``seconds`` of the second fit, and ``start_mb``, the most memory
            that the process had held before it.
    """
    import resource

    fit, rows = FITS[name], pd.read_parquet(rows_file)
    fit.run(rows[:WARM_UP])
    start_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / PER_MEGABYTE
    start = time.perf_counter()
    fit.run(rows)
    report = {"seconds": time.perf_counter() - start, "start_mb": start_mb}
    report_file.write_text(json.dumps(report))


def fit_report(name: str, rows_file: Path) -> dict[str, float]:
    """Run a fit in a process of its own and return ``seconds``, ``start_mb`` and ``peak_mb``.

    Raises:
        UserError: if it fails, with the last line that it wrote.
    """
    return reported(own("fits"), name, rows_file)


def measure_fit(
    name: str,
    rows_file: Callable[[Fit, int], Path],
    sizes: list[int],
    runs: int,
    on_size: Callable[[], None] = lambda: None,
) -> list[dict[str, object]]:
    """Measure a fit at each size.

    Args:
        name: of a fit.
        rows_file: gives the file of the rows of a fit for a size.
        sizes: numbers of rows, rising.
        runs: runs of each size; one where it takes over ``LONG`` seconds.
        on_size: called after each size.

    Returns:
        The rows of the result, one a size.
    """
    fit, rows, done, seconds = FITS[name], [], [], []
    for n in sizes:
        row = {"fit": name, "what": fit.what, "n": n}
        skipped = reason_to_skip(fit, n, done, seconds)
        if not skipped:
            sides = {"fit": partial(fit_report, name, rows_file(fit, n))}
            found = in_turn(sides, runs, lambda found: takes_long(found["fit"], "seconds"))["fit"]
            row |= _medians(found)
            done.append(n)
            seconds.append(statistics.median(run["seconds"] for run in found))
        rows.append(row | {"skipped": skipped})
        on_size()
    growth = exponent(done, seconds)
    return [row | {"exponent": "" if math.isnan(growth) else f"{growth:.2f}"} for row in rows]


def _medians(found: list[dict[str, float]]) -> dict[str, object]:
    seconds = [run["seconds"] for run in found]
    return {
        "seconds": f"{statistics.median(seconds):.3f}",
        "fastest": f"{min(seconds):.3f}",
        "slowest": f"{max(seconds):.3f}",
        "start_mb": f"{statistics.median(run['start_mb'] for run in found):.0f}",
        "peak_mb": f"{statistics.median(run['peak_mb'] for run in found):.0f}",
        "runs": len(found),
    }


def scaling(
    fits: Annotated[
        list[str] | None, typer.Argument(help=f"Some of: {', '.join(FITS)}; all if none is given.")
    ] = None,
    runs: Annotated[
        int, typer.Option(min=1, help=f"Runs of each size; one if it takes over {LONG} s.")
    ] = 3,
) -> None:
    """Measure how the seconds and memory of each fit grow with the catalogue; results/scaling.csv.

    All fits take up to an hour.
    """
    names = fits or list(FITS)
    if unknown := [name for name in names if name not in FITS]:
        raise UserError(f"{unknown[0]}: not a fit; the fits are {', '.join(FITS)}")
    from nexttrack.data.dataset import table

    catalogue, facts, console = table("recordings"), machine(), Console(stderr=True)
    order = np.random.default_rng(SEED).permutation(len(catalogue))
    catalogue, sizes, rows = catalogue.iloc[order], sizes_of(len(catalogue)), []
    with (
        tempfile.TemporaryDirectory() as scratch,
        runs_progress(console) as progress,
    ):

        def rows_file(fit: Fit, n: int) -> Path:
            path = Path(scratch) / f"{fit.prepare.__name__}-{n}.parquet"
            if not path.exists():
                fit.prepare(catalogue.iloc[:n]).to_parquet(path)
            return path

        for name in names:
            task = progress.add_task(name, total=len(sizes))
            found = measure_fit(
                name, rows_file, sizes, runs, lambda task=task: progress.advance(task)
            )
            found = [row | facts for row in found]
            keep(found, project.root() / "results" / "scaling.csv", list(FITS))
            rows += found
    Console().print(result_table(rows))


def result_table(rows: list[dict[str, object]]) -> Table:
    """Return the rows as a table for the terminal, with what was skipped and why below it."""
    skipped = [f"{row['fit']}, {row['n']:,} rows: {row['skipped']}" for row in rows]
    reasons = [text for text, row in zip(skipped, rows, strict=True) if row["skipped"]]
    shown = Table(caption="\n".join(["b: the exponent of seconds ~ rows^b", *reasons]))
    for heading in ("fit", "rows", "median s", "range", "peak MB", "b"):
        shown.add_column(heading, no_wrap=True, justify="left" if heading == "fit" else "right")
    for row in rows:
        if not row["skipped"]:
            costs = row["seconds"], f"{row['fastest']}–{row['slowest']}", row["peak_mb"]
            shown.add_row(row["fit"], f"{row['n']:,}", *costs, row["exponent"])
    return shown


if __name__ == "__main__":
    fit_once(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
