"""The tuning command on a small made data set: what is kept, resumed and refused."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from nexttrack import project
from nexttrack.cli import app
from nexttrack.errors import UserError
from nexttrack.study import protocol, search

DATED = ("lastfm-2k-tags", "playlist-archive")


@pytest.fixture
def root(tmp_path, monkeypatch, made):
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    monkeypatch.setattr("nexttrack.data.dataset.Dataset.load", made)
    monkeypatch.setattr("nexttrack.data.editions.fingerprint", lambda edition: "of these data")
    few = search.tunables
    names = ["PureSVD", "Popularity"]
    monkeypatch.setattr(search, "tunables", lambda data: {name: few(data)[name] for name in names})
    return tmp_path


@pytest.mark.parametrize("name", DATED)
def test_what_has_dates_is_cut_in_time(name, made):
    dataset = made(name)
    split = protocol.split(dataset)
    shares = np.array([split.validation_in.nnz, split.test_in.nnz]) / dataset.user_items.nnz
    np.testing.assert_allclose(shares, [0.6, 0.8], atol=0.01)


def test_trials_are_kept_and_a_second_call_adds_only_what_is_missing(root):
    path = root / "results" / "tuning.csv"
    assert CliRunner().invoke(app, ["tune", "lastfm-2k", "--budget", "1"]).exit_code == 0
    first = pd.read_csv(path)
    assert set(first["model"]) == {"PureSVD", "Popularity"}
    assert (first["model"] == "PureSVD").sum() >= 5  # known, and twice two
    foreign = first.assign(fingerprint="of others")
    pd.concat([foreign, first]).to_csv(path, index=False)
    result = CliRunner().invoke(app, ["tune", "lastfm-2k", "lastfm-2k-tags", "--budget", "2"])
    assert result.exit_code == 0 and "lastfm-2k-tags" in result.output
    second = pd.read_csv(path)
    assert (second["fingerprint"] == "of others").sum() == len(first)
    ours = second[(second["fingerprint"] == "of these data") & (second["data"] == "lastfm-2k")]
    again = ours.merge(first, on=["model", "trial"], suffixes=("", "_before"))
    assert len(again) == len(first) and (again["seconds"] == again["seconds_before"]).all()
    assert len(ours) > len(first) and (second["data"] == "lastfm-2k-tags").any()
    assert all(isinstance(json.loads(settings), dict) for settings in second["settings"])
    assert len(search.trials("lastfm-2k")) == len(ours)
    assert set(search.tuned_settings("lastfm-2k")["PureSVD"]) == {"factors"}


def test_a_data_set_that_is_not_searched_is_one_line(root):
    result = CliRunner().invoke(app, ["tune", "spotify"])
    assert isinstance(result.exception, UserError)
    assert "spotify: not one of the data sets lastfm-2k" in str(result.exception)


def test_the_table_of_both_is_stored_beside_that_of_other_data(root, monkeypatch):
    from nexttrack.study.cold_start import both

    row = dict.fromkeys(both.COLUMNS, 0.5) | {"data": "lastfm-2k", "task": "weak", "model": "Blend"}
    found = pd.DataFrame([row])
    monkeypatch.setattr(both, "table", lambda: found)
    monkeypatch.setattr(both, "on_sample", lambda: False)
    with pytest.raises(UserError, match=r"both\.csv: nothing of these data; run: nexttrack both"):
        both.kept_table()
    path = root / "results" / "both.csv"
    path.parent.mkdir(exist_ok=True)
    found.assign(fingerprint="of others").to_csv(path, index=False)
    result = CliRunner().invoke(app, ["both"])
    assert result.exit_code == 0
    assert "lastfm-2k, weak: Blend +0.5000" in result.output
    assert pd.read_csv(path)["fingerprint"].tolist() == ["of others", "of these data"]
    pd.testing.assert_frame_equal(both.kept_table(), found)
