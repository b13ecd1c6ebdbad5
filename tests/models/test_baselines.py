"""Chance, popularity and recent popularity, by definition."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from worlds import N_ITEMS, USERS

from nexttrack.models import Popularity, Random, RecentPopularity, SameArtist


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


def dated(user_items, days):
    matrix = user_items.astype(np.int32)
    matrix.data = np.asarray(days, dtype=np.int32)
    return matrix


def test_recent_popularity_halves_with_the_half_life(user_items):
    days = np.random.default_rng(8).integers(17_000, 18_000, user_items.nnz)
    model = RecentPopularity(dated(user_items, days), half_life=100)
    model.fit(user_items)
    expected = np.zeros(N_ITEMS)
    for item, day in zip(user_items.indices, days, strict=True):
        expected[item] += 0.5 ** ((days.max() - day) / 100)
    np.testing.assert_allclose(model.item_factors[:, 0], expected, rtol=1e-6)


def test_without_decay_recent_popularity_is_popularity(user_items):
    dates = dated(user_items, np.arange(user_items.nnz) + 1)
    recent, chart = RecentPopularity(dates, half_life=np.inf), Popularity()
    recent.fit(user_items)
    chart.fit(user_items)
    np.testing.assert_array_equal(recent.item_factors, chart.item_factors)


def test_recent_popularity_looks_at_the_dates_of_training_alone(user_items):
    days = np.random.default_rng(8).integers(17_000, 18_000, user_items.nnz)
    part = user_items.copy()
    part.data[::3] = 0
    later = np.where(part.data == 0, 19_000, days)
    one = RecentPopularity(dated(user_items, days), half_life=50)
    other = RecentPopularity(dated(user_items, later), half_life=50)
    one.fit(part)
    other.fit(part)
    np.testing.assert_array_equal(one.item_factors, other.item_factors)


def test_recent_popularity_says_which_date_is_missing(user_items):
    days = np.full(user_items.nnz, 17_000)
    days[2] = 0
    item = user_items.indices[2]
    with pytest.raises(ValueError, match=rf"no date for user 0, item {item}"):
        RecentPopularity(dated(user_items, days)).fit(user_items)
    with pytest.raises(ValueError, match="dates have shape None"):
        RecentPopularity().fit(user_items)
    with pytest.raises(ValueError, match="half_life must be above 0 days, not 0"):
        RecentPopularity(half_life=0)


def test_a_list_of_chance_has_every_item_in_every_place():
    n_users, n_items = 30_000, 6
    one = csr_matrix(np.eye(n_users, n_items, dtype=np.float32))
    model = Random(1)
    model.fit(one)
    rows = csr_matrix((n_users, n_items), dtype=np.float32)
    ids, _ = model.recommend(np.arange(n_users), rows, N=n_items)
    assert (np.sort(ids, axis=1) == np.arange(n_items)).all()
    for place in range(n_items):
        counts = np.bincount(ids[:, place], minlength=n_items)
        assert ((counts - 5_000) ** 2 / 5_000).sum() < 25.7  # chi-square, 5 df, p = 1e-4


def test_same_artist_is_popularity_among_the_artists_of_a_profile():
    # items 0-2 by A, 2-3 by B, 4 by C, 5 by nobody that is known; two users, then a new one
    by_artist = csr_matrix(
        [[1, 0, 0], [1, 0, 0], [0.5, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=np.float32
    )
    user_items = csr_matrix(np.array([[1, 1, 0, 0, 1, 1], [1, 0, 0, 0, 0, 1]], dtype=np.float32))
    profile = csr_matrix(np.array([[3, 0, 2, 0, 0, 1]], dtype=np.float32))
    # weight of what shares an artist times (users + 1)^q: of item 1 (3 + 2) 2^q, of item 3 2 * 1
    for exponent, expected in ((1.0, [10, 2]), (0.0, [5, 2]), (-2.0, [2, 1.25])):
        model = SameArtist(by_artist, exponent)
        model.fit(user_items)
        ids, scores = model.recommend(0, profile, N=6)
        np.testing.assert_allclose(scores, expected)
        assert ids.tolist() == ([3, 1] if exponent < 0 else [1, 3])
    total, reasons, _ = model.explain(0, profile, 1)
    assert [item for item, _ in reasons] == [0, 2]
    np.testing.assert_allclose([part / total for _, part in reasons], [0.6, 0.4])


def test_same_artist_says_what_it_lacks(user_items):
    with pytest.raises(ValueError, match="by_artist has no rows, user_items 30 items"):
        SameArtist().fit(user_items)
    with pytest.raises(ValueError, match="by_artist has 29 rows"):
        SameArtist(csr_matrix((29, 2), dtype=np.float32)).fit(user_items)
    with pytest.raises(ValueError, match="popularity_exponent must be a number, not nan"):
        SameArtist(popularity_exponent=float("nan"))
