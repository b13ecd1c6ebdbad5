"""The tuning command on a small made data set: what is kept, resumed and refused."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from nexttrack import project
from nexttrack.cli import app
from nexttrack.errors import UserError
from nexttrack.evaluation.tuning import propose
from nexttrack.study import protocol
from nexttrack.study.comparison import search_spaces, tuned_comparison

DATED = ("lastfm-2k-tags", "playlist-archive")


@pytest.fixture
def root(tmp_path, monkeypatch, made):
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    monkeypatch.setattr("nexttrack.data.dataset.Dataset.load", made)
    monkeypatch.setattr("nexttrack.data.editions.fingerprint", lambda edition: "of these data")
    few = search_spaces.tunables
    names = ["PureSVD", "Audio kNN", "Popularity"]
    monkeypatch.setattr(
        search_spaces, "tunables", lambda data: {name: few(data)[name] for name in names}
    )
    return tmp_path


@pytest.mark.parametrize("name", tuned_comparison.DATASETS)
def test_every_model_can_be_made_with_what_the_space_holds(name, made):
    dataset = made(name)
    split = protocol.split(dataset)
    models = search_spaces.tunables(dataset)
    assert ("Recent popularity" in models) == (name in DATED)
    for model, tunable in models.items():
        for seed in range(3):
            settings = propose(tunable.space, [], seed=seed)
            if model in ("BPR", "Logistic MF"):
                tunable.make(**settings)
                continue
            tunable.make(**settings).fit(split.validation_train, show_progress=False)


@pytest.mark.parametrize("name", DATED)
def test_what_has_dates_is_cut_in_time(name, made):
    dataset = made(name)
    split = protocol.split(dataset)
    shares = np.array([split.validation_in.nnz, split.test_in.nnz]) / dataset.user_items.nnz
    np.testing.assert_allclose(shares, [0.6, 0.8], atol=0.01)


def test_the_space_is_printed_in_words(made):
    table = search_spaces.space_table(search_spaces.tunables(made("lastfm-2k")))
    rows = table.set_index(["model", "setting"])["range"]
    assert rows["PureSVD", "factors"] == "whole, 2 to 256, log scale"
    assert rows["Item kNN", "weighting"] == "cosine, tfidf, bm25"
    assert rows["iALS", "frequency_exponent"] == "0 to 1"
    assert "Popularity" not in table["model"].to_numpy()


def test_trials_are_kept_and_a_second_call_adds_only_what_is_missing(root):
    path = root / "results" / "tuning.csv"
    assert CliRunner().invoke(app, ["tune", "lastfm-2k", "--budget", "2"]).exit_code == 0
    first = pd.read_csv(path)
    assert first.groupby("model").size().to_dict() == {
        "Audio kNN": 2,
        "Popularity": 1,
        "PureSVD": 2,
    }
    foreign = first.assign(fingerprint="of others")
    pd.concat([foreign, first]).to_csv(path, index=False)
    result = CliRunner().invoke(app, ["tune", "lastfm-2k", "playlists", "--budget", "3"])
    assert result.exit_code == 0 and "playlists" in result.output
    second = pd.read_csv(path)
    assert (second["fingerprint"] == "of others").sum() == len(first)
    ours = second[(second["fingerprint"] == "of these data") & (second["data"] == "lastfm-2k")]
    again = ours.merge(first, on=["model", "trial"], suffixes=("", "_before"))
    assert len(again) == len(first) and (again["seconds"] == again["seconds_before"]).all()
    assert (second["data"] == "playlists").sum() == 7
    assert all(isinstance(json.loads(settings), dict) for settings in second["settings"])
    assert (
        len(tuned_comparison.trials("lastfm-2k")) == len(tuned_comparison.trials("playlists")) == 7
    )


def test_what_was_not_tuned_is_one_line(root, monkeypatch):
    monkeypatch.setattr(project, "edition", lambda: "published")
    with pytest.raises(UserError, match=r"no trials of playlists on these data .*run: make tune"):
        tuned_comparison.trials("playlists")
    result = CliRunner().invoke(app, ["tune", "spotify"])
    assert isinstance(result.exception, UserError)
    assert "spotify: not one of the data sets lastfm-2k" in str(result.exception)
