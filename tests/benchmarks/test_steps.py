"""The measuring, on small commands: what is kept, never how long something takes."""

import csv
import sys

import pytest
from typer.testing import CliRunner

from benchmarks import steps
from benchmarks.__main__ import app
from nexttrack import project
from nexttrack.errors import UserError

SLEEP = "import time; x = bytearray({size}); time.sleep({seconds})"


def python(script, **environment):
    return lambda folder: [steps.Command([sys.executable, "-c", script], folder, environment)]


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    nap = python("import time; time.sleep(0.2)")
    quick = steps.Step("naps", nap, "naps too", nap, limit_seconds=3)
    monkeypatch.setattr(steps, "STEPS", {"quick": quick, "other": steps.Step("", python("pass"))})
    return tmp_path


def kept(root):
    with (root / "results" / "bench.csv").open(newline="", encoding="utf-8") as file:
        return {row["step"]: row for row in csv.DictReader(file)}


def test_time_and_memory_are_those_of_the_process(tmp_path):
    (command,) = python(SLEEP.format(size=200_000_000, seconds=0.3))(tmp_path)
    cost = steps.measure(command)
    assert cost.seconds > 0.3
    assert 200 < cost.megabytes < 400


def test_costs_of_several_commands_add_up(tmp_path):
    script = SLEEP.format(size=1, seconds=0.2)
    both = steps.cost(lambda folder: python(script)(folder) * 2)
    assert both.seconds > 0.4


def test_a_command_runs_in_its_folder_with_its_environment(tmp_path):
    script = "import os; assert os.environ['A'] == 'b'; open('here', 'w')"
    (command,) = python(script, A="b")(tmp_path)
    steps.measure(command)
    assert (tmp_path / "here").exists()


def test_a_command_that_fails_is_an_error_with_its_last_line(tmp_path):
    (command,) = python("import sys; print('first'); sys.exit('it broke')")(tmp_path)
    with pytest.raises(UserError, match=r"ended with 1: it broke$"):
        steps.measure(command)


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
