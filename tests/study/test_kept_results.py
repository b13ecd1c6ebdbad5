"""What is kept in results/ is of the models, spaces and data of today; else: make tune."""

import re

import nbformat
import pandas as pd
import pytest

from nexttrack import project
from nexttrack.evaluation.tuning import best_settings, next_trials, space_fingerprint
from nexttrack.study.comparison import other_splits
from nexttrack.study.search import BUDGET, DATASETS, SEED, tunables


@pytest.fixture(scope="module")
def trials():
    return pd.read_csv(project.root() / "results" / "tuning.csv")


@pytest.mark.parametrize("name", DATASETS)
def test_every_model_has_its_trials_in_the_space_of_today(trials, made, name):
    trials = trials[trials["data"] == name]
    expected = tunables(made(name))
    assert set(trials["model"]) == set(expected)
    for model, tunable in expected.items():
        rows = trials[trials["model"] == model]
        assert rows["trial"].tolist() == list(range(len(rows))), model
        own = rows.to_dict("records")
        assert next_trials(tunable, own, budget=BUDGET[name], seed=SEED) == [], "run make tune"
        assert set(rows["space"]) == {space_fingerprint(tunable.space)}, f"{model}: run make tune"
    assert set(trials["seed"]) == {SEED}


@pytest.mark.parametrize("name", DATASETS)
def test_other_splits_were_measured_with_what_is_chosen(trials, made, name):
    rows = pd.read_csv(project.root() / "results" / "other-splits.csv")
    rows = rows[rows["data"] == name]
    models = dict.fromkeys(trials.loc[trials["data"] == name, "model"])
    settings = {model: best_settings(trials, name, model) for model in models}
    assert set(rows["settings"]) == {other_splits.settings_fingerprint(settings)}, "run make tune"
    splits = [split for split, _ in other_splits.further_splits(made(name))]
    found = rows.groupby("split", sort=False)["model"].apply(set).to_dict()
    assert found == {split: set(models) for split in splits}


def test_both_are_of_the_data_that_the_chapter_was_computed_with(trials):
    path = project.root() / "chapters" / "08-evaluation.ipynb"
    cell = nbformat.read(path, as_version=4).cells[-1]
    said = re.search(r"fingerprint `(\w+)`", cell.outputs[0]["data"]["text/markdown"])[1]
    others = pd.read_csv(project.root() / "results" / "other-splits.csv")
    assert set(trials["fingerprint"]) == set(others["fingerprint"]) == {said}
