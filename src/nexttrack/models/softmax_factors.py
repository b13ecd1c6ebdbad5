"""Matrix factorisation with a softmax over all items, of cosines sharpened by a temperature."""

import time
from typing import ClassVar, NamedTuple, Self

import numpy as np
from numba import njit
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from nexttrack.kernels.chunks import in_chunks
from nexttrack.kernels.softmax import softmax_gradients
from nexttrack.models.factors import LearnedFactors, one_or_all
from nexttrack.models.inputs import checked_user_items
from nexttrack.models.model_file import check_array
from nexttrack.models.space import Range, Space
from nexttrack.progress import steps

BATCH = 256  # users of a step, or a few less, so that all steps have as many
SPREAD = {"free": 0.3, "pooled": 1.0}
"""Of the items' first vectors around the direction that they share; without it pools look alike."""
FOLD_IN_STEPS = 100
ROWS = 1024  # moved side by side


class SoftmaxMF(LearnedFactors):
    """Factors learned by the softmax loss over cosines (Wu et al. 2024, here without sampling).

    The probability that the next item of user u is i is ::

        p_ui = exp(x_u . y_i) / sum over all items j of exp(x_u . y_j),   |y_j| = 1

    and minimised is the sum of the users' mean surprise, weighted by the number of their items::

        L = sum over u of w_u (sum over i of I_u of -ln p_ui) / |I_u|,   w_u ~ |I_u|^weight_exponent

    with weights of mean 1. With ``user_side="free"`` each user has a direction of its own, and a
    score is a cosine divided by the temperature t: ``|x_u| = 1 / t``. With ``"pooled"`` it is ::

        x_u = sum over i of I_u of y_i / (t |I_u|^0.5)

    and in each step a part of the user's items, ``dropout``, is left out of the sum and has to be
    found among all others, as in a denoising autoencoder. Such a model needs no fit for a new user,
    and its score is the sum of what each item of the user contributes (:meth:`explain`).

    The sum over j is over the whole catalogue, so that gradients are exact, unless ``samples`` are
    drawn for each step. Those stand for all items that none in the batch has, as many times as they
    are fewer; then only items that are in a step are moved by it, and so is its cost bounded.

    Steps are those of Adam (Kingma & Ba 2015), over batches of users. The loss knows vectors by
    their direction alone, and the 0.001 beside the root of the second moment keeps those of
    items with few users near the direction that all share: that, and stopping after some epochs,
    is all the regularisation. Values in ``user_items`` are not used, only where they are. A user
    without items and an item without users have factors of 0; such an item is not recommended.

    Args:
        factors: number of factors, at least 1.
        temperature: t, above 0.
        user_side: "free" or "pooled".
        iterations: epochs over the users, at least 1.
        learning_rate: above 0.
        weight_exponent: 1 to weigh pairs alike, 0 to weigh users alike.
        dropout: share of a user's items left out of the pool, between 0 and 1; no matter if free.
        samples: items drawn for a step, at least 1, or None for all.
        num_threads: threads; 0 for all cores. The result does not depend on it.
        random_state: the seed, a whole number of at least 0.

    Attributes:
        user_factors: x, float32 of users x factors.
        item_factors: y, float32 of items x factors.

    Raises:
        ValueError: for an argument outside these bounds.
    """

    _STATE = (
        *("item_factors", "user_factors"),
        *("factors", "temperature", "user_side", "iterations", "learning_rate"),
        *("weight_exponent", "dropout", "samples", "random_state"),
    )
    _ITERATES = True

    search_space: ClassVar[Space] = {
        "factors": Range(32, 128, log=True, whole=True),
        "temperature": Range(0.1, 0.3, log=True),
        "iterations": Range(20, 80, log=True, whole=True),
    }
    pooled_search_space: ClassVar[Space] = {**search_space, "dropout": Range(0.4, 0.9)}
    """What a search may try if users are pooled."""

    def __init__(
        self,
        factors: int = 128,
        temperature: float = 0.2,
        user_side: str = "free",
        iterations: int = 60,
        learning_rate: float = 0.03,
        weight_exponent: float = 0.5,
        dropout: float = 0.7,
        samples: int | None = None,
        num_threads: int = 0,
        random_state: int = 0,
    ) -> None:
        super().__init__(num_threads=num_threads)
        if factors < 1 or iterations < 1 or (samples is not None and samples < 1):
            raise ValueError("factors, iterations and samples must be 1 or more")
        if not (temperature > 0 and learning_rate > 0):
            raise ValueError("temperature and learning_rate must be above 0")
        if user_side not in SPREAD:
            raise ValueError(f'user_side must be "free" or "pooled", not {user_side!r}')
        if not 0 < dropout < 1:
            raise ValueError("dropout must be between 0 and 1")
        self.factors = factors
        self.temperature = temperature
        self.user_side = user_side
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.weight_exponent = weight_exponent
        self.dropout = dropout
        self.samples = samples
        self.random_state = random_state

    def _fit(self, user_items, show_progress, callback):
        user_items = _binary(user_items)
        had = np.bincount(user_items.indices, minlength=user_items.shape[1]) > 0
        rows = user_items[:, had]
        rng = np.random.default_rng(self.random_state)
        items = self._item_vectors(had, rng)
        users = _Moving.start(rows.shape[0], self.factors, 1.0, rng)
        weights = _weights(rows, self.weight_exponent)
        epochs = list(range(self.iterations))
        # One thread of BLAS: ours share the work out, and sums then have one order everywhere.
        with threadpool_limits(1, user_api="blas"):
            for epoch in steps(epochs, "Epochs") if show_progress else epochs:
                began = time.perf_counter()
                order = rng.permutation(np.flatnonzero(weights))
                for batch in np.array_split(order, -(-len(order) // BATCH)):
                    self._step(rows[batch], batch, weights[batch], items, users, rng)
                if callback:
                    callback(epoch, time.perf_counter() - began, None)
        self.item_factors = self._directions_of_all(items, had)
        if self.user_side == "free":
            self.user_factors = users.directions() / np.float32(self.temperature)
            self.user_factors[np.diff(user_items.indptr) == 0] = 0
        else:
            self.user_factors = self._pool(user_items, self.item_factors)

    def _item_vectors(self, had, rng):
        """Return the vectors of the items that somebody has, as they start."""
        items = _Moving.start(int(had.sum()), self.factors, SPREAD[self.user_side], rng)
        items.vectors[:, 0] += 1
        return items

    def _directions_of_all(self, items, had):
        found = np.zeros((len(had), self.factors), dtype=np.float32)
        found[had] = items.directions()
        return found

    def _step(self, rows, batch, weight, items, users, rng):
        """Move items, and the users if they are free, by the gradient of the loss of a batch."""
        chosen, log_weight = self._candidates(rows, rng)
        if log_weight is not None:
            rows = rows[:, chosen]
        y = items.directions(chosen)
        if self.user_side == "free":
            x = users.directions(batch) / np.float32(self.temperature)
            by_x, by_y = self._gradients(x, y, rows, weight, log_weight=log_weight)
            # A user's own step is by the surprise, whatever its weight among the others.
            users.move(batch, by_x / (weight * np.float32(self.temperature))[:, None], self)
        else:
            shown, left = _parted(rows, self.dropout, rng)
            weight = np.where(np.diff(left.indptr) > 0, weight, np.float32(0))
            found = self._gradients(
                self._pool(shown, y), y, left, weight, hidden=shown, log_weight=log_weight
            )
            by_x, by_y = found
            by_y += shown.T @ (by_x * self._pool_scale(shown))
        items.move(chosen, by_y / np.float32(len(batch)), self)

    def _candidates(self, rows, rng):
        """Return the items of a step, and the logarithms of what they count, None for all alike."""
        own = np.bincount(rows.indices, minlength=rows.shape[1]) > 0
        others = np.flatnonzero(~own)
        if self.samples is None or self.samples >= len(others):
            return np.arange(len(own)), None
        own[rng.choice(others, self.samples, replace=False)] = True
        chosen = np.flatnonzero(own)
        log_weight = np.zeros(len(chosen), dtype=np.float32)
        drawn = np.isin(chosen, others, assume_unique=True)
        log_weight[drawn] = np.log(len(others) / self.samples)
        return chosen, log_weight

    def _gradients(self, *arguments, **named):
        return softmax_gradients(*arguments, **named, num_threads=self.num_threads)

    def _pool(self, rows, y):
        return (rows @ y) * self._pool_scale(rows)

    def _pool_scale(self, rows):
        """Return 1 / (t |I_u|^0.5), float32, a column."""
        counts = np.maximum(np.diff(rows.indptr), 1)
        return (1 / (self.temperature * np.sqrt(counts))).astype(np.float32)[:, None]

    def _known_items(self):
        return self.item_factors.any(axis=1)

    def _loaded(self):
        super()._loaded()
        check_array("item_factors", self.item_factors, (self.n_items, self.factors), np.float32)

    def recalculate_user(self, userid: ArrayLike, user_items: csr_matrix) -> np.ndarray:
        """Return the factors of users, known or not, from their rows, with the items as they are.

        If users are pooled, that is what they have; if they are free, where Adam leads from there
        in 100 steps, which is where the surprise is least, to a hundredth or so.

        Args:
            userid: position, or array of positions; only their number counts.
            user_items: one row for each of them.

        Returns:
            float32 of users x factors, or of factors for a single user.

        Raises:
            ValueError: if the rows do not fit, or a weight is negative, NaN or infinite.
        """
        rows = _binary(checked_user_items(user_items, len(self.item_factors)))
        vectors = self._pool(rows, self.item_factors)
        if self.user_side == "free":
            had = self._known_items()
            vectors = self._followed(rows[:, had], vectors, self.item_factors[had])
        return one_or_all(userid, vectors)

    def _followed(self, rows, vectors, y):
        """Return where the gradient of their surprise leads free users, float32."""
        users = _Moving.at(vectors / np.maximum(lengths(vectors), np.float32(1e-6)))
        some = np.flatnonzero(vectors.any(axis=1))
        t, alike = np.float32(self.temperature), np.ones(BATCH, dtype=np.float32)
        with threadpool_limits(1, user_api="blas"):
            for batch in np.array_split(some, -(-len(some) // BATCH) or 1):
                asked = rows[batch]
                for _ in range(FOLD_IN_STEPS if len(batch) else 0):
                    x = users.directions(batch) / t
                    by_x, _ = self._gradients(x, y, asked, alike[: len(batch)], of_items=False)
                    users.move(batch, by_x / t, self)
        return users.directions() / t

    def _contributions(self, profile, item, user_weights):
        if self.user_side != "pooled":
            raise NotImplementedError('scores have parts only with user_side="pooled"')
        return (self._pool_scale(profile) * self.item_factors[profile.indices]) @ self.item_factors[
            item
        ]


class _Moving(NamedTuple):
    """Vectors of which the direction counts, with Adam's two moments and numbers of steps."""

    vectors: np.ndarray
    first: np.ndarray
    second: np.ndarray
    moved: np.ndarray

    @classmethod
    def at(cls, vectors: np.ndarray) -> Self:
        nothing = np.zeros(len(vectors), dtype=np.int64)
        return cls(vectors, np.zeros_like(vectors), np.zeros_like(vectors), nothing)

    @classmethod
    def start(cls, n: int, factors: int, spread: float, rng: np.random.Generator) -> Self:
        draws = rng.standard_normal((n, factors), dtype=np.float32)
        return cls.at(draws * np.float32(spread / np.sqrt(factors)))

    def directions(self, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return vectors of length 1; where there is none, 0."""
        vectors = self.vectors[rows]
        return vectors / lengths(vectors)

    def move(self, rows: np.ndarray, gradient: np.ndarray, model: "SoftmaxMF") -> None:
        """Take a step against the gradient, which is given by the directions."""
        rate = np.float32(model.learning_rate)
        in_chunks(
            lambda first, last: _adam(first * ROWS, last * ROWS, rows, gradient, rate, *self),
            -(-len(rows) // ROWS),  # fewer rows are not worth a thread
            model.num_threads,
        )


# Sums may be reordered, for vector instructions; NaN and infinity keep their meaning.
@njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz"})
def _adam(start, stop, rows, gradient, rate, vectors, first, second, moved):
    """Move the rows[start..stop] of vectors, in place; gradient has a row for each of rows."""
    keep, keep_square = np.float32(0.9), np.float32(0.999)
    for p in range(start, min(stop, len(rows))):
        row, g = rows[p], gradient[p]
        v, m, s = vectors[row], first[row], second[row]
        square, along = np.float32(0), np.float32(0)
        for f in range(len(v)):
            square += v[f] * v[f]
            along += v[f] * g[f]
        if square == 0:
            continue
        along /= square
        length = np.sqrt(square)
        moved[row] += 1
        scale = rate / np.float32(1 - 0.9 ** moved[row])
        square_scale = np.float32(1 / (1 - 0.999 ** moved[row]))
        for f in range(len(v)):
            across = (g[f] - along * v[f]) / length  # the part along the vector changes nothing
            m[f] = keep * m[f] + (np.float32(1) - keep) * across
            s[f] = keep_square * s[f] + (np.float32(1) - keep_square) * across * across
            v[f] -= scale * m[f] / (np.sqrt(square_scale * s[f]) + np.float32(1e-3))


def lengths(vectors: np.ndarray) -> np.ndarray:
    """Return the lengths of rows as a column; 1 for a row of zeros, NaN for one beyond numbers."""
    length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    length[np.isinf(length)] = np.nan
    return np.where(length == 0, np.float32(1), length)


def _weights(rows: csr_matrix, exponent: float) -> np.ndarray:
    """Return the weight of each user in the loss, of mean 1 over those with items, else 0."""
    counts = np.diff(rows.indptr).astype(np.float64)
    weights = np.where(counts > 0, np.maximum(counts, 1) ** exponent, 0)
    return (weights * (counts > 0).sum() / weights.sum()).astype(np.float32)


def _parted(
    rows: csr_matrix, share: float, rng: np.random.Generator
) -> tuple[csr_matrix, csr_matrix]:
    """Divide the items of each row by chance; a share of them, on average, is in the second."""
    left = rng.random(rows.nnz) < share
    parts = []
    for taken in (~left, left):
        ends = np.concatenate([[0], np.cumsum(taken)])[rows.indptr]
        parts.append(csr_matrix((rows.data[taken], rows.indices[taken], ends), shape=rows.shape))
    return parts[0], parts[1]


def _binary(user_items: csr_matrix) -> csr_matrix:
    ones = np.ones(user_items.nnz, dtype=np.float32)
    return csr_matrix((ones, user_items.indices, user_items.indptr), shape=user_items.shape)
