"""What is searched, how it is said, and what is chosen where nothing was searched."""

import pandas as pd
import pytest

from nexttrack.errors import NotThereError, UserError
from nexttrack.evaluation import top_n
from nexttrack.evaluation.tuning import propose
from nexttrack.study import protocol, results, search

DATED = ("lastfm-2k-tags", "playlist-archive")


@pytest.mark.parametrize("name", search.DATASETS)
def test_every_model_can_be_made_with_what_the_space_holds(name, made):
    dataset = made(name)
    split = protocol.split(dataset)
    models = search.tunables(dataset)
    assert ("Recent popularity" in models) == (name in DATED)
    for model, tunable in models.items():
        for seed in range(3):
            settings = propose(tunable.space, [], seed=seed)
            if model in ("BPR", "Logistic MF"):
                tunable.make(**settings)
                continue
            tunable.make(**settings).fit(split.validation_train, show_progress=False)


def test_the_space_is_printed_in_words(made):
    table = search.space_table(search.tunables(made("lastfm-2k")))
    rows = table.set_index(["model", "setting"])["range"]
    assert rows["PureSVD", "factors"] == "whole, 2 to 256, log scale"
    assert rows["Item kNN", "weighting"] == "cosine, tfidf, bm25"
    assert rows["iALS", "frequency_exponent"] == "0 to 1"
    assert "Popularity" not in table["model"].to_numpy()


@pytest.mark.parametrize("model", ["EASE", "iALS", "Item kNN", "Audio kNN", "Popularity"])
def test_the_sample_has_models_as_their_classes_come(made, monkeypatch, model):
    monkeypatch.setattr("nexttrack.project.edition", lambda: "sample")
    dataset = made("thinned-playlists")
    user_items = dataset.binary()
    fitted = search.as_tuned(model, dataset)()
    fitted.fit(user_items, show_progress=False)
    assert top_n(fitted, user_items, [0, 1], 5).shape == (2, 5)


def test_what_was_not_searched_is_one_line(made, monkeypatch, tmp_path):
    monkeypatch.setattr("nexttrack.project.root", lambda: tmp_path)
    monkeypatch.setattr("nexttrack.project.edition", lambda: "published")
    monkeypatch.setattr("nexttrack.data.editions.fingerprint", lambda edition: "of these data")
    with pytest.raises(UserError, match=r"no trials of lastfm-2k on these data .*run: make tune"):
        search.trials("lastfm-2k")


def test_other_data_than_the_books_have_its_settings(monkeypatch):
    monkeypatch.setattr("nexttrack.project.edition", lambda: "published")
    rows = pd.read_csv(results.path_of("tuning.csv"))
    (of_the_book,) = rows["fingerprint"].unique()
    monkeypatch.setattr(results, "fingerprint", lambda: of_the_book)
    chosen = search.tuned_settings("lastfm-2k")
    assert set(chosen["Item kNN"]) >= {"K", "shrinkage"}
    monkeypatch.setattr(results, "fingerprint", lambda: "of other data")
    monkeypatch.setattr(search, "fingerprint", lambda: "of other data")
    assert search.tuned_settings("lastfm-2k") == chosen
    with pytest.raises(NotThereError, match="no trials of lastfm-2k on these data"):
        search.trials("lastfm-2k")
