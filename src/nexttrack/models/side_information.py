"""Models that learn from what items are as well as from who has them; they place new items too."""

from typing import Any, ClassVar

import numpy as np
from numba import njit
from scipy.sparse import csr_matrix, vstack
from threadpoolctl import threadpool_limits

from nexttrack.kernels.chunks import in_chunks
from nexttrack.kernels.ranking import product
from nexttrack.models.ials import IALS, cholesky_solve
from nexttrack.models.linear import EASE
from nexttrack.models.model_file import check_array
from nexttrack.models.softmax_factors import SoftmaxMF, lengths
from nexttrack.models.space import Range, Space


class SideEASE(EASE):
    """EASE of users and attributes, stacked (Jeunen, Van Balen & Goethals 2020, RecSys, "cEASE").

    An attribute, such as an artist or a genre, is one more row that has the items it belongs to:
    the weights B minimise ``|X - X B|^2 + side_weight |T - T B|^2 + regularization |B|^2`` with a
    diagonal of 0, T the matrix of attributes x items. It is :class:`EASE` of the matrix with the
    rows ``side_weight^0.5 T`` below X. An item that nobody has is predicted from those that share
    its attributes. Without attributes, or with a weight of 0, it is EASE.

    Args:
        attributes: ``csr_matrix`` of items x attributes, values of at least 0.
        side_weight: at least 0: how many users an attribute counts for.
        regularization, num_threads: as of :class:`EASE`.

    Raises:
        ValueError: for settings that are not as said; in ``fit`` if attributes are not one row for
            each item.
    """

    _STATE: tuple[str, ...] = (*EASE._STATE, "side_weight")

    search_space: ClassVar[Space] = {
        **EASE.search_space,
        "side_weight": Range(0.1, 1000, log=True),
    }

    def __init__(
        self,
        attributes: csr_matrix | None = None,
        side_weight: float = 1.0,
        regularization: float = 100.0,
        num_threads: int = 0,
    ) -> None:
        super().__init__(regularization, num_threads=num_threads)
        if not (side_weight >= 0 and np.isfinite(side_weight)):
            raise ValueError(f"side_weight must be 0 or more and finite, not {side_weight}")
        self.attributes = attributes
        self.side_weight = float(side_weight)

    def _fit(self, user_items, show_progress, callback):
        attributes = content_rows(self.attributes, user_items.shape[1], "attributes")
        below = attributes.T * np.sqrt(self.side_weight)
        stacked = vstack([user_items, below.tocsr().astype(np.float32)], format="csr")
        stacked.eliminate_zeros()
        super()._fit(stacked, show_progress, callback)


class ContentIALS(IALS):
    """iALS whose items are drawn towards what their content lets one expect.

    After :class:`IALS` is fitted, ridge regression predicts the factors of items from their content
    (van den Oord, Dieleman & Schrauwen 2013; Gantner et al. 2010), items weighed by the number of
    their users, and the items with content are solved for once more with the prediction p_i as
    their prior mean, as in collaborative topic regression (Wang & Blei 2011, KDD)::

        L_i = (the terms of y_i in L) + prior_weight |y_i - p_i|^2

    So an item that nobody has is placed by its content alone, one with many users nearly by them
    alone, and all are in one list. An item without content stays as it was: with content of zeros
    alone the model is :class:`IALS`. Users are learned before that, and stay as they are.

    Args:
        content: items x columns, ``csr_matrix`` or array, finite; a row of zeros: nothing is known.
        prior_weight: at least 0; in the unit of ``regularization``.
        content_regularization: of the ridge from content to factors, above 0.
        ials: settings of :class:`IALS`.

    Attributes:
        learned: which items somebody had in ``fit``, boolean.
        content_factors: float64 of columns x factors: an item that nobody had is placed at its
            content times these.

    Raises:
        ValueError: for settings that are not as said; in ``fit`` if content is not one finite row
            for each item.
    """

    _STATE = (  # type: ignore[assignment]  # longer than that of IALS
        *IALS._STATE,
        *("learned", "content_factors", "prior_weight", "content_regularization"),
    )

    search_space: ClassVar[Space] = {
        "prior_weight": Range(0.1, 100, log=True),
        "content_regularization": Range(0.1, 1000, log=True),
    }

    def __init__(
        self,
        content: Any = None,
        prior_weight: float = 1.0,
        content_regularization: float = 10.0,
        **ials: Any,
    ) -> None:
        super().__init__(**ials)
        if not (prior_weight >= 0 and content_regularization > 0):
            raise ValueError("prior_weight must be 0 or more, content_regularization above 0")
        self.content = content
        self.prior_weight = float(prior_weight)
        self.content_regularization = float(content_regularization)
        self.learned: Any = None
        self.content_factors: Any = None

    def _fit(self, user_items, show_progress, callback):
        from sklearn.linear_model import Ridge  # scikit-learn takes a second to load

        content = content_rows(self.content, user_items.shape[1], "content", least=None)
        super()._fit(user_items, show_progress, callback)
        item_users = user_items.T.tocsr()
        counts = np.diff(item_users.indptr)
        self.learned = counts > 0
        self.content_factors = np.zeros((content.shape[1], self.factors))
        described = np.diff(content.indptr) > 0
        known = np.flatnonzero(self.learned & described)
        if not len(known) or self.prior_weight == 0:
            return
        ridge = Ridge(
            self.content_regularization, fit_intercept=False, solver="sparse_cg", tol=1e-6
        )
        ridge.fit(content[known], self.item_factors[known].astype(np.float64), counts[known])
        self.content_factors = np.ascontiguousarray(ridge.coef_.T)
        asked = np.flatnonzero(described)
        prior = np.asarray(content[asked] @ self.content_factors)
        self.item_factors[asked] = self._with_prior(item_users[asked], prior)

    def _with_prior(self, rows, prior):
        """Return the factors of items, given their users and their prior means."""
        X = self.user_factors.astype(np.float64)
        ridge = self._ridge(np.diff(rows.indptr), len(X)) + self.prior_weight
        a0, found = float(self.unobserved_weight), np.empty(prior.shape, dtype=np.float32)
        known = rows.indptr, rows.indices, self._confidence(rows), X
        with threadpool_limits(1, user_api="blas"):
            gram = a0 * product(X.T, X)
            pull = self.prior_weight * prior
            in_chunks(
                lambda start, stop: _solve(start, stop, *known, gram, ridge, pull, a0, found),
                len(found),
                self.num_threads,
            )
        return found

    def _loaded(self):
        super()._loaded()
        if np.shape(self.learned) != (self.n_items,) or self.learned.dtype != bool:
            raise ValueError(f"learned is no boolean array of {self.n_items} items")
        columns = np.shape(self.content_factors)[0] if np.ndim(self.content_factors) else 0
        check_array("content_factors", self.content_factors, (columns, self.factors), np.float64)

    def _fold_in_factors(self):
        return np.where(self.learned[:, None], self.item_factors, np.float32(0))


class ContentSoftmaxMF(SoftmaxMF):
    """Softmax factorisation whose items have a vector of their own and one of their content.

    The direction of item i is that of ``e_i + sum over its columns c of x_ic w_c``: e_i is its own
    vector, w_c one of each column of the content (an artist, a genre, a feature), learned together
    by the loss of :class:`SoftmaxMF`. In each step a share of the items, ``free_dropout``, is taken
    without e_i, so that content learns to speak alone (Volkovs, Yu & Poutanen 2017, NeurIPS,
    "DropoutNet"): an item that nobody has gets the vector of its content. One without either is not
    recommended.

    Args:
        content: items x columns, ``csr_matrix`` or array, finite; a row of zeros: nothing is known.
        free_dropout: share of the items without their own vectors in a step, from 0 to below 1.
        softmax: settings of :class:`SoftmaxMF`.

    Raises:
        ValueError: for settings that are not as said; in ``fit`` if content is not one finite row
            for each item.
    """

    _STATE = (*SoftmaxMF._STATE, "free_dropout")  # type: ignore[assignment]

    search_space: ClassVar[Space] = {**SoftmaxMF.search_space, "free_dropout": Range(0.1, 0.9)}

    def __init__(self, content: Any = None, free_dropout: float = 0.3, **softmax: Any) -> None:
        super().__init__(**softmax)
        if not 0 <= free_dropout < 1:
            raise ValueError(f"free_dropout must be 0 or more and below 1, not {free_dropout}")
        self.content = content
        self.free_dropout = float(free_dropout)

    def _item_vectors(self, had, rng):
        content = content_rows(self.content, len(had), "content", least=None)
        free = super()._item_vectors(had, rng)
        return _Described(free, content.astype(np.float32), had, self.free_dropout, rng)

    def _directions_of_all(self, items, had):
        return items.all_directions()


class _Described:
    """Directions of items: a vector of their own, and the sum of those of their content."""

    def __init__(
        self,
        free: Any,
        content: csr_matrix,
        had: np.ndarray,
        dropout: float,
        rng: np.random.Generator,
    ) -> None:
        self.free, self.dropout, self.rng = free, dropout, rng
        self.content, self.had = content, had
        self.of_had = content[had]
        self.columns = type(free).at(np.zeros((content.shape[1], free.vectors.shape[1]), "f4"))
        self.vectors: np.ndarray = np.empty(0)
        self.kept: np.ndarray = np.empty(0)

    def directions(self, rows: np.ndarray) -> np.ndarray:
        """Draw whose own vectors are left out, and return directions; :meth:`move` follows."""
        self.kept = self.rng.random(len(rows)) >= self.dropout
        own = np.where(self.kept[:, None], self.free.vectors[rows], np.float32(0))
        self.vectors = own + self.of_had[rows] @ self.columns.vectors
        return self.vectors / lengths(self.vectors)

    def move(self, rows: np.ndarray, gradient: np.ndarray, model: SoftmaxMF) -> None:
        """Take a step against the gradient by the directions that were returned last."""
        length = lengths(self.vectors)
        along = np.einsum("nf,nf->n", self.vectors, gradient)[:, None]
        gradient = (gradient - along / length**2 * self.vectors) / length
        rate, kept = np.float32(model.learning_rate), np.flatnonzero(self.kept)
        _adam(rows[kept], gradient[kept], rate, *self.free)
        of_columns = self.of_had[rows].T @ gradient
        touched = np.flatnonzero(of_columns.any(axis=1))
        _adam(touched, of_columns[touched], rate, *self.columns)

    def all_directions(self) -> np.ndarray:
        vectors = self.content @ self.columns.vectors
        vectors[self.had] += self.free.vectors
        found = vectors / lengths(vectors)
        found[~vectors.any(axis=1)] = 0
        return found.astype(np.float32)


def content_rows(content: Any, n_items: int, name: str, least: float | None = 0.0) -> csr_matrix:
    """Return what is known of items as float64 ``csr_matrix`` of items x columns.

    Args:
        content: matrix or array, or None for no column.
        n_items: rows that there should be.
        name: what to call it in a message.
        least: the smallest value allowed, or None.

    Raises:
        ValueError: if there is not one row for each item, or a value is not finite or too small.
    """
    if content is None:
        return csr_matrix((n_items, 0))
    rows = csr_matrix(content, dtype=np.float64)
    if rows.shape[0] != n_items:
        raise ValueError(f"{name} have {rows.shape[0]} rows, user_items {n_items} items")
    wrong = ~np.isfinite(rows.data) if least is None else ~(rows.data >= least)
    wrong |= ~np.isfinite(rows.data)
    if wrong.any():
        item = np.searchsorted(rows.indptr, np.flatnonzero(wrong)[0], side="right") - 1
        kind = "finite" if least is None else f"finite and at least {least:g}"
        raise ValueError(f"{name} of item {item}: a value is not {kind}; fill or drop it first")
    rows.sum_duplicates()
    rows.eliminate_zeros()
    return rows


@njit(nogil=True, cache=True)
def _solve(start, stop, indptr, indices, confidence, X, gram, ridge, pull, a0, found):
    """Fill in the rows start..stop of found: ``A y = b + pull``; all but found are float64."""
    n_factors = X.shape[1]
    for row in range(start, stop):
        A, b = gram.copy(), pull[row].copy()
        for p in range(indptr[row], indptr[row + 1]):
            x, c = X[indices[p]], confidence[p]
            for f in range(n_factors):
                b[f] += c * x[f]
                for g in range(n_factors):
                    A[f, g] += (c - a0) * x[f] * x[g]
        for f in range(n_factors):
            A[f, f] += ridge[row]
        found[row] = cholesky_solve(A, b)


@njit(nogil=True, cache=True)
def _adam(rows, gradient, rate, vectors, first, second, moved):
    """Move rows of vectors against the gradient (Kingma & Ba 2015), in place."""
    keep, keep_square = np.float32(0.9), np.float32(0.999)
    for p in range(len(rows)):
        row, g = rows[p], gradient[p]
        moved[row] += 1
        scale = rate / np.float32(1 - 0.9 ** moved[row])
        square_scale = np.float32(1 / (1 - 0.999 ** moved[row]))
        for f in range(vectors.shape[1]):
            first[row, f] = keep * first[row, f] + (np.float32(1) - keep) * g[f]
            second[row, f] = (
                keep_square * second[row, f] + (np.float32(1) - keep_square) * g[f] ** 2
            )
            step = (
                scale * first[row, f] / (np.sqrt(square_scale * second[row, f]) + np.float32(1e-3))
            )
            vectors[row, f] -= step
