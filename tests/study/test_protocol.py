"""What the chapters share of how they measure."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from nexttrack import project
from nexttrack.evaluation import Candidate, grid, weak_generalization
from nexttrack.models import ItemKNN
from nexttrack.study import protocol
from nexttrack.study.protocol import fewer_asked, task


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
    assert task("lastfm-2k").group(pd.Series([3])).tolist() == ["lastfm-2k"]


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
