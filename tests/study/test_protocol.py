"""What the chapters share of how they measure."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from nexttrack import project
from nexttrack.errors import NotThereError
from nexttrack.evaluation import Candidate, grid, weak_generalization
from nexttrack.models import ItemKNN
from nexttrack.study import protocol
from nexttrack.study.protocol import fewer_asked, of_one_artist, task


def test_the_sample_edition_asks_some_users_and_learns_from_all(monkeypatch):
    user_items = csr_matrix(np.ones((1_500, 6), dtype=np.float32))
    split = weak_generalization(user_items, seed=1)
    monkeypatch.setattr(project, "edition", lambda: "published")
    assert fewer_asked(split) is split
    monkeypatch.setattr(project, "edition", lambda: "sample")
    fewer = fewer_asked(split)
    assert (np.diff(fewer.validation_out.indptr) > 0).sum() == 600
    assert fewer.validation_in is split.validation_in
    kept = np.flatnonzero(np.diff(fewer.validation_out.indptr))
    assert (fewer.validation_out[kept] != split.validation_out[kept]).nnz == 0


def test_a_task_has_the_data_the_split_who_is_asked_and_their_groups(monkeypatch, made):
    monkeypatch.setattr("nexttrack.data.dataset.Dataset.load", made)
    playlists = task("playlists")
    assert (np.diff(playlists.split.test_out.indptr)[playlists.users] > 0).all()
    group = playlists.group(pd.Series([0, 59], index=["first", "last"]))
    assert group.to_dict() == {"first": "playlists, thinned", "last": "playlists, whole"}
    for name in ("lastfm-2k", "whole-playlists"):
        assert task(name).group(pd.Series([3])).tolist() == [name]


def test_lists_of_one_artist_are_apart_by_what_they_had_before_the_test(monkeypatch, made):
    def one_artist_and_others(name):
        dataset = made(name)
        dataset.tracks["artists"] = [["one"] if item < 25 else [f"{item}"] for item in range(50)]
        user_items = csr_matrix(np.arange(50) // 25 == np.arange(60)[:, None] % 2, dtype=np.float32)
        dates = np.arange(18_000, 18_000 + user_items.nnz).astype("datetime64[D]")
        return replace(dataset, user_items=user_items, dates=dates)

    monkeypatch.setattr("nexttrack.data.dataset.Dataset.load", one_artist_and_others)
    group = task("playlist-archive").group(pd.Series([1, 0], index=["b", "a"]))
    assert group.to_dict() == {
        "b": "playlist-archive, others",
        "a": "playlist-archive, of one artist",
    }


def test_a_third_by_one_artist_is_enough_and_nothing_is_of_nobody():
    by_artist = csr_matrix([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=float)
    lists = csr_matrix(
        [[1, 0, 1, 1, 0], [1, 0, 1, 1, 1], [1, 1, 0, 1, 1], [0] * 5], dtype=np.float32
    )
    assert of_one_artist(lists, by_artist).tolist() == [True, False, True, False]


def test_what_has_dates_is_cut_in_time(monkeypatch, made):
    monkeypatch.setattr("nexttrack.data.dataset.Dataset.load", made)
    dated = task("playlist-archive")
    days = dated.dataset.days()
    before, after = (
        days.multiply(part > 0).data for part in (dated.split.test_in, dated.split.test_out)
    )
    assert before.max() <= after.min()


def test_of_the_sample_edition_the_first_users_are_taken(monkeypatch, made):
    monkeypatch.setattr("nexttrack.data.dataset.Dataset.load", made)
    monkeypatch.setattr(protocol, "SAMPLE_USERS", 20)
    for edition, n_users in (("sample", 20), ("published", 60)):
        monkeypatch.setattr(project, "edition", lambda edition=edition: edition)
        assert task("lastfm-2k", first_users=True).dataset.user_items.shape[0] == n_users
        assert task("lastfm-2k").dataset.user_items.shape[0] == 60


def test_on_the_sample_edition_every_other_setting_is_tried_the_first_among_them(monkeypatch):
    models = {"Item kNN": Candidate(ItemKNN, grid(K=[1, 2, 3]))}
    for edition, tried in (("sample", [1, 3]), ("published", [1, 2, 3])):
        monkeypatch.setattr(project, "edition", lambda edition=edition: edition)
        settings = protocol.thinned(models)["Item kNN"].settings
        assert [setting["K"] for setting in settings] == tried


def test_the_data_sets_at_hand_are_those_whose_source_is_there(monkeypatch):
    missing = []
    monkeypatch.setattr("nexttrack.data.editions.missing_sources", lambda: missing)
    assert protocol.at_hand() == list(protocol.DATASETS)
    missing += ["playlists", "spotify-tracks"]
    assert protocol.at_hand() == ["lastfm-2k"]
    assert protocol.at_hand(["lastfm-2k-tags", "playlist-archive"]) == [
        "lastfm-2k-tags",
        "playlist-archive",
    ]
    with pytest.raises(NotThereError, match=r"^playlists: not there; bring it"):
        protocol.at_hand(["whole-playlists", "thinned-playlists"])
