"""Chance, popularity and recent popularity, by definition."""

import numpy as np
from scipy.sparse import csr_matrix
from worlds import N_ITEMS, USERS

from nexttrack.models import Popularity, Random


def test_popularity_counts_users_not_plays(user_items):
    model = Popularity()
    model.fit(user_items)
    counts = (user_items.toarray() > 0).sum(axis=0)
    np.testing.assert_array_equal(model.item_factors[:, 0], counts)
    ids, scores = model.recommend(
        3, user_items[3], N=N_ITEMS
    )  # user 3 has nothing: the whole chart
    np.testing.assert_array_equal(scores, np.sort(counts)[::-1])
    np.testing.assert_array_equal(counts[ids], scores)


def test_random_depends_on_seed_and_user_alone(user_items):
    first, second, other = Random(1), Random(1), Random(2)
    for model in (first, second, other):
        model.fit(user_items)
    whole = first.recommend(USERS, user_items, N=5)[0]
    part = second.recommend(USERS[10:20], user_items[10:20], N=5)[0]
    np.testing.assert_array_equal(whole[10:20], part)
    assert (other.recommend(USERS, user_items, N=5)[0] != whole).any()


def test_random_is_uniform():
    n_users, n_items = 20_000, 10
    nothing = csr_matrix((n_users, n_items), dtype=np.float32)
    model = Random(3)
    model.fit(csr_matrix(np.eye(1, n_items, dtype=np.float32)))
    ids, _ = model.recommend(np.arange(n_users), nothing, N=1)
    counts = np.bincount(ids[:, 0], minlength=n_items)
    expected = n_users / n_items
    assert ((counts - expected) ** 2 / expected).sum() < 33.7  # chi-square, 9 df, p = 1e-4
