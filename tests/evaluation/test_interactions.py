"""Whatever the matrix that says who has what: splits and metrics are those of the plain one."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix, csc_array, csr_array, csr_matrix

from nexttrack.evaluation import (
    RankedLists,
    Split,
    artist_disjoint,
    average_precision_at_k,
    clicks,
    cold_items,
    evaluate,
    hit_rate_at_k,
    ndcg_at_k,
    precision_at_k,
    r_precision,
    r_precision_with_artists,
    recall_at_k,
    reciprocal_rank_at_k,
    strong_generalization,
    timed,
    top_n,
    weak_generalization,
)
from nexttrack.evaluation.beyond_accuracy import (
    long_tail_share_at_k,
    mean_popularity_at_k,
    miscalibration_at_k,
    novelty_at_k,
    popularity,
    popularity_lift_at_k,
)
from nexttrack.evaluation.reranking import calibrated
from nexttrack.evaluation.sampled_metrics import full_ranks
from nexttrack.evaluation.strata import (
    mainstreaminess,
    quantile_groups,
    recall_by_items,
    taste_groups,
)
from nexttrack.models import EASE

N_USERS, N_ITEMS, K = 20, 12, 4
GENRES = np.eye(3)[np.arange(N_ITEMS) % 3]
PARTS = ("validation_in", "validation_out", "test_in", "test_out", "validation_train", "test_train")
ACCURACY = (
    *(recall_at_k, precision_at_k, hit_rate_at_k, ndcg_at_k),
    *(average_precision_at_k, reciprocal_rank_at_k),
)


def with_zeros(matrix):
    """Return the same weights in an order of its own, in halves, and zeros where there are none."""
    rng, half = np.random.default_rng(0), matrix.toarray().ravel() / 2
    pair = rng.permutation(np.tile(np.arange(half.size), 2))
    indptr = [0, *np.cumsum(np.bincount(pair // N_ITEMS, minlength=N_USERS))]
    pair = pair[np.argsort(pair // N_ITEMS, kind="stable")]
    return csr_matrix((half[pair], pair % N_ITEMS, indptr), shape=matrix.shape)


def locked(matrix):
    """Return the same matrix with arrays that may not be written to."""
    matrix = csr_matrix(matrix, copy=True)
    for part in (matrix.data, matrix.indices, matrix.indptr):
        part.flags.writeable = False
    return matrix


FORMS = (with_zeros, locked, csr_array, csc_array, coo_matrix, lambda m: csr_array(with_zeros(m)))


@st.composite
def worlds(draw):
    """Give a matrix, the same in another form, and lists."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    plain = csr_matrix(rng.poisson(0.9, (N_USERS, N_ITEMS)).astype(np.float32))
    lists = np.argsort(rng.random((N_USERS, N_ITEMS)), axis=1)[:, : K + 1]
    return plain, draw(st.sampled_from(FORMS))(plain), lists


def measured(matrix, lists):
    """Return what every metric says of lists beside a matrix, wanted and had."""
    ranked, share = RankedLists(lists, matrix, matrix), popularity(matrix)
    yield from (metric(ranked, K) for metric in ACCURACY)
    yield from (r_precision(ranked), clicks(ranked, 2), ranked.n_relevant, share)
    yield r_precision_with_artists(ranked, np.arange(N_ITEMS) // 2)
    yield mean_popularity_at_k(ranked, K, share)
    yield popularity_lift_at_k(ranked, K, share).to_numpy()
    yield taste_groups(matrix, share).codes
    yield long_tail_share_at_k(ranked, K, share < 0.5)
    yield novelty_at_k(ranked, K, share, N_USERS)
    yield miscalibration_at_k(ranked, K, GENRES)
    yield recall_by_items(ranked, K, quantile_groups(np.arange(N_ITEMS))).to_numpy()
    yield mainstreaminess(matrix)
    yield from full_ranks(lists, matrix)
    yield calibrated(lists, 2, 0.5, GENRES, matrix)


def splits(matrix, times):
    yield weak_generalization(matrix, seed=1)
    yield strong_generalization(matrix, seed=1)
    yield cold_items(matrix, seed=1)
    yield artist_disjoint(matrix, csr_matrix(GENRES), seed=1)
    yield timed(matrix, times, validation_from=20, test_from=30)


@settings(deadline=None, max_examples=15)
@given(worlds())
def test_metrics_are_those_of_the_plain_matrix(world):
    plain, other, lists = world
    for expected, found in zip(measured(plain, lists), measured(other, lists), strict=True):
        np.testing.assert_array_equal(found, expected)


@settings(deadline=None, max_examples=15)
@given(worlds(), st.booleans())
def test_splits_are_those_of_the_plain_matrix(world, more_times):
    plain, other, _ = world
    times = csr_matrix(np.arange(N_USERS * N_ITEMS).reshape(plain.shape) % 41 + 0)
    times = times + csr_matrix(np.ones(plain.shape))  # no time is 0, so all are stored
    there = plain.copy()
    there.data = np.asarray(times[plain.nonzero()]).ravel()
    again = splits(other, csr_array(times) if more_times else coo_matrix(there))
    for expected, found in zip(splits(plain, there), again, strict=True):
        for name in PARTS:
            part, same = getattr(found, name), getattr(expected, name)
            assert isinstance(part, csr_matrix)
            assert part.nnz == same.nnz == np.count_nonzero(part.data)
            np.testing.assert_array_equal(part.toarray(), same.toarray())


def test_a_stored_zero_is_nothing_to_be_found_nor_had():
    rng = np.random.default_rng(0)
    seen = csr_matrix(rng.random((N_USERS, N_ITEMS)) < 0.4, dtype=np.float32)
    wanted = csr_matrix((rng.random(seen.shape) < 0.2) > (seen.toarray() > 0), dtype=np.float32)
    model = EASE(5.0)
    model.fit(seen)
    metrics = {"NDCG": partial(ndcg_at_k, k=K)}
    plain = evaluate(model, seen, wanted, metrics, N=K)
    for form in FORMS:
        found = evaluate(model, form(seen), form(wanted), metrics, N=K)
        np.testing.assert_array_equal(found, plain)
    zero = csr_matrix(([0.0], ([1], [1])), shape=(3, 4))
    one = csr_matrix(([1.0], ([1], [1])), shape=(3, 4))
    assert Split(zero, one, zero, one).test_in.nnz == 0  # no pair is on both sides


def test_a_stored_time_of_0_is_a_time():
    pairs = csr_matrix(np.ones((1, 3)))
    times = csr_matrix((np.array([0, 5, 9]), [0, 1, 2], [0, 3]), shape=(1, 3))
    split = timed(pairs, times, validation_from=1, test_from=6)
    np.testing.assert_array_equal(split.validation_in.toarray(), [[1, 0, 0]])
    twice = coo_matrix(([0, 1, 5, 9], ([0, 0, 0, 0], [0, 0, 1, 2])), shape=(1, 3))
    with pytest.raises(ValueError, match="item 0 of user 0 has more"):
        timed(pairs, twice, validation_from=1, test_from=6)


class Silent:
    """A model that must not be asked."""


@pytest.mark.parametrize(
    ("seen", "wanted", "said"),
    [
        (np.ones((4, 4)), np.ones((2, 4)), r"user_items is \(4, 4\) and relevant \(2, 4\)"),
        (np.ones((4, 4)), np.ones((4, 5)), r"user_items is \(4, 4\) and relevant \(4, 5\)"),
        (np.diag([1, np.nan]), np.ones((2, 2)), r"user_items .* not nan \(user 1, item 1\)"),
        (np.eye(2), np.diag([1, -1]), r"in relevant .* not -1 \(user 1, item 1\)"),
        (np.eye(2), np.zeros((2, 2)), "nobody can be asked"),
    ],
)
def test_matrices_that_cannot_be_measured_are_refused_in_one_line(seen, wanted, said):
    with pytest.raises(ValueError, match=said):
        evaluate(Silent(), csr_matrix(seen), csr_matrix(wanted), {}, N=2)


def test_what_is_not_sparse_is_refused_everywhere():
    dense, lists = np.eye(4), np.array([[0, 1]] * 4)
    doors = (
        lambda: evaluate(Silent(), dense, csr_matrix(dense), {}, N=2),
        lambda: top_n(Silent(), dense, [0], 2),
        lambda: RankedLists(lists, dense),
        lambda: RankedLists(lists, csr_matrix(dense), dense),
        lambda: weak_generalization(dense, seed=0),
        lambda: Split(*[dense] * 4),
        lambda: popularity(dense),
        lambda: mainstreaminess(dense),
        lambda: full_ranks(lists, dense),
        lambda: timed(csr_matrix(dense), dense, validation_from=0, test_from=1),
    )
    for door in doors:
        with pytest.raises(ValueError, match="must be a sparse matrix of"):
            door()


def test_users_and_items_are_marked_or_named():
    seen = csr_matrix(np.eye(4, dtype=np.float32))
    model = EASE()
    model.fit(csr_matrix(np.ones((4, 4))))
    named = top_n(model, seen, np.array([1, 3]), 2, items=[0, 2])
    marked = top_n(
        model,
        seen,
        np.array([False, True, False, True]),
        2,
        items=np.array([True, False, True, False]),
    )
    np.testing.assert_array_equal(marked, named)
    assert top_n(Silent(), seen, [], 3).shape == (0, 3)
    for users in ([4], [-1], [0.5], np.ones(3, dtype=bool)):
        with pytest.raises(IndexError):
            top_n(Silent(), seen, users, 2)


def test_a_share_of_no_users_and_candidates_outside_the_catalogue_are_refused():
    with pytest.raises(ValueError, match="has no user"):
        popularity(csr_matrix((0, 3)))
    with pytest.raises(ValueError, match="list of user 0: item 9 is outside"):
        calibrated(np.array([[0, 9]]), 1, 0.5, GENRES[:4], csr_matrix((1, 4)))
