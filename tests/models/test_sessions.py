"""Models of ordered lists, beside the same sums written out, and beside the unordered models."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from nexttrack.models import (
    ItemKNN,
    MarkovChain,
    RecentContentKNN,
    RecentItemKNN,
    SessionKNN,
    UserKNN,
)
from nexttrack.models.sessions import recency_weights


def lists(seed=0, n_lists=12, n_items=10):
    """Return lists of 2 to 8 of the items in random order, values 1, 2, 3 and so on."""
    rng = np.random.default_rng(seed)
    dense = np.zeros((n_lists, n_items), dtype=np.float32)
    for row in dense:
        items = rng.permutation(n_items)[: rng.integers(2, 9)]
        row[items] = np.arange(1, len(items) + 1)
    return csr_matrix(dense)


def in_order(row):
    """Return the items of a row from the first to the last."""
    return row.indices[np.argsort(row.data)].tolist()


def ones(matrix):
    return (matrix > 0).astype(np.float32)


def scores(model, rows, new=True):
    """Return the model's scores of all items, 0 where it says nothing."""
    options = {"filter_already_liked_items": False, "recalculate_user": new}
    ids, values = model.recommend(np.arange(rows.shape[0]), rows, N=rows.shape[1], **options)
    dense = np.zeros(rows.shape)
    for row, (items, found) in enumerate(zip(ids, values, strict=True)):
        dense[row, items[items >= 0]] = found[items >= 0]
    return dense


def test_weights_halve_with_each_half_life_and_equals_are_alike():
    order = csr_matrix(np.array([[3, 1, 0, 2], [5, 9, 5, 0], [0, 0, 0, 0]], dtype=np.float32))
    expected = [[1, 0.25, 0, 0.5], [0.5, 1, 0.5, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(recency_weights(order, 1.0).toarray(), expected)
    last = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(recency_weights(order, 0.0).toarray(), last)
    np.testing.assert_array_equal(recency_weights(order, np.inf).toarray(), ones(order).toarray())
    with pytest.raises(ValueError, match="half_life must be 0 steps or more, not -1"):
        recency_weights(order, -1)


def test_a_first_order_chain_is_the_share_of_what_came_next():
    order = csr_matrix(np.array([[1, 2, 3, 0], [1, 2, 0, 3], [1, 0, 2, 0]], dtype=np.float32))
    model = MarkovChain()
    model.fit(order)
    expected = [[0, 2 / 3, 1 / 3, 0], [0, 0, 0.5, 0.5], [0, 0, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(model.similarity.toarray(), expected)
    asked = csr_matrix(np.array([[1, 2, 0, 0]], dtype=np.float32))
    ids, values = model.recommend(0, asked)
    assert (ids.tolist(), values.tolist()) == ([2, 3], [0.5, 0.5])


def test_rules_reach_further_and_count_less_with_the_distance():
    order, steps, shrinkage, half_life = lists(), 3, 0.7, 2.0
    n = order.shape[1]
    follows = np.zeros((n, n))
    for row in order:
        items = in_order(row)
        for place, item in enumerate(items):
            for distance, later in enumerate(items[place + 1 : place + 1 + steps], 1):
                follows[item, later] += 1 / distance
    expected = follows / (follows.sum(axis=1, keepdims=True) + shrinkage)
    model = MarkovChain(steps, half_life, shrinkage)
    model.fit(order)
    np.testing.assert_allclose(model.similarity.toarray(), expected)
    np.testing.assert_allclose(
        scores(model, order), recency_weights(order, half_life) @ expected, atol=1e-12
    )


def test_items_at_one_moment_are_one_step():
    order = csr_matrix(np.array([[7, 7, 8, 0]], dtype=np.float32))
    model = MarkovChain()
    model.fit(order)
    expected = np.zeros((4, 4))
    expected[[0, 1], 2] = 1
    np.testing.assert_array_equal(model.similarity.toarray(), expected)


@pytest.mark.parametrize("weighting", ["cosine", "tfidf"])
def test_item_neighbours_that_do_not_fade_are_item_neighbours(weighting):
    order = lists(1)
    fading, plain = (
        RecentItemKNN(5, weighting, 0.5, np.inf),
        ItemKNN(5, weighting, 0.5),
    )
    fading.fit(order)
    plain.fit(ones(order))
    np.testing.assert_allclose(scores(fading, order), scores(plain, ones(order)))
    faded = RecentItemKNN(5, weighting, 0.5, 2.0)
    faded.fit(order)
    weights = recency_weights(order, 2.0)
    np.testing.assert_allclose(scores(faded, order), weights @ plain.similarity.toarray())


def test_of_artists_the_last_comes_first():
    artists = csr_matrix(np.eye(5)[[0, 0, 1, 1, 1, 2, 2, 3, 3, 4]])
    model = RecentContentKNN(artists, 10, 0.0)
    model.fit(lists())
    asked = csr_matrix(([1.0, 2.0], ([0, 0], [0, 2])), shape=(1, 10))
    assert model.recommend(0, asked)[0].tolist() == [3, 4]
    model.half_life = 1.0
    ids, values = model.recommend(0, asked)
    assert (ids.tolist(), values.tolist()) == ([3, 4, 1], [1.0, 1.0, 0.5])
    with pytest.raises(ValueError, match="attributes have 10 rows, user_items 9 items"):
        model.fit(lists(n_items=9))


@given(st.integers(0, 2**31), st.integers(1, 12), st.sampled_from([0.0, 1.5]))
def test_session_neighbours_without_order_are_user_neighbours(seed, K, shrinkage):
    order = lists(seed)
    ours, theirs = SessionKNN(K, shrinkage=shrinkage), UserKNN(K, shrinkage=shrinkage)
    ours.fit(order)
    theirs.fit(ones(order))
    for new in (True, False):
        expected = scores(theirs, ones(order), new=new)
        np.testing.assert_allclose(scores(ours, order, new=new), expected, rtol=1e-9)


@pytest.mark.parametrize("latest", [False, True])
def test_votes_are_the_sums_of_the_papers(latest):
    order, half_life, spread, shrinkage = lists(3), 2.0, 1.5, 0.3
    model = SessionKNN(100, half_life, spread, latest, shrinkage)
    model.fit(order)
    asked = lists(4)
    expected = np.zeros(asked.shape)
    for row, expected_row in zip(asked, expected, strict=True):
        own = in_order(row)
        for other in map(in_order, order):
            common = [item for item in own if item in other]
            if not common:
                continue
            near = sum(0.5 ** ((len(own) - 1 - own.index(item)) / half_life) for item in common)
            near /= np.sqrt(len(own) * len(other)) + shrinkage
            if latest:
                near *= (own.index(common[-1]) + 1) / len(own)
            for place, item in enumerate(other):
                distance = abs(place - other.index(common[-1]))
                expected_row[item] += near * 0.5 ** (distance / spread)
    np.testing.assert_allclose(scores(model, asked), expected)


def test_only_the_nearest_lists_vote_and_a_known_one_not_for_itself():
    order = csr_matrix(np.array([[1, 2, 3, 0], [1, 2, 0, 3], [0, 1, 0, 0]], dtype=np.float32))
    model = SessionKNN(1)
    model.fit(order)
    ids, _ = model.recommend(0, order[0])
    assert ids.tolist() == [3]
    twin, _ = model.recommend(0, order[0], filter_already_liked_items=False, recalculate_user=True)
    assert sorted(twin.tolist()) == [0, 1, 2]


@given(st.integers(0, 2**31), st.floats(0.1, 5))
def test_only_the_order_of_the_values_counts(seed, scale):
    order = lists(seed)
    other = order.copy()
    other.data = np.float32(scale) * order.data**2 + np.float32(1)
    for model in (MarkovChain(2, 1.0), RecentItemKNN(5), SessionKNN(4, 1.0, 1.0, latest=True)):
        model.fit(order)
        expected = scores(model, order)
        model.fit(other)
        np.testing.assert_array_equal(scores(model, other), expected)


def test_reasons_are_weighted_by_recency():
    order = lists()
    model = RecentItemKNN(10, half_life=1.0)
    model.fit(order)
    row = csr_matrix(([1.0, 2.0], ([0, 0], [0, 1])), shape=(1, 10))
    similarity = model.similarity.toarray()
    item = np.flatnonzero((similarity[:2] > 0).all(axis=0))[-1]
    _, contributions, _ = model.explain(0, row, item)
    parts = similarity[:2, item] * [0.5, 1]
    assert [one for one, _ in contributions] == np.argsort(-parts, kind="stable").tolist()
    np.testing.assert_allclose([part for _, part in contributions], np.sort(parts)[::-1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MarkovChain(0), "steps must be .*1 or more"),
        (lambda: MarkovChain(shrinkage=-1), "shrinkage .*0 or more"),
        (lambda: MarkovChain(half_life=np.nan), "half_life must be a number, not nan"),
        (lambda: RecentItemKNN(half_life=-1), "half_life must be 0 or more, not -1"),
        (lambda: RecentContentKNN(K=0), "K must be .*1 or more"),
        (lambda: SessionKNN(0), "K must be .*1 or more"),
        (lambda: SessionKNN(spread=0), "spread above 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
