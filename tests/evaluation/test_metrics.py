"""Metrics against other people's: ir-measures (trec_eval) and scikit-learn."""

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import AP, RR, P, R, Rprec, Success, nDCG
from scipy.sparse import csr_matrix
from sklearn.metrics import average_precision_score, ndcg_score

from nexttrack.evaluation import (
    RankedLists,
    average_precision_at_k,
    clicks,
    hit_rate_at_k,
    ndcg_at_k,
    precision_at_k,
    r_precision,
    r_precision_with_artists,
    recall_at_k,
    reciprocal_rank_at_k,
)

N_ITEMS = 25
AT_K = {
    nDCG: ndcg_at_k,
    R: recall_at_k,
    P: precision_at_k,
    Success: hit_rate_at_k,
    AP: average_precision_at_k,
    RR: reciprocal_rank_at_k,
}


@st.composite
def lists_and_truth(draw):
    """Ranked lists of up to 12 of 25 items, some short, and what is relevant, maybe nothing."""
    n_users = draw(st.integers(1, 6))
    ids = np.full((n_users, 12), -1)
    relevant = np.zeros((n_users, N_ITEMS), dtype=np.float32)
    for user in range(n_users):
        ranked = draw(st.permutations(range(N_ITEMS)))[: draw(st.integers(0, 12))]
        ids[user, : len(ranked)] = ranked
        relevant[user, draw(st.lists(st.integers(0, N_ITEMS - 1), max_size=15))] = 1
    return RankedLists(ids, csr_matrix(relevant))


def theirs(lists, measures):
    """Return the values of ir-measures by (measure, user); what it leaves out is 0."""
    qrels, run = {}, {}
    for user, ids in enumerate(lists.ids):
        if lists.n_relevant[user]:
            qrels[str(user)] = {str(item): 1 for item in lists.relevant[user].indices}
        run[str(user)] = {str(i): 100.0 - rank for rank, i in enumerate(ids) if i >= 0}
    found = ir_measures.iter_calc(measures, qrels, run)
    return {(str(m.measure), int(m.query_id)): m.value for m in found}


def assert_equal(lists, ours, measure, values):
    asked = np.flatnonzero(lists.n_relevant)
    expected = [values.get((str(measure), user), 0.0) for user in asked]
    np.testing.assert_allclose(ours[asked], expected, atol=1e-8, rtol=0)
    assert np.isnan(np.delete(ours, asked)).all()


@given(lists_and_truth(), st.sampled_from([1, 3, 10, 12]))
def test_equal_to_ir_measures(lists, k):
    values = theirs(lists, [of @ k for of in AT_K])
    for of, metric in AT_K.items():
        assert_equal(lists, metric(lists, k), of @ k, values)


@given(lists_and_truth())
def test_r_precision_equal_to_ir_measures(lists):
    assert_equal(lists, r_precision(lists), Rprec, theirs(lists, [Rprec]))


@given(st.permutations(range(N_ITEMS)), st.sets(st.integers(0, N_ITEMS - 1), min_size=1))
def test_whole_rankings_equal_to_scikit_learn(ranked, relevant):
    truth = np.zeros((1, N_ITEMS))
    truth[0, list(relevant)] = 1
    score = np.empty((1, N_ITEMS))
    score[0, ranked] = -np.arange(N_ITEMS)
    lists = RankedLists(np.array([ranked]), csr_matrix(truth))
    assert ndcg_at_k(lists, 10)[0] == pytest.approx(ndcg_score(truth, score, k=10), abs=1e-8)
    ap = average_precision_score(truth[0], score[0])
    assert average_precision_at_k(lists, N_ITEMS)[0] == pytest.approx(ap, abs=1e-8)


@pytest.mark.parametrize("metric", AT_K.values())
def test_an_oracle_scores_one_and_silence_zero(metric):
    relevant = csr_matrix(np.eye(4, 9))
    oracle = RankedLists(np.array([[0], [1], [2], [3]]), relevant)
    silence = RankedLists(np.full((4, 1), -1), relevant)
    assert (metric(oracle, 1) == 1).all()
    assert (metric(silence, 1) == 0).all()


@given(lists_and_truth(), st.integers(1, 12))
def test_values_lie_between_0_and_1_and_grow_with_relevant_items_found(lists, k):
    best = RankedLists(
        np.stack([_oracle(row, lists.ids.shape[1]) for row in lists.relevant]), lists.relevant
    )
    for metric in AT_K.values():
        ours, most = metric(lists, k), metric(best, k)
        asked = lists.n_relevant > 0
        assert (ours[asked] >= 0).all() and (ours[asked] <= most[asked] + 1e-12).all()
        assert (most[asked] <= 1 + 1e-12).all()


def _oracle(row, length):
    return np.pad(row.indices[:length], (0, max(0, length - row.nnz)), constant_values=-1)


def test_recall_divides_by_all_relevant_items_even_beyond_k():
    lists = RankedLists(np.array([[0, 1]]), csr_matrix(np.array([[1, 1, 1, 1, 0]])))
    assert recall_at_k(lists, 2)[0] == 0.5
    assert average_precision_at_k(lists, 2)[0] == 0.5
    assert ndcg_at_k(lists, 2)[0] == 1.0


def test_r_precision_beyond_the_end_of_the_list_is_missed():
    lists = RankedLists(np.array([[0, 1]]), csr_matrix(np.array([[1, 1, 1, 1, 0]])))
    assert r_precision(lists)[0] == 0.5


def test_artists_earn_a_quarter_each_once():
    relevant = csr_matrix(np.array([[1, 1, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0]]))
    artists = np.array([0, 1, -1, 0, 1, 1, -1])
    ids = np.array([[3, 1, 5, 4], [6, 3, 2, 1]])
    # The first user has R = 3: one hit (item 1), and both artists 0 and 1 are in common. The second
    # has R = 1: only item 6, by nobody known.
    values = r_precision_with_artists(RankedLists(ids, relevant), artists)
    assert values.tolist() == pytest.approx([(1 + 2 * 0.25) / 3, 0.0])


def test_artists_must_be_given_for_each_item():
    lists = RankedLists(np.array([[0]]), csr_matrix((1, 3)))
    with pytest.raises(ValueError, match="2 artists for 3 items"):
        r_precision_with_artists(lists, np.array([0, 1]))


@pytest.mark.parametrize(("rank", "expected"), [(1, 0), (10, 0), (11, 1), (500, 49), (None, 51)])
def test_clicks_are_those_of_the_challenge(rank, expected):
    ids = np.arange(1, 501)
    if rank:
        ids[rank - 1] = 0
    lists = RankedLists(ids[None], csr_matrix(([1.0], ([0], [0])), shape=(1, 501)))
    assert clicks(lists)[0] == expected


def test_clicks_of_a_user_without_relevant_items_are_not_a_number():
    assert np.isnan(clicks(RankedLists(np.array([[0]]), csr_matrix((1, 3))))[0])
