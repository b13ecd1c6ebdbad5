"""Metrics against other people's: ir-measures (trec_eval) and scikit-learn."""

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import R, nDCG
from scipy.sparse import csr_matrix
from sklearn.metrics import ndcg_score

from nexttrack.evaluation import ndcg_at_k, recall_at_k
from nexttrack.evaluation.metrics import hits

N_ITEMS = 25


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
    return ids, csr_matrix(relevant)


@given(lists_and_truth(), st.sampled_from([1, 3, 10, 12]))
def test_equal_to_ir_measures(case, k):
    ids, relevant = case
    qrels, run = {}, {}
    for user in range(len(ids)):
        qrels[str(user)] = {str(item): 1 for item in relevant[user].indices}
        run[str(user)] = {str(i): 100.0 - rank for rank, i in enumerate(ids[user]) if i >= 0}
    asked = [user for user in range(len(ids)) if relevant[user].nnz]
    ours = {f"nDCG@{k}": ndcg_at_k(ids, relevant, k), f"R@{k}": recall_at_k(ids, relevant, k)}
    qrels = {user: rels for user, rels in qrels.items() if rels}
    theirs = {
        (str(m.measure), int(m.query_id)): m.value
        for m in ir_measures.iter_calc([nDCG @ k, R @ k], qrels, run)
    }
    for name, values in ours.items():
        for user in asked:
            assert values[user] == pytest.approx(theirs.get((name, user), 0.0), abs=1e-8)
        assert np.isnan(np.delete(values, asked)).all()


@given(st.permutations(range(N_ITEMS)), st.sets(st.integers(0, N_ITEMS - 1), min_size=1))
def test_ndcg_equal_to_scikit_learn(ranked, relevant):
    truth = np.zeros((1, N_ITEMS))
    truth[0, list(relevant)] = 1
    score = np.empty((1, N_ITEMS))
    score[0, ranked] = -np.arange(N_ITEMS)
    ours = ndcg_at_k(np.array([ranked]), csr_matrix(truth), 10)
    assert ours[0] == pytest.approx(ndcg_score(truth, score, k=10), abs=1e-8)


def test_an_oracle_scores_one_and_silence_zero():
    relevant = csr_matrix(np.eye(4, 9))
    oracle = np.array([[0, 8], [1, 8], [2, 8], [3, 8]])
    silence = np.full((4, 2), -1)
    for metric in (ndcg_at_k, recall_at_k):
        assert (metric(oracle, relevant, 2) == 1).all()
        assert (metric(silence, relevant, 2) == 0).all()


def test_recall_divides_by_all_relevant_items_even_beyond_k():
    relevant = csr_matrix(np.array([[1, 1, 1, 1, 0]]))
    assert recall_at_k(np.array([[0, 1]]), relevant, 2)[0] == 0.5


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([[0, 1], [2, 9]], "list of user 1: item 9 is outside the catalogue"),
        ([[0, -2], [1, 2]], "list of user 0: item -2 is outside the catalogue"),
        ([[0, 1], [2, 2]], "list of user 1: item 2 is there twice"),
        ([[0, 1]], "1 lists for 2 users"),
    ],
)
def test_impossible_lists_are_refused(ids, message):
    with pytest.raises(ValueError, match=message):
        hits(np.array(ids), csr_matrix(np.ones((2, 5))))
