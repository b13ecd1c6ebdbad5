"""What an artist's tracks sound like, as far as the artist is known."""

from collections.abc import Sequence
from itertools import chain
from typing import Self

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from nexttrack.features.names import averaging, incidence, names_of_rows


class ArtistProfile(TransformerMixin, BaseEstimator):
    """Mean and spread of the features of the artist's tracks, shrunk towards the genre.

    Parametric empirical Bayes (Morris 1983, JASA 78(381); Efron & Morris 1975), for each feature on
    its own. An artist has ``n`` training tracks with mean ``m``; the artist's prior ``g`` is the
    mean, over those tracks, of the mean of their genres' tracks. With ``v`` the variance within
    artists, pooled, and ``t`` the variance of artists about their priors::

        mean   = (n t m + v g) / (n t + v)
        t      = max(0, (sum of n (m - g)^2  -  number of artists * v) / sum of n)
        spread = sqrt((d0 w + SS) / (d0 + n - 1))

    ``t`` is the method of moments, from ``E (m - g)^2 = t + v / n``. ``SS`` is the sum of squares
    about ``m``, and ``w`` the prior variance: that within the artists of the genre, from squared
    residuals over their degrees of freedom, averaged over tracks as ``g`` is. ``d0`` is how many
    degrees of freedom that prior counts for (Smyth 2004, SAGMB 3(1), equation for the posterior
    variance; there it is estimated, here it is ``prior_df``).

    An artist not seen in ``fit`` gets ``g`` and ``sqrt(w)`` of the genres of the row at hand; so
    does a row without artists. Genres not seen in ``fit``, or none, give those of all tracks. The
    profile of a row by several artists is the mean of theirs, seen or not; in ``fit`` the row
    counts for each of them. If no artist has two tracks, ``v`` and ``w`` are the variance of all.

    A training row is part of its own artist's profile. Whoever predicts a feature of that row
    from the profile keeps artists apart (GroupKFold), or predicts what is known already.

    In: a DataFrame with a column of lists of artists, one of lists of genres, and any number of
    numeric columns, NaN where unknown. Out: float64 of rows x (2 * numeric columns), in the
    features' units, named ``artist_mean_<column>`` and then ``artist_spread_<column>``.

    Args:
        artists, genres: names of the two columns of lists.
        prior_df: degrees of freedom of the prior spread, above 0.

    Attributes:
        artists_, genres_: names, sorted.
        artist_means_, artist_spreads_: float64 of artists x features.
        genre_means_, genre_variances_: float64 of (genres + 1) x features; last those of all.

    Raises:
        ValueError: for a missing column, an infinity, text where numbers should be, a feature that
            is unknown in all rows of ``fit``, or a ``prior_df`` that is not positive.
    """

    def __init__(
        self, artists: str = "artists", genres: str = "genres", prior_df: float = 4.0
    ) -> None:
        self.artists = artists
        self.genres = genres
        self.prior_df = prior_df

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Learn the profiles of the artists and genres of the training rows; ``y`` is ignored."""
        if not self.prior_df > 0:
            raise ValueError(f"prior_df is above 0, not {self.prior_df}")
        artists, genres = self._artists_and_genres(X)
        self.features_ = [name for name in X.columns if name not in (self.artists, self.genres)]
        values = self._values(X)
        unknown = np.isnan(values).all(axis=0)
        if unknown.any():
            raise ValueError(f"no row has a known {self.features_[int(unknown.argmax())]}")
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        self.artists_ = np.array(sorted(set(chain.from_iterable(artists))), dtype=object)
        self.genres_ = np.array(sorted(set(chain.from_iterable(genres))), dtype=object)
        rows_artists = incidence(artists, self.artists_)
        # Sums of squares about the overall mean keep their digits.
        centre = np.nanmean(values, axis=0)
        self._fit_profiles(values - centre, rows_artists, self._rows_genres(genres))
        self.artist_means_ += centre
        self.genre_means_ += centre
        return self

    def _fit_profiles(self, values, rows_artists, rows_genres):
        known = (~np.isnan(values)).astype(np.float64)
        values = np.where(known > 0, values, 0)
        n = rows_artists.T @ known
        mean = _ratio(rows_artists.T @ values, n)
        self.genre_means_ = _ratio(rows_genres.T @ values, rows_genres.T @ known)
        # The last genre stands for all rows, not only for those without one.
        self.genre_means_[-1] = values.sum(axis=0) / known.sum(axis=0)

        # From here to the variances, one row for each pair of track and artist.
        row, artist = rows_artists.nonzero()
        squares = known[row] * (values[row] - mean[artist]) ** 2
        freedom = known[row] * (1 - _ratio(1.0, n)[artist])
        overall = (values**2).sum(axis=0) / known.sum(axis=0)
        within = _ratio(squares.sum(axis=0), freedom.sum(axis=0), overall)
        genres = rows_genres[row]
        self.genre_variances_ = _ratio(genres.T @ squares, genres.T @ freedom, within)
        self.genre_variances_[-1] = within
        pairs_artists = (np.ones(len(row)), artist, np.arange(len(row) + 1))
        pairs_artists = csr_matrix(pairs_artists, shape=(len(row), len(n)))
        sum_of_squares = pairs_artists.T @ squares

        to_prior = averaging(rows_artists.T.tocsr()) @ averaging(rows_genres)
        prior_mean, prior_variance = to_prior @ self.genre_means_, to_prior @ self.genre_variances_
        excess = (n * (mean - prior_mean) ** 2).sum(axis=0) - (n > 0).sum(axis=0) * within
        between = np.maximum(_ratio(excess, n.sum(axis=0)), 0)
        weight = _ratio(n * between, n * between + within)
        self.artist_means_ = weight * mean + (1 - weight) * prior_mean
        freedom = self.prior_df + np.maximum(n - 1, 0)
        self.artist_spreads_ = np.sqrt((self.prior_df * prior_variance + sum_of_squares) / freedom)

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        """Return the profiles of the rows' artists, float64 of rows x (2 * features)."""
        check_is_fitted(self)
        artists, genres = self._artists_and_genres(X)
        missing = [name for name in self.features_ if name not in X.columns]
        if missing:
            raise ValueError(f"X has no column {missing[0]!r}, which fit had")
        self._values(X)  # not needed, but an infinity or text is an error here too
        to_genres = averaging(self._rows_genres(genres))
        spread = np.sqrt(to_genres @ self.genre_variances_)
        unseen = np.hstack([to_genres @ self.genre_means_, spread])
        seen = incidence(artists, self.artists_)
        n_seen = np.asarray(seen.sum(axis=1))
        n_artists = np.array([[max(len(set(names)), 1)] for names in artists])
        profiles = seen @ np.hstack([self.artist_means_, self.artist_spreads_])
        return (profiles + (n_artists - n_seen) * unseen) / n_artists

    def get_feature_names_out(
        self, input_features: Sequence[str] | np.ndarray | None = None
    ) -> np.ndarray:
        """Return ``artist_mean_<column>`` and then ``artist_spread_<column>``."""
        check_is_fitted(self)
        if input_features is not None and list(input_features) != list(self.feature_names_in_):
            raise ValueError("input_features is not equal to feature_names_in_")
        kinds = ("artist_mean", "artist_spread")
        return np.array([f"{kind}_{name}" for kind in kinds for name in self.features_], object)

    def _artists_and_genres(self, X):
        if not isinstance(X, pd.DataFrame):
            raise ValueError(f"X is a DataFrame, not {type(X).__name__}")
        for name in (self.artists, self.genres):
            if name not in X.columns:
                raise ValueError(f"X has no column {name!r} of lists of names")
        return names_of_rows(X[self.artists])[0], names_of_rows(X[self.genres])[0]

    def _values(self, X):
        for name in self.features_:
            if not pd.api.types.is_numeric_dtype(X[name]):
                raise ValueError(f"column {name!r} holds {X[name].dtype}, not numbers")
        values = X[self.features_].to_numpy(dtype=np.float64, na_value=np.nan)
        infinite = np.isinf(values).any(axis=0)
        if infinite.any():
            raise ValueError(f"column {self.features_[int(infinite.argmax())]!r} has an infinity")
        return values

    def _rows_genres(self, genres):
        """Incidence of rows x (genres + 1); the last column has the rows without a known genre."""
        known = set(self.genres_)
        everything = object()
        filled = [[name for name in row if name in known] or [everything] for row in genres]
        return incidence(filled, [*self.genres_, everything])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # Rows hold lists of names, which scikit-learn's generic checks cannot make.
        tags.no_validation = True
        return tags


def _ratio(numerator, denominator, otherwise=0.0):
    """Divide; ``otherwise`` where the denominator is 0."""
    shape = np.broadcast_shapes(np.shape(numerator), np.shape(denominator))
    result = np.broadcast_to(otherwise, shape).copy()
    return np.divide(numerator, denominator, out=result, where=np.asarray(denominator) > 0)
