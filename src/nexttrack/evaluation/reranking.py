"""Give up some accuracy for something else: re-order what a model recommends, by a weight.

All take a model's first C candidates and choose k of them, one after the other, by (1 - weight)
times relevance and weight times what else is wanted. A weight of 0 leaves the list as it is; from 0
to 1 the choices trace a frontier. The relevance of the candidate of rank r is 1 - (r - 1) / C: by
rank, since the scores of different models have different units.
"""

import numpy as np
from numba import njit
from scipy.sparse import csr_matrix

from nexttrack.kernels.chunks import in_chunks
from nexttrack.kernels.interactions import as_interactions


def less_popular(
    candidates: np.ndarray, k: int, weight: float, popularity: np.ndarray
) -> np.ndarray:
    """Prefer candidates that fewer users have: by relevance and by how new they are.

    Novelty is ``-log2(popularity)``, scaled to 0 for the most popular of the list's candidates and
    1 for the least popular.

    Args:
        candidates: integer array of users x C, the best first; -1 is nothing.
        k: length of the lists to make, at most C.
        weight: of novelty, from 0 to 1.
        popularity: share of users who have each item; 0 counts as the least share above 0.

    Returns:
        int64 array of users x k, padded with -1.

    Raises:
        ValueError: for a k or a weight outside these bounds, or a candidate outside the catalogue.
    """
    candidates = _checked(candidates, k, weight, len(popularity))
    bits = -np.log2(np.maximum(popularity, popularity[popularity > 0].min(initial=1.0)))
    empty = candidates < 0
    novelty = np.where(empty, np.nan, bits[np.maximum(candidates, 0)])
    with np.errstate(invalid="ignore"):
        least = np.fmin.reduce(novelty, axis=1)[:, None]
        spread = np.fmax.reduce(novelty, axis=1)[:, None] - least
        scaled = np.where(spread > 0, (novelty - least) / np.where(spread > 0, spread, 1), 0)
    value = (1 - weight) * _relevance(candidates) + weight * scaled
    order = np.argsort(np.where(empty, np.inf, -value), axis=1, kind="stable")[:, :k]
    return np.take_along_axis(candidates, order, axis=1)


def more_diverse(candidates: np.ndarray, k: int, weight: float, features: np.ndarray) -> np.ndarray:
    """Avoid what is like something chosen before: maximal marginal relevance.

    Next comes the candidate with the most ``(1 - weight) relevance - weight max cos`` over what is
    chosen (Carbonell & Goldstein 1998, SIGIR). An item without features is like none.

    Args:
        candidates, k: see :func:`less_popular`.
        weight: of diversity, from 0 to 1.
        features: items x dimensions, float64; rows with NaN or only 0 are unknown.
    """
    candidates = _checked(candidates, k, weight, len(features))
    lengths = np.linalg.norm(features, axis=1)
    known = lengths > 0
    units = np.zeros(features.shape)
    units[known] = features[known] / lengths[known, None]
    chosen = np.full((len(candidates), k), -1, dtype=np.int64)
    parts = candidates, float(weight), units, chosen
    in_chunks(lambda start, stop: _diversify(start, stop, *parts), len(chosen))
    return chosen


def calibrated(
    candidates: np.ndarray,
    k: int,
    weight: float,
    genres: np.ndarray,
    seen: csr_matrix,
    alpha: float = 0.01,
) -> np.ndarray:
    """Keep the genres of the list near those of the profile: greedy calibration (Steck 2018).

    Next comes the candidate with the most ``(1 - weight) sum of relevance - weight divergence`` of
    the list with it; the divergence is that of
    :func:`nexttrack.evaluation.beyond_accuracy.miscalibration_at_k`. A user whose profile has no
    genre keeps the order.

    Args:
        candidates, k: see :func:`less_popular`.
        weight: of calibration, from 0 to 1.
        genres: items x genres, float64, each row a distribution, or zeros where nothing is known.
        seen: sparse matrix of users x items, the profiles, row for row with the candidates.
        alpha: share of the profile that is mixed into the list, above 0 and below 1.
    """
    candidates, seen = _checked(candidates, k, weight, len(genres)), as_interactions(seen, "seen")
    if seen.shape != (len(candidates), len(genres)):
        raise ValueError(
            f"seen must be of {len(candidates)} lists x {len(genres)} items, not {seen.shape}"
        )
    ones = csr_matrix((np.ones(seen.nnz), seen.indices, seen.indptr), shape=seen.shape)
    profile, n = ones @ genres, ones @ (genres.sum(axis=1) > 0)
    profile = np.divide(profile, n[:, None], out=np.zeros(profile.shape), where=n[:, None] > 0)
    chosen = np.full((len(candidates), k), -1, dtype=np.int64)
    values = np.ascontiguousarray(genres, dtype=np.float64)
    parts = candidates, float(weight), values, profile, float(alpha), chosen
    in_chunks(lambda start, stop: _calibrate(start, stop, *parts), len(chosen))
    return chosen


def _checked(candidates: np.ndarray, k: int, weight: float, n_items: int) -> np.ndarray:
    candidates = np.ascontiguousarray(candidates, dtype=np.int64)
    if not 1 <= k <= candidates.shape[1]:
        raise ValueError(f"k is {k}, but there are {candidates.shape[1]} candidates")
    if not 0 <= weight <= 1:
        raise ValueError(f"weight must be between 0 and 1, not {weight}")
    wrong = np.argwhere((candidates < -1) | (candidates >= n_items))
    if len(wrong):
        user, place = wrong[0]
        item = candidates[user, place]
        raise ValueError(f"list of user {user}: item {item} is outside the catalogue of {n_items}")
    return candidates


def _relevance(candidates: np.ndarray) -> np.ndarray:
    return 1 - np.arange(candidates.shape[1]) / candidates.shape[1]


@njit(nogil=True, cache=True)
def _diversify(start, stop, candidates, weight, units, chosen):
    n, k = candidates.shape[1], chosen.shape[1]
    nearest = np.empty(n)
    left = np.empty(n, dtype=np.bool_)
    for user in range(start, stop):
        nearest[:] = 0.0  # the largest cosine with what is chosen; of the first, all have none
        left[:] = candidates[user] >= 0
        for place in range(k):
            best, most = -1, -np.inf
            for c in range(n):
                value = (1 - weight) * (1 - c / n) - weight * nearest[c]
                if left[c] and value > most:
                    best, most = c, value
            if best < 0:
                break
            left[best] = False
            item = candidates[user, best]
            chosen[user, place] = item
            for c in range(n):
                if left[c]:
                    cosine = 0.0
                    for d in range(units.shape[1]):
                        cosine += units[item, d] * units[candidates[user, c], d]
                    nearest[c] = cosine if place == 0 else max(nearest[c], cosine)


@njit(nogil=True, cache=True)
def _calibrate(start, stop, candidates, weight, genres, profile, alpha, chosen):
    n, k, n_genres = candidates.shape[1], chosen.shape[1], genres.shape[1]
    total = np.empty(n_genres)
    left = np.empty(n, dtype=np.bool_)
    for user in range(start, stop):
        total[:] = 0.0
        n_known = 0
        left[:] = candidates[user] >= 0
        for place in range(k):
            best, most = -1, -np.inf
            for c in range(n):
                if not left[c]:
                    continue
                row = genres[candidates[user, c]]
                adds = row.sum() > 0
                divergence = 0.0
                for g in range(n_genres):
                    p = profile[user, g]
                    if p > 0:
                        q = (total[g] + row[g]) / max(n_known + adds, 1)
                        divergence += p * np.log(p / ((1 - alpha) * q + alpha * p))
                value = (1 - weight) * (1 - c / n) - weight * divergence
                if value > most:
                    best, most = c, value
            if best < 0:
                break
            left[best] = False
            item = candidates[user, best]
            chosen[user, place] = item
            total += genres[item]
            n_known += genres[item].sum() > 0
