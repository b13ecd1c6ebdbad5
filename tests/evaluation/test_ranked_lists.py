"""What is wrong with a list is said at once, with the user and the item; hits are found."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from nexttrack.evaluation import RankedLists


def test_hits_are_in_the_order_of_users_and_ranks():
    relevant = csr_matrix(np.array([[1, 0, 1, 0, 0], [0, 0, 0, 0, 0], [0, 1, 0, 0, 1]]))
    lists = RankedLists(np.array([[3, 2, 0], [0, 1, 2], [-1, 4, -1]]), relevant)
    assert lists.hits.user.tolist() == [0, 0, 2]
    assert lists.hits.rank.tolist() == [2, 3, 2]
    assert lists.n_relevant.tolist() == [2, 0, 2]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([[0, 1], [2, 9]], "list of user 1: item 9 is outside the catalogue"),
        ([[0, -2], [1, 2]], "list of user 0: item -2 is outside the catalogue"),
        ([[0, 1], [2, 2]], "list of user 1: item 2 is there twice"),
        ([[0, 1]], "1 lists for 2 users in relevant"),
        ([0, 1], "users x list length"),
    ],
)
def test_impossible_lists_are_refused(ids, message):
    with pytest.raises(ValueError, match=message):
        RankedLists(np.array(ids), csr_matrix(np.ones((2, 5))))


def test_profiles_of_others_are_refused():
    ids, relevant = np.array([[0], [1]]), csr_matrix((2, 5))
    with pytest.raises(ValueError, match="2 lists for 3 users in seen"):
        RankedLists(ids, relevant, csr_matrix((3, 5)))
    with pytest.raises(ValueError, match="5 items in relevant, 4 in seen"):
        RankedLists(ids, relevant, csr_matrix((2, 4)))


@pytest.mark.parametrize("k", [0, 3])
def test_a_cut_off_outside_the_lists_is_refused(k):
    lists = RankedLists(np.array([[0, 1]]), csr_matrix((1, 5)))
    with pytest.raises(ValueError, match=f"k is {k}, but the lists have 2 places"):
        lists.first(k)
