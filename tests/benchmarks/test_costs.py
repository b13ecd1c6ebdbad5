"""The costs of models, on made measurements: what is kept, never how long a model takes."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from typer.testing import CliRunner

from benchmarks import costs, harness
from benchmarks.__main__ import app
from nexttrack import project
from nexttrack.errors import UserError
from nexttrack.evaluation.splits import weak_generalization
from nexttrack.study.factors import factor_sweeps


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    settings = {name: {} for name in factor_sweeps.NAMES}
    monkeypatch.setattr(factor_sweeps, "chosen", lambda name: settings)
    monkeypatch.setattr(costs, "machine", lambda: {"cores": 2})
    monkeypatch.setattr("nexttrack.study.protocol.fingerprint", lambda: "0123abcd")
    return tmp_path


def test_medians_are_kept_and_rows_that_are_not_measured_stay(root, monkeypatch):
    seconds = iter([3.0, 1.0, 2.0] * 6)

    def made(*_):
        return {"fit": next(seconds), "recommend": 1, "ndcg": 0.5, "start_mb": 1, "peak_mb": 2}

    monkeypatch.setattr(costs, "cost_report", made)
    for name in ("PureSVD", "EASE"):
        assert CliRunner().invoke(app, ["costs", name]).exit_code == 0
    rows = harness.stored_rows(root / "results" / "model-costs.csv")
    assert [row["case"] for row in rows] == [
        f"{data}, {model}" for data in costs.DATASETS for model in ("EASE", "PureSVD")
    ]
    columns = "fit_seconds", "cores", "runs", "fingerprint"
    assert {tuple(row[name] for name in columns) for row in rows} == {
        ("2.000", "2", "3", "0123abcd")
    }


def test_an_unknown_model_is_one_line(root):
    result = CliRunner().invoke(app, ["costs", "word2vec"])
    assert isinstance(result.exception, UserError)
    assert "word2vec: not a model" in str(result.exception)


def test_a_process_reports_what_it_measured(tmp_path, monkeypatch):
    dense = np.random.default_rng(1).random((120, 40)) < 0.3
    parts = weak_generalization(csr_matrix(dense.astype(np.float32)), seed=1)
    task = SimpleNamespace(split=parts)
    monkeypatch.setattr("nexttrack.study.protocol.task", lambda name: task)
    report = tmp_path / "report.json"
    costs.cost_once("lastfm-2k", "PureSVD", '{"factors": 4}', report)
    found = json.loads(report.read_text())
    assert set(found) == {"fit", "recommend", "ndcg", "start_mb"}
    assert 0 <= found["ndcg"] <= 1


def test_a_run_is_a_process_of_its_own(monkeypatch):
    def measure(command):
        assert command.arguments[1:6] == ["-m", "benchmarks.costs", "playlists", "EASE", "{}"]
        with open(command.arguments[-1], "w") as file:  # noqa: PTH123
            json.dump({"fit": 1.0}, file)
        return SimpleNamespace(megabytes=7.0)

    monkeypatch.setattr(harness, "measure", measure)
    assert costs.cost_report("playlists", "EASE", "{}") == {"fit": 1.0, "peak_mb": 7.0}
