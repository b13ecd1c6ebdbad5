"""Elastic nets without negative weights of each column of a sparse matrix on all others."""

import numpy as np
from numba import njit

from nexttrack.kernels.ranking import best_first, offer, room


@njit(nogil=True, cache=True)
def elastic_nets(start, stop, items, users, settings, kept_ids, kept_weights, off):
    """Fill in the largest weights that predict the items start..stop, and how exact they are.

    Minimised is ``|x_j - X w|^2 / 2 + l1 |w|_1 + l2 |w|^2 / 2``, w at least 0 and ``w_j`` 0. The
    objective bends by at least l2 in each direction, so the solution is no further than |v| / l2
    from w, where v is the part of the gradient along which w may still fall.

    Args:
        start, stop: the items j.
        items: (indptr, indices, data) of items x users, float64, values above 0.
        users: the same of users x items.
        settings: (l1, l2, tolerance, max_passes, n_nearest), three float64 and two int64: the
            descent of an item ends where |v| / l2 is at most the tolerance, or after so many looks
            at v; only the n_nearest items of the largest cosines with it may have a weight.
        kept_ids: int32 of items x K, padded with -1: filled in.
        kept_weights: float64 of items x K: filled in.
        off: float64 of items, |v| / l2 in the end: filled in.
    """
    n_items, n_users, K = len(items[0]) - 1, len(users[0]) - 1, kept_ids.shape[1]
    squares, products, weight = _squares(items), np.zeros(n_items), np.zeros(n_items)
    candidates, active = np.empty(n_items, dtype=np.int32), np.empty(n_items, dtype=np.int32)
    residual = np.zeros(n_users)
    ids, values = np.empty(room(K), dtype=np.int32), np.empty(room(K))
    n_nearest = min(settings[4], n_items)
    near = np.empty(room(n_nearest), dtype=np.int32), np.empty(room(n_nearest))
    for target in range(start, stop):
        n = _meet(target, items, users, products, candidates, residual)
        n = _nearest(target, n, n_nearest, squares, products, candidates, near)
        n = _above(settings[0], n, products, candidates)
        off[target] = _solve(items, squares, settings, candidates[:n], active, weight, residual)
        kept, worst = 0, 0.0
        for item in candidates[:n]:
            if weight[item] > 0.0:
                kept, worst = offer(item, weight[item], ids, values, kept, K, worst)
                for p in range(items[0][item], items[0][item + 1]):
                    residual[items[1][p]] = 0.0
            weight[item] = 0.0
        for p in range(items[0][target], items[0][target + 1]):
            residual[items[1][p]] = 0.0
        kept = best_first(ids, values, kept, K)
        kept_ids[target, :kept] = ids[:kept]
        kept_weights[target, :kept] = values[:kept]


@njit(nogil=True, cache=True)
def _squares(items):
    ptr, _, data = items
    squares = np.zeros(len(ptr) - 1)
    for item in range(len(squares)):
        for p in range(ptr[item], ptr[item + 1]):
            squares[item] += data[p] * data[p]
    return squares


@njit(nogil=True, cache=True)
def _meet(target, items, users, products, candidates, residual):
    """Note the items that meet the target, return how many; the residual becomes the target."""
    item_ptr, item_ids, item_data = items
    user_ptr, user_ids, user_data = users
    n = 0
    for p in range(item_ptr[target], item_ptr[target + 1]):
        user = item_ids[p]
        residual[user] = item_data[p]
        for q in range(user_ptr[user], user_ptr[user + 1]):
            item = user_ids[q]
            if products[item] == 0.0:
                candidates[n] = item
                n += 1
            products[item] += item_data[p] * user_data[q]
    products[target] = 0.0
    return n


@njit(nogil=True, cache=True)
def _nearest(target, n, n_nearest, squares, products, candidates, near):
    """Keep the candidates of the largest cosines with the target; return how many."""
    if n <= n_nearest + 1:  # the target is among them
        return n
    ids, values = near
    kept, worst = 0, 0.0
    for item in candidates[:n]:
        if item != target:
            cosine = products[item] / np.sqrt(squares[item])  # times the length of the target
            kept, worst = offer(item, cosine, ids, values, kept, n_nearest, worst)
    kept = best_first(ids, values, kept, n_nearest)
    for k in range(kept):
        values[k] = products[ids[k]]
    for item in candidates[:n]:
        products[item] = 0.0
    for k in range(kept):
        products[ids[k]] = values[k]
    candidates[:kept] = ids[:kept]
    return kept


@njit(nogil=True, cache=True)
def _above(l1, n, products, candidates):
    """Keep the candidates that may have a weight, return how many; the products become 0.

    As no value is below 0, others cannot help: their product with the target is not above l1.
    """
    n_candidates = 0
    for item in candidates[:n]:
        if products[item] > l1:
            candidates[n_candidates] = item
            n_candidates += 1
        products[item] = 0.0
    return n_candidates


@njit(nogil=True, cache=True)
def _solve(items, squares, settings, candidates, active, weight, residual):
    """Descend by coordinates (Friedman, Hastie & Tibshirani 2010); return |v| / l2 in the end."""
    l1, l2, tolerance, max_passes, _ = settings
    settled = tolerance * l2
    for look in range(max_passes + 1):
        n_active, violation = 0, 0.0
        for item in candidates:
            slope = _slope(item, items, l1, l2, weight, residual)
            if weight[item] > 0.0 or slope > 0.0:
                violation += slope * slope
                active[n_active] = item
                n_active += 1
        off = np.sqrt(violation) / l2
        if off <= tolerance or look == max_passes:
            break
        settled /= 2  # a pass moves less than |v| says
        for _ in range(max_passes):  # most items have no weight: settle those that have
            n, moved = 0, 0.0
            for item in active[:n_active]:
                bend = squares[item] + l2
                slope = _slope(item, items, l1, l2, weight, residual)
                step = max(-weight[item], slope / bend)
                if step != 0.0:
                    weight[item] += step
                    for p in range(items[0][item], items[0][item + 1]):
                        residual[items[1][p]] -= step * items[2][p]
                moved += (step * bend) ** 2
                if weight[item] > 0.0:
                    active[n] = item
                    n += 1
            n_active = n
            if np.sqrt(moved) <= settled:
                break
    return off


@njit(nogil=True, cache=True)
def _slope(item, items, l1, l2, weight, residual):
    """Return by how much the objective falls with each bit of an item's weight."""
    ptr, ids, data = items
    slope = -l1 - l2 * weight[item]
    for p in range(ptr[item], ptr[item + 1]):
        slope += data[p] * residual[ids[p]]
    return slope
