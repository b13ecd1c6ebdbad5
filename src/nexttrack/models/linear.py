"""Linear models in closed form: each item is predicted from the items of a profile.

Longer than other modules, as the compiled loops of EASE stand beside it.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numba import njit
from scipy.linalg import get_lapack_funcs
from scipy.sparse import csr_matrix, diags

from nexttrack.kernels.chunks import in_chunks
from nexttrack.kernels.ranking import (
    NO_SCORE,
    best_first,
    offer_all,
    product,
    room,
    rows_of,
    top_n,
)
from nexttrack.kernels.row_sums import WIDTH as TILE
from nexttrack.kernels.row_sums import aligned, row_sums
from nexttrack.models.model_file import check_array
from nexttrack.models.recommender import Recommender, one_hot
from nexttrack.models.space import Range, Space

GROUP = 64  # users whose scores of a tile stay in the nearest cache
LISTS_BYTES = 64_000_000  # of candidates at a time in each thread: each time reads all weights once
DENSE_BLOCK = 64_000_000  # of scores at a time: each block reads the whole inverse

# Largest condition numbers at which float32 is enough for EASE: its weights are then off by less
# than 1e-4 of the largest where P is inverted. Where K is, two differences cancel as well, and
# scores are off by less than 1e-3 of their mean. At the last one float64 ends, as float32 there.
SINGLE_BY_ITEMS, SINGLE_BY_USERS, DOUBLE = 1e6, 1e3, 1e12


class EASE(Recommender):
    """Ridge regression of every item on all others, in closed form (Steck 2019, WWW).

    The weights B minimise ``|X - X B|^2 + regularization |B|^2`` with a diagonal of 0. With
    ``P = (X'X + regularization I)^-1``: ``B_ij = -P_ij / P_jj``. The score is the user's row times
    B, and may be below 0.

    P has items x items entries. With fewer users than items the same weights are had from
    ``K = (XX' + regularization I)^-1``, users x users, since ``P = (I - X'KX) / regularization``
    (Woodbury's identity): with y the row ``z X' K X`` for a profile z, the score of item j is
    ``z_j - (z_j - y_j) / (1 - x_j' K x_j)``. ``fit`` takes the smaller of the two, and float64
    where the values are so large beside the regularisation (raw play counts) that float32 would
    lose the answer.

    With a ``popularity_exponent`` the score of an item that n users have is multiplied by
    ``n^-popularity_exponent``: EASE scores popular items high, and above 0 holds them back.

    A user is the row of ``user_items``, known or not, so ``recalculate_user`` changes nothing.
    Similar to an item are those for which it speaks most: the largest entries of its row of B.

    ``fit`` takes 4 bytes for each entry of the smaller Gram matrix, 400 MB for 10,000 items, and 8
    in float64. It raises a ValueError if the regularisation is too small beside the weights for
    the matrix to be inverted.

    Args:
        regularization: above 0; in the unit of users, if the values are ones.
        popularity_exponent: any number; 0 leaves the scores as they are.
        num_threads: threads; 0 for all cores. The result does not depend on it beyond rounding in
            the inverse.

    Attributes:
        n_items: number of items that the model knows.
        tiles: B where there are at least as many users as items, float32 of tiles x items x columns
            of a tile; the last tile ends in zeros. Its columns are scaled by popularity.
        inverse: K, float32 or float64 of users x users, where there are fewer.

    Raises:
        ValueError: if the regularisation is not above 0, or the exponent is no finite number.
    """

    _STATE: tuple[str, ...] = (
        *("n_items", "regularization", "popularity_exponent"),
        *("tiles", "inverse", "item_users", "divisor", "scales"),
    )
    _COMPARES = ("items",)
    n_items: Any
    tiles: Any
    inverse: Any
    item_users: Any
    divisor: Any
    scales: Any
    relaxation: float = 0.0
    dropout: float = 0.0

    search_space: ClassVar[Space] = {
        "regularization": Range(1, 10_000, log=True),
    }

    def __init__(
        self,
        regularization: float = 100.0,
        popularity_exponent: float = 0.0,
        num_threads: int = 0,
    ) -> None:
        if not (regularization > 0 and np.isfinite(regularization)):
            raise ValueError(f"regularization must be above 0 and finite, not {regularization}")
        if not np.isfinite(popularity_exponent):
            raise ValueError(f"popularity_exponent must be finite, not {popularity_exponent}")
        self.regularization = float(regularization)
        self.popularity_exponent = float(popularity_exponent)
        self.num_threads = num_threads
        self.n_items = self.tiles = self.inverse = None
        self.item_users = self.divisor = self.scales = None

    def _fit(self, user_items, show_progress, callback):
        by_users = user_items.shape[0] < user_items.shape[1]
        scales = self._scales(user_items)
        users = _times_columns(user_items, scales[0])
        users = users.astype(self._float_type(users, by_users), copy=False)
        items, scales = users.T.tocsr(), scales.astype(users.dtype)
        self.tiles = self.inverse = self.item_users = self.divisor = self.scales = None
        if not by_users:
            self.tiles = self._tiles(self._inverted(items, users), scales)
        else:
            self.item_users, self.scales = items, scales
            self.inverse = self._inverted(users, items)
            _fill_upper(self.inverse)
            self.divisor = self._relaxed(self._leftover(), 1.0)
        self.n_items = users.shape[1]

    def _scales(self, user_items: csr_matrix) -> np.ndarray:
        """Return what the values and the scores of items are multiplied by, float64 of 2 x items.

        Dropout adds p / (1 - p) of the diagonal of X'X to the regularisation. With ``s_j^2`` the
        sum of both over the regularisation, the inverse is ``S^-1 P S^-1``, P that of the matrix
        ``X S^-1`` without dropout, and the weights are ``S^-1 B S``: there is nothing else to know.
        """
        values, n_items = user_items.data.astype(np.float64), user_items.shape[1]
        squares = np.bincount(user_items.indices, values**2, minlength=n_items)
        odds = self.dropout / (1 - self.dropout)
        scale = np.sqrt(1 + odds * squares / self.regularization)
        n_users = np.bincount(user_items.indices, minlength=n_items)
        return np.stack([1 / scale, scale * np.maximum(n_users, 1.0) ** -self.popularity_exponent])

    def _relaxed(self, diagonal: np.ndarray, most: float) -> np.ndarray:
        """Return what the columns of P are divided by to give B, in the type of its diagonal.

        Args:
            diagonal: that of P, or of P times the regularisation.
            most: the largest that it can be but for rounding.
        """
        with np.errstate(divide="ignore"):
            bound = diagonal / diagonal.dtype.type(1 - self.relaxation)
        return np.minimum(bound, np.maximum(diagonal, diagonal.dtype.type(most)))

    def _loaded(self):
        """Refuse arrays of sizes that do not go together: compiled code trusts them."""
        n_items, n_users = self.n_items, 0 if self.inverse is None else len(self.inverse)
        if not isinstance(n_items, int):
            raise ValueError(f"n_items must be a whole number, not {n_items}")
        sizes = {"tiles": (-(-n_items // TILE), n_items, TILE)}
        if self.tiles is None:
            sizes = {"inverse": (n_users, n_users), "item_users": (n_items, n_users)}
            sizes |= {"divisor": (n_items,), "scales": (2, n_items)}
        kind = np.float64 if np.asarray(self.inverse).dtype == np.float64 else np.float32
        kind = kind if self.tiles is None else np.float32
        for name, size in sizes.items():
            check_array(name, getattr(self, name), size, kind)
        if self.tiles is None and not (self.divisor > 0).all():
            raise ValueError("divisor must be above 0")
        if self.tiles is not None:
            tiles = aligned(self.tiles.shape)
            tiles[:] = self.tiles
            self.tiles = tiles

    def _float_type(self, users: csr_matrix, by_users: bool) -> type:
        """Return the type to calculate in, by a bound on the condition of both Gram matrices."""
        wide = users.astype(np.float64)
        n_users, n_items = wide.shape
        sums = wide @ (wide.T @ np.ones(n_users)), wide.T @ (wide @ np.ones(n_items))
        condition = 1 + min(sums[0].max(), sums[1].max()) / self.regularization
        if condition > DOUBLE:
            raise ValueError(
                f"regularization {self.regularization} is too small to invert the matrix beside"
                f" weights of up to {users.data.max()}: raise it, or scale them (log1p)"
            )
        limit = SINGLE_BY_USERS if by_users else SINGLE_BY_ITEMS
        return np.float32 if condition <= limit else np.float64

    def _inverted(self, rows: csr_matrix, columns: csr_matrix) -> np.ndarray:
        """Return the inverse of the regularised Gram matrix of rows; its lower triangle is set."""
        gram = np.zeros((rows.shape[0], rows.shape[0]), dtype=rows.dtype)
        parts = rows.indptr, rows.indices, rows.data, columns.indptr, columns.indices, columns.data
        in_chunks(lambda start, stop: _gram(start, stop, *parts, gram), len(gram), self.num_threads)
        gram[np.diag_indices_from(gram)] += self.regularization
        # LAPACK reads columns: what is the lower triangle here is the upper one there.
        factorised, inverted = get_lapack_funcs(("potrf", "potri"), (gram,))
        factor, info = factorised(gram.T, lower=0, clean=0, overwrite_a=1)
        if info == 0:
            inverse, info = inverted(factor, lower=0, overwrite_c=1)
        if info:
            raise ValueError(
                f"regularization {self.regularization} is too small to invert the matrix"
            )
        return inverse.T

    def _tiles(self, inverse: np.ndarray, scales: np.ndarray) -> np.ndarray:
        """Return B in tiles from P, of which the lower triangle is set."""
        _fill_upper(inverse)
        n_tiles = -(-len(inverse) // TILE)
        tiles = aligned((n_tiles, len(inverse), TILE))
        divisor = self._relaxed(inverse.diagonal().copy(), 1 / self.regularization)
        parts = inverse, divisor, scales, tiles
        in_chunks(lambda start, stop: _fill_tiles(start, stop, *parts), n_tiles, self.num_threads)
        return tiles

    @property
    def weights(self) -> np.ndarray | None:
        """Return B, a new float32 array of items x items, or None if it is not kept.

        The score of an item is a profile times its column.
        """
        if self.tiles is None:
            return None
        return np.hstack(list(self.tiles))[:, : self.n_items]

    def _leftover(self) -> np.ndarray:
        """Return ``1 - x_j' K x_j`` of each item, in the type of K."""
        items = self.item_users
        leftover = np.empty(items.shape[0], dtype=self.inverse.dtype)
        parts = items.indptr, items.indices, items.data, self.inverse, leftover
        in_chunks(lambda start, stop: _one_minus_form(start, stop, *parts), len(leftover))
        if not (leftover > 0).all():
            raise ValueError(
                f"regularization {self.regularization} is too small to invert the matrix"
            )
        return leftover

    def _ranked(self, users, user_items, N, hidden, may, recalculate_user):
        if self.tiles is not None:
            return self._ranked_by_tiles(user_items, N, hidden, may)
        return top_n(
            self._scorer(user_items),
            len(users),
            N,
            hidden=hidden,
            allowed=may,
            num_threads=self.num_threads,
            block_bytes=DENSE_BLOCK,
        )

    def _ranked_by_tiles(self, user_items, N, hidden, allowed):
        """Rank tile by tile, so that weights stay in the cache and scores are never written."""
        n_users = user_items.shape[0]
        ids = np.full((n_users, N), -1, dtype=np.int32)
        scores = np.full((n_users, N), NO_SCORE, dtype=np.float32)
        if N == 0:
            return ids, scores
        profiles = user_items.indptr, user_items.indices, user_items.data.astype(np.float32)
        if hidden is not None and not hidden.has_sorted_indices:
            hidden = hidden.sorted_indices()
        left_out = *rows_of(hidden, n_users), np.flatnonzero(~allowed)
        model = self.tiles, self.n_items
        rows = max(1, LISTS_BYTES // (8 * room(N)))

        def fill(first, last):
            sums = aligned((GROUP, TILE))
            for start in range(first, last, rows):
                stop = min(start + rows, last)
                _rank_by_tiles(start, stop, *profiles, *left_out, *model, sums, ids, scores)

        in_chunks(fill, n_users, self.num_threads)
        return ids, scores

    def _similar_items(self, items, N, may, placed):
        rows = one_hot(items, self.n_items)
        return self._ranked(items, rows, N, rows, may, False)

    def _contributions(self, profile, item, user_weights):
        if self.tiles is not None:
            return profile.data * self.tiles[item // TILE, profile.indices, item % TILE]
        each = diags(profile.data) @ one_hot(profile.indices, self.n_items)
        return self._scorer(each.tocsr())(0, profile.nnz)[:, item]

    def _scorer(self, rows: csr_matrix) -> Callable[[int, int], np.ndarray]:
        """Return the function that scores the rows from start to before stop by training users."""
        rows = _times_columns(rows.astype(self.inverse.dtype, copy=False), self.scales[0])
        profiles = rows.indptr, rows.indices, rows.data
        items = self.item_users.indptr, self.item_users.indices, self.item_users.data
        users, zero = self.item_users.T.tocsr(), self.inverse.dtype.type(0)

        def score(start, stop):
            weights = product((rows[start:stop] @ users.T).toarray(), self.inverse)
            out = np.empty((stop - start, self.n_items), dtype=np.float32)
            _predict(start, *profiles, weights, *items, self.divisor, self.scales[1], zero, out)
            return out

        return score


class RLAE(EASE):
    """EASE with a diagonal that may be above 0 (Moon, Kim & Lee 2023, SIGIR).

    Where :class:`EASE` forbids an item to predict itself, here it may with a weight up to the
    ``relaxation``: the weights B minimise ``|X - X B|^2 + regularization |B|^2`` with
    ``B_jj <= relaxation``. With P as there, ``B = I - P diag(c)`` and
    ``c_j = max(regularization, (1 - relaxation) / P_jj)``. A relaxation of 0 is EASE, and of 1
    plain ridge regression of all items on all.

    Args:
        regularization, popularity_exponent, num_threads: as of :class:`EASE`.
        relaxation: from 0 to 1; it is xi in the paper, which tries .1 to .9.

    Raises:
        ValueError: for settings that are not as said.
    """

    _STATE: tuple[str, ...] = (*EASE._STATE, "relaxation")

    search_space: ClassVar[Space] = {**EASE.search_space, "relaxation": Range(0, 0.9)}

    def __init__(
        self,
        regularization: float = 100.0,
        relaxation: float = 0.5,
        popularity_exponent: float = 0.0,
        num_threads: int = 0,
    ) -> None:
        super().__init__(regularization, popularity_exponent, num_threads)
        if not 0 <= relaxation <= 1:
            raise ValueError(f"relaxation must be from 0 to 1, not {relaxation}")
        self.relaxation = float(relaxation)


class RDLAE(RLAE):
    """RLAE that sees profiles with items dropped out (Moon, Kim & Lee 2023, SIGIR).

    It predicts whole profiles from those of which each value is 0 with the probability p, the
    ``dropout``. In expectation that adds p / (1 - p) of the diagonal of X'X to the regularisation,
    so that items with many users are held back more: with
    ``L_j = regularization + p / (1 - p) (X'X)_jj``, ``P = (X'X + diag(L))^-1`` and
    ``c_j = max(L_j, (1 - relaxation) / P_jj)``, ``B = I - P diag(c)``. Without dropout it is
    :class:`RLAE`, without relaxation EDLAE (Steck 2020, NeurIPS).

    Args:
        regularization, relaxation, popularity_exponent, num_threads: as of :class:`RLAE`.
        dropout: at least 0 and below 1; the paper tries .1 to .9.

    Raises:
        ValueError: for settings that are not as said.
    """

    _STATE = (*RLAE._STATE, "dropout")

    search_space: ClassVar[Space] = {**RLAE.search_space, "dropout": Range(0, 0.9)}

    def __init__(
        self,
        regularization: float = 100.0,
        relaxation: float = 0.5,
        dropout: float = 0.5,
        popularity_exponent: float = 0.0,
        num_threads: int = 0,
    ) -> None:
        super().__init__(regularization, relaxation, popularity_exponent, num_threads)
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must be 0 or more and below 1, not {dropout}")
        self.dropout = float(dropout)


def _times_columns(rows: csr_matrix, scale: np.ndarray) -> csr_matrix:
    """Return rows with each column multiplied by its scale, in the wider type of the two."""
    return csr_matrix((rows.data * scale[rows.indices], rows.indices, rows.indptr), rows.shape)


@njit(nogil=True, cache=True)
def _gram(start, stop, row_ptr, row_ids, row_data, column_ptr, column_ids, column_data, gram):
    """Fill in the products of the rows start..stop with themselves and the rows before them."""
    for row in range(start, stop):
        for p in range(row_ptr[row], row_ptr[row + 1]):
            column, weight = row_ids[p], row_data[p]
            for q in range(column_ptr[column], column_ptr[column + 1]):
                if column_ids[q] > row:
                    break
                gram[row, column_ids[q]] += weight * column_data[q]


@njit(nogil=True, cache=True)
def _fill_upper(matrix):
    """Copy the lower triangle of a square matrix to the upper one, in squares that stay cached."""
    n, size = len(matrix), 64
    for top in range(0, n, size):
        for left in range(0, top + 1, size):
            for row in range(top, min(top + size, n)):
                for column in range(left, min(left + size, row)):
                    matrix[column, row] = matrix[row, column]


@njit(nogil=True, cache=True)
def _fill_tiles(start, stop, inverse, divisor, scales, tiles):
    """Fill in the tiles start..stop of B from P."""
    n_items = len(inverse)
    for tile in range(start, stop):
        left, n = tile * TILE, min(TILE, n_items - tile * TILE)
        for row in range(n_items):
            for k in range(n):
                weight = inverse[row, left + k] / -divisor[left + k]
                if left + k == row:
                    weight += 1
                tiles[tile, row, k] = weight * (scales[0, row] * scales[1, left + k])


@njit(nogil=True, cache=True)
def _one_minus_form(start, stop, item_ptr, item_ids, item_data, inverse, leftover):
    for item in range(start, stop):
        total = 0.0
        for p in range(item_ptr[item], item_ptr[item + 1]):
            for q in range(item_ptr[item], item_ptr[item + 1]):
                total += item_data[p] * item_data[q] * inverse[item_ids[p], item_ids[q]]
        leftover[item] = 1.0 - total


@njit(nogil=True, cache=True)
def _rank_by_tiles(
    start,
    stop,
    ptr,
    ids,
    data,
    hidden_ptr,
    hidden_ids,
    forbidden,
    tiles,
    n_items,
    sums,
    best_ids,
    best_scores,
):
    """Fill in the best items, ids (int32) and scores, of the profiles start..stop."""
    n_rows, N = stop - start, best_ids.shape[1]
    own_ids = np.empty((n_rows, room(N)), dtype=np.int32)
    own_scores = np.empty((n_rows, room(N)), dtype=np.float32)
    noted = np.zeros(n_rows, dtype=np.int64)
    worst = np.full(n_rows, -np.inf, dtype=np.float32)
    next_hidden = hidden_ptr[start:stop].copy()
    next_forbidden = 0
    for t in range(len(tiles)):
        left, width = t * TILE, min(TILE, n_items - t * TILE)
        first_forbidden = next_forbidden
        while next_forbidden < len(forbidden) and forbidden[next_forbidden] < left + TILE:
            next_forbidden += 1
        # Some users at a time: a branch foreseen wrongly would hold up the sums behind it.
        for group in range(0, n_rows, len(sums)):
            members = min(len(sums), n_rows - group)
            for k in range(members):
                user = start + group + k
                row_sums(ids, data, ptr[user], ptr[user + 1], tiles[t], sums[k])
            for k in range(members):
                row = group + k
                p = next_hidden[row]
                while p < hidden_ptr[start + row + 1] and hidden_ids[p] < left + TILE:
                    sums[k, hidden_ids[p] - left] = -np.inf
                    p += 1
                next_hidden[row] = p
                for f in range(first_forbidden, next_forbidden):
                    sums[k, forbidden[f] - left] = -np.inf
                noted[row], worst[row] = offer_all(
                    left, sums[k, :width], own_ids[row], own_scores[row], noted[row], N, worst[row]
                )
    for row in range(n_rows):
        n = best_first(own_ids[row], own_scores[row], noted[row], N)
        best_ids[start + row, :n] = own_ids[row, :n]
        best_scores[start + row, :n] = own_scores[row, :n]


@njit(nogil=True, cache=True)
def _predict(
    start, ptr, ids, data, weights, item_ptr, item_ids, item_data, divisor, scale, zero, out
):
    """Fill in scores (float32) from weights of training users, for profiles from start on.

    All is summed up in the type of ``zero``.
    """
    n_items = len(divisor)
    own = np.full(n_items, zero)
    for row in range(len(out)):
        for p in range(ptr[start + row], ptr[start + row + 1]):
            own[ids[p]] += data[p]
        for item in range(n_items):
            total = zero
            for p in range(item_ptr[item], item_ptr[item + 1]):
                total += weights[row, item_ids[p]] * item_data[p]
            out[row, item] = (own[item] - (own[item] - total) / divisor[item]) * scale[item]
        for p in range(ptr[start + row], ptr[start + row + 1]):
            own[ids[p]] = 0.0
