"""What the repository holds of real music: no more than may be passed on."""

import numpy as np
import pytest

from nexttrack.apps.try_it.page import DEMONSTRATION
from nexttrack.data.columns import MOOD
from nexttrack.study.try_it.container import lines, unpack
from nexttrack.study.try_it.fitting import UNKNOWN, recommenders


@pytest.fixture(scope="module")
def demonstration():
    return unpack(DEMONSTRATION.read_bytes())


def test_it_is_small_and_of_the_most_popular_alone(demonstration):
    meta, arrays = demonstration
    assert DEMONSTRATION.stat().st_size <= 400_000
    assert meta["n"] == len(lines(arrays["titles"])) == len(arrays["popularity"]) <= 5_000
    assert (np.diff(arrays["popularity"].astype(int)) <= 0).all()


def test_of_a_sound_it_has_the_mood_in_16_steps(demonstration):
    meta, arrays = demonstration
    assert meta["features"] == list(MOOD)
    assert set(np.unique(arrays["audio"])) <= {*range(16), UNKNOWN}


def test_it_has_names_our_own_numbers_and_nothing_else(demonstration):
    meta, arrays = demonstration
    assert set(arrays) == {
        *("titles", "artist names", "genre names", "artists", "artists counts", "popularity"),
        *("genres", "genres counts", "audio", "listed", "neighbours", "neighbour counts"),
        *("similarities", "similarity scale", "factors", "factor scales", "gram"),
        *("content factors", "content scales", "genres known", "artists known"),
    }
    assert "Kaggle" in meta["about"]
    assert "Open Database License" in meta["about"]
    assert DEMONSTRATION.with_suffix(".md").is_file()


def test_its_examples_are_songs_by_different_artists(demonstration):
    meta, arrays = demonstration
    assert list(recommenders(meta, arrays)) == meta["models"]
    assert len(meta["examples"]) == 3
    starts = np.concatenate([[0], np.cumsum(arrays["artists counts"], dtype=int)])
    for songs in meta["examples"]:
        names = [name for i in songs for name in arrays["artists"][starts[i] : starts[i + 1]]]
        assert len(songs) == 4
        assert len(names) == len(set(names))
