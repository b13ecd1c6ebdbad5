"""Small worlds on which models are tried."""

import numpy as np
from scipy.sparse import csr_matrix

N_USERS, N_ITEMS = 40, 30
USERS = np.arange(N_USERS)


def counts() -> csr_matrix:
    """Return random counts, users x items; user 3 has nothing."""
    rng = np.random.default_rng(1)
    dense = (rng.random((N_USERS, N_ITEMS)) < 0.3) * rng.integers(1, 9, (N_USERS, N_ITEMS))
    dense[3] = 0
    return csr_matrix(dense.astype(np.float32))


def random_counts(n_users: int, n_items: int, seed: int = 0, density: float = 0.2) -> np.ndarray:
    """Return counts from 1 to 3 and zeros, an array of users x items."""
    rng = np.random.default_rng(seed)
    return (rng.random((n_users, n_items)) < density) * rng.integers(1, 4, (n_users, n_items))


def play_counts(n_users: int, n_items: int, seed: int = 0) -> np.ndarray:
    """Return counts from 1 to 350,000, as raw play counts are, and zeros."""
    rng = np.random.default_rng(seed)
    plays = np.exp(rng.random((n_users, n_items)) * np.log(350_000)).round()
    plays[0, 0] = 350_000
    return plays * (rng.random((n_users, n_items)) < 0.2)


def all_scores(model, rows: np.ndarray) -> np.ndarray:
    """Return a model's scores of all items, users x items, whatever their rank."""
    rows = csr_matrix(rows.astype(np.float32))
    asked = np.arange(rows.shape[0])
    ids, ranked = model.recommend(asked, rows, N=rows.shape[1], filter_already_liked_items=False)
    everything = np.empty(ids.shape)
    np.put_along_axis(everything, ids, ranked, axis=1)
    return everything


def audio(n_items: int = N_ITEMS) -> np.ndarray:
    """Return features of items; two of the items lack one of them."""
    values = np.random.default_rng(2).normal(size=(n_items, 4))
    values[[5, 9], 2] = np.nan
    return values


def clusters(n_items: int = N_ITEMS) -> np.ndarray:
    """Return clusters 0, 2 and 5 (others are empty), and -1 for items in none."""
    return np.random.default_rng(3).choice([-1, 0, 2, 5], n_items)


def checker_board(size: int) -> csr_matrix:
    """Return ones where row and column are both even or both odd, without the diagonal.

    implicit's own trial: every user lacks one item of their kind, which has to come first.
    """
    dense = (np.add.outer(np.arange(size), np.arange(size)) % 2 == 0).astype(np.float32)
    np.fill_diagonal(dense, 0)
    return csr_matrix(dense)


def tastes(n_users: int = 400, n_items: int = 120, n_kinds: int = 4, seed: int = 11):
    """Return users who like one kind of item most, popular items more than others.

    Returns:
        (seen, held out, kind of each item): two ``csr_matrix`` of ones, and integers.
    """
    rng = np.random.default_rng(seed)
    kind = rng.integers(n_kinds, size=n_items)
    liked = rng.integers(n_kinds, size=n_users)
    popularity = rng.permutation(1 / np.arange(2, n_items + 2))
    weight = np.where(liked[:, None] == kind, 8.0, 1.0) * popularity
    draws = rng.random((n_users, n_items)) ** (1 / weight)  # Efraimidis & Spirakis 2006
    order = np.argsort(-draws, axis=1)
    rows = np.arange(n_users)[:, None]
    seen, held_out = np.zeros((2, n_users, n_items), dtype=np.float32)
    seen[rows, order[:, 3:15]] = 1
    held_out[rows, order[:, :3]] = 1
    return csr_matrix(seen), csr_matrix(held_out), kind
