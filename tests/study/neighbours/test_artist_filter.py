"""Titles lose their version, lists lose what is by known artists, and nothing else is lost."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from nexttrack.study.neighbours.artist_filter import (
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
