"""The comparison with LensKit, on a small world: a stand-in plays its part, so none is needed."""

import json
import sys
import tomllib

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks import models, peers
from benchmarks.__main__ import app
from benchmarks.harness import stored_rows
from benchmarks.world import BenchWorld, bench_world
from nexttrack import project
from nexttrack.errors import UserError
from nexttrack.evaluation.metrics import ndcg_at_k
from nexttrack.evaluation.ranked_lists import RankedLists
from nexttrack.evaluation.splits import weak_generalization

PEERS = project.root() / "benchmarks" / "peers_env"
STAND_IN = """
import json, sys
from pathlib import Path
from benchmarks import peers
task = json.loads(Path(sys.argv[1]).read_text())
task["settings"].pop("most_items")
peers.run(task)
report = Path(task["report"])
said = {"peer": "Stand-in 1.0", "fit": 30.0, "recommend": 2.0, "jobs": task["jobs"]}
report.write_text(json.dumps(json.loads(report.read_text()) | said))
"""


@pytest.fixture(scope="module")
def world_file(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        root = tmp_path_factory.mktemp("clone")
        patched.setattr(project, "root", lambda: root)
        return bench_world(n_users=200, n_items=150, sessions=10)


@pytest.fixture
def root(tmp_path, monkeypatch, world_file):
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    monkeypatch.setattr(peers, "bench_world", lambda: world_file)
    return tmp_path


@pytest.fixture
def stand_in(root, monkeypatch):
    script = root / "stand_in.py"
    script.write_text(STAND_IN)
    monkeypatch.setattr(peers, "peer_command", lambda: [sys.executable, str(script)])


def test_matrices_go_over_as_they_are(world_file, tmp_path):
    matrix = BenchWorld.load(world_file).user_items
    peers.save_matrix(tmp_path / "matrix.npz", matrix)
    again = peers.load_matrix(tmp_path / "matrix.npz")
    assert again.dtype == np.float32
    assert (again != matrix).nnz == 0


def test_the_row_says_what_both_sides_took_and_found(root, stand_in, world_file):
    result = CliRunner().invoke(app, ["peers", "item-kNN", "--runs", "1", "--peer-users", "40"])
    assert result.exit_code == 0, result.output
    (row,) = stored_rows(root / "results" / "peers.csv")
    assert row["model"] == "item-kNN"
    assert row["peer"] == "Stand-in 1.0"
    assert json.loads(row["settings"]) == peers.SETTINGS["item-kNN"]
    assert float(row["peer_users_per_second"]) == 20  # 40 in the 2 seconds that it says
    assert float(row["peer_fit_seconds"]) == 30
    assert float(row["fit_times"]) > 1
    assert float(row["ndcg_difference"]) == 0  # the stand-in is ours
    assert row["least_recommend_times"] == "20"
    assert "edition" not in row

    world = BenchWorld.load(world_file)
    split = weak_generalization(world.user_items, seed=peers.SEED)
    users = np.flatnonzero(np.diff(split.test_out.indptr))
    assert row["asked_users"] == str(len(users))
    assert row["peer_asked_users"] == "40"
    asked = np.sort(np.random.default_rng(peers.SEED).choice(users, 40, replace=False))
    fitted = models.model("ItemKNN", K=101)
    fitted.fit(split.test_in)
    ids, _ = fitted.recommend(asked, split.test_in[asked], N=100)
    expected = ndcg_at_k(RankedLists(ids, split.test_out[asked]), 10).mean()
    assert float(row["ndcg_10"]) == pytest.approx(expected, abs=1e-5)


def test_medians_of_several_runs_are_taken(root, world_file, monkeypatch):
    noise = iter([1, 3, 4, 5, 2, 8])

    def peer_report(command, task, folder):
        with np.load(task["asked"]) as asked:
            ids = np.tile(np.arange(task["N"]), (len(asked["users"]), 1))
        seconds = next(noise)
        return {"fit": seconds, "recommend": 1.0, "ids": ids, "peer": "x", "peak_mb": 9.0}

    monkeypatch.setattr(peers, "peer_report", peer_report)
    monkeypatch.setattr(peers, "peer_command", list)
    world = BenchWorld.load(world_file)
    row = peers.compare("ALS", world, 1_000, 3, root)
    assert [row[name] for name in ("fit_seconds", "peer_fit_seconds", "fit_times", "runs")] == [
        *("2.000", "5.000", "2.50", 3)
    ]
    assert row["asked_users"] == row["peer_asked_users"]


def test_a_peer_that_fails_is_one_line(root, monkeypatch):
    monkeypatch.setattr(
        peers, "peer_command", lambda: [sys.executable, "-c", "raise SystemExit('no wheel')"]
    )
    result = CliRunner().invoke(app, ["peers", "item-kNN", "--runs", "1"])
    assert isinstance(result.exception, UserError)
    assert str(result.exception).endswith("ended with 1: no wheel")


def test_without_the_environment_it_says_how_to_get_it(root):
    result = CliRunner().invoke(app, ["peers"])
    assert isinstance(result.exception, UserError)
    assert str(result.exception).endswith(
        "is not there; `make bench-peers` installs it (some 6 GB)"
    )


def test_an_unknown_model_is_refused(root):
    result = CliRunner().invoke(app, ["peers", "BPR"])
    assert str(result.exception) == "BPR: not compared; there are ALS, item-kNN"


def test_the_lock_is_that_of_the_peers_project():
    wanted = tomllib.loads((PEERS / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = tomllib.loads((PEERS / "uv.lock").read_text(encoding="utf-8"))
    (ours,) = [package for package in lock["package"] if package["name"] == wanted["name"]]
    locked = [
        line["name"] + line.get("specifier", "") for line in ours["metadata"]["requires-dist"]
    ]
    assert locked == wanted["dependencies"]


@pytest.mark.skipif(
    not (PEERS / ".venv" / "bin" / "python").exists(),
    reason="LensKit is not installed here; `make bench-peers` installs it",
)
@pytest.mark.parametrize("name", peers.SETTINGS)
def test_lenskit_finds_what_ours_finds(world_file, tmp_path, name):
    row = peers.compare(name, BenchWorld.load(world_file), 1_000, 1, tmp_path)
    assert row["peer"].startswith("LensKit 202")
    assert float(row["ndcg_10"]) == pytest.approx(float(row["peer_ndcg_10"]), rel=0.1)
