"""``python -m benchmarks peers``: ours against LensKit's, on the same world, split and settings.

LensKit has an environment of its own, ``peers_env/.venv`` (``make bench-peers`` makes it); matrices
and lists go between the two as ``.npz``. Each run is a process that fits and recommends once on a
few users, so that imports and compilation are over, and then takes the time. Ours recommends to all
users who have something held out, LensKit to a random part of them: users a second are compared.
NDCG is that of the users of this part. The medians go to the terminal and ``results/peers.csv``.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_matrix

from benchmarks import models as bench_models
from benchmarks.harness import (
    LONG,
    Command,
    in_turn,
    keep,
    machine_alone,
    measure,
    middle,
    own,
    runs_progress,
    takes_long,
)
from benchmarks.world import SEED, BenchWorld, bench_world
from nexttrack import project
from nexttrack.errors import UserError

N = 100
"""Length of the lists."""
CUT_OFF = 10
"""Places that NDCG looks at."""
FEW = 500
"""Users of the fit that is not measured."""
LEAST_FIT, LEAST_RECOMMEND, MOST_DIFFERENCE = 2, 20, 0.02
"""What the project promises: so many times as fast, and NDCG as near to theirs, relatively."""

SETTINGS: dict[str, dict[str, Any]] = {
    "ALS": {"factors": 64, "iterations": 15, "alpha": 11.0, "regularization": 10.0},
    "item-kNN": {"K": 101},
}
JOBS = {"ALS": 1, "item-kNN": 2}
"""LensKit's threads over users: of one and two, what is quicker for the model."""


def ours(model: str, settings: dict[str, Any]) -> Any:
    """Return our model, not yet fitted; LensKit's settings are derived from the same numbers.

    LensKit's ALS is that of Hu, Koren and Volinsky (2008), which ours is with these weights.
    """
    if model == "ALS":
        hu = {"unobserved_weight": 1.0, "frequency_exponent": 0.0}
        return bench_models.model("IALS", random_state=SEED, **hu, **settings)
    return bench_models.model("ItemKNN", **settings)


def run(task: dict[str, Any]) -> None:
    """Fit and recommend once on a few users and once on all; write the lists and the report.

    Args:
        task: ``model`` and ``settings``; ``N``, the length of the lists; ``few``, the number of
            users first; the files ``train`` (a matrix) and ``asked`` (``users``), which are there,
            and ``lists`` (``ids``) and ``report`` (JSON: seconds to ``fit`` and to ``recommend``),
            which are made.
    """
    train = load_matrix(Path(task["train"]))
    with np.load(task["asked"], allow_pickle=False) as file:
        users = file["users"]
    few = ours(task["model"], task["settings"])
    few.fit(train[: task["few"]], show_progress=False)
    few.recommend(np.arange(task["few"]), train[: task["few"]], N=task["N"])
    start = time.perf_counter()
    fitted = ours(task["model"], task["settings"])
    fitted.fit(train, show_progress=False)
    fit_seconds = time.perf_counter() - start
    start = time.perf_counter()
    ids, _ = fitted.recommend(users, train[users], N=task["N"])
    recommend_seconds = time.perf_counter() - start
    np.savez(task["lists"], ids=ids)
    report = {"fit": fit_seconds, "recommend": recommend_seconds}
    Path(task["report"]).write_text(json.dumps(report))


def save_matrix(path: Path, matrix: csr_matrix) -> None:
    """Write who has what as ``.npz``; the values are left out."""
    np.savez(path, indptr=matrix.indptr, indices=matrix.indices, shape=matrix.shape)


def load_matrix(path: Path) -> csr_matrix:
    """Read what :func:`save_matrix` wrote, with ones for values, float32."""
    with np.load(path, allow_pickle=False) as file:
        ones = np.ones(len(file["indices"]), dtype=np.float32)
        parts = (ones, file["indices"], file["indptr"])
        return csr_matrix(parts, shape=tuple(file["shape"]))


def peer_command(script: str = "lenskit_run.py") -> list[str]:
    """Return what runs a script of ``peers_env/``, in the environment of that folder.

    Raises:
        UserError: if its environment is not there.
    """
    folder = project.root() / "benchmarks" / "peers_env"
    python = folder / ".venv" / "bin" / "python"
    if not python.exists():
        raise UserError(f"{python} is not there; `make bench-peers` installs it (some 6 GB)")
    return [str(python), str(folder / script)]


def peer_report(command: list[str], task: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run one side in a process of its own.

    Args:
        command: what runs it; it is given the file of the task.
        task: see :func:`run`, without the files that are made.
        folder: where these go.

    Returns:
        Its report, with ``ids`` (lists) and ``peak_mb``.

    Raises:
        UserError: if it fails, with the last line that it wrote.
    """
    files = {"lists": str(folder / "lists.npz"), "report": str(folder / "report.json")}
    (folder / "task.json").write_text(json.dumps(task | files))
    spent = measure(Command([*command, str(folder / "task.json")], project.root(), {}))
    with np.load(files["lists"], allow_pickle=False) as lists:
        ids = lists["ids"]
    report = json.loads(Path(files["report"]).read_text())
    return report | {"ids": ids, "peak_mb": spent.megabytes}


def compare(
    model: str,
    world: BenchWorld,
    n_peer_users: int,
    runs: int,
    scratch: Path,
    on_run: Callable[[], None] = lambda: None,
) -> dict[str, object]:
    """Measure both sides in turn and return the row of the result.

    Args:
        model: one of ``SETTINGS``.
        world: whose pairs are split.
        n_peer_users: how many users LensKit recommends to.
        runs: how often; once where LensKit takes over ``LONG`` seconds.
        scratch: a folder for files.
        on_run: called after each round.
    """
    from nexttrack.evaluation.metrics import ndcg_at_k
    from nexttrack.evaluation.ranked_lists import RankedLists
    from nexttrack.evaluation.splits import weak_generalization

    split = weak_generalization(world.user_items, seed=SEED)
    users = np.flatnonzero(np.diff(split.test_out.indptr))
    asked = np.sort(np.random.default_rng(SEED).choice(users, min(n_peer_users, len(users)), False))
    save_matrix(scratch / "train.npz", split.test_in)
    np.savez(scratch / "all.npz", users=users)
    np.savez(scratch / "asked.npz", users=asked)
    task = {"model": model, "settings": SETTINGS[model], "N": N}
    task |= {"few": min(FEW, world.user_items.shape[0]), "train": str(scratch / "train.npz")}
    ours_task = task | {"asked": str(scratch / "all.npz")}
    most = int(np.diff(split.test_in.indptr).max())
    peer_task = task | {"asked": str(scratch / "asked.npz"), "jobs": JOBS[model]}
    peer_task["settings"] = SETTINGS[model] | {"most_items": most}

    sides = {
        "own": partial(peer_report, own("peers"), ours_task, scratch),
        "peer": partial(peer_report, peer_command(), peer_task, scratch),
    }

    def long(found: Mapping[str, list]) -> bool:
        return takes_long(found["peer"], "fit", "recommend")

    found = in_turn(sides, runs, long, on_run)
    mine, peer = found["own"], found["peer"]

    relevant = split.test_out[asked]
    ours = RankedLists(mine[0]["ids"][np.searchsorted(users, asked)], relevant)
    ndcg = ndcg_at_k(ours, CUT_OFF).mean()
    peer_ndcg = ndcg_at_k(RankedLists(peer[0]["ids"], relevant), CUT_OFF).mean()
    speed = len(users) / middle(mine, "recommend")
    peer_speed = len(asked) / middle(peer, "recommend")
    return {
        "model": model,
        "peer": peer[0]["peer"],
        "settings": json.dumps(SETTINGS[model]),
        "users": world.user_items.shape[0],
        "items": world.user_items.shape[1],
        "pairs": split.test_in.nnz,
        "fit_seconds": f"{middle(mine, 'fit'):.3f}",
        "peer_fit_seconds": f"{middle(peer, 'fit'):.3f}",
        "fit_times": f"{middle(peer, 'fit') / middle(mine, 'fit'):.2f}",
        "least_fit_times": LEAST_FIT,
        "list_length": N,
        "asked_users": len(users),
        "peer_asked_users": len(asked),
        "users_per_second": f"{speed:.0f}",
        "peer_users_per_second": f"{peer_speed:.0f}",
        "recommend_times": f"{speed / peer_speed:.1f}",
        "least_recommend_times": LEAST_RECOMMEND,
        f"ndcg_{CUT_OFF}": f"{ndcg:.5f}",
        f"peer_ndcg_{CUT_OFF}": f"{peer_ndcg:.5f}",
        "ndcg_difference": f"{ndcg / peer_ndcg - 1:.4f}",
        "most_ndcg_difference": MOST_DIFFERENCE,
        "peak_mb": f"{middle(mine, 'peak_mb'):.0f}",
        "peer_peak_mb": f"{middle(peer, 'peak_mb'):.0f}",
        "runs": len(mine),
    }


def bench_peers(
    models: Annotated[
        list[str] | None,
        typer.Argument(help=f"Some of: {', '.join(SETTINGS)}; all if none is given."),
    ] = None,
    runs: Annotated[
        int, typer.Option(min=1, help=f"Runs of each; one where LensKit takes over {LONG} s.")
    ] = 3,
    peer_users: Annotated[
        int, typer.Option(min=1, help="Users that LensKit recommends to.")
    ] = 10_000,
) -> None:
    """Compare our ALS and item kNN with LensKit's: seconds, users a second, NDCG; peers.csv."""
    names = models or list(SETTINGS)
    if unknown := [name for name in names if name not in SETTINGS]:
        raise UserError(f"{unknown[0]}: not compared; there are {', '.join(SETTINGS)}")
    peer_command()
    facts = machine_alone()
    world, rows, console = BenchWorld.load(bench_world()), [], Console(stderr=True)
    with tempfile.TemporaryDirectory() as scratch, runs_progress(console) as progress:
        for name in names:
            task = progress.add_task(name, total=runs)
            on_run = partial(progress.advance, task)
            rows.append(compare(name, world, peer_users, runs, Path(scratch), on_run) | facts)
            keep(rows[-1:], project.root() / "results" / "peers.csv", list(SETTINGS))
    Console().print(table(rows))


def table(rows: list[dict[str, object]]) -> Table:
    """Return the rows as a table for the terminal."""
    shown = Table(caption=f"times: ours over {rows[0]['peer']}; NDCG@{CUT_OFF} of the same users")
    for heading in ("model", "fit s", "times", "users/s", "times", "NDCG", "difference"):
        shown.add_column(heading, no_wrap=True, justify="left" if heading == "model" else "right")
    for row in rows:
        shown.add_row(
            row["model"],
            f"{row['fit_seconds']} / {row['peer_fit_seconds']}",
            f"{row['fit_times']} (≥ {LEAST_FIT})",
            f"{row['users_per_second']} / {row['peer_users_per_second']}",
            f"{row['recommend_times']} (≥ {LEAST_RECOMMEND})",
            f"{row[f'ndcg_{CUT_OFF}']} / {row[f'peer_ndcg_{CUT_OFF}']}",
            f"{float(row['ndcg_difference']):+.2%} (≤ {MOST_DIFFERENCE:.0%})",
        )
    return shown


if __name__ == "__main__":
    run(json.loads(Path(sys.argv[1]).read_text()))
