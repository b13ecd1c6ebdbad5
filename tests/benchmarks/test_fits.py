"""The growth of fits, on made rows and made timings: what is kept, never how long a fit takes."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from benchmarks import fits
from benchmarks.__main__ import app
from benchmarks.harness import stored_rows
from nexttrack import project
from nexttrack.data import dataset
from nexttrack.data.columns import AUDIO_AND_DURATION
from nexttrack.errors import UserError


@pytest.fixture(scope="module")
def recordings():
    rng = np.random.default_rng(4)
    n = 150
    made = {name: rng.random(n) for name in AUDIO_AND_DURATION}
    made |= {"loudness": rng.normal(-9, 5, n), "tempo": rng.uniform(60, 200, n)}
    made |= {"key": rng.integers(0, 12, n), "mode": rng.integers(0, 2, n)}
    made |= {"time_signature": rng.choice([3.0, 4.0], n), "popularity": rng.integers(0, 100, n)}
    made["duration_ms"] = rng.integers(60_000, 600_000, n)
    frame = pd.DataFrame(made)
    frame.loc[[3, 70], "tempo"] = np.nan
    frame["artists"] = [[f"artist {i}"] for i in rng.integers(0, 30, n)]
    frame["genres"] = [[f"genre {i}"] for i in rng.integers(0, 12, n)]
    return frame


@pytest.fixture
def root(tmp_path, monkeypatch, recordings):
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    monkeypatch.setattr(dataset, "table", lambda name: {"recordings": recordings}[name])
    monkeypatch.setattr(fits, "SIZES", (100, 500))
    return tmp_path


def timed(monkeypatch, seconds_of):
    """Replace processes by made seconds; return the list of the sizes that would have run."""
    ran = []

    def fit_report(name, rows_file):
        ran.append(int(rows_file.name))
        return {"seconds": seconds_of(ran[-1]), "start_mb": 100.2, "peak_mb": 150.7}

    monkeypatch.setattr(fits, "fit_report", fit_report)
    return ran


def measure_fit(tmp_path, name="pca", runs=1):
    sizes = [10_000, 20_000, 40_000, 80_000]
    return fits.measure_fit(name, lambda fit, n: tmp_path / str(n), sizes, runs)


def test_all_rows_are_the_last_size():
    assert fits.sizes_of(80_831) == [10_000, 20_000, 40_000, 80_831]
    assert fits.sizes_of(20_000) == [10_000, 20_000]
    assert fits.sizes_of(300) == [300]


def test_medians_and_the_exponent_are_kept(tmp_path, monkeypatch):
    noise = iter([1, 3, 0.5] * 4)
    ran = timed(monkeypatch, lambda n: next(noise) * 1e-6 * n**1.5)
    rows = measure_fit(tmp_path, runs=3)
    assert ran == [n for n in (10_000, 20_000, 40_000, 80_000) for _ in range(3)]
    assert [row["seconds"] for row in rows] == ["1.000", "2.828", "8.000", "22.627"]
    assert [rows[0][k] for k in ("fastest", "slowest", "runs")] == ["0.500", "3.000", 3]
    assert [rows[0][k] for k in ("start_mb", "peak_mb", "skipped")] == ["100", "151", ""]
    assert {row["exponent"] for row in rows} == {"1.50"}


def test_a_long_fit_runs_once(tmp_path, monkeypatch):
    ran = timed(monkeypatch, lambda n: n / 250)
    rows = measure_fit(tmp_path, runs=3)
    assert [row["runs"] for row in rows] == [3, 1, 1, 1]
    assert len(ran) == 6


def test_what_would_take_too_much_memory_is_not_begun_and_said(tmp_path, monkeypatch):
    ran = timed(monkeypatch, lambda n: n**2 / 1e8)
    rows = measure_fit(tmp_path, "ward")
    assert ran == [10_000, 20_000]
    assert [row["skipped"] for row in rows] == [
        "",
        "",
        "needs 12,800 MB, more than 4,000",
        "needs 51,199 MB, more than 4,000",
    ]
    assert "seconds" not in rows[2]
    assert {row["exponent"] for row in rows} == {"2.00"}


def test_what_would_take_too_long_is_not_begun_and_said(tmp_path, monkeypatch):
    ran = timed(monkeypatch, lambda n: n**2 / 4e6)
    rows = measure_fit(tmp_path)
    assert ran == [10_000, 20_000, 40_000]
    assert rows[3]["skipped"] == "would take some 1,600 s, more than 600"


def test_the_first_fit_of_a_process_is_not_the_measured_one(tmp_path, monkeypatch):
    fitted = []
    fit = fits.Fit("", fits.features, lambda rows: fitted.append(len(rows)))
    monkeypatch.setattr(fits, "FITS", {"made": fit})
    pd.DataFrame({"a": np.zeros(2_000)}).to_parquet(tmp_path / "rows")
    fits.fit_once("made", tmp_path / "rows", tmp_path / "report")
    assert fitted == [fits.WARM_UP, 2_000]
    report = json.loads((tmp_path / "report").read_text())
    assert report["seconds"] >= 0
    assert report["start_mb"] > 1


# Ten components for so few rows do not converge.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", fits.FITS)
def test_every_fit_runs_on_its_rows(recordings, name):
    fit = fits.FITS[name]
    rows = fit.prepare(recordings)
    assert len(rows) == len(recordings)
    assert fit.run(rows) is not None


def test_the_popularity_is_not_among_the_features(recordings):
    shuffled = recordings.sample(frac=1, random_state=0)
    rows = fits.features_and_popularity(shuffled)
    assert rows.columns[-1] == "popularity"
    assert list(rows.columns).count("popularity") == 1
    assert rows["popularity"].tolist() == shuffled["popularity"].tolist()


def test_fits_are_measured_in_processes_and_others_keep_their_rows(root):
    runner = CliRunner()
    result = runner.invoke(app, ["fits", "pca", "ward", "--runs", "1"])
    assert result.exit_code == 0, result.output
    rows = stored_rows(root / "results" / "scaling.csv")
    assert [(row["fit"], row["n"]) for row in rows] == [
        *[("ward", n) for n in ("100", "150")],
        *[("pca", n) for n in ("100", "150")],
    ]
    for row in rows:
        assert float(row["fastest"]) <= float(row["seconds"]) <= float(row["slowest"])
        assert 10 < float(row["start_mb"]) <= float(row["peak_mb"]) + 1  # of rounded numbers
        assert row["runs"] == "1"
        assert re.fullmatch(r"-?\d\.\d\d", row["exponent"])
        assert row["cores"]
    assert runner.invoke(app, ["fits", "pca", "--runs", "2"]).exit_code == 0
    after = stored_rows(root / "results" / "scaling.csv")
    assert [row for row in after if row["fit"] == "ward"] == rows[:2]
    assert [row["runs"] for row in after if row["fit"] == "pca"] == ["2"] * 2
    assert not list(root.glob("results/*.tmp"))


def test_a_fit_that_fails_is_one_line(root, tmp_path):
    pd.DataFrame(np.full((20, 3), np.nan), columns=list("abc")).to_parquet(tmp_path / "rows")
    with pytest.raises(UserError, match=r"benchmarks\.fits pca ended with 1: .*NaN"):
        fits.fit_report("pca", tmp_path / "rows")


def test_an_unknown_fit_is_refused(root):
    result = CliRunner().invoke(app, ["fits", "pca", "dbscan"])
    assert isinstance(result.exception, UserError)
    assert str(result.exception).startswith("dbscan: not a fit; the fits are audio-pipeline, k-me")


def test_the_table_says_what_was_skipped():
    row = {"fit": "ward", "n": 40_000, "skipped": "needs 12,800 MB, more than 4,000"}
    shown = fits.result_table([row])
    assert shown.row_count == 0
    assert "ward, 40,000 rows: needs 12,800 MB, more than 4,000" in shown.caption
