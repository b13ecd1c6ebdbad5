"""The best N of many scores, for blocks of users at a time."""

from collections.abc import Callable

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from nexttrack.kernels.chunks import in_chunks

NO_SCORE = -np.finfo(np.float32).max
"""The score beside the id -1, as implicit has it."""

STRETCH = 64  # scores that are compared at once: a bit for each

BLOCK_BYTES = 16_000_000  # of scores at a time in each thread: about its part of the last cache


def top_n(
    score: Callable[[int, int], np.ndarray],
    n_users: int,
    N: int,
    *,
    hidden: csr_matrix | None,
    allowed: np.ndarray,
    num_threads: int = 0,
    block_bytes: int = BLOCK_BYTES,
) -> tuple[np.ndarray, np.ndarray]:
    """Rank all items for each user by scores that are made block by block.

    Of equal scores the smaller item position comes first. Memory is one block of scores for each
    thread, whatever the number of users.

    Args:
        score: returns the scores of the users from start to before stop, a float32 array of
            users x items that is overwritten here. NaN and minus infinity are not recommended.
        n_users: number of users.
        N: length of the lists; 0 gives empty ones.
        hidden: ``csr_matrix`` of users x items whose stored items are left out, or None.
        allowed: which items may be recommended, boolean.
        num_threads: threads; 0 for all cores. The result does not depend on it.
        block_bytes: size of a block.

    Returns:
        (ids, scores): int32 and float32 of users x N, padded with -1 and ``NO_SCORE``.
    """
    ids = np.full((n_users, N), -1, dtype=np.int32)
    values = np.full((n_users, N), NO_SCORE, dtype=np.float32)
    if not N or not n_users:
        return ids, values
    rows = max(1, block_bytes // (4 * len(allowed)))
    forbidden = np.flatnonzero(~allowed).astype(np.int32)
    indptr, indices = rows_of(hidden, n_users)

    def fill(first, last):
        for start in range(first, last, rows):
            stop = min(start + rows, last)
            block = score(start, stop)
            _select(block, start, indptr, indices, forbidden, ids, values)

    if n_users <= rows:
        fill(0, n_users)
    else:
        with threadpool_limits(1, user_api="blas"):  # our threads share the work out
            in_chunks(fill, n_users, num_threads)
    return ids, values


def rows_of(hidden: csr_matrix | None, n_users: int) -> tuple[np.ndarray, np.ndarray]:
    """Return indptr and indices of what is left out of each user's list; None is nothing."""
    if hidden is None:
        return np.zeros(n_users + 1, dtype=np.int32), np.empty(0, dtype=np.int32)
    return hidden.indptr, hidden.indices


def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return ``left @ right`` and keep quiet about lanes that BLAS computes and throws away.

    Its kernels for small matrices may read past the end of a row; what stands there sets the
    processor's flag for an invalid value, which NumPy reports, though no result is wrong.
    """
    with np.errstate(invalid="ignore"):
        return left @ right


@intrinsic
def _above(typing_context, scores, left, least):
    """Return as bits which of the ``STRETCH`` scores from ``left`` on are above ``least``."""
    signature = types.uint64(scores, types.int64, types.float32)

    def generate(context, builder, signature, values):
        array = context.make_array(signature.args[0])(context, builder, values[0])
        kind = ir.VectorType(ir.FloatType(), STRETCH)
        start = builder.bitcast(builder.gep(array.data, [values[1]]), kind.as_pointer())
        nothing, zero = ir.Constant(kind, ir.Undefined), ir.Constant(ir.IntType(32), 0)
        first = ir.Constant(ir.VectorType(ir.IntType(32), STRETCH), [0] * STRETCH)
        same = builder.shuffle_vector(
            builder.insert_element(nothing, values[2], zero), nothing, first
        )
        above = builder.fcmp_ordered(">", builder.load(start, align=4), same)
        return builder.bitcast(above, ir.IntType(STRETCH))

    return signature, generate


@intrinsic
def _lowest_set(typing_context, bits):
    """Return the position of the lowest bit that is set; there must be one."""
    signature = types.int64(types.uint64)

    def generate(context, builder, signature, values):
        return builder.cttz(values[0], ir.Constant(ir.IntType(1), 1))

    return signature, generate


@intrinsic
def _n_set(typing_context, bits):
    """Return how many bits are set."""
    signature = types.int64(types.uint64)

    def generate(context, builder, signature, values):
        return builder.ctpop(values[0])

    return signature, generate


@njit(nogil=True, cache=True)
def _select(block, start, hidden_ptr, hidden_ids, forbidden, ids, values):
    """Fill in the best items of the users whose scores are the rows of a block."""
    N = ids.shape[1]
    own_ids = np.empty(room(N), dtype=np.int32)
    own_values = np.empty(room(N), dtype=np.float32)
    for row in range(len(block)):
        scores, user = block[row], start + row
        for p in range(hidden_ptr[user], hidden_ptr[user + 1]):
            scores[hidden_ids[p]] = -np.inf
        for item in forbidden:
            scores[item] = -np.inf
        n, _ = offer_all(0, scores, own_ids, own_values, 0, N, np.float32(-np.inf))
        n = best_first(own_ids, own_values, n, N)
        ids[user, :n] = own_ids[:n]
        values[user, :n] = own_values[:n]


@njit(nogil=True, cache=True)
def room(N):
    """Return how many candidates the arrays of :func:`offer` and :func:`offer_all` must hold."""
    return N + 2 * STRETCH


@njit(nogil=True, cache=True)
def offer(item, value, ids, values, n, N, worst):
    """Note a candidate for the N best; return the number noted and what is surely too bad.

    Candidates are gathered until the arrays are full, then most that are not among the N best are
    dropped: that costs less than a heap, whose every step is a branch that cannot be foreseen. Of
    equal values the smaller id is better, so the best do not depend on the order of offers.

    Args:
        item, value: the candidate; NaN is none.
        ids, values: of length ``room(N)``.
        n: number noted before; 0 at first.
        N: at least 1.
        worst: below it no value is noted; minus infinity at first.
    """
    if not value >= worst:
        return n, worst
    ids[n], values[n] = item, value
    n += 1
    if n == len(ids):
        n = _drop_worst(ids, values, n, N)
        worst = values[n - 1]
    return n, worst


@njit(nogil=True, cache=True)
def offer_all(first, scores, ids, values, n, N, worst):
    """Offer the items from ``first`` on with their scores; see :func:`offer`.

    From call to call the items must rise. Minus infinity and NaN are no offers. The scores must
    lie next to each other in memory.
    """
    whole = len(scores) // STRETCH * STRETCH
    for left in range(0, whole, STRETCH):
        better = _above(scores, left, worst)  # most stretches hold nothing better than the worst
        if better == 0:
            continue
        if n + _n_set(better) > len(ids):
            n = _drop_worst(ids, values, n, N)
            worst = values[n - 1]
            better = _above(scores, left, worst)
        while better != 0:
            place = left + _lowest_set(better)
            ids[n], values[n] = first + place, scores[place]
            n += 1
            better &= better - np.uint64(1)
    for place in range(whole, len(scores)):
        if scores[place] > worst:
            if n == len(ids):
                n = _drop_worst(ids, values, n, N)
                worst = values[n - 1]
            ids[n], values[n] = first + place, scores[place]
            n += 1
    return n, worst


@njit(nogil=True, cache=True)
def best_first(ids, values, n, N):
    """Order the N best of n candidates from the best to the worst; return how many they are."""
    left, right = 0, n
    while right > N:
        place = _split(ids, values, left, right)
        if place < N:
            left = place + 1
        if place >= N - 1:
            right = max(place, N)
    _sort(ids, values, right)
    return right


@njit(nogil=True, cache=True)
def _drop_worst(ids, values, n, N):
    """Drop at least half of what is more than N best; return how many stay, the worst of them last.

    Exactly N would take more passes, and let little less through.
    """
    left, right = 0, n
    while right > (N + n) // 2:
        place = _split(ids, values, left, right)
        if place < N - 1:
            left = place + 1
        else:
            right = place + 1
    return right


@njit(nogil=True, cache=True)
def _sort(ids, values, n):
    """Order n candidates, the best first (quicksort)."""
    waiting = np.empty((64, 2), dtype=np.int64)  # the larger part waits: their number is log2(n)
    waiting[0, 0], waiting[0, 1], n_waiting = 0, n, 1
    while n_waiting:
        n_waiting -= 1
        left, right = waiting[n_waiting]
        while right - left > 12:
            place = _split(ids, values, left, right)
            if place - left > right - place:
                waiting[n_waiting, 0], waiting[n_waiting, 1], left = left, place, place + 1
            else:
                waiting[n_waiting, 0], waiting[n_waiting, 1], right = place + 1, right, place
            n_waiting += 1
        for k in range(left + 1, right):  # a few are ordered fastest by insertion
            item, value, place = ids[k], values[k], k
            while place > left and _is_better(item, value, ids[place - 1], values[place - 1]):
                ids[place], values[place] = ids[place - 1], values[place - 1]
                place -= 1
            ids[place], values[place] = item, value


@njit(nogil=True, cache=True)
def _is_better(item, value, other_item, other_value):
    return (value > other_value) | ((value == other_value) & (item < other_item))


@njit(nogil=True, cache=True)
def _order_pair(ids, values, first, second):
    """Exchange two candidates if the second is better."""
    if _is_better(ids[second], values[second], ids[first], values[first]):
        ids[first], ids[second] = ids[second], ids[first]
        values[first], values[second] = values[second], values[first]


@njit(nogil=True, cache=True)
def _split(ids, values, left, right):
    """Part the candidates from left to before right at the median of three; return its place.

    The better ones come before it. Whatever the comparison says, the same is done, so there is no
    branch to foresee.
    """
    last, middle = right - 1, (left + right - 1) // 2
    _order_pair(ids, values, left, last)
    _order_pair(ids, values, left, middle)
    _order_pair(ids, values, last, middle)  # the best is on the left: the next is the median
    pivot, pivot_value = ids[last], values[last]
    place = left
    for k in range(left, last):
        item, value = ids[k], values[k]
        ids[k], values[k] = ids[place], values[place]
        ids[place], values[place] = item, value
        place += _is_better(item, value, pivot, pivot_value)
    ids[last], values[last] = ids[place], values[place]
    ids[place], values[place] = pivot, pivot_value
    return place
