"""Titles lose their version, lists lose what is by known artists, and nothing else is lost."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix, diags

from nexttrack.evaluation.comparison import Candidate
from nexttrack.evaluation.splits import Split
from nexttrack.models import Popularity
from nexttrack.study import protocol
from nexttrack.study.neighbours import artist_filter, neighbour_curves
from nexttrack.study.neighbours.artist_filter import (
    RAREST,
    _both,
    _share_known,
    known_artists,
    song,
    without,
)

BY_ARTIST = csr_matrix([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]])


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Angie - Remastered 2009", "angie"),
        ("Angie (Live)", "angie"),
        ("Angie [Demo]", "angie"),
        ("Twenty-Five", "twenty-five"),
        ("(Interlude)", "(interlude)"),
    ],
)
def test_a_song_is_its_title_without_the_version(title, expected):
    assert song(title) == expected


def test_an_item_is_known_by_any_of_its_artists():
    seen = csr_matrix([[1, 0, 0, 0, 0], [0, 0, 0, 1, 1]], dtype="f4")
    assert known_artists(seen, BY_ARTIST).toarray().tolist() == [[1, 1, 0, 0, 0], [0, 0, 0, 1, 0]]


def test_what_is_hidden_leaves_a_list_and_the_rest_moves_up():
    hidden = csr_matrix([[1, 0, 1, 0, 0], [0, 0, 0, 0, 0]])
    lists = np.array([[2, 1, 0, 4], [3, -1, -1, -1]])
    assert without(lists, hidden, 3).tolist() == [[1, 4, -1], [3, -1, -1]]


def test_the_share_of_hits_by_known_artists_is_that_of_hits_only():
    ids = np.array([[0, 1, 2], [3, 4, -1], [0, 1, 2]])
    relevant = csr_matrix([[1, 1, 0, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 1, 0]])
    known = csr_matrix([[1, 0, 1, 0, 0], [0, 0, 0, 1, 0], [1, 1, 1, 1, 1]])
    np.testing.assert_array_equal(_share_known(ids, relevant, known), [0.5, 0.0, np.nan])


def test_both_kinds_of_names_have_to_be_shared():
    songs = csr_matrix([[1, 0], [1, 0], [0, 1], [1, 0], [1, 0]])
    rows = np.array([[1, 3], [0, 2]])
    assert _both(BY_ARTIST, songs, np.array([0, 1]), rows).tolist() == [0.5, 0.5]


def test_what_is_found_is_told_by_kind_of_item(monkeypatch, made):
    few = {"Popularity": Candidate(Popularity)}
    chosen = [("Popularity", half, "{}") for half in ("even", "odd")]
    chosen = pd.DataFrame(chosen, columns=["model", "half", "settings"])
    monkeypatch.setattr("nexttrack.data.dataset.Dataset.load", made)
    monkeypatch.setattr(neighbour_curves, "neighbour_models", lambda tracks: few)
    monkeypatch.setattr(neighbour_curves, "play", lambda name: (None, None, chosen))
    split = protocol.task("whole-playlists").split
    kept = diags((np.arange(50) > 2).astype(np.float32))  # the others only the held-out part has
    seen = (split.validation_in @ kept).tocsr()
    seen.eliminate_zeros()
    out = (split.validation_out + (split.validation_in - seen)).tocsr()
    out.eliminate_zeros()
    cut = Split(seen, out, split.test_in, split.test_out)
    monkeypatch.setattr(protocol, "split", lambda dataset: cut)
    assert artist_filter.only_here("whole-playlists") == pytest.approx(
        {"catalogue": 3 / 50, "asked": (out.indices < 3).mean()}
    )
    found = artist_filter.recommended.__wrapped__("whole-playlists")
    assert set(found["model"]) == {"Popularity", RAREST}
    assert len(set(found.groupby(["model", "asked"])["user"].count())) == 1
    means = found.groupby(["model", "asked"])["NDCG@10"].mean()
    # Nobody has them, so popularity puts them last, and the rule first.
    assert means[RAREST, "all"] > means[RAREST, "others have"]
    assert means["Popularity", "others have"] > means["Popularity", "all"]
    assert (found["group"] == "whole-playlists").all()
