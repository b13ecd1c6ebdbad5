"""Numbers, seeds and names that a caller gives are taken or refused in one line."""

import numpy as np
import pytest

from nexttrack.kernels.arguments import check_known, number, whole_number
from nexttrack.kernels.streams import start_of


@pytest.mark.parametrize("wrong", [None, 1.0, "1", True, np.True_, -1, np.nan])
def test_a_seed_is_a_whole_number(wrong):
    with pytest.raises(ValueError, match="seed must be a whole number of 0 or more, not"):
        start_of(wrong)
    assert start_of(np.int64(3)) == start_of(3)


def test_numbers_are_taken_as_they_are():
    assert whole_number(np.uint8(4), "k") == 4
    assert number(np.float32(0.5), "share") == 0.5
    for wrong in ("0.5", None, np.nan, True):
        with pytest.raises(ValueError, match="share must be a number, not"):
            number(wrong, "share")


def test_an_unknown_name_is_answered_by_those_known_the_nearest_first():
    known = ["Recall@20", "NDCG@10"]
    check_known("NDCG@10", known, "metric")
    with pytest.raises(ValueError, match="no metric 'ndgc@10'; known: NDCG@10, Recall@20"):
        check_known("ndgc@10", known, "metric")
    with pytest.raises(ValueError, match="no metric 3; known: Recall@20, NDCG@10"):
        check_known(3, known, "metric")
