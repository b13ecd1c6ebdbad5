"""What chapter 09 asks: known items alone, or new ones alone."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from nexttrack.evaluation.splits import Split, cold_items
from nexttrack.study.cold_start.contents import content, described, kinds_of
from nexttrack.study.cold_start.tasks import among_known, users_of


def matrix(*rows):
    return csr_matrix(np.array(rows, dtype=np.float32))


@pytest.fixture
def parts():
    nothing = matrix([0, 0, 0, 0], [0, 0, 0, 0])
    seen = matrix([1, 1, 0, 0], [0, 1, 0, 0])
    return Split(
        seen, matrix([0, 0, 1, 0], [1, 0, 0, 1]), seen, nothing + matrix([0, 0, 1, 1], [0, 0, 1, 0])
    )


def test_what_nobody_has_is_neither_ranked_nor_to_be_found(parts):
    found = among_known(parts)
    assert found.validation_items.tolist() == found.test_items.tolist() == [0, 1]
    np.testing.assert_array_equal(found.validation_out.toarray(), [[0, 0, 0, 0], [1, 0, 0, 0]])
    assert found.test_out.nnz == 0
    assert users_of(found, "validation").tolist() == [1]
    assert (found.test_in != parts.test_in).nnz == 0


def test_plays_of_new_items_are_in_no_training(made):
    one = cold_items(made("lastfm-2k").binary(), seed=1, test_share=0.2, validation_share=0.2)
    for part in ("validation", "test"):
        items, train = (getattr(one, f"{part}_{name}") for name in ("items", "train"))
        assert train[:, items].nnz == 0
        assert set(getattr(one, f"{part}_out").indices) <= set(items)


def test_content_has_a_row_for_each_item_and_zeros_where_nothing_is_known(made):
    tracks = made("whole-playlists").tracks.copy()
    assert kinds_of(tracks) == ("audio", "genres", "artists")
    tracks.loc[3, "energy"] = np.nan
    tracks.at[5, "genres"] = []
    everything = content(tracks, kinds_of(tracks))
    assert everything.shape == (50, 9 + 4 + 9)
    assert described(tracks, "audio").sum() == 49
    assert not described(tracks, "genres")[5]
    lengths = np.sqrt(content(tracks, ["artists"]).multiply(content(tracks, ["artists"])).sum(1))
    np.testing.assert_allclose(lengths, 1)
    tracks.at[7, "genres"] = ["genre 0", "genre 1"]
    assert content(tracks, ["genres"])[7].multiply(content(tracks, ["genres"])[7]).sum() == (
        pytest.approx(1)
    )
    assert content(tracks, []).shape == (50, 0)
    assert kinds_of(made("lastfm-2k").tracks) == ("audio", "genres")
