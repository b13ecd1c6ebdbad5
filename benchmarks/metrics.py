"""``python -m benchmarks metrics``: our metrics and bootstrap against other libraries'.

The lists are item kNN's for every user of the simulated world who has something held out: about
100,000 users, 100 items each, ten relevant ones on average. Each run is a process that measures a
few users first, so that imports and compilation are over, and then takes the time from the arrays
to a value for each user and measure. What a library wants the arrays converted to counts, and is
also given alone; ours counts the making of :class:`RankedLists`. Ours and the rival take turns.
The medians go to the terminal and ``results/metrics.csv``, with the processor time of all threads,
which other work on the machine changes less. Nothing here is a test: seconds depend on the machine.
The module is long for its many rivals.

All take recall, precision, hit rate, NDCG, average precision and reciprocal rank at 10, 20 and 100,
and R-precision, as far as they have them; ours takes clicks too. Each rival is used in the quickest
way that was found, and of what it defines as we do, each mean over users must be ours to 1e-6, or
there is an error and no result. What differs:

- pytrec_eval (trec_eval) has no cut-off for the reciprocal rank; it is compared at 100.
- ranx takes arrays besides its ``Qrels`` and ``Run``, in which all ids are strings; both ways are
  measured. There are no differences.
- LensKit divides recall by min(R, k) and average precision by min(R, length of the list), and has
  no R-precision: the first two take their time but are not compared. Its NDCG discounts as ours
  with ``LogRankWeight(offset=1)``. Lists are cut to each k beforehand, because its own cut, again
  for each metric, takes longer than the metrics.

The last two have an environment of their own, ``peers_env/.venv``, and measure a random part of the
users; users a second are compared. The bootstrap's rivals are what NumPy offers, on a part of the
draws (``scipy.stats.bootstrap`` gathers the rows too, for many draws at once). Draws are random:
what must agree is how widely their means spread.
"""

import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_matrix

from benchmarks.harness import in_turn, keep, machine_alone, middle, own, reported, runs_progress
from benchmarks.peers import peer_command
from benchmarks.world import SEED, BenchWorld, bench_world
from nexttrack import project
from nexttrack.errors import UserError

N = 100
"""Length of the lists."""
CUT_OFFS = (10, 20, 100)
MEASURES = ("recall", "precision", "hit_rate", "ndcg", "average_precision", "reciprocal_rank")
"""At each cut-off, by the names that they have in nexttrack.evaluation.metrics before _at_k."""
FEW = 50
"""Users that are measured before the time is taken."""
NEIGHBOURS = 100
MODELS, BOOTSTRAP_USERS = 15, 10_000
DRAWS, RIVAL_DRAWS = 10_000, 1_000


class Lists(NamedTuple):
    """What metrics are taken of.

    Attributes:
        ids: int64 array of users x ``N``, item positions, the best first; no list is short.
        relevant: ``csr_matrix`` of users x items; no row is empty.
    """

    ids: np.ndarray
    relevant: csr_matrix

    @property
    def n(self) -> int:
        """Return the number of users."""
        return len(self.ids)

    def few(self) -> "Lists":
        """Return the lists of the first ``FEW`` users."""
        return self.of(np.arange(min(FEW, self.n)))

    def of(self, users: np.ndarray) -> "Lists":
        """Return the lists of some users, given by their rows."""
        return Lists(self.ids[users], self.relevant[users])

    def save(self, path: Path) -> None:
        """Write the lists as ``.npz``; the values of what is relevant are left out."""
        matrix = self.relevant
        parts = {"indptr": matrix.indptr, "indices": matrix.indices, "n_items": matrix.shape[1]}
        np.savez(path, ids=self.ids, **parts)

    @classmethod
    def load(cls, path: Path) -> "Lists":
        """Read what :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            ones = np.ones(len(file["indices"]), dtype=np.float32)
            shape = len(file["ids"]), int(file["n_items"])
            relevant = csr_matrix((ones, file["indices"], file["indptr"]), shape=shape)
            return cls(file["ids"], relevant)


class Sample(NamedTuple):
    """What is resampled.

    Attributes:
        values: float64 array of users x models.
        n: number of draws.
    """

    values: np.ndarray
    n: int

    def few(self) -> "Sample":
        """Return a sample of the first ``FEW`` users, to be drawn twice."""
        return Sample(self.values[:FEW], 2)

    def save(self, path: Path) -> None:
        """Write the sample as ``.npz``."""
        np.savez(path, values=self.values, n=self.n)

    @classmethod
    def load(cls, path: Path) -> "Sample":
        """Read what :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            return cls(file["values"], int(file["n"]))


@dataclass(frozen=True)
class Side:
    """One way to do the work.

    Attributes:
        given: the class of what is worked on.
        convert: makes of it what ``measure`` takes.
        measure: does the work.
        summary: numbers by name, from what ``measure`` returned; they must agree among the sides.
        package: whose version is reported.
    """

    given: type[Lists] | type[Sample]
    convert: Callable[[Any], Any]
    measure: Callable[[Any], Any]
    summary: Callable[[Any], dict[str, float]]
    package: str


def ranked_lists(lists: Lists) -> Any:
    """Return :class:`RankedLists`."""
    from nexttrack.evaluation.ranked_lists import RankedLists

    return RankedLists(lists.ids, lists.relevant)


def our_metrics(lists: Any) -> dict[str, np.ndarray]:
    """Return each metric's values, one for each user."""
    from nexttrack.evaluation import metrics

    values = {
        f"{name}@{k}": getattr(metrics, f"{name}_at_k")(lists, k)
        for name in MEASURES
        for k in CUT_OFFS
    }
    return values | {"r_precision": metrics.r_precision(lists), "clicks": metrics.clicks(lists)}


def means(values: dict[str, np.ndarray]) -> dict[str, float]:
    """Return each metric's mean over users."""
    return {name: float(value.mean()) for name, value in values.items()}


def dictionaries(lists: Lists) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, float]]]:
    """Return (qrel, run) as pytrec_eval wants them: {user: {item: relevance or score}}, strings.

    Strings and scores are made once and shared.
    """
    ids, relevant = lists
    names = np.array([str(item) for item in range(relevant.shape[1])], dtype=object)
    scores = [float(N - place) for place in range(N)]
    wanted, ends = names[relevant.indices].tolist(), relevant.indptr.tolist()
    qrel, run = {}, {}
    for row, listed in enumerate(names[ids]):
        user = str(row)
        run[user] = dict(zip(listed.tolist(), scores, strict=True))
        qrel[user] = dict.fromkeys(wanted[ends[row] : ends[row + 1]], 1)
    return qrel, run


TREC_NAMES = {
    "recall": "recall",
    "P": "precision",
    "success": "hit_rate",
    "ndcg_cut": "ndcg",
    "map_cut": "average_precision",
}


def trec_metrics(dictionaries: tuple[dict, dict]) -> dict[str, dict[str, float]]:
    """Return pytrec_eval's values: {user: {measure: value}}."""
    from pytrec_eval import RelevanceEvaluator

    qrel, run = dictionaries
    at = ",".join(map(str, CUT_OFFS))
    measures = [*(f"{name}.{at}" for name in TREC_NAMES), "recip_rank", "Rprec"]
    return RelevanceEvaluator(qrel, measures).evaluate(run)


def trec_means(values: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return the mean over users of each of pytrec_eval's measures, by our names."""
    names = {f"{theirs}_{k}": f"{our}@{k}" for theirs, our in TREC_NAMES.items() for k in CUT_OFFS}
    names |= {"recip_rank": f"reciprocal_rank@{N}", "Rprec": "r_precision"}
    return {
        our: statistics.fmean(user[theirs] for user in values.values())
        for theirs, our in names.items()
    }


def our_draws(sample: Sample) -> np.ndarray:
    """Return the means of bootstrap draws, draws x models."""
    from nexttrack.evaluation.bootstrap import bootstrap_means

    return bootstrap_means(sample.values, n_draws=sample.n, seed=SEED)


def gathered_draws(sample: Sample) -> np.ndarray:
    """Return the same with NumPy: gather the rows of each draw and take their mean."""
    values, n_draws = sample
    rng, n_users = np.random.default_rng(SEED), len(values)
    drawn = np.empty((n_draws, values.shape[1]))
    for draw in range(n_draws):
        drawn[draw] = values[rng.integers(n_users, size=n_users)].mean(axis=0)
    return drawn


def counted_draws(sample: Sample) -> np.ndarray:
    """Return the same with NumPy: count how often a user is drawn, times the values."""
    values, n_draws = sample
    rng, n_users = np.random.default_rng(SEED), len(values)
    drawn = np.empty((n_draws, values.shape[1]))
    for draw in range(n_draws):
        times = np.bincount(rng.integers(n_users, size=n_users), minlength=n_users)
        drawn[draw] = times @ values / n_users
    return drawn


def spread(drawn: np.ndarray) -> dict[str, float]:
    """Return the standard deviation of the draws, the mean over models."""
    return {"spread": float(drawn.std(axis=0).mean())}


def _as_it_is(given: Sample) -> Sample:
    return given


SIDES = {
    "metrics": Side(Lists, ranked_lists, our_metrics, means, "nexttrack"),
    "pytrec_eval": Side(Lists, dictionaries, trec_metrics, trec_means, "pytrec-eval-terrier"),
    "bootstrap": Side(Sample, _as_it_is, our_draws, spread, "nexttrack"),
    "numpy-gather": Side(Sample, _as_it_is, gathered_draws, spread, "numpy"),
    "numpy-count": Side(Sample, _as_it_is, counted_draws, spread, "numpy"),
}
"""Who runs in this environment; ``peers_env/metrics_run.py`` has the others."""


@dataclass(frozen=True)
class Work:
    """What is compared.

    Attributes:
        unit: what it is counted in.
        what: how much of it ours does, in words.
        limit_seconds: how long ours may take, as the project promises.
        shown: the number of the summary that is kept in the results.
        tolerance: by how much numbers of the summary may differ, relatively.
    """

    unit: str
    what: str
    limit_seconds: float
    shown: str
    tolerance: float


WORKS = {
    "metrics": Work(
        "users",
        f"lists of {N}: {len(MEASURES)} metrics at {', '.join(map(str, CUT_OFFS))}, "
        "R-precision, clicks",
        1,
        "ndcg@10",
        1e-6,
    ),
    # A spread of 1,000 draws has a standard error of 2 %.
    "bootstrap": Work(
        "draws", f"means of {BOOTSTRAP_USERS:,} users x {MODELS} models", 10, "spread", 0.1
    ),
}
"""By the name of our side."""


@dataclass(frozen=True)
class Rival:
    """What ours is held against.

    Attributes:
        work: one of ``WORKS``.
        what: how it is done, in words.
        least: how many times as fast ours is to be, as the project promises; None if nothing.
        peer: whether it runs in the environment of ``peers_env/``.
    """

    work: str
    what: str
    least: float | None = None
    peer: bool = False


RIVALS = {
    "pytrec_eval": Rival("metrics", "dictionaries of strings, all users at once", 5),
    "ranx": Rival("metrics", "arrays of ids and scores, as floats", 20, peer=True),
    "ranx-dictionaries": Rival("metrics", "Qrels and Run from dictionaries", 20, peer=True),
    "LensKit": Rival("metrics", "RunAnalysis on item lists cut to each k", 20, peer=True),
    "numpy-gather": Rival("bootstrap", "values[rng.integers(n, size=n)].mean(0), draw by draw"),
    "numpy-count": Rival("bootstrap", "np.bincount(...) @ values / n, draw by draw"),
}


def made_lists(world: BenchWorld) -> Lists:
    """Return item kNN's lists for the users who have something held out, where they are full."""
    from nexttrack.evaluation.evaluator import top_n
    from nexttrack.evaluation.splits import weak_generalization
    from nexttrack.models import ItemKNN

    split = weak_generalization(world.user_items, seed=SEED)
    users = np.flatnonzero(np.diff(split.test_out.indptr))
    model = ItemKNN(K=NEIGHBOURS)
    model.fit(split.test_in, show_progress=False)
    ids = top_n(model, split.test_in, users, N)
    full = (ids >= 0).all(axis=1)
    return Lists(ids[full], split.test_out[users[full]])


def run(name: str, file: Path, report_file: Path) -> None:
    """Do the work for a few once and for all once, and report; the work of a measured process.

    Args:
        name: one of ``SIDES``.
        file: what :class:`Lists` or :class:`Sample` saved.
        report_file: becomes JSON: ``seconds`` in all, ``convert`` (those of them that converting
            took), ``processor`` (seconds of all threads), ``summary`` (numbers by name), ``tool``.
    """
    side = SIDES[name]
    given = side.given.load(file)
    side.measure(side.convert(given.few()))
    start, start_processor = time.perf_counter(), time.process_time()
    converted = side.convert(given)
    then = time.perf_counter()
    found = side.measure(converted)
    done, done_processor = time.perf_counter(), time.process_time()
    report = {
        "convert": then - start,
        "seconds": done - start,
        "processor": done_processor - start_processor,
        "summary": side.summary(found),
        "tool": f"{side.package} {version(side.package)}, Python {platform.python_version()}",
    }
    report_file.write_text(json.dumps(report))


def side_report(name: str, file: Path) -> dict[str, Any]:
    """Run a side in a process of its own; return its report (see :func:`run`) and ``peak_mb``.

    Raises:
        UserError: if it fails, with the last line that it wrote.
    """
    peer = name in RIVALS and RIVALS[name].peer
    return reported(peer_command("metrics_run.py") if peer else own("metrics"), name, file)


def agreed(name: str, own: dict[str, float], rival: dict[str, float]) -> float:
    """Return by how much a rival's numbers differ from ours at most, relatively.

    Args:
        name: the rival.
        own, rival: numbers by name; ours has all that the rival has.

    Raises:
        UserError: if one differs by more than the work's tolerance, or the rival does not have the
            number that is shown.
    """
    work = WORKS[RIVALS[name].work]
    if work.shown not in rival:
        raise UserError(f"{name}: {work.shown} is missing from its report")
    for number, theirs in rival.items():
        # Written so that NaN is refused as well.
        if not abs(theirs - own[number]) <= work.tolerance * abs(own[number]):
            raise UserError(
                f"{name}: {number} is {theirs:.8f}, ours {own[number]:.8f}; "
                f"they may differ by {work.tolerance:g}, relatively"
            )
    return max(abs(theirs - own[number]) / abs(own[number]) for number, theirs in rival.items())


def compare(
    name: str,
    given: Lists | Sample,
    part: Lists | Sample,
    runs: int,
    scratch: Path,
    on_run: Callable[[], None] = lambda: None,
) -> dict[str, object]:
    """Measure ours and a rival in turn and return the row of the result.

    Args:
        name: one of ``RIVALS``.
        given: what ours works on.
        part: what the rival works on.
        runs: how often.
        scratch: a folder for files.
        on_run: called after each round.

    Raises:
        UserError: if the two do not agree about the part, or a process fails.
    """
    rival = RIVALS[name]
    work, side = WORKS[rival.work], SIDES[rival.work]
    given.save(scratch / "given.npz")
    part.save(scratch / "part.npz")
    expected = side.summary(side.measure(side.convert(part)))

    def rival_side() -> dict[str, Any]:
        report = side_report(name, scratch / "part.npz")
        return report | {"difference": agreed(name, expected, report["summary"])}

    sides = {"ours": partial(side_report, rival.work, scratch / "given.npz"), "rival": rival_side}
    found = in_turn(sides, runs, on_run=on_run)
    ours, theirs = found["ours"], found["rival"]
    speed, rival_speed = given.n / middle(ours, "seconds"), part.n / middle(theirs, "seconds")
    effort, rival_effort = middle(ours, "processor") / given.n, middle(theirs, "processor") / part.n
    return {
        "rival": name,
        "work": rival.work,
        "what": work.what,
        "unit": work.unit,
        "n": given.n,
        "seconds": f"{middle(ours, 'seconds'):.3f}",
        "fastest": f"{min(one['seconds'] for one in ours):.3f}",
        "slowest": f"{max(one['seconds'] for one in ours):.3f}",
        "limit_seconds": work.limit_seconds,
        "convert_seconds": f"{middle(ours, 'convert'):.3f}",
        "processor_seconds": f"{middle(ours, 'processor'):.3f}",
        "per_second": f"{speed:.0f}",
        "peak_mb": f"{middle(ours, 'peak_mb'):.0f}",
        "rival_tool": theirs[0]["tool"],
        "rival_what": rival.what,
        "rival_n": part.n,
        "rival_seconds": f"{middle(theirs, 'seconds'):.3f}",
        "rival_convert_seconds": f"{middle(theirs, 'convert'):.3f}",
        "rival_processor_seconds": f"{middle(theirs, 'processor'):.3f}",
        "rival_per_second": f"{rival_speed:.0f}",
        "rival_peak_mb": f"{middle(theirs, 'peak_mb'):.0f}",
        "times": f"{speed / rival_speed:.1f}",
        "least_times": "" if rival.least is None else rival.least,
        "processor_times": f"{rival_effort / effort:.1f}",
        "compared": len(theirs[0]["summary"]),
        "shown": work.shown,
        "value": f"{expected[work.shown]:.7f}",
        "rival_value": f"{theirs[0]['summary'][work.shown]:.7f}",
        "most_difference": f"{theirs[-1]['difference']:.1e}",
        "runs": runs,
    }


def bench_metrics(
    rivals: Annotated[
        list[str] | None,
        typer.Argument(help=f"Some of: {', '.join(RIVALS)}; those at hand if none is given."),
    ] = None,
    peers: Annotated[
        bool, typer.Option("--peers", help="Those of peers_env/, where none is named.")
    ] = False,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each; the medians are kept.")] = 5,
    peer_users: Annotated[
        int, typer.Option(min=1, help="Users whose lists the libraries of peers_env/ measure.")
    ] = 10_000,
) -> None:
    """Compare our metrics and bootstrap with other libraries': values and speed; metrics.csv."""
    names = rivals or [name for name, rival in RIVALS.items() if rival.peer == peers]
    if unknown := [name for name in names if name not in RIVALS]:
        raise UserError(f"{unknown[0]}: not compared; there are {', '.join(RIVALS)}")
    if any(RIVALS[name].peer for name in names):
        peer_command("metrics_run.py")
    facts = machine_alone()
    inputs, rows, console = _inputs(names, peer_users), [], Console(stderr=True)
    with tempfile.TemporaryDirectory() as scratch, runs_progress(console) as progress:
        for name in names:
            on_run = partial(progress.advance, progress.add_task(name, total=runs))
            rows.append(compare(name, *inputs[name], runs, Path(scratch), on_run) | facts)
            keep(rows[-1:], project.root() / "results" / "metrics.csv", list(RIVALS))
    Console().print(table(rows))


def _inputs(names: list[str], peer_users: int) -> dict[str, tuple[Lists | Sample, Lists | Sample]]:
    """Return for each rival what ours and what it works on."""
    found: dict[str, tuple[Lists | Sample, Lists | Sample]] = {}
    rng = np.random.default_rng(SEED)
    values = rng.random((BOOTSTRAP_USERS, MODELS))
    lists = None
    for name in names:
        if RIVALS[name].work == "bootstrap":
            found[name] = Sample(values, DRAWS), Sample(values, RIVAL_DRAWS)
            continue
        lists = lists or made_lists(BenchWorld.load(bench_world()))
        users = np.random.default_rng(SEED).permutation(lists.n)[:peer_users]
        found[name] = lists, lists.of(np.sort(users)) if RIVALS[name].peer else lists
    return found


def table(rows: list[dict[str, object]]) -> Table:
    """Return the rows as a table for the terminal."""
    shown = Table(caption="seconds: ours; /s: users or draws; times: ours over the rival's")
    for heading in ("rival", "seconds", "rival's /s", "times", "processor"):
        shown.add_column(heading, no_wrap=True, justify="left" if heading == "rival" else "right")
    for row in rows:
        least = f" (≥ {row['least_times']})" if row["least_times"] else ""
        shown.add_row(
            row["rival"],
            f"{row['seconds']} (≤ {row['limit_seconds']})",
            row["rival_per_second"],
            f"{row['times']}{least}",
            row["processor_times"],
        )
    return shown


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
