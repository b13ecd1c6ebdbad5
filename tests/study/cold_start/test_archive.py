"""Real new items: what was there before the day, and what came to some list after it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from nexttrack.data.dataset import Dataset
from nexttrack.evaluation.ranked_lists import RankedLists
from nexttrack.evaluation.splits import strong_generalization
from nexttrack.study.cold_start import archive, listeners
from nexttrack.study.cold_start.archive import expected_by_chance, new_at, recall_of_ten
from nexttrack.study.cold_start.tasks import among_known


@pytest.fixture
def small():
    """Three lists: item 2 is new in May (by artist a), item 3 in June (by b), item 1 in neither."""
    rows = csr_matrix(np.array([[1, 0, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1]], dtype=np.float32))
    dates = ["2020-01-01", "2020-05-03", "2020-02-01", "2020-04-01", "2020-05-20", "2020-06-02"]
    tracks = pd.DataFrame({"artists": [["a"], ["b"], ["a"], ["b"]]})
    moments = np.array(dates, dtype="datetime64[D]")
    return Dataset("playlist-archive", tracks, rows, np.arange(3), np.arange(4), moments)


def test_only_new_tracks_of_known_lists_are_to_be_found(small):
    one = new_at(small, "2020-05-01")
    np.testing.assert_array_equal(one.train.toarray(), [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(one.wanted.toarray(), [[0, 0, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]])
    assert one.items.tolist() == [2]
    assert one.known_artist.nnz == 2
    assert one.of_one_artist.tolist() == [True, True, False]
    assert expected_by_chance(one) == 10  # of one track, ten draws; more are not there
    assert new_at(small, "2020-05-01", "2020-05-10").wanted.nnz == 1
    assert new_at(small, "2020-04-01").items.tolist() == [1, 2]


def test_recall_is_of_what_ten_places_can_hold():
    wanted = csr_matrix(np.ones((1, 20), dtype=np.float32))
    lists = RankedLists(np.arange(10)[None, :], wanted, csr_matrix((1, 20), dtype=np.float32))
    assert recall_of_ten(lists).tolist() == [1.0]


def test_chance_finds_what_is_expected_of_it(made):
    dataset = made("playlist-archive")
    days = np.sort(np.random.default_rng(0).integers(18_000, 18_900, 50))
    dataset = replace(dataset, dates=days[dataset.user_items.indices].astype("datetime64[D]"))
    one = new_at(dataset, "2020-06-01")
    users = np.flatnonzero(np.diff(one.wanted.indptr))
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        ids = np.array([rng.permutation(one.items)[:10] for _ in users])
        lists = RankedLists(ids, one.wanted[users], one.train[users])
        found.append(recall_of_ten(lists).mean())
    assert len(one.items) > 10
    assert np.mean(found) == pytest.approx(expected_by_chance(one), rel=0.02)


def test_models_are_asked_at_each_day(made, monkeypatch):
    dataset = made("playlist-archive")
    days = np.sort(np.random.default_rng(0).integers(18_000, 18_900, 50))
    new = days[dataset.user_items.indices].astype("datetime64[D]")
    dataset = replace(dataset, dates=new)

    class Loaded:
        pass

    Loaded.dataset = dataset
    monkeypatch.setattr(archive, "task", lambda *a, **k: Loaded)
    monkeypatch.setattr(
        "nexttrack.study.cold_start.contenders.tuned_settings",
        lambda name: {"Content kNN": {}, "Audio kNN": {}},
    )
    monkeypatch.setattr(
        "nexttrack.study.search.tuned_settings", lambda name: {"Content kNN": {}, "Audio kNN": {}}
    )
    scores, questions = archive.measured.__wrapped__(["2020-06-01", "2020-12-01"], [None, None])
    assert questions["day"].tolist() == ["2020-06-01", "2020-12-01"]
    assert (questions["by chance"] > 0).all()
    expected = {"Random", "Same artist, count", "Content kNN", "Audio kNN", archive.BLEND}
    assert set(scores["model"]) == expected
    lists = scores.groupby(["day", "model"]).size()
    assert (lists.groupby("day").max() == lists.groupby("day").min()).all()
    assert scores["recall@10"].between(0, 1).all()
    of_new = scores[scores["model"] == "Same artist, count"]["recall@10, new artist"].dropna()
    assert (of_new == 0).all()


def test_the_songs_told_are_among_those_of_a_larger_number(made):
    dataset = made("lastfm-2k")
    parts = among_known(strong_generalization(dataset.binary(), seed=1))
    few, more = (listeners.told(parts, n, seed=2) for n in (2, 5))
    counts = np.diff(parts.test_in.indptr)
    np.testing.assert_array_equal(np.diff(few.indptr), np.minimum(counts, 2))
    assert few.multiply(more).nnz == few.nnz
    assert set(more.data) == {1.0}
