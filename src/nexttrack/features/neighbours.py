"""Which rows are close, and what the close ones have in common."""

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.neighbors import NearestNeighbors


def nearest(
    X: np.ndarray, queries: np.ndarray, k: int, by_artist: csr_matrix
) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest rows to some rows, exactly, by Euclidean distance.

    Candidates are found by matrix products, and put in order by :func:`squared_distances`, so that
    the same recording under two ids is equally near to a query on any machine.

    Args:
        X: rows x features, without NaN.
        queries: positions of rows.
        k: number of neighbours, below the number of rows.
        by_artist: rows x artists, 1 where the row is by the artist.

    Returns:
        Two integer arrays of queries x k, nearest first and of equally near rows the first: the
        nearest rows but the query, and the nearest rows that share no artist with the query.

    Raises:
        ValueError: if a query has fewer than k other rows, or k rows by other artists.
    """
    with_artist = (by_artist[queries] @ by_artist.T).tocsr()
    # Enough for k by others even if every row with an artist of the query came first.
    wanted = np.maximum(np.diff(with_artist.indptr), 1) + k
    spare = 8  # for those that rounding has put just behind the last
    if wanted.max(initial=0) > len(X):
        raise ValueError(f"fewer than {k} of the {len(X)} rows are by other artists")
    size = np.minimum(2 ** np.ceil(np.log2(wanted + spare)).astype(np.int64), len(X))
    index = NearestNeighbors(algorithm="brute").fit(X)
    everyone, others = (np.empty((len(queries), k), dtype=np.int64) for _ in range(2))
    for n_candidates in np.unique(size):
        places = np.flatnonzero(size == n_candidates)
        row = index.kneighbors(X[queries[places]], n_candidates, return_distance=False)
        distance = squared_distances(X[queries[places]][:, None], X[row])
        row = np.take_along_axis(row, np.lexsort((row, distance), axis=1), axis=1)
        for place, candidates in zip(places, row, strict=True):
            own = with_artist.indices[slice(*with_artist.indptr[place : place + 2])]
            query = queries[place]
            everyone[place] = candidates[candidates != query][:k]
            apart = ~np.isin(candidates, own) & (candidates != query)
            others[place] = candidates[apart][:k]
    return everyone, others


def squared_distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the squared Euclidean distances between rows, over the last axis of two arrays.

    Columns are added one after the other, so that the result is the same on any machine, and equal
    rows are equally far from a third; neither is so of matrix products.
    """
    distance = np.zeros(np.broadcast_shapes(one.shape[:-1], other.shape[:-1]))
    for column in range(one.shape[-1]):
        distance += (one[..., column] - other[..., column]) ** 2
    return distance


def overlap(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return for each row the share of one's entries that the other has too, whatever the order."""
    found = [np.isin(b, a).mean() for a, b in zip(one, other, strict=True)]
    return np.array(found)


def sharing(rows_names: csr_matrix, queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return for each query the share of its rows that have a name in common with it.

    Args:
        rows_names: rows x names, 1 where the row has the name.
        queries: positions of rows.
        rows: positions, queries x k.
    """
    asked = np.repeat(queries, rows.shape[1])
    common = rows_names[asked].multiply(rows_names[rows.ravel()]).sum(axis=1)
    return (np.asarray(common).ravel() > 0).reshape(rows.shape).mean(axis=1)
