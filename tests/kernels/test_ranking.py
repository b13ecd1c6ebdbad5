"""The best N of a block of scores, against sorting all of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csr_matrix

from nexttrack.kernels.ranking import NO_SCORE, best_first, offer, offer_all, room, top_n

scores = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 6), st.integers(1, 200)),
    elements=st.sampled_from([-np.inf, np.nan, -2.5, 0.0, 0.5, 1.0, 7.25]),
)


@given(scores=scores, N=st.integers(0, 210), seed=st.integers(0, 99), threads=st.integers(1, 3))
def test_the_best_are_those_of_a_sort(scores, N, seed, threads):
    rng = np.random.default_rng(seed)
    hidden = csr_matrix(rng.random(scores.shape) < 0.2)
    allowed = rng.random(scores.shape[1]) < 0.8
    ids, values = top_n(
        lambda start, stop: scores[start:stop].copy(),
        len(scores),
        N,
        hidden=hidden,
        allowed=allowed,
        num_threads=threads,
        block_bytes=8 * scores.shape[1],
    )
    assert ids.shape == values.shape == (len(scores), N)
    for user, row in enumerate(scores):
        may = allowed & ~hidden[user].toarray()[0] & (row > -np.inf)
        items = np.flatnonzero(may)
        items = items[np.argsort(-row[items], kind="stable")][:N]
        np.testing.assert_array_equal(ids[user, : len(items)], items)
        np.testing.assert_array_equal(values[user, : len(items)], row[items])
        assert (ids[user, len(items) :] == -1).all()
        assert (values[user, len(items) :] == NO_SCORE).all()


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(0, 3000),
    N=st.integers(1, 300),
    levels=st.sampled_from([2, 30, 10**6]),
    step=st.integers(1, 400),
)
def test_the_best_do_not_depend_on_how_they_are_offered(seed, n, N, levels, step):
    rng = np.random.default_rng(seed)
    scores = rng.integers(-levels, levels, n).astype(np.float32)
    want = np.argsort(-scores, kind="stable")[:N]

    ids, values = np.empty(room(N), dtype=np.int32), np.empty(room(N), dtype=np.float32)
    noted, worst = 0, np.float32(-np.inf)
    for first in range(0, n, step):
        stretch = scores[first : first + step]
        noted, worst = offer_all(first, stretch, ids, values, noted, N, worst)
    kept = best_first(ids, values, noted, N)
    np.testing.assert_array_equal(ids[:kept], want)
    np.testing.assert_array_equal(values[:kept], scores[want])

    ids, values = np.empty(room(N), dtype=np.int64), np.empty(room(N))
    noted, worst = 0, -np.inf
    for item in rng.permutation(n):
        noted, worst = offer(item, scores[item], ids, values, noted, N, worst)
    kept = best_first(ids, values, noted, N)
    np.testing.assert_array_equal(ids[:kept], want)
