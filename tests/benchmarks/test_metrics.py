"""The comparison of metrics with other libraries, on small lists: values and what is kept."""

import json
import sys

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from typer.testing import CliRunner

from benchmarks import metrics, peers
from benchmarks.__main__ import app
from benchmarks.harness import stored_rows
from benchmarks.metrics import RIVALS, SIDES, WORKS, Lists, Sample
from benchmarks.world import BenchWorld, bench_world
from nexttrack import project
from nexttrack.errors import UserError

STAND_IN = """
import json, sys
from pathlib import Path
from benchmarks import metrics
metrics.run("metrics", *map(Path, sys.argv[2:]))
report = Path(sys.argv[3])
made = json.loads(report.read_text()) | {"tool": "Stand-in 1.0", "seconds": 2.0, "processor": 4.0}
made["summary"]["recall@10"] += {off}
report.write_text(json.dumps(made))
"""


def small_lists(n_users=90, n_items=300, seed=3):
    """Lists of 100 of 300 items, and 1 to 14 relevant ones for each user."""
    rng = np.random.default_rng(seed)
    ids = np.argsort(rng.random((n_users, n_items)), axis=1)[:, : metrics.N]
    relevant = rng.random((n_users, n_items)).argsort(axis=1) < rng.integers(1, 15, (n_users, 1))
    return Lists(ids, csr_matrix(relevant.astype(np.float32)))


@pytest.fixture(scope="module")
def world_file(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        root = tmp_path_factory.mktemp("clone")
        patched.setattr(project, "root", lambda: root)
        return bench_world(n_users=300, n_items=400, sessions=18)


@pytest.fixture
def root(tmp_path, monkeypatch, world_file):
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    monkeypatch.setattr(metrics, "bench_world", lambda: world_file)
    monkeypatch.setattr(metrics, "BOOTSTRAP_USERS", 60)
    monkeypatch.setattr(metrics, "DRAWS", 2_000)
    return tmp_path


def stand_in(root, monkeypatch, off=0.0):
    """Let ours play the part of the libraries in peers_env/, with a recall that is off."""
    script = root / "stand_in.py"
    script.write_text(STAND_IN.replace("{off}", str(off)))
    monkeypatch.setattr(metrics, "peer_command", lambda name: [sys.executable, str(script)])


def in_this_process(root, monkeypatch):
    """Let every side run here, and ours play the part of the libraries in peers_env/."""
    monkeypatch.setattr(metrics, "peer_command", lambda name: [])

    def side_report(name, file):
        peer = RIVALS[name].peer if name in RIVALS else False
        metrics.run("metrics" if peer else name, file, root / "report")
        report = json.loads((root / "report").read_text()) | {"peak_mb": 9.0}
        return report | ({"seconds": 2.0, "tool": "Stand-in 1.0"} if peer else {})

    monkeypatch.setattr(metrics, "side_report", side_report)


def kept(root):
    return {row["rival"]: row for row in stored_rows(root / "results" / "metrics.csv")}


@pytest.mark.parametrize("given", [small_lists(), Sample(np.eye(3), 7)], ids=["lists", "sample"])
def test_what_is_worked_on_goes_over_as_it_is(given, tmp_path):
    given.save(tmp_path / "given.npz")
    again = type(given).load(tmp_path / "given.npz")
    assert again.n == given.n
    np.testing.assert_array_equal(again[0], given[0])
    if isinstance(given, Lists):
        assert again.relevant.shape == given.relevant.shape
        assert (again.relevant != given.relevant).nnz == 0


def test_the_lists_are_full_and_someone_wants_something_of_each(world_file):
    world = BenchWorld.load(world_file)
    lists = metrics.made_lists(world)
    assert lists.ids.shape == (lists.n, metrics.N)
    assert lists.ids.dtype == np.int64
    assert lists.ids.min() >= 0
    assert 250 < lists.n <= 300
    assert lists.relevant.shape == (lists.n, 400)
    assert np.diff(lists.relevant.indptr).min() >= 1
    found = metrics.our_metrics(metrics.ranked_lists(lists))
    assert 0.1 < found["recall@100"].mean() < 0.9
    again = metrics.made_lists(world)
    np.testing.assert_array_equal(lists.ids, again.ids)


def test_dictionaries_hold_each_item_and_the_order():
    lists = small_lists(4)
    qrel, run = metrics.dictionaries(lists)
    assert list(run) == list(qrel) == ["0", "1", "2", "3"]
    for user in range(4):
        ranked = sorted(run[str(user)], key=run[str(user)].get, reverse=True)
        assert [int(item) for item in ranked] == lists.ids[user].tolist()
        assert {int(i) for i in qrel[str(user)]} == set(lists.relevant[user].indices.tolist())
        assert set(qrel[str(user)].values()) == {1}


def test_pytrec_eval_finds_what_ours_finds():
    lists = small_lists()
    own, rival = (
        side.summary(side.measure(side.convert(lists)))
        for side in (SIDES["metrics"], SIDES["pytrec_eval"])
    )
    assert set(own) - set(rival) == {
        *("clicks", "reciprocal_rank@10", "reciprocal_rank@20"),
    }
    assert rival == pytest.approx({name: own[name] for name in rival}, rel=1e-12)
    assert metrics.agreed("pytrec_eval", own, rival) < 1e-12


def test_numpy_draws_the_same_either_way():
    sample = Sample(np.random.default_rng(5).random((40, 3)), 300)
    gathered = metrics.gathered_draws(sample)
    np.testing.assert_allclose(metrics.counted_draws(sample), gathered, rtol=1e-12)
    own = metrics.our_draws(sample)
    assert own.shape == gathered.shape
    np.testing.assert_allclose(gathered.mean(axis=0), own.mean(axis=0), atol=0.02)
    np.testing.assert_allclose(gathered.std(axis=0), own.std(axis=0), rtol=0.3)


@pytest.mark.parametrize("name", SIDES)
def test_every_side_reports(name, tmp_path):
    given = small_lists() if SIDES[name].given is Lists else Sample(np.eye(60), 20)
    given.save(tmp_path / "given.npz")
    metrics.run(name, tmp_path / "given.npz", tmp_path / "report")
    report = json.loads((tmp_path / "report").read_text())
    assert 0 <= report["convert"] <= report["seconds"]
    assert report["processor"] >= 0
    assert report["tool"].startswith(SIDES[name].package)
    shown = {work.shown for own, work in WORKS.items() if SIDES[own].given is SIDES[name].given}
    assert shown <= set(report["summary"])


@pytest.mark.parametrize(
    ("name", "rival", "message"),
    [
        (
            "pytrec_eval",
            {"ndcg@10": 0.2, "recall@10": 0.1000002},
            r"^pytrec_eval: recall@10 is 0.10000020, ours 0.10000000; they may differ by 1e-06, ",
        ),
        ("ranx", {"ndcg@10": float("nan")}, r"^ranx: ndcg@10 is nan, ours 0.20000000; "),
        ("LensKit", {"recall@10": 0.1}, r"^LensKit: ndcg@10 is missing from its report$"),
    ],
)
def test_a_wrong_value_is_refused(name, rival, message):
    with pytest.raises(UserError, match=message):
        metrics.agreed(name, {"ndcg@10": 0.2, "recall@10": 0.1}, rival)


def test_the_largest_difference_is_told():
    own = {"ndcg@10": 0.5, "recall@10": 0.25}
    rival = {"ndcg@10": 0.5 + 1e-7, "recall@10": 0.25 - 1e-7}
    assert metrics.agreed("ranx", own, rival) == pytest.approx(4e-7)


def test_ours_and_the_rival_take_turns_and_medians_are_kept(root, monkeypatch):
    lists, ran, noise = small_lists(), [], iter([1, 30, 3, 10, 2, 20])
    side = SIDES["metrics"]
    summary = side.summary(side.measure(side.convert(lists.of(np.arange(45)))))

    def side_report(name, file):
        ran.append((name, Lists.load(file).n))
        seconds = next(noise)
        extra = {"processor": 2 * seconds, "tool": "x", "peak_mb": 9.0, "summary": summary}
        return {"seconds": seconds, "convert": 0.5} | extra

    monkeypatch.setattr(metrics, "side_report", side_report)
    row = metrics.compare("LensKit", lists, lists.of(np.arange(45)), 3, root)
    assert ran == [("metrics", 90), ("LensKit", 45)] * 3
    assert [row[name] for name in ("seconds", "fastest", "slowest", "rival_seconds", "runs")] == [
        *("2.000", "1.000", "3.000", "20.000", 3)
    ]
    assert (row["n"], row["rival_n"]) == (90, 45)
    assert (row["per_second"], row["rival_per_second"]) == ("45", "2")
    assert (row["times"], row["processor_times"], row["least_times"]) == ("20.0", "20.0", 20)
    assert row["value"] == row["rival_value"] == f"{summary['ndcg@10']:.7f}"


def test_a_rival_is_compared_in_processes(root):
    result = CliRunner().invoke(app, ["metrics", "pytrec_eval", "--runs", "1"])
    assert result.exit_code == 0, result.output
    row = kept(root)["pytrec_eval"]
    assert row["rival_tool"].startswith("pytrec-eval-terrier 0.")
    assert row["n"] == row["rival_n"]
    assert row["compared"] == "17"
    assert float(row["most_difference"]) < 1e-9
    assert (row["limit_seconds"], row["least_times"]) == ("1", "5")
    assert float(row["peak_mb"]) > 10
    assert "edition" not in row
    assert not list(root.glob("results/*.tmp"))


def test_rivals_at_hand_and_peers_are_asked_for_apart(root, monkeypatch):
    in_this_process(root, monkeypatch)
    runner = CliRunner()
    result = runner.invoke(app, ["metrics", "--runs", "1"])
    assert result.exit_code == 0, result.output
    rows = kept(root)
    assert list(rows) == ["pytrec_eval", "numpy-gather", "numpy-count"]
    assert (rows["numpy-gather"]["n"], rows["numpy-gather"]["rival_n"]) == ("2000", "1000")
    assert rows["numpy-gather"]["limit_seconds"] == "10"
    result = runner.invoke(app, ["metrics", "--peers", "--runs", "1", "--peer-users", "40"])
    assert result.exit_code == 0, result.output
    after = kept(root)
    assert list(after) == list(RIVALS)
    assert {name: after[name] for name in rows} == rows
    assert after["LensKit"]["rival_n"] == "40"
    assert after["LensKit"]["rival_per_second"] == "20"  # in the 2 seconds that it says
    assert after["LensKit"]["rival_tool"] == "Stand-in 1.0"
    assert after["LensKit"]["value"] == after["LensKit"]["rival_value"]


def test_a_rival_that_finds_something_else_is_one_line_and_not_kept(root, monkeypatch):
    stand_in(root, monkeypatch, off=1e-5)
    result = CliRunner().invoke(app, ["metrics", "ranx", "--runs", "1"])
    assert isinstance(result.exception, UserError)
    assert str(result.exception).startswith("ranx: recall@10 is 0.")
    assert not (root / "results").exists()


def test_without_the_environment_it_says_how_to_get_it(root):
    result = CliRunner().invoke(app, ["metrics", "LensKit"])
    assert isinstance(result.exception, UserError)
    assert str(result.exception).endswith(
        "is not there; `make bench-peers` installs it (some 6 GB)"
    )


def test_an_unknown_rival_is_refused(root):
    result = CliRunner().invoke(app, ["metrics", "trec_eval"])
    assert str(result.exception).startswith("trec_eval: not compared; there are pytrec_eval, ranx")


def is_made_for_the_lock():
    """Tell whether the environment of peers_env/ is there, and not older than its lock."""
    ready = project.root() / "benchmarks" / "peers_env" / ".venv" / "ready"
    lock = project.root() / "benchmarks" / "peers_env" / "uv.lock"
    return ready.exists() and ready.stat().st_mtime >= lock.stat().st_mtime


@pytest.mark.skipif(
    not is_made_for_the_lock(),
    reason="ranx and LensKit of the lock are not installed here; `make bench-peers` installs them",
)
@pytest.mark.parametrize("name", [name for name, rival in RIVALS.items() if rival.peer])
def test_peers_find_what_ours_finds(name, tmp_path):
    assert peers.peer_command("metrics_run.py")[1].endswith("metrics_run.py")
    lists = small_lists()
    row = metrics.compare(name, lists, lists.of(np.arange(60)), 1, tmp_path)
    assert float(row["most_difference"]) < 1e-9
    assert row["compared"] == {"LensKit": 12}.get(name, 19)
