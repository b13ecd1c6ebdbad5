"""A split loses nothing, leaks nothing, and is the same again for the same seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, random_array

from nexttrack.evaluation import (
    Split,
    artist_disjoint,
    cold_items,
    strong_generalization,
    timed,
    weak_generalization,
)


@st.composite
def matrices(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    density = draw(st.floats(0, 0.9))
    shape = draw(st.tuples(st.integers(1, 15), st.integers(1, 30)))
    return csr_matrix(random_array(shape, density=density, rng=rng, dtype=np.float32))


def stored(matrix):
    return set(zip(*map(np.ndarray.tolist, matrix.nonzero()), strict=True))


@given(matrices(), st.integers(0, 1000))
def test_parts_are_disjoint_and_complete(user_items, seed):
    split = weak_generalization(user_items, seed=seed)
    parts = [stored(p) for p in (split.validation_in, split.validation_out, split.test_out)]
    assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
    assert parts[0] | parts[1] | parts[2] == stored(user_items)
    assert stored(split.test_in) == parts[0] | parts[1]


@given(matrices(), st.integers(0, 1000))
def test_shares_are_rounded_per_user(user_items, seed):
    split = weak_generalization(user_items, seed=seed)
    n = np.diff(user_items.indptr)
    expected = np.where(n >= 5, np.maximum(1, np.round(0.2 * n)), 0)
    for part in (split.test_out, split.validation_out):
        np.testing.assert_array_equal(np.diff(part.indptr), expected)
    assert (np.diff(split.validation_in.indptr)[n > 0] > 0).all()


@given(matrices())
def test_values_are_kept_and_the_seed_decides(user_items):
    one, two = (weak_generalization(user_items, seed=4) for _ in range(2))
    assert (one.test_out != two.test_out).nnz == 0
    assert abs(one.test_in + one.test_out - user_items).sum() == 0


def test_a_users_draw_depends_on_no_other_user():
    user_items = csr_matrix(np.ones((6, 20), dtype=np.float32))
    alone = weak_generalization(user_items[:3], seed=9).test_out
    together = weak_generalization(user_items, seed=9).test_out
    assert (alone != together[:3]).nnz == 0


@pytest.mark.parametrize(
    ("split", "arguments"),
    [
        (weak_generalization, {"test_share": 0.0}),
        (weak_generalization, {"test_share": 0.6, "validation_share": 0.4}),
        (weak_generalization, {"min_items": 2}),
        (strong_generalization, {"test_users": 0.5, "validation_users": 0.5}),
        (strong_generalization, {"held_out": 1.0}),
        (strong_generalization, {"min_items": 1}),
        (cold_items, {"validation_share": -0.1}),
    ],
)
def test_impossible_shares_are_refused(split, arguments):
    with pytest.raises(ValueError, match=r"must be|between 0 and 1"):
        split(csr_matrix((2, 3)), seed=0, **arguments)


def test_a_pair_that_is_stored_twice_is_on_one_side():
    items = np.repeat(np.arange(20), 2)
    twice = csr_matrix((1, 20), dtype=np.float32)
    twice.indices, twice.data = items.astype(np.int32), np.ones(40, dtype=np.float32)
    twice.indptr = np.array([0, 40], dtype=np.int32)
    split = weak_generalization(twice, seed=1)
    assert not stored(split.test_in) & stored(split.test_out)
    assert (split.test_in + split.test_out).sum() == 40 and split.test_out.nnz == 4


@given(matrices(), st.integers(0, 1000), st.integers(1, 8))
def test_copies_of_a_recording_stay_on_one_side(user_items, seed, n_groups):
    groups = np.random.default_rng(seed).integers(0, n_groups, user_items.shape[1])
    split = weak_generalization(user_items, seed=seed, groups=groups)
    parts = [split.validation_in, split.validation_out, split.test_out]
    assert set.union(*map(stored, parts)) == stored(user_items)
    for user in range(user_items.shape[0]):
        sides = [set(groups[part[user].indices]) for part in parts]
        assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
        asked = [bool(side) for side in sides]
        assert all(asked) or not any(asked[1:])


@given(matrices(), st.integers(0, 1000))
def test_no_artist_of_a_user_is_on_both_sides(user_items, seed):
    rng = np.random.default_rng(seed)
    artists = csr_matrix(rng.random((user_items.shape[1], 6)) < 0.3)
    split = artist_disjoint(user_items, artists, seed=seed)
    for seen, out in (
        (split.validation_in, split.validation_out),
        (split.test_in, split.test_out),
    ):
        assert (seen @ artists).multiply(out @ artists).nnz == 0
        assert not stored(seen) & stored(out)
    assert stored(split.test_in) <= stored(user_items)


@given(matrices(), st.integers(0, 1000))
def test_users_who_are_asked_about_are_new(user_items, seed):
    split = strong_generalization(user_items, seed=seed, min_items=3)
    assert split.fold_in
    for part in ("validation", "test"):
        train, seen, out = (getattr(split, f"{part}_{name}") for name in ("train", "in", "out"))
        learned, asked = np.diff(train.indptr) > 0, np.diff(out.indptr) > 0
        assert not (learned & asked).any()
        assert (np.diff(seen.indptr)[asked] > 0).all()
        assert stored(seen + out) == {pair for pair in stored(user_items) if asked[pair[0]]}
    n = (np.diff(user_items.indptr) >= 3).sum()
    assert (np.diff(split.test_out.indptr) > 0).sum() == round(0.2 * n)
    known = np.diff(split.test_out.indptr) == 0
    assert stored(split.test_train) == {pair for pair in stored(user_items) if known[pair[0]]}
    assert stored(split.validation_train) < stored(split.test_train) or n < 3


@given(matrices(), st.integers(0, 1000), st.integers(1, 3))
def test_what_is_asked_for_comes_after_what_is_known(user_items, seed, min_items):
    times = user_items.copy()
    times.data = np.random.default_rng(seed).integers(0, 10, user_items.nnz).astype(float)
    split = timed(user_items, times, validation_from=5, test_from=8, min_items=min_items)
    at = times.toarray()
    rows, columns = user_items.nonzero()
    for seen, out, start, stop in (
        (split.validation_in, split.validation_out, 5, 8),
        (split.test_in, split.test_out, 8, 10),
    ):
        before = {p for p in zip(rows, columns, strict=True) if at[p] < start}
        assert stored(seen) == before
        n = np.diff(seen.indptr)
        assert stored(out) == {
            p
            for p in zip(rows, columns, strict=True)
            if start <= at[p] < stop and n[p[0]] >= min_items
        }
    assert split.validation_train is split.validation_in


@given(matrices(), st.integers(0, 1000))
def test_cold_items_are_nowhere_in_training(user_items, seed):
    groups = np.random.default_rng(seed).integers(0, 12, user_items.shape[1])
    split = cold_items(user_items, seed=seed, groups=groups)
    for part in ("validation", "test"):
        items = getattr(split, f"{part}_items")
        train, out = getattr(split, f"{part}_train"), getattr(split, f"{part}_out")
        assert train[:, items].nnz == 0
        assert set(out.indices) <= set(items)
        assert not set(groups[items]) & set(groups[np.setdiff1d(np.unique(train.indices), items)])
    assert not set(split.test_items) & set(split.validation_items)
    assert split.validation_train[:, split.test_items].nnz == 0


@pytest.mark.parametrize("split", [strong_generalization, cold_items])
def test_the_seed_decides(split):
    user_items = csr_matrix(np.random.default_rng(0).random((40, 30)) < 0.5, dtype=np.float32)
    one, same, other = (split(user_items, seed=seed) for seed in (1, 1, 2))
    assert (one.test_out != same.test_out).nnz == 0
    assert (one.test_out != other.test_out).nnz > 0


def test_what_is_on_two_sides_is_named():
    one, none = csr_matrix(([1.0], ([1], [2])), shape=(3, 4)), csr_matrix((3, 4))
    with pytest.raises(ValueError, match="item 2 of user 1 is in validation_in and in validation_"):
        Split(one, one, none, none)
    with pytest.raises(ValueError, match="item 2 of user 1 is in test_train and in test_out"):
        Split(none, none, none, one, test_train=one)
    elsewhere = csr_matrix(([1.0], ([1], [0])), shape=(3, 4))
    with pytest.raises(ValueError, match="user 1 is in test_train and in test_out"):
        Split(none, none, none, one, test_train=elsewhere, fold_in=True)
    with pytest.raises(ValueError, match="different shapes"):
        Split(none, none, csr_matrix((3, 5)), none)


def test_times_that_do_not_fit_are_refused():
    user_items = csr_matrix(np.array([[1.0, 1.0], [0.0, 1.0]]))
    cut = {"validation_from": 1, "test_from": 2}
    with pytest.raises(ValueError, match="must begin after"):
        timed(user_items, user_items, validation_from=2, test_from=2)
    with pytest.raises(ValueError, match="item 1 of user 0 has none"):
        timed(user_items, csr_matrix(np.eye(2)), **cut)
    with pytest.raises(ValueError, match="min_items"):
        timed(user_items, user_items, min_items=0, **cut)
    unknown = user_items.copy()
    unknown.data = np.array([0.0, 1.0, np.nan])
    with pytest.raises(ValueError, match="user 1: a time is NaN"):
        timed(user_items, unknown, **cut)


def test_groups_and_artists_must_be_given_for_each_item():
    with pytest.raises(ValueError, match="2 groups for 3 items"):
        cold_items(csr_matrix((2, 3)), seed=0, groups=np.array([0, 1]))
    with pytest.raises(ValueError, match="artists of 2 items, 3 items"):
        artist_disjoint(csr_matrix((2, 3)), csr_matrix((2, 5)), seed=0)
