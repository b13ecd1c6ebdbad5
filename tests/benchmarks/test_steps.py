"""The steps, on small commands: what is kept, never how long something takes."""

import sys

import pytest
from typer.testing import CliRunner

from benchmarks import steps
from benchmarks.__main__ import app
from benchmarks.harness import Command, stored_rows
from nexttrack import project


def python(script, **environment):
    return lambda folder: [Command([sys.executable, "-c", script], folder, environment)]


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    nap = python("import time; time.sleep(0.2)")
    quick = steps.Step("naps", nap, "naps too", nap, limit_seconds=3)
    monkeypatch.setattr(steps, "STEPS", {"quick": quick, "other": steps.Step("", python("pass"))})
    return tmp_path


def kept(root):
    return {row["step"]: row for row in stored_rows(root / "results" / "bench.csv")}


def test_costs_of_several_commands_add_up(tmp_path):
    nap = python("import time; time.sleep(0.2)")
    both = steps.cost(lambda folder: nap(folder) * 2)
    assert both.seconds > 0.4


def test_the_table_is_kept_and_other_steps_stay(root):
    runner = CliRunner()
    assert runner.invoke(app, ["steps", "--runs", "1"]).exit_code == 0
    before = kept(root)
    assert list(before) == ["quick", "other"]
    result = runner.invoke(app, ["steps", "quick", "--runs", "3"])
    assert result.exit_code == 0, result.output
    assert "quick" in result.stdout
    after = kept(root)
    assert after["other"] == before["other"]
    row = after["quick"]
    assert row["runs"] == "3"
    assert row["limit_seconds"] == "3"
    assert float(row["fastest"]) <= float(row["seconds"]) <= float(row["slowest"])
    ratio = float(row["seconds"]) / float(row["rival_seconds"])
    assert float(row["ratio"]) == pytest.approx(ratio, rel=0.1)  # of rounded numbers
    assert row["python"] == ".".join(map(str, sys.version_info[:3]))
    assert not list(root.glob("results/*.tmp"))


def test_an_unknown_step_is_refused(root):
    result = CliRunner().invoke(app, ["steps", "slow"])
    assert str(result.exception) == "slow: not a step; the steps are quick, other"
