"""Ways to divide interactions into what a model learns from and what it is asked for.

The names are those of recpack (Michiels, Verachtert & Goethals 2022, RecSys). A matrix counts each
pair of user and item once: what is stored twice is summed up first, so no pair is on two sides. A
weight of 0 is no pair (:func:`nexttrack.kernels.interactions.as_interactions`): ``user_items`` may
be any sparse matrix, and those of a split are ``csr_matrix`` without zeros.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse

from nexttrack.kernels.arguments import number, whole_number
from nexttrack.kernels.interactions import as_interactions


@dataclass(frozen=True, eq=False)
class Split:
    """The parts of a split; all matrices are users x items, float32, of the same shape.

    Users who have nothing in an ``out`` are not asked about in that part.

    Attributes:
        validation_in: what a model may see of the users it is asked about, while settings are
            chosen.
        validation_out: what it should then find.
        test_in: what the chosen model may see.
        test_out: what it should find, looked at once.
        validation_train: what it learns from; ``validation_in`` if not given.
        test_train: the same for the test; ``test_in`` if not given.
        fold_in: whether those who are asked about are in no training data.
        validation_items: positions of the only items that may be recommended; None for all.
        test_items: the same for the test.

    Raises:
        ValueError: if a matrix is none of users x items, shapes differ, an item is to be found that
            the user has in ``in`` or in the training data, or with ``fold_in`` a user is in both;
            the message names both.
    """

    validation_in: csr_matrix
    validation_out: csr_matrix
    test_in: csr_matrix
    test_out: csr_matrix
    validation_train: csr_matrix | None = None
    test_train: csr_matrix | None = None
    fold_in: bool = False
    validation_items: np.ndarray | None = None
    test_items: np.ndarray | None = None

    def __post_init__(self):
        for part in ("test", "validation"):
            for name in (f"{part}_in", f"{part}_out", f"{part}_train"):
                given = getattr(self, name)
                given = getattr(self, f"{part}_in") if given is None else given
                object.__setattr__(self, name, as_interactions(given, name))
            train, seen, out = (getattr(self, f"{part}_{name}") for name in ("train", "in", "out"))
            if not train.shape == seen.shape == out.shape == self.test_out.shape:
                raise ValueError(f"the matrices of {part} have different shapes")
            for name, matrix in (("in", seen), ("train", train)):
                users, items = matrix.multiply(out).nonzero()
                if len(users):
                    pair = f"item {items[0]} of user {users[0]}"
                    raise ValueError(f"{pair} is in {part}_{name} and in {part}_out")
            if self.fold_in:
                both = np.flatnonzero(np.diff(train.indptr) * np.diff(out.indptr))
                if len(both):
                    raise ValueError(f"user {both[0]} is in {part}_train and in {part}_out")


def weak_generalization(
    user_items: csr_matrix,
    *,
    seed: int,
    test_share: float = 0.2,
    validation_share: float = 0.2,
    min_items: int = 5,
    groups: np.ndarray | None = None,
) -> Split:
    """Hold out a random share of each user's items, first for the test, then for validation.

    Every user is in training. Users with fewer than ``min_items`` items are in training only. Of a
    user with n items, ``round(test_share * n)`` are held out for the test, at least one, and
    ``round(validation_share * n)``, at least one, for validation.

    Args:
        user_items: sparse matrix of users x items.
        seed: the seed of the draw. The draw of a user depends on no other user.
        test_share: share of a user's items held out for the test, in (0, 1).
        validation_share: the same for validation.
        min_items: the fewest items of a user who is asked about.
        groups: integer array, the group of each item, such as copies of one recording. Of a user's
            items those of a group stay on one side; a side may so get more than its share, and a
            user whose items would leave one side empty is in training only.

    Raises:
        ValueError: if the shares are not positive or leave a user nothing to learn from, or there
            is not one group for each item.
    """
    _check_shares(test_share, validation_share)
    seed, min_items = whole_number(seed, "seed"), whole_number(min_items, "min_items")
    if min_items < 3:
        raise ValueError("min_items must be 3 or more: one item each to learn, choose and test")
    matrix = as_interactions(user_items)
    groups = None if groups is None else _group_of_each(groups, matrix.shape[1])
    n_items = np.diff(matrix.indptr)
    rank = _random_ranks(matrix, seed, groups)
    n = np.repeat(n_items, n_items)
    asked = n >= min_items
    n_test = np.maximum(1, np.round(test_share * n)).astype(int)
    n_validation = np.maximum(1, np.round(validation_share * n)).astype(int)
    test = asked & (rank < n_test)
    n_test = np.repeat(_count(matrix, test), n_items)  # a group may have brought in more
    validation = asked & ~test & (rank < n_test + n_validation)
    if groups is not None:
        sides = [_count(matrix, side) for side in (test, validation, ~test & ~validation)]
        whole = np.repeat(np.min(sides, axis=0) > 0, n_items)
        test, validation = test & whole, validation & whole
    return Split(
        validation_in=_entries(matrix, ~test & ~validation),
        validation_out=_entries(matrix, validation),
        test_in=_entries(matrix, ~test),
        test_out=_entries(matrix, test),
    )


def artist_disjoint(
    user_items: csr_matrix,
    artists: csr_matrix,
    *,
    seed: int,
    test_share: float = 0.2,
    validation_share: float = 0.2,
    min_items: int = 5,
) -> Split:
    """Hold out artists of each user with all their items (Flexer 2007): nothing known comes back.

    As :func:`weak_generalization`, with the first artist of an item as its group. What is to be
    found and has another artist in common with what the model may see of the user is dropped.

    Args:
        user_items: sparse matrix of users x items.
        artists: sparse matrix of items x artists; an item without any is its own artist. The first
            is the one with the lowest position.
        seed, test_share, validation_share, min_items: see :func:`weak_generalization`.

    Raises:
        ValueError: if the items do not agree, or for impossible shares.
    """
    user_items = as_interactions(user_items)
    artists = as_interactions(artists, "artists", axes=("item", "artist"))
    if artists.shape[0] != user_items.shape[1]:
        raise ValueError(f"artists of {artists.shape[0]} items, {user_items.shape[1]} items")
    known = np.diff(artists.indptr) > 0
    first = artists.shape[1] + np.arange(artists.shape[0])
    first[known] = artists.indices[artists.indptr[:-1][known]]
    split = weak_generalization(
        user_items,
        seed=seed,
        test_share=test_share,
        validation_share=validation_share,
        min_items=min_items,
        groups=first,
    )
    return Split(
        validation_in=split.validation_in,
        validation_out=_by_new_artists(split.validation_out, split.validation_in, artists),
        test_in=split.test_in,
        test_out=_by_new_artists(split.test_out, split.test_in, artists),
    )


def strong_generalization(
    user_items: csr_matrix,
    *,
    seed: int,
    test_users: float = 0.2,
    validation_users: float = 0.2,
    held_out: float = 0.2,
    min_items: int = 5,
) -> Split:
    """Ask about users whom the model has not learned from (Marlin 2004; Liang et al. 2018, WWW).

    A share of the users with at least ``min_items`` items is kept for the test and another for
    validation; of their items ``round(held_out * n)``, at least one, are to be found from the
    others. While settings are chosen a model learns from all further users, for the test also from
    those of validation.

    Args:
        user_items: sparse matrix of users x items.
        seed: the seed of the draw.
        test_users: share of the users asked about in the test, in (0, 1).
        validation_users: the same for validation.
        held_out: share of such a user's items that are to be found, in (0, 1).
        min_items: the fewest items of a user who is asked about.

    Raises:
        ValueError: if the shares are not positive or leave no user to learn from, or a user
            nothing to be known by.
    """
    _check_shares(test_users, validation_users)
    seed, min_items = whole_number(seed, "seed"), whole_number(min_items, "min_items")
    if not 0 < number(held_out, "held_out") < 1:
        raise ValueError("held_out must be between 0 and 1")
    if min_items < 2:
        raise ValueError("min_items must be 2 or more: one item to know the user by, one to find")
    matrix = as_interactions(user_items)
    n_items = np.diff(matrix.indptr)
    may = np.flatnonzero(n_items >= min_items)
    drawn = np.random.default_rng(seed).permutation(may)
    n_test, n_validation = round(test_users * len(may)), round(validation_users * len(may))
    n = np.repeat(n_items, n_items)
    out = _random_ranks(matrix, seed, None) < np.maximum(1, np.round(held_out * n))

    def of(users):
        chosen = np.zeros(len(n_items), dtype=bool)
        chosen[users] = True
        return np.repeat(chosen, n_items)

    test, validation = of(drawn[:n_test]), of(drawn[n_test : n_test + n_validation])
    return Split(
        validation_in=_entries(matrix, validation & ~out),
        validation_out=_entries(matrix, validation & out),
        test_in=_entries(matrix, test & ~out),
        test_out=_entries(matrix, test & out),
        validation_train=_entries(matrix, ~test & ~validation),
        test_train=_entries(matrix, ~test),
        fold_in=True,
    )


def timed(
    user_items: csr_matrix,
    times: csr_matrix,
    *,
    validation_from: float,
    test_from: float,
    min_items: int = 1,
) -> Split:
    """Cut time twice, for all users at once: learn from before, find what comes after.

    What a model may see for the test ends where the test begins, so it includes validation. Items
    that nobody had before the cut stay among what is to be found: they come in real life too, and
    a model that learns from interactions alone misses them.

    Args:
        user_items: sparse matrix of users x items.
        times: sparse matrix of users x items that stores for each pair, and perhaps for others,
            when the user first had the item; a stored 0 is a time.
        validation_from: the first moment of validation, in the unit of times.
        test_from: the first moment of the test.
        min_items: the fewest items before the cut of a user who is asked about, at least 1.

    Raises:
        ValueError: if a pair has no time or two, a time is NaN, or the test does not come after
            validation.
    """
    if not number(validation_from, "validation_from") < number(test_from, "test_from"):
        raise ValueError("the test must begin after validation")
    if whole_number(min_items, "min_items") < 1:
        raise ValueError("min_items must be 1 or more: one item to know the user by")
    matrix = as_interactions(user_items)
    time = _times_of(matrix, times)

    def parts(start, stop):
        before = time < start
        after = ~before & (time < stop)
        known = _count(matrix, before) >= min_items
        return _entries(matrix, before), _entries(
            matrix, after & np.repeat(known, np.diff(matrix.indptr))
        )

    validation_in, validation_out = parts(validation_from, test_from)
    test_in, test_out = parts(test_from, np.inf)
    return Split(validation_in, validation_out, test_in, test_out)


def cold_items(
    user_items: csr_matrix,
    *,
    seed: int,
    test_share: float = 0.1,
    validation_share: float = 0.1,
    groups: np.ndarray | None = None,
) -> Split:
    """Hold out items with all that users did with them: they are new, and only they are asked for.

    Args:
        user_items: sparse matrix of users x items.
        seed: the seed of the draw.
        test_share: share of the items (or groups) that are new in the test, in (0, 1).
        validation_share: the same for validation.
        groups: integer array, the group of each item, such as its artist: a group is new as a
            whole.

    Raises:
        ValueError: if the shares are not positive or leave no item to learn from, or there is not
            one group for each item.
    """
    _check_shares(test_share, validation_share)
    seed = whole_number(seed, "seed")
    matrix = as_interactions(user_items)
    groups = _group_of_each(
        np.arange(matrix.shape[1]) if groups is None else groups, matrix.shape[1]
    )
    names, group = np.unique(groups, return_inverse=True)
    place = np.random.default_rng(seed).permutation(len(names))[group]
    n_test, n_validation = (
        max(1, round(share * len(names))) for share in (test_share, validation_share)
    )
    is_test = place < n_test
    is_validation = ~is_test & (place < n_test + n_validation)
    test, validation = is_test[matrix.indices], is_validation[matrix.indices]

    def asked(out, seen):
        known = np.repeat(_count(matrix, seen) > 0, np.diff(matrix.indptr))
        return _entries(matrix, out & known)

    return Split(
        validation_in=_entries(matrix, ~test & ~validation),
        validation_out=asked(validation, ~test & ~validation),
        test_in=_entries(matrix, ~test),
        test_out=asked(test, ~test),
        validation_items=np.flatnonzero(is_validation),
        test_items=np.flatnonzero(is_test),
    )


def _check_shares(test: float, validation: float) -> None:
    test, validation = number(test, "the share of test"), number(validation, "that of validation")
    if not (test > 0 and validation > 0 and test + validation < 1):
        raise ValueError("the shares of test and validation must be above 0, their sum below 1")


def _group_of_each(groups: np.ndarray, n_items: int) -> np.ndarray:
    if len(groups) != n_items:
        raise ValueError(f"{len(groups)} groups for {n_items} items")
    return np.asarray(groups)


def _times_of(matrix: csr_matrix, times: Any) -> np.ndarray:
    """Return the time of each stored entry; see :func:`timed`."""
    if not issparse(times) or times.shape != matrix.shape:
        raise ValueError(f"times must be a sparse matrix of {matrix.shape}, as user_items is")
    times, n_items = times.tocoo(), matrix.shape[1]  # nothing is added up
    pair = _rows(matrix) * n_items + matrix.indices
    timed_pair = times.row * np.int64(n_items) + times.col
    order = np.argsort(timed_pair, kind="stable")
    timed_pair = timed_pair[order]
    first = np.searchsorted(timed_pair, pair)
    n_times = np.searchsorted(timed_pair, pair, "right") - first
    if (n_times != 1).any():
        user, item = divmod(pair[n_times != 1][0], n_items)
        n = "none" if n_times[n_times != 1][0] == 0 else "more"
        raise ValueError(f"times must hold one for each pair: item {item} of user {user} has {n}")
    time = times.data[order][first]
    if np.isnan(time).any():
        raise ValueError(f"user {pair[np.isnan(time)][0] // n_items}: a time is NaN")
    return time


def _rows(matrix: csr_matrix) -> np.ndarray:
    """Return the row of each stored entry, int64."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def _count(matrix: csr_matrix, kept: np.ndarray) -> np.ndarray:
    """Return how many of the kept stored entries (mask over ``data``) each row has."""
    return np.bincount(_rows(matrix)[kept], minlength=matrix.shape[0])


def _random_ranks(matrix: csr_matrix, seed: int, groups: np.ndarray | None) -> np.ndarray:
    """Return for each stored entry its place, from 0, in a random order of its row.

    With groups, those of one group are next to each other and all have the place of the first.
    """
    ranks = np.empty(matrix.nnz, dtype=np.int64)
    for user, (start, end) in enumerate(zip(matrix.indptr, matrix.indptr[1:], strict=False)):
        rng = np.random.default_rng((seed, user))
        if groups is None:
            ranks[start:end] = rng.permutation(end - start)
            continue
        _, group, size = np.unique(
            groups[matrix.indices[start:end]], return_inverse=True, return_counts=True
        )
        order = rng.permutation(len(size))
        first = np.empty(len(size), dtype=np.int64)
        first[order] = np.cumsum(size[order]) - size[order]
        ranks[start:end] = first[group]
    return ranks


def _by_new_artists(out: csr_matrix, seen: csr_matrix, artists: csr_matrix) -> csr_matrix:
    """Return what is to be found without items by artists whom the user's profile has."""
    common = (seen @ artists)[_rows(out)].multiply(artists[out.indices]).sum(axis=1)
    return _entries(out, np.asarray(common).ravel() == 0)


def _entries(matrix: csr_matrix, kept: np.ndarray) -> csr_matrix:
    """Return the matrix with only the stored entries that are kept (mask over ``data``)."""
    indptr = np.concatenate([[0], np.cumsum(_count(matrix, kept))])
    return csr_matrix((matrix.data[kept], matrix.indices[kept], indptr), shape=matrix.shape)
