"""What is kept in results/ is of the models, spaces and data of today; else: make tune."""

import re

import nbformat
import pandas as pd
import pytest

from nexttrack import project
from nexttrack.evaluation.tuning import best_settings, next_trials, space_fingerprint
from nexttrack.study.comparison import other_splits
from nexttrack.study.comparison.fits_on_splits import splits
from nexttrack.study.search import BUDGET, COMPARED, DATASETS, SEED, tunables


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
    tables = {
        what: pd.read_csv(project.root() / "results" / file)
        for what, file in other_splits.FILES.items()
    }
    tables = {what: rows[rows["data"] == name] for what, rows in tables.items()}
    searched = dict.fromkeys(trials.loc[trials["data"] == name, "model"])
    settings = {model: best_settings(trials, name, model) for model in searched}
    models = [model for model in searched if model in COMPARED]
    for rows in tables.values():
        said = set(rows["settings"])
        assert said == {other_splits.settings_fingerprint(settings)}, "run make tune"
    expected = list(splits(made(name)))
    found = tables["means"].groupby("split", sort=False)["model"].apply(set).to_dict()
    assert found == {split: set(models) for split in expected}
    assert set(tables["models"]["model"]) == set(models)
    assert len(tables["pairs"]) == len(models) * (len(models) - 1) / 2


def test_all_are_of_the_data_that_the_chapter_was_computed_with(trials):
    path = project.root() / "chapters" / "08-evaluation.ipynb"
    cell = nbformat.read(path, as_version=4).cells[-1]
    said = re.search(r"fingerprint `(\w+)`", cell.outputs[0]["data"]["text/markdown"])[1]
    assert set(trials["fingerprint"]) == {said}
    for file in other_splits.FILES.values():
        assert set(pd.read_csv(project.root() / "results" / file)["fingerprint"]) == {said}
