"""``python -m benchmarks models`` and ``growth``: how long each recommender takes, and what for.

The world is simulated, 100,000 users x 50,000 items with about five million pairs; a quarter of it
is enough to see what the cost grows with. Each run is a process of its own: it loads the world,
fits and asks on a few users and items, so that imports and compilation are over, and then takes the
time of the fit and of the first 100 items for all users. Where there are rivals, they follow each
run, so that both see the same machine. The medians go to the terminal, ``results/models.csv`` and
``results/models-growth.csv``. Nothing here is a test: seconds depend on the machine. The module is
long for its lists of models and rivals.
"""

import contextlib
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_matrix

from benchmarks.harness import (
    LONG,
    MOST_MEGABYTES,
    MOST_SECONDS,
    PER_MEGABYTE,
    exponent,
    in_turn,
    keep,
    machine_alone,
    own,
    reported,
    runs_progress,
    takes_long,
)
from benchmarks.world import SEED, BenchWorld, bench_world
from nexttrack import project
from nexttrack.errors import UserError

N = 100
"""Length of the lists."""
FACTORS = 64
NEIGHBOURS = 100
ITERATIONS = 15
EPOCHS = 20
"""Rounds of BPR, logistic MF and NMF; each takes as long as the next, so no more are timed."""
SOFTMAX_EPOCHS, SAMPLES = 3, 2_000
"""Of the softmax, likewise; its epochs cost more."""
EASE_ITEMS = 10_000
FEW = 500
"""Users, and at most so many items, of the fit that is not measured."""
GROWTH_USERS, GROWTH_ITEMS = 50_000, 25_000
"""The world in which growth is measured, half as large: exponents need no more."""
SHARES = (0.25, 0.5)
"""Of its users, items and interactions, besides all of them."""
SHORT = 0.1
"""Seconds of the whole below which no exponent is given: it would be one of chance."""


@dataclass(frozen=True)
class Rival:
    """What a part of a model's work is held against.

    Attributes:
        part: ``fit`` or ``top``.
        name: one of ``RIVALS``.
        limit: the largest ratio of the model's seconds to the rival's that the project promises;
            None if nothing.
    """

    part: str
    name: str
    limit: float | None = None


@dataclass(frozen=True)
class Contender:
    """A model to measure.

    Attributes:
        what: its settings, in words.
        make: from the world that it is fitted on to the model, not yet fitted.
        rivals: what it is held against.
        n_items: it is measured on so many items that most users played; None for all.
        by_day: whether the values are the days of first plays, for models of an order, or ones.
        blas_threads: None to leave them to the model.
    """

    what: str
    make: Callable[[BenchWorld], Any]
    rivals: tuple[Rival, ...] = ()
    n_items: int | None = None
    by_day: bool = False
    blas_threads: int | None = None


def model(name: str, *settings: Any, **named: Any) -> Any:
    """Return a model of the project, not yet fitted.

    Raises:
        UserError: if there is none of that name.
    """
    from nexttrack import models

    if not hasattr(models, name):
        raise UserError(f"nexttrack.models has no {name}, which is to be measured")
    return getattr(models, name)(*settings, **named)


def implicit_als(world: BenchWorld) -> Any:
    """Return implicit's ALS."""
    from implicit.als import AlternatingLeastSquares

    return AlternatingLeastSquares(
        factors=FACTORS, iterations=ITERATIONS, use_gpu=False, random_state=SEED
    )


def implicit_bpr(world: BenchWorld) -> Any:
    """Return implicit's BPR."""
    from implicit.bpr import BayesianPersonalizedRanking

    return BayesianPersonalizedRanking(
        factors=FACTORS, iterations=EPOCHS, use_gpu=False, random_state=SEED
    )


def implicit_lmf(world: BenchWorld) -> Any:
    """Return implicit's logistic matrix factorisation."""
    from implicit.lmf import LogisticMatrixFactorization

    return LogisticMatrixFactorization(
        factors=FACTORS, iterations=EPOCHS, use_gpu=False, random_state=SEED
    )


def implicit_cosine(world: BenchWorld) -> Any:
    """Return implicit's item kNN with cosines."""
    from implicit.nearest_neighbours import CosineRecommender

    return CosineRecommender(K=NEIGHBOURS)


class BareEASE:
    """The least that EASE takes: the Gram matrix, its inverse by Cholesky in place, and products.

    See Steck (2019). Scores are a sparse times a dense matrix, block of users by block of users,
    and the best of them come from ``argpartition``.
    """

    REGULARIZATION = 100.0
    BLOCK = 1_000  # users; 10,000 scores each take 40 MB

    def fit(self, user_items, show_progress=True):
        """Invert the Gram matrix with the regularisation on its diagonal: no more is timed here."""
        from scipy.linalg import lapack

        # In Fortran's order LAPACK writes into the array itself.
        gram = (user_items.T @ user_items).toarray(order="F")
        gram[np.diag_indices_from(gram)] += np.float32(self.REGULARIZATION)
        factor, failed = lapack.spotrf(gram, lower=True, overwrite_a=True)
        self.inverse, failed_too = lapack.spotri(factor, lower=True, overwrite_c=True)
        if failed or failed_too:
            raise ValueError("the Gram matrix is not positive definite")

    @cached_property
    def weights(self):
        """B = I - P / diag(P), in the memory of the inverse P, of which half is there."""
        P = self.inverse.T  # in the order of C, with what is there in the upper half
        for start in range(0, len(P), self.BLOCK):
            stop = start + self.BLOCK
            square = np.triu(P[start:stop, start:stop])
            P[start:stop, start:stop] = square + np.triu(square, 1).T
            P[stop:, start:stop] = P[start:stop, stop:].T
        P /= -P.diagonal()
        np.fill_diagonal(P, 0)
        return P

    def recommend(self, users, user_items, N):
        """Return (ids, scores) of the best N items of each user that the user does not have."""
        weights = self.weights
        ids = np.empty((len(users), N), dtype=np.int32)
        scores = np.empty((len(users), N), dtype=np.float32)
        for start in range(0, len(users), self.BLOCK):
            block = user_items[start : start + self.BLOCK]
            total = block @ weights
            total[block.nonzero()] = -np.inf
            best = np.argpartition(total, -N, axis=1)[:, -N:]
            value = np.take_along_axis(total, best, axis=1)
            order = np.argsort(-value, axis=1)
            ids[start : start + self.BLOCK] = np.take_along_axis(best, order, axis=1)
            scores[start : start + self.BLOCK] = np.take_along_axis(value, order, axis=1)
        return ids, scores


RIVALS = {
    # implicit asks for one thread of BLAS, because it has threads of its own.
    "implicit-als": Contender(
        f"implicit's ALS, {FACTORS} factors, {ITERATIONS} iterations", implicit_als, blas_threads=1
    ),
    "implicit-bpr": Contender(
        f"implicit's BPR, {FACTORS} factors, {EPOCHS} epochs, all threads",
        implicit_bpr,
        blas_threads=1,
    ),
    "implicit-lmf": Contender(
        f"implicit's logistic MF, {FACTORS} factors, {EPOCHS} epochs, all threads",
        implicit_lmf,
        blas_threads=1,
    ),
    "implicit-cosine": Contender(
        f"implicit's CosineRecommender, {NEIGHBOURS} neighbours", implicit_cosine, blas_threads=1
    ),
    "bare-ease": Contender(
        "SciPy: Gram matrix and Cholesky inverse in place, user blocks times dense, argpartition",
        lambda world: BareEASE(),
        blas_threads=2,
    ),
}

_ALS = Rival("top", "implicit-als")
_ALS_LIMITED = Rival("top", "implicit-als", 1.2)

MODELS = {
    "Random": Contender("", lambda world: model("Random"), (_ALS,)),
    "Popularity": Contender("", lambda world: model("Popularity"), (_ALS,)),
    "RecentPopularity": Contender(
        "half-life 90 days", lambda world: model("RecentPopularity", world.dates()), (_ALS,)
    ),
    "SameArtist": Contender(
        "artists of 10 items", lambda world: model("SameArtist", world.by_artist()), (_ALS,)
    ),
    "AudioKNN": Contender(
        "9 features", lambda world: model("AudioKNN", world.sound), (_ALS_LIMITED,)
    ),
    "LearnedSoundKNN": Contender(
        "64 factors, 9 features",
        lambda world: model("LearnedSoundKNN", world.sound),
        (_ALS_LIMITED,),
    ),
    "ContentKNN": Contender(
        f"{NEIGHBOURS} neighbours, 9 features, genres",
        lambda world: model("ContentKNN", world.sound, world.genre_incidence(), K=NEIGHBOURS),
        (_ALS,),
    ),
    "ClusterPopularity": Contender(
        "13 families of genres",
        lambda world: model("ClusterPopularity", world.families()),
        (_ALS_LIMITED,),
    ),
    "ItemKNN": Contender(
        f"{NEIGHBOURS} neighbours, cosine",
        lambda world: model("ItemKNN", K=NEIGHBOURS),
        (Rival("fit", "implicit-cosine"), _ALS_LIMITED),
    ),
    "UserKNN": Contender(
        f"{NEIGHBOURS} neighbours", lambda world: model("UserKNN", K=NEIGHBOURS), (_ALS,)
    ),
    "SessionKNN": Contender(
        f"{NEIGHBOURS} neighbours, half-lives of 5 steps",
        lambda world: model("SessionKNN", K=NEIGHBOURS, half_life=5.0, spread=5.0),
        (_ALS,),
        by_day=True,
    ),
    "RecentItemKNN": Contender(
        f"{NEIGHBOURS} neighbours, half-life 10 steps",
        lambda world: model("RecentItemKNN", K=NEIGHBOURS),
        (_ALS_LIMITED,),
        by_day=True,
    ),
    "RecentContentKNN": Contender(
        f"{NEIGHBOURS} neighbours, genres, half-life 10 steps",
        lambda world: model("RecentContentKNN", world.genre_incidence(), K=NEIGHBOURS),
        (_ALS_LIMITED,),
        by_day=True,
    ),
    "MarkovChain": Contender(
        "10 steps, half-life 3 steps",
        lambda world: model("MarkovChain", steps=10, half_life=3.0),
        (_ALS_LIMITED,),
        by_day=True,
    ),
    "RP3beta": Contender(
        f"{NEIGHBOURS} neighbours", lambda world: model("RP3beta", K=NEIGHBOURS), (_ALS,)
    ),
    "SLIM": Contender("", lambda world: model("SLIM"), (_ALS,)),
    "EASE": Contender(
        f"{EASE_ITEMS:,} items, regularisation {BareEASE.REGULARIZATION:.0f}",
        lambda world: model("EASE", regularization=BareEASE.REGULARIZATION),
        (Rival("fit", "bare-ease", 1.3), Rival("top", "bare-ease", 1 / 8), _ALS),
        n_items=EASE_ITEMS,
    ),
    "RLAE": Contender(
        f"{EASE_ITEMS:,} items", lambda world: model("RLAE"), (_ALS,), n_items=EASE_ITEMS
    ),
    "RDLAE": Contender(
        f"{EASE_ITEMS:,} items", lambda world: model("RDLAE"), (_ALS,), n_items=EASE_ITEMS
    ),
    "GFCF": Contender(
        f"{EASE_ITEMS:,} items, {FACTORS} factors",
        lambda world: model("GFCF", factors=FACTORS),
        (_ALS,),
        n_items=EASE_ITEMS,
    ),
    "IALS": Contender(
        f"{FACTORS} factors, {ITERATIONS} iterations",
        lambda world: model("IALS", factors=FACTORS, iterations=ITERATIONS),
        (Rival("fit", "implicit-als"), _ALS_LIMITED),
    ),
    "BPR": Contender(
        f"{FACTORS} factors, {EPOCHS} epochs in one thread, as a seed needs it",
        lambda world: model("BPR", factors=FACTORS, iterations=EPOCHS),
        (Rival("fit", "implicit-bpr"), _ALS_LIMITED),
    ),
    "LogisticMF": Contender(
        f"{FACTORS} factors, {EPOCHS} epochs in one thread, as a seed needs it",
        lambda world: model("LogisticMF", factors=FACTORS, iterations=EPOCHS),
        (Rival("fit", "implicit-lmf"), _ALS_LIMITED),
    ),
    "SoftmaxMF": Contender(
        f"{FACTORS} factors, {SOFTMAX_EPOCHS} epochs, {SAMPLES:,} items drawn for a step",
        lambda world: model(
            "SoftmaxMF", factors=FACTORS, iterations=SOFTMAX_EPOCHS, samples=SAMPLES
        ),
        (_ALS_LIMITED,),
    ),
    "ContentSoftmaxMF": Contender(
        f"as SoftmaxMF, {SOFTMAX_EPOCHS} epochs, artists and genres",
        lambda world: model(
            "ContentSoftmaxMF",
            world.artists_and_genres(),
            factors=FACTORS,
            iterations=SOFTMAX_EPOCHS,
            samples=SAMPLES,
        ),
        (_ALS_LIMITED,),
    ),
    "ContentIALS": Contender(
        f"{FACTORS} factors, {ITERATIONS} iterations, artists and genres",
        lambda world: model(
            "ContentIALS", world.artists_and_genres(), factors=FACTORS, iterations=ITERATIONS
        ),
        (Rival("fit", "implicit-als"), _ALS_LIMITED),
    ),
    "SideEASE": Contender(
        f"{EASE_ITEMS:,} items, artists and genres",
        lambda world: model("SideEASE", world.artists_and_genres()),
        (_ALS,),
        n_items=EASE_ITEMS,
    ),
    "Blend": Contender(
        f"item kNN and iALS of {FACTORS} factors, 1,000 candidates of each",
        lambda world: model(
            "Blend",
            [
                model("ItemKNN", K=NEIGHBOURS),
                model("IALS", factors=FACTORS, iterations=ITERATIONS),
            ],
            candidates=1_000,
        ),
        (_ALS_LIMITED,),
    ),
    "PureSVD": Contender(
        f"{FACTORS} factors", lambda world: model("PureSVD", factors=FACTORS), (_ALS_LIMITED,)
    ),
    "NMF": Contender(
        f"{FACTORS} factors, {EPOCHS} iterations",
        lambda world: model("NMF", factors=FACTORS, iterations=EPOCHS),
        (_ALS_LIMITED,),
    ),
}
"""Every model of :mod:`nexttrack.models` by its name there; a test holds the two together."""

PARTS = {"fit": "fit", "top": f"first {N} for all users"}


def run(name: str, world_file: Path, part: str, report_file: Path) -> None:
    """Fit a model or have it recommend, or both, and report; all the work of a measured process.

    Args:
        name: one of ``MODELS`` or ``RIVALS``.
        world_file: what :meth:`BenchWorld.save` wrote.
        part: ``fit``, ``both``, or ``top`` for a rival of implicit whose factors are kept beside
            the world: it is fitted only where they are not there yet.
        report_file: becomes JSON: ``fit`` and ``top`` in seconds, as far as they were asked for;
            ``start_mb`` and ``fit_mb``, the most memory that the process had held before and after
            the fit; ``listed``, the mean number of items in a list.
    """
    contender = (MODELS | RIVALS)[name]
    world = BenchWorld.load(world_file)
    with _blas(contender.blas_threads):
        few = world.of_items(FEW).of_users(min(FEW, world.user_items.shape[0]))
        _recommend(_fitted(contender, few), contender, few)
        report: dict[str, float] = {"start_mb": _peak_mb()}
        if part == "top":
            fitted = _kept(name, contender, world, world_file)
        else:
            start = time.perf_counter()
            fitted = _fitted(contender, world)
            report |= {"fit": time.perf_counter() - start, "fit_mb": _peak_mb()}
        if part != "fit":
            start = time.perf_counter()
            ids = _recommend(fitted, contender, world)
            report["top"] = time.perf_counter() - start
            report["listed"] = float((ids >= 0).sum(axis=1).mean())
    report_file.write_text(json.dumps(report))


def _fitted(contender: Contender, world: BenchWorld) -> Any:
    made = contender.make(world)
    made.fit(_values(contender, world), show_progress=False)
    return made


def _values(contender: Contender, world: BenchWorld) -> csr_matrix:
    return world.dates() if contender.by_day else world.user_items


def _recommend(fitted: Any, contender: Contender, world: BenchWorld) -> np.ndarray:
    n_users = world.user_items.shape[0]
    ids, _ = fitted.recommend(np.arange(n_users), _values(contender, world), N=N)
    if ids.shape != (n_users, N):
        raise ValueError(f"lists of shape {ids.shape}, not {(n_users, N)}")
    return ids


def _kept(name: str, contender: Contender, world: BenchWorld, world_file: Path) -> Any:
    path = world_file.with_name(f"{world_file.stem}-{name}.npz")
    if not path.exists():
        _fitted(contender, world).save(path)
    return type(contender.make(world)).load(path)


def _blas(threads: int | None) -> contextlib.AbstractContextManager:
    from threadpoolctl import threadpool_limits

    return threadpool_limits(threads, user_api="blas") if threads else contextlib.nullcontext()


def _peak_mb() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / PER_MEGABYTE


def model_report(name: str, world_file: Path, part: str = "both") -> dict[str, float]:
    """Run a model in a process of its own; return its report (see :func:`run`) and ``peak_mb``.

    Raises:
        UserError: if it fails, with the last line that it wrote.
    """
    return reported(own("models"), name, world_file, part)


def rounds(
    name: str, world_file: Path, runs: int, on_run: Callable[[], None] = lambda: None
) -> tuple[list[dict[str, float]], dict[Rival, list[float]]]:
    """Measure a model and its rivals in turn.

    Args:
        name: one of ``MODELS``.
        world_file: the file of its world.
        runs: how often; once where a fit or a ranking takes over ``LONG`` seconds.
        on_run: called after each round.

    Returns:
        Tuple of the model's reports and, for each rival, its seconds.
    """
    # Of bare EASE both parts at once: it keeps no 400 MB of weights.
    asked = {r: "both" if r.name == "bare-ease" else r.part for r in MODELS[name].rivals}
    sides = {("own", "both"): partial(model_report, name, world_file)}
    for rival, part in asked.items():
        sides[rival.name, part] = partial(model_report, rival.name, world_file, part)

    def long(found: Mapping[tuple, list]) -> bool:
        return takes_long(found["own", "both"], "fit", "top")

    found = in_turn(sides, runs, long, on_run)
    others = {r: [report[r.part] for report in found[r.name, part]] for r, part in asked.items()}
    return found["own", "both"], others


def rows_of(
    name: str,
    world: BenchWorld,
    own: list[dict[str, float]],
    others: dict[Rival, list[float]],
) -> list[dict[str, object]]:
    """Return the rows of the result: one for each part of the work and each of its rivals."""
    rows = []
    for part in PARTS:
        rivals = [rival for rival in others if rival.part == part] or [None]
        seconds = [report[part] for report in own]
        middle = statistics.median(seconds)
        peak = statistics.median(report["fit_mb" if part == "fit" else "peak_mb"] for report in own)
        for rival in rivals:
            theirs = statistics.median(others[rival]) if rival else None
            top = part == "top"
            rows.append(
                {
                    "model": name,
                    "part": part,
                    "what": MODELS[name].what,
                    **_sizes(world),
                    "seconds": f"{middle:.3f}",
                    "fastest": f"{min(seconds):.3f}",
                    "slowest": f"{max(seconds):.3f}",
                    "users_per_second": f"{world.user_items.shape[0] / middle:.0f}" if top else "",
                    "listed": f"{own[0]['listed']:.1f}" if top else "",
                    "start_mb": f"{statistics.median(r['start_mb'] for r in own):.0f}",
                    "peak_mb": f"{peak:.0f}",
                    "limit_mb": MOST_MEGABYTES,
                    "rival": RIVALS[rival.name].what if rival else "",
                    "rival_seconds": f"{theirs:.3f}" if rival else "",
                    "ratio": f"{middle / theirs:.3f}" if rival else "",
                    "limit_ratio": rival.limit if rival and rival.limit else "",
                    "runs": len(own),
                }
            )
    return rows


def _sizes(world: BenchWorld) -> dict[str, int]:
    users, items = world.user_items.shape
    return {"users": users, "items": items, "interactions": world.user_items.nnz}


def sub_worlds(world: BenchWorld, axis: str) -> list[tuple[int, BenchWorld]]:
    """Return the smaller worlds along an axis as (size, world), rising and without the whole.

    Along ``users`` an audience grows that listens as before, along ``items`` the catalogue, and
    with both the interactions; along ``interactions`` the same users play more of the same items.
    """
    sizes = {name: [round(share * n) for share in SHARES] for name, n in _sizes(world).items()}
    cut = {
        "users": world.of_users,
        "items": world.of_items,
        "interactions": world.of_interactions,
    }[axis]
    return [(n, cut(n)) for n in sizes[axis]]


def growth(
    name: str,
    world: BenchWorld,
    scratch: Path,
    runs: int,
    on_size: Callable[[], None] = lambda: None,
) -> list[dict[str, object]]:
    """Measure a model on smaller worlds and on the whole, and fit the exponents.

    The whole is not begun where one of the axes says that it would take over ``MOST_SECONDS``.

    Args:
        name: one of ``MODELS``.
        world: its world.
        scratch: a folder for the files of the worlds.
        runs: runs of each size, of which the medians are taken; one where it takes over ``LONG``
            seconds.
        on_size: called after each size.

    Returns:
        The rows of the result, one for each part of the work, axis and size.
    """
    found: dict[str, list[tuple[int, BenchWorld, dict[str, float]]]] = {}
    for axis in _sizes(world):
        found[axis] = []
        for n, part in sub_worlds(world, axis):
            path = scratch / f"{axis}-{'-'.join(map(str, _sizes(part).values()))}.npz"
            if not path.exists():
                part.save(path)
            found[axis].append((n, part, _medians(name, path, runs)))
            on_size()
    skipped = _too_long(found, _sizes(world))
    if not skipped:
        whole = scratch / f"whole-{'-'.join(map(str, _sizes(world).values()))}.npz"
        if not whole.exists():
            world.save(whole)
        report = _medians(name, whole, runs)
        for axis, n in _sizes(world).items():
            found[axis].append((n, world, report))
    on_size()
    return [row for axis in found for row in _growth_rows(name, axis, found[axis], skipped)]


def _medians(name: str, world_file: Path, runs: int) -> dict[str, float]:
    sides = {"own": partial(model_report, name, world_file)}
    found = in_turn(sides, runs, lambda found: takes_long(found["own"], "fit", "top"))["own"]
    middle = {key: statistics.median(report[key] for report in found) for key in found[0]}
    return middle | {"runs": len(found)}


def _too_long(found: dict, whole: dict[str, int]) -> str:
    for axis, runs in found.items():
        sizes = [n for n, _, _ in runs]
        for part in PARTS:
            seconds = [report[part] for _, _, report in runs]
            expected = seconds[-1] * (whole[axis] / sizes[-1]) ** exponent(sizes, seconds)
            if expected > MOST_SECONDS:
                return f"all would take some {expected:,.0f} s, more than {MOST_SECONDS:,}"
    return ""


def _growth_rows(name: str, axis: str, runs: list, skipped: str) -> list[dict[str, object]]:
    rows = []
    for part in PARTS:
        seconds = [report[part] for _, _, report in runs]
        slope = exponent([n for n, _, _ in runs], seconds) if max(seconds) >= SHORT else math.nan
        for n, world, report in runs:
            peak = report["fit_mb" if part == "fit" else "peak_mb"]
            rows.append(
                {
                    "model": name,
                    "part": part,
                    "along": axis,
                    "n": n,
                    **_sizes(world),
                    "seconds": f"{report[part]:.3f}",
                    "peak_mb": f"{peak:.0f}",
                    "runs": report["runs"],
                    "exponent": "" if math.isnan(slope) else f"{slope:.2f}",
                    "skipped": skipped,
                }
            )
    return rows


def _checked(names: list[str] | None) -> list[str]:
    if unknown := [name for name in names or [] if name not in MODELS]:
        raise UserError(f"{unknown[0]}: not a model; the models are {', '.join(MODELS)}")
    return names or list(MODELS)


def _world_of(name: str, whole: Path, scratch: Path) -> tuple[BenchWorld, Path]:
    """Return a model's world, and a file of it in the scratch folder."""
    n_items = MODELS[name].n_items
    path = scratch / f"world-{n_items or 'all'}.npz"
    if not path.exists():
        world = BenchWorld.load(whole)
        (world.of_most_played(n_items) if n_items else world).save(path)
    return BenchWorld.load(path), path


Names = Annotated[
    list[str] | None,
    typer.Argument(help=f"Some of: {', '.join(MODELS)}; all if none is given."),
]


def bench_models(
    models: Names = None,
    runs: Annotated[
        int, typer.Option(min=1, help=f"Runs of each; one if it takes over {LONG} s.")
    ] = 3,
) -> None:
    """Measure each model's fit and its first 100 items for 100,000 users; results/models.csv."""
    names, facts, shown = _checked(models), machine_alone(), []
    with tempfile.TemporaryDirectory() as scratch, runs_progress(Console(stderr=True)) as progress:
        for name in names:
            task = progress.add_task(name, total=runs)
            world, path = _world_of(name, bench_world(), Path(scratch))
            own, others = rounds(name, path, runs, lambda task=task: progress.advance(task))
            rows = [row | facts for row in rows_of(name, world, own, others)]
            keep(rows, project.root() / "results" / "models.csv", list(MODELS))
            shown += rows
    Console().print(table(shown))


def bench_growth(
    models: Names = None,
    runs: Annotated[
        int, typer.Option(min=1, help=f"Runs of each size; one if it takes over {LONG} s.")
    ] = 1,
) -> None:
    """Measure how each model's cost grows with users, items and plays; results/models-growth.csv.

    In a world of 50,000 users and 25,000 items, and in parts of it.
    """
    names, facts, shown = _checked(models), machine_alone(), []
    with tempfile.TemporaryDirectory() as scratch, runs_progress(Console(stderr=True)) as progress:
        for name in names:
            task = progress.add_task(name, total=3 * len(SHARES) + 1)
            whole = bench_world(n_users=GROWTH_USERS, n_items=GROWTH_ITEMS)
            world, path = _world_of(name, whole, Path(scratch))
            folder = Path(scratch) / path.stem
            folder.mkdir(exist_ok=True)
            found = growth(name, world, folder, runs, lambda task=task: progress.advance(task))
            found = [row | facts for row in found]
            keep(found, project.root() / "results" / "models-growth.csv", list(MODELS))
            shown += found
    Console().print(growth_table(shown))


def table(rows: list[dict[str, object]]) -> Table:
    """Return the rows of models as a table for the terminal."""
    shown = Table(caption=f"fit, and top: {PARTS['top']}; both in seconds, medians")
    for heading in ("model", "part", "seconds", "range", "peak MB", "rival", "ratio", "limit"):
        left = heading in ("model", "part", "rival")
        shown.add_column(heading, justify="left" if left else "right", no_wrap=heading != "rival")
    for row in rows:
        spread = f"{row['fastest']}–{row['slowest']}"
        values = (row[name] for name in ("peak_mb", "rival", "ratio", "limit_ratio"))
        shown.add_row(row["model"], row["part"], row["seconds"], spread, *map(str, values))
    return shown


def growth_table(rows: list[dict[str, object]]) -> Table:
    """Return the exponents as a table for the terminal."""
    reasons = dict.fromkeys(f"{row['model']}: {row['skipped']}" for row in rows if row["skipped"])
    shown = Table(caption="\n".join(["b of seconds ~ size^b", *reasons]))
    for heading in ("model", "part", "users", "items", "interactions"):
        shown.add_column(heading, justify="left" if heading in ("model", "part") else "right")
    found = {(row["model"], row["part"], row["along"]): row["exponent"] for row in rows}
    for name, part in dict.fromkeys((row["model"], row["part"]) for row in rows):
        slopes = (found[name, part, axis] for axis in ("users", "items", "interactions"))
        shown.add_row(name, part, *map(str, slopes))
    return shown


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
