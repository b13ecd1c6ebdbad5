"""Which recording of the catalogue a playlist's track is, and what is kept of the playlists."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from nexttrack.data.columns import AUDIO
from nexttrack.data.dataset import Dataset
from nexttrack.errors import NotThereError
from nexttrack.study.try_it import catalogue


def rows(named):
    frame = pd.DataFrame(named, columns=["track_ids", "title", "artists", "popularity"])
    frame["genres"] = [[] for _ in named]
    return frame.assign(**dict.fromkeys(AUDIO, 0.5))


RECORDINGS = rows(
    [
        (["a"], "One", ["X"], 10),
        (["b", "c"], "Two", ["Y", "Z"], 90),
        (["d"], "one", ["x"], 50),
        (["e"], None, ["W"], 99),
        (["f"], "Three", ["V"], 5),
    ]
).assign(recording=range(5))
TRACKS = rows(
    [
        (["c"], "another name", ["Y"], 0),  # by its id
        (["q"], " ONE", ["X"], 0),  # by its name: of two the more popular
        (["r"], "One", ["nobody"], 0),
        (["s"], None, None, 0),
        (["a"], "One", ["X"], 0),
        (["b"], "Two", ["Y"], 0),  # the same recording as the first
    ]
)


@pytest.fixture
def loaded(monkeypatch):
    user_items = csr_matrix(np.array([[1, 1, 1, 0, 0, 1], [0, 0, 0, 1, 1, 0]], dtype=np.float32))
    playlists = Dataset("playlists", TRACKS, user_items, np.arange(2), np.arange(6))
    monkeypatch.setattr(catalogue, "table", lambda name: RECORDINGS)
    monkeypatch.setattr(catalogue.Dataset, "load", lambda name: playlists)


def test_tracks_are_recordings_by_id_or_by_name_and_others_stand_apart(loaded):
    found = catalogue.load_catalogue()
    assert found.recordings["title"].tolist() == ["Two", "one", "One", "Three"]
    assert found.user_items.toarray().tolist() == [[1, 1, 0, 0, 1, 0], [0, 0, 1, 0, 0, 1]]
    assert found.others["title"].isna().tolist() == [False, True]
    assert found.listed.tolist() == [True, True, True, False]


def test_of_the_most_popular_alone_the_rest_is_not_there(loaded):
    found = catalogue.load_catalogue(2)
    assert found.recordings["title"].tolist() == ["Two", "one"]
    assert found.user_items.toarray().tolist() == [[1, 1, 1, 0], [0, 1, 0, 1]]


def test_without_playlists_there_are_recordings_alone(loaded, monkeypatch):
    def none(name):
        raise NotThereError("playlists: not there")

    monkeypatch.setattr(catalogue.Dataset, "load", none)
    found = catalogue.load_catalogue()
    assert found.user_items.shape == (0, 4)
    assert not found.listed.any()
