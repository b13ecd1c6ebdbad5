"""Recommend by sound in a space that is learned from who plays what together."""

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix

from nexttrack.models.audio import AudioKNN, scaled_features, unit_length
from nexttrack.models.decompositions import PureSVD
from nexttrack.models.inputs import checked_user_items
from nexttrack.models.space import Range, Space

FOLDS = 5


class LearnedSoundKNN(AudioKNN):
    """Nearest neighbours by the factors that the sound of an item lets one expect.

    Items that the same users have get similar factors by truncated SVD (:class:`PureSVD`). Ridge
    regression predicts these factors from the sound, as van den Oord, Dieleman & Schrauwen (2013,
    NeurIPS) do from audio, and Gantner et al. (2010, ICDM) from attributes: with F the normal
    scores, their squares and products, centred and of spread 1, and V the centred factors of the n
    items that have both, ``B = (F'F + regularization n I)^-1 F'V``. An item's vector is its
    predicted factors, scaled to unit length, and the rest is :class:`AudioKNN` with the cosine.

    **No item's own factors, nor those of an item that shares a group with it, have a part in its
    vector**: items are predicted in folds of whole groups, each from the items outside that share
    no group with the fold. With artists as groups, what is learned is how the sound of *other*
    artists tells who plays them. Folds and factors depend on ``random_state`` alone.

    Args:
        features: array of items x features, any unit; NaN where unknown.
        groups: ``csr_matrix`` of items x groups, such as who made an item; None: each item alone.
        factors: number of factors, at least 1.
        regularization: of the ridge, above 0.
        concentration: c, at least 0; see :class:`AudioKNN`.
        random_state: the seed, a whole number of at least 0.
        num_threads: threads for ranking; 0 for all cores. The result does not depend on it.

    Attributes:
        vectors, known: as in :class:`AudioKNN`; items x factors.

    Raises:
        ValueError: for another number of factors, regularization or concentration; in ``fit`` also
            if groups or features are not one row for each item, or there are too few groups for
            five folds.
    """

    _STATE = (*AudioKNN._STATE, "factors", "regularization", "random_state")

    search_space: ClassVar[Space] = {
        "factors": Range(8, 256, log=True, whole=True),
        "regularization": Range(1e-4, 1, log=True),
        "concentration": Range(0.1, 100, log=True),
    }

    def __init__(
        self,
        features: ArrayLike | None = None,
        groups: csr_matrix | None = None,
        factors: int = 64,
        regularization: float = 0.01,
        concentration: float = 0.0,
        random_state: int = 0,
        num_threads: int = 0,
    ) -> None:
        super().__init__(features, concentration=concentration, num_threads=num_threads)
        if factors < 1 or not regularization > 0:
            raise ValueError("factors must be 1 or more, regularization above 0")
        self.groups = groups
        self.factors = factors
        self.regularization = regularization
        self.random_state = random_state

    def _placed(self, user_items):
        n_items = user_items.shape[1]
        scores, known = scaled_features(self.features, n_items, self.scale)
        items = np.flatnonzero(known)
        sound = _with_products(scores[items])
        svd = PureSVD(self.factors, random_state=self.random_state)
        svd.fit(user_items, show_progress=False)
        played = np.bincount(user_items.indices, minlength=n_items)[items] > 0
        groups = self._groups(n_items)[items]
        factors = svd.item_factors[items].astype(np.float64)
        vectors = np.zeros((n_items, factors.shape[1]), dtype=np.float32)
        for train, test in _folds(groups, self.random_state):
            learned = train[played[train]]
            if not len(learned):
                raise ValueError("a fold leaves no item with users and features to learn from")
            predict = _ridge(sound[learned], factors[learned], self.regularization)
            vectors[items[test]] = unit_length(predict(sound[test]))
        return vectors, known

    def _groups(self, n_items):
        if self.groups is None:
            return csr_matrix((n_items, 0), dtype=np.float32)
        if self.groups.shape[0] != n_items:
            raise ValueError(f"groups have {self.groups.shape[0]} rows, user_items {n_items} items")
        return checked_user_items(self.groups, name="groups", axes=("item", "group"))


def _with_products(scores):
    """Return normal scores, their squares and products, each of mean 0 and spread 1."""
    left, right = np.triu_indices(scores.shape[1])
    columns = np.hstack([scores, scores[:, left] * scores[:, right]])
    spread = columns.std(axis=0)
    return (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1)


def _ridge(X, Y, regularization):
    """Return a function that predicts Y from rows like X; the constant is not penalised."""
    x_mean, y_mean = X.mean(axis=0), Y.mean(axis=0)
    X, Y = X - x_mean, Y - y_mean
    penalty = regularization * len(X) * np.eye(X.shape[1])
    weights = np.linalg.solve(X.T @ X + penalty, X.T @ Y)
    return lambda rows: (rows - x_mean) @ weights + y_mean


def _folds(groups, seed):
    """Return (train, test) positions of rows in folds; no group of a test row is in training.

    A row belongs to the fold of its first group, one without a group to a fold of its own draw.
    """
    n_rows, n_groups = groups.shape
    alone = np.diff(groups.indptr) == 0
    first = n_groups + np.arange(n_rows)
    first[~alone] = groups.indices[groups.indptr[:-1][~alone]]
    of_group = np.random.default_rng(seed).permutation(n_groups + n_rows) % FOLDS
    fold = of_group[first]
    for number in range(FOLDS):
        test = fold == number
        tested = np.asarray(groups[test].sum(axis=0)).ravel() > 0
        train = ~test & (groups @ tested.astype(np.float64) == 0)
        if test.any():
            yield np.flatnonzero(train), np.flatnonzero(test)
