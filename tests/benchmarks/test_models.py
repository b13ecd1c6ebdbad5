"""The timing of models, on a small world and made timings: what is kept, never how long."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks import models as bench_models
from benchmarks.__main__ import app
from benchmarks.harness import stored_rows
from benchmarks.models import MODELS, RIVALS, BareEASE, Rival
from benchmarks.world import BenchWorld, bench_world
from nexttrack import models, project
from nexttrack.errors import UserError


@pytest.fixture(scope="module")
def world_file(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        root = tmp_path_factory.mktemp("clone")
        patched.setattr(project, "root", lambda: root)
        return bench_world(n_users=300, n_items=200, sessions=8)


@pytest.fixture(scope="module")
def world(world_file):
    return BenchWorld.load(world_file)


@pytest.fixture
def root(tmp_path, monkeypatch, world_file):
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    monkeypatch.setattr(bench_models, "bench_world", lambda **sizes: world_file)
    return tmp_path


def timed(monkeypatch, seconds_of):
    """Replace processes by made seconds; return the list of (name, part) that would have run."""
    ran = []

    def model_report(name, world_file, part="both"):
        ran.append((name, part))
        seconds = seconds_of(name, BenchWorld.load(world_file))
        extra = {"listed": 100, "start_mb": 100.2, "fit_mb": 150.7, "peak_mb": 200.1}
        return {"fit": seconds, "top": 2 * seconds} | extra

    monkeypatch.setattr(bench_models, "model_report", model_report)
    return ran


def test_every_model_is_measured():
    assert set(models.__all__) == set(MODELS)


# NMF and the like do not converge on so little.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", MODELS)
def test_every_model_runs(world_file, tmp_path, name):
    bench_models.run(name, world_file, "both", tmp_path / "report")
    report = json.loads((tmp_path / "report").read_text())
    assert report["fit"] >= 0
    assert report["top"] > 0
    assert 1 < report["start_mb"] <= report["fit_mb"]
    assert 0 < report["listed"] <= bench_models.N


# It is implicit itself that passes on what it then converts.
@pytest.mark.filterwarnings("ignore::implicit.utils.ParameterWarning")
@pytest.mark.parametrize("name", RIVALS)
def test_every_rival_runs(world_file, tmp_path, name):
    bench_models.run(name, world_file, "fit", tmp_path / "report")
    assert set(json.loads((tmp_path / "report").read_text())) == {"start_mb", "fit", "fit_mb"}


def test_a_rival_that_only_recommends_is_fitted_once(world, tmp_path, monkeypatch):
    world.save(tmp_path / "world.npz")
    for _ in range(2):
        bench_models.run("implicit-als", tmp_path / "world.npz", "top", tmp_path / "report")
        report = json.loads((tmp_path / "report").read_text())
        assert set(report) == {"start_mb", "top", "listed"}
        kept_factors = np.load(tmp_path / "world-implicit-als.npz")
        monkeypatch.setattr(bench_models, "ITERATIONS", 1)  # would give others
    assert kept_factors["item_factors"].shape == (200, bench_models.FACTORS)
    before = (tmp_path / "world-implicit-als.npz").stat().st_mtime_ns
    bench_models.run("implicit-als", tmp_path / "world.npz", "top", tmp_path / "report")
    assert (tmp_path / "world-implicit-als.npz").stat().st_mtime_ns == before


def test_the_bare_ease_is_ease(world, monkeypatch):
    monkeypatch.setattr(BareEASE, "BLOCK", 70)
    X = world.user_items.toarray().astype(np.float64)
    P = np.linalg.inv(X.T @ X + BareEASE.REGULARIZATION * np.eye(X.shape[1]))
    B = np.eye(X.shape[1]) - P / np.diag(P)
    bare = BareEASE()
    bare.fit(world.user_items)
    np.testing.assert_allclose(bare.weights, B, atol=1e-6)
    scores = np.where(X > 0, -np.inf, X @ B)
    ids, values = bare.recommend(np.arange(300), world.user_items, N=7)
    np.testing.assert_allclose(values, -np.sort(-scores, axis=1)[:, :7], atol=1e-5)
    np.testing.assert_allclose(np.take_along_axis(scores, ids, axis=1), values, atol=1e-5)


def test_a_model_and_its_rivals_take_turns(world_file, world, monkeypatch):
    noise = iter([1, 10, 2, 3, 50, 60, 2, 20, 4])
    ran = timed(monkeypatch, lambda name, world: next(noise))
    own, others = bench_models.rounds("ItemKNN", world_file, 3)
    turn = [("ItemKNN", "both"), ("implicit-cosine", "fit"), ("implicit-als", "top")]
    assert ran == turn * 3
    fit, top = bench_models.rows_of("ItemKNN", world, own, others)
    assert [fit[k] for k in ("part", "seconds", "fastest", "slowest", "runs")] == [
        *("fit", "2.000", "1.000", "3.000", 3)
    ]
    assert [fit[k] for k in ("rival_seconds", "ratio", "limit_ratio")] == ["20.000", "0.100", ""]
    assert [top[k] for k in ("rival_seconds", "ratio", "limit_ratio")] == ["8.000", "0.500", 1.2]
    assert [row["peak_mb"] for row in (fit, top)] == ["151", "200"]
    assert top["users_per_second"] == "75"
    assert (fit["users"], fit["items"], fit["interactions"]) == (300, 200, world.user_items.nnz)


def test_ease_has_two_rivals_for_its_lists(world_file, world, monkeypatch):
    ran = timed(monkeypatch, lambda name, world: {"EASE": 1, "bare-ease": 16}.get(name, 2))
    own, others = bench_models.rounds("EASE", world_file, 1)
    assert ran == [("EASE", "both"), ("bare-ease", "both"), ("implicit-als", "top")]
    rows = bench_models.rows_of("EASE", world, own, others)
    assert [(row["part"], row["ratio"], row["limit_ratio"]) for row in rows] == [
        ("fit", "0.062", 1.3),
        ("top", "0.062", 0.125),
        ("top", "0.500", ""),
    ]


def test_what_takes_long_runs_once(world_file, monkeypatch):
    ran = timed(monkeypatch, lambda name, world: 100)
    own, _ = bench_models.rounds("Popularity", world_file, 3)
    assert len(own) == 1
    assert ran == [("Popularity", "both"), ("implicit-als", "top")]


def test_the_exponents_are_found(world, tmp_path, monkeypatch):
    def seconds(name, part):
        n_users, n_items = part.user_items.shape
        return 1e-4 * n_users**0.5 * n_items**1.5 * part.user_items.nnz ** (0 if name else 1)

    timed(monkeypatch, seconds)
    rows = bench_models.growth("PureSVD", world, tmp_path, 1)
    assert [(r["part"], r["along"], r["n"]) for r in rows[:6]] == [
        *[("fit", "users", n) for n in (75, 150, 300)],
        *[("top", "users", n) for n in (75, 150, 300)],
    ]
    slopes = {(row["part"], row["along"]): row["exponent"] for row in rows}
    assert {slopes[part, "users"] for part in ("fit", "top")} == {"0.50"}
    assert {slopes[part, "items"] for part in ("fit", "top")} == {"1.50"}
    assert {slopes[part, "interactions"] for part in ("fit", "top")} <= {"0.00", "-0.00"}
    whole = [row for row in rows if row["along"] == "interactions"][2]
    assert whole["interactions"] == whole["n"] == world.user_items.nnz


def test_moments_have_no_exponent(world, tmp_path, monkeypatch):
    timed(monkeypatch, lambda name, part: part.user_items.nnz / world.user_items.nnz / 15)
    rows = bench_models.growth("Popularity", world, tmp_path, 1)
    assert {row["exponent"] for row in rows if row["part"] == "fit"} == {""}
    assert {row["exponent"] for row in rows if row["along"] == "interactions"} == {"", "1.00"}


def test_each_size_can_run_several_times(world, tmp_path, monkeypatch):
    noise = iter([1, 3, 2] * 7)
    ran = timed(monkeypatch, lambda name, part: next(noise))
    rows = bench_models.growth("PureSVD", world, tmp_path, 3)
    assert len(ran) == 21
    assert {(row["seconds"], row["runs"]) for row in rows} == {("2.000", 3), ("4.000", 3)}


def test_what_would_take_too_long_is_not_begun_and_said(world, tmp_path, monkeypatch):
    ran = timed(monkeypatch, lambda name, part: part.user_items.shape[1] ** 2 / 25)
    rows = bench_models.growth("SLIM", world, tmp_path, 3)
    assert len(ran) == 6  # these too are long, and run once
    assert {row["n"] for row in rows if row["along"] == "items"} == {50, 100}
    assert {row["skipped"] for row in rows} == {"all would take some 1,600 s, more than 600"}


def test_models_are_measured_in_processes_and_others_keep_their_rows(root):
    runner = CliRunner()
    result = runner.invoke(app, ["models", "Popularity", "--runs", "1"])
    assert result.exit_code == 0, result.output
    rows = stored_rows(root / "results" / "models.csv")
    assert [(row["model"], row["part"]) for row in rows] == [
        ("Popularity", "fit"),
        ("Popularity", "top"),
    ]
    ours, rival = float(rows[1]["seconds"]), float(rows[1]["rival_seconds"])
    half = 0.0005 + 1e-9  # of the last digit that is kept of them
    least, most = (ours - half) / (rival + half), (ours + half) / (rival - half)
    assert least - half <= float(rows[1]["ratio"]) <= most + half
    assert rows[1]["rival"].startswith("implicit's ALS")
    assert rows[0]["rival"] == ""
    assert "edition" not in rows[0]
    assert rows[0]["cores"]
    assert not list(root.glob("results/*.tmp"))


def test_growth_is_kept_beside_it(root, monkeypatch):
    timed(monkeypatch, lambda name, part: part.user_items.nnz)
    monkeypatch.setattr(bench_models, "MOST_SECONDS", 1e9)
    runner = CliRunner()
    for name in ("SLIM", "BPR", "SLIM"):
        result = runner.invoke(app, ["growth", name])
        assert result.exit_code == 0, result.output
    rows = stored_rows(root / "results" / "models-growth.csv")
    assert [row["model"] for row in rows] == ["SLIM"] * 18 + ["BPR"] * 18
    assert {row["exponent"] for row in rows if row["along"] == "interactions"} == {"1.00"}


def test_a_model_is_measured_on_its_own_world(root, monkeypatch):
    sizes = []
    timed(monkeypatch, lambda name, part: sizes.append(part.user_items.shape) or 1)
    small = bench_models.Contender("", MODELS["EASE"].make, (Rival("fit", "bare-ease"),), 50)
    monkeypatch.setattr(bench_models, "MODELS", {"EASE": small})
    assert CliRunner().invoke(app, ["models", "EASE", "--runs", "1"]).exit_code == 0
    assert sizes == [(300, 50)] * 2


@pytest.mark.parametrize("command", ["models", "growth"])
def test_an_unknown_model_is_refused(root, command):
    result = CliRunner().invoke(app, [command, "Popularity", "Popular"])
    assert isinstance(result.exception, UserError)
    assert str(result.exception).startswith("Popular: not a model; the models are Random, ")


def test_a_model_that_is_not_there_is_one_line():
    with pytest.raises(UserError, match=r"^nexttrack.models has no Oracle, which is to be m"):
        bench_models.model("Oracle")


def test_lists_of_another_shape_are_an_error(world):
    class Short:
        def recommend(self, users, user_items, N):
            return np.zeros((len(users), N - 1), int), None

    with pytest.raises(ValueError, match=r"lists of shape \(300, 99\), not \(300, 100\)"):
        bench_models._recommend(Short(), MODELS["Popularity"], world)
