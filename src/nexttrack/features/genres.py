"""Lists of genres as numbers: one column each, or a few dense ones."""

from collections.abc import Sequence
from importlib import resources
from itertools import chain
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from nexttrack.features.names import averaging, incidence, names_of_rows


class GenreTransformer(TransformerMixin, BaseEstimator):
    """Input shared by the transformers of genres: one column of lists of names."""

    def __init__(self, handle_unknown: str = "error") -> None:
        self.handle_unknown = handle_unknown

    def fit(self, X: pd.Series | pd.DataFrame | np.ndarray | Sequence, y: object = None) -> Self:
        """Learn the genres of the training rows.

        Args:
            X: one column of lists of genre names: a Series, a list of lists, or a DataFrame of one
                column. None or NaN is a row without genres.
            y: ignored.

        Raises:
            ValueError: if there is no genre at all, or X is not one column of lists.
        """
        if self.handle_unknown not in ("error", "ignore"):
            raise ValueError(f"handle_unknown is error or ignore, not {self.handle_unknown!r}")
        lists, name = names_of_rows(X)
        self.genres_ = np.array(sorted(set(chain.from_iterable(lists))), dtype=object)
        if not len(self.genres_):
            raise ValueError("no row has a genre")
        self.n_features_in_ = 1
        if name is not None:
            self.feature_names_in_ = np.array([name], dtype=object)
        return self._fit_incidence(incidence(lists, self.genres_))

    def _fit_incidence(self, rows_genres):
        return self

    def _rows_genres(self, X):
        """Incidence of rows x known genres; a genre not seen in ``fit`` is an error or no genre."""
        check_is_fitted(self)
        lists, name = names_of_rows(X)
        learnt = getattr(self, "feature_names_in_", [name])[0]
        if name is not None and name != learnt:
            raise ValueError(f"the column is named {name!r}, in fit it was {learnt!r}")
        unknown = sorted(set(chain.from_iterable(lists)) - set(self.genres_))
        if unknown and self.handle_unknown == "error":
            raise ValueError(f"genres not seen in fit: {', '.join(map(str, unknown[:5]))}")
        return incidence(lists, self.genres_)

    def _prefix(self, input_features):
        if input_features is None:
            input_features = getattr(self, "feature_names_in_", ["genre"])
        if len(input_features) != 1:
            raise ValueError("input_features is the name of the one column of genres")
        return input_features[0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # Rows are lists of names, which scikit-learn's generic checks cannot make.
        tags.no_validation = True
        return tags


class GenreMultiHot(GenreTransformer):
    """A column for each genre: 1 where the row has it, else 0.

    The same as :class:`sklearn.preprocessing.MultiLabelBinarizer`, which is made for targets: it
    has no column names and cannot stand in a ColumnTransformer.

    In: one column of lists of genre names. Out: float64 of rows x genres, the genres sorted, named
    ``<column>_<genre>``. A row without genres is a row of zeros.

    Args:
        handle_unknown: "error" or "ignore", for a genre that was not seen in ``fit``.

    Raises:
        ValueError: as ``fit`` says, and by ``handle_unknown``.
    """

    def transform(self, X: pd.Series | pd.DataFrame | np.ndarray | Sequence) -> np.ndarray:
        """Return float64 of rows x genres."""
        return self._rows_genres(X).toarray()

    def inverse_transform(self, X: ArrayLike) -> list[tuple[str, ...]]:
        """Return an array of sorted tuples of genre names, one for each row."""
        check_is_fitted(self)
        X = np.asarray(X)
        if X.ndim != 2 or X.shape[1] != len(self.genres_):
            raise ValueError(f"X is rows x {len(self.genres_)} genres, not {X.shape}")
        return [tuple(self.genres_[row != 0]) for row in X]

    def get_feature_names_out(
        self, input_features: Sequence[str] | np.ndarray | None = None
    ) -> np.ndarray:
        """Return ``<column>_<genre>``, an array of objects."""
        check_is_fitted(self)
        prefix = self._prefix(input_features)
        return np.array([f"{prefix}_{genre}" for genre in self.genres_], dtype=object)


class GenreEmbedding(GenreTransformer):
    """Genres as a few numbers, such that genres that are found together are close.

    With ``M`` the incidence of training rows x genres and ``n`` the rows of each genre, the cosine
    co-occurrence ``C = D M' M D``, ``D = diag(n)^(-1/2)``, has ones on its diagonal and 0 where two
    genres never meet. The vectors of the genres are the rows of ``V S^(1/2)`` from its truncated
    singular value decomposition ``C = V S V'``, so that their products are the best approximation
    of ``C`` with so few numbers (Eckart & Young 1936; for words, Deerwester et al. 1990). A row is
    the mean of the vectors of its genres.

    In: one column of lists of genre names. Out: float64 of rows x ``n_components``, named
    ``<column>_svd0, ...``. A row without genres is at the origin.

    Args:
        n_components: numbers per genre, at most the number of genres.
        handle_unknown: "error" or "ignore", for a genre that was not seen in ``fit``.

    Attributes:
        genres_: names, sorted.
        vectors_: float64 of genres x ``n_components``.

    Raises:
        ValueError: as ``fit`` says, for more components than genres, and by ``handle_unknown``.
    """

    def __init__(self, n_components: int = 8, handle_unknown: str = "error") -> None:
        super().__init__(handle_unknown)
        self.n_components = n_components

    def _fit_incidence(self, rows_genres):
        if not 1 <= self.n_components <= len(self.genres_):
            raise ValueError(
                f"n_components is from 1 to the {len(self.genres_)} genres, not {self.n_components}"
            )
        together = (rows_genres.T @ rows_genres).toarray()
        n_rows = together.diagonal()
        cosine = together / np.sqrt(np.outer(n_rows, n_rows))
        # C is symmetric and has no negative eigenvalue: its eigenvectors are its singular vectors.
        values, vectors = np.linalg.eigh(cosine)
        largest = slice(None, -self.n_components - 1, -1)
        vectors, values = vectors[:, largest], values[largest]
        signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(self.n_components)])
        self.vectors_ = vectors * signs * np.sqrt(np.maximum(values, 0))
        return self

    def transform(self, X: pd.Series | pd.DataFrame | np.ndarray | Sequence) -> np.ndarray:
        """Return float64 of rows x ``n_components``."""
        rows_genres = self._rows_genres(X)
        return averaging(rows_genres) @ self.vectors_

    def get_feature_names_out(
        self, input_features: Sequence[str] | np.ndarray | None = None
    ) -> np.ndarray:
        """Return ``<column>_svd<number>``, an array of objects."""
        check_is_fitted(self)
        prefix = self._prefix(input_features)
        return np.array([f"{prefix}_svd{i}" for i in range(self.n_components)], dtype=object)


def genre_families() -> pd.Series:
    """Return the family of each genre of the catalogue: index ``genre``, values ``family``.

    The 13 families are domain knowledge, put down by hand and not learnt: most genres stand where
    their name says; the names that say nothing of the sound (happy, club, groove, dub) where most
    recordings of the genre belong. "other regions" holds names of a place that has no family.
    Use them to sum up results, not as features.
    """
    with (resources.files("nexttrack.features") / "genre_families.csv").open() as file:
        return pd.read_csv(file, index_col="genre", dtype="str")["family"]
