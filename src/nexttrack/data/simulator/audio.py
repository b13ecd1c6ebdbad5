"""How tracks of a genre sound: summary statistics of the real catalogue, and draws from them.

Each feature is turned into a normal score by the quantiles of the whole catalogue; within a genre
the scores are taken as multivariate normal (a Gaussian copula, Nelsen 2006, chapter 2). Two small
tables carry it: ``audio_margins.csv`` (quantiles) and ``audio_by_genre.csv`` (one row a genre:
means and covariances of the scores, shares of keys, modes, time signatures, explicit tracks).
They hold summary statistics only, no rows.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from nexttrack.data.columns import AUDIO, RAW_AUDIO

SOUND_COLUMNS = tuple(name for name in RAW_AUDIO if name in AUDIO)
SCORED = (*SOUND_COLUMNS, "duration_ms", "popularity")
TIME_SIGNATURES = (1, 3, 4, 5)
PROBABILITIES = np.r_[0, 0.001, 0.005, np.arange(1, 100) / 100, 0.995, 0.999, 1]
_TAIL = 0.0005  # scores stay within the outermost quantiles that the table tells apart
_PAIRS = [(i, j) for i in range(len(SCORED)) for j in range(i + 1)]


@dataclass(frozen=True)
class GenreAudio:
    """The committed statistics of G genres; F = 11 scored features, in the order of ``SCORED``.

    Attributes:
        genres: G names, sorted.
        quantiles: (F, K) float64, quantile of each feature at each of ``PROBABILITIES``.
        mean: (G, F) float64, mean normal score.
        root: (G, F, F) float64, lower Cholesky factor of the scores' covariance.
        keys: (G, 12), modes: (G,) share of major, time_signatures: (G, 4), explicit: (G,).
    """

    genres: tuple[str, ...]
    quantiles: np.ndarray
    mean: np.ndarray
    root: np.ndarray
    keys: np.ndarray
    modes: np.ndarray
    time_signatures: np.ndarray
    explicit: np.ndarray

    def scores(self, values: np.ndarray) -> np.ndarray:
        """Return the normal scores, (n, F), of feature values (n, F) in their natural units."""
        return normal_scores(values, self.quantiles)

    def values(self, scores: np.ndarray) -> np.ndarray:
        """Return the feature values, (n, F), whose normal scores are given: scores' inverse."""
        shares = ndtr(scores)
        columns = [
            np.interp(p, PROBABILITIES, q) for p, q in zip(shares.T, self.quantiles, strict=True)
        ]
        return np.column_stack(columns)


def normal_scores(values: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """Return the standard normal quantile of each value's share of the catalogue below it.

    A value that many tracks share (an exact zero) gets the middle of its shares.
    """
    columns = []
    for x, knots in zip(values.T, quantiles, strict=True):
        distinct, first = np.unique(knots, return_index=True)
        last = np.r_[first[1:], len(knots)] - 1
        below = np.interp(x, distinct, PROBABILITIES[first])
        up_to = np.interp(x, distinct, PROBABILITIES[last])
        columns.append(ndtri(np.clip((below + up_to) / 2, _TAIL, 1 - _TAIL)))
    return np.column_stack(columns)


@cache
def load() -> GenreAudio:
    """Return the committed statistics."""
    here = Path(__file__).parent
    table = pd.read_csv(here / "audio_by_genre.csv")
    margins = pd.read_csv(here / "audio_margins.csv")
    covariance = np.zeros((len(table), len(SCORED), len(SCORED)))
    for i, j in _PAIRS:
        covariance[:, i, j] = covariance[:, j, i] = table[f"cov_{SCORED[i]}_{SCORED[j]}"]
    return GenreAudio(
        genres=tuple(table["genre"]),
        quantiles=margins[list(SCORED)].to_numpy().T.copy(),
        mean=table[[f"mean_{name}" for name in SCORED]].to_numpy(),
        root=np.linalg.cholesky(covariance),
        keys=table[[f"key_{k}" for k in range(12)]].to_numpy(),
        modes=table["major"].to_numpy(),
        time_signatures=table[[f"time_{t}" for t in TIME_SIGNATURES]].to_numpy(),
        explicit=table["explicit"].to_numpy(),
    )


def fit_audio_by_genre(dataset_csv: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the two committed tables, computed from ``spotify-tracks/dataset.csv``.

    To renew them: ``by_genre.to_csv("audio_by_genre.csv", index=False)``, the same for margins.

    Args:
        dataset_csv: the real file. Exact duplicate rows, and rows whose zeros mean "unknown"
            (tempo, time signature or duration 0), do not count.

    Returns:
        by_genre: one row a genre; margins: one row for each of ``PROBABILITIES``. Four decimals.
    """
    rows = pd.read_csv(dataset_csv, index_col=0).drop_duplicates()
    known = (rows["tempo"] > 0) & (rows["time_signature"] > 0) & (rows["duration_ms"] > 0)
    rows = rows[known]
    # The outermost knots are the 0.01 % and 99.99 % points: a summary, never one track's value.
    inner = np.clip(PROBABILITIES, 0.0001, 0.9999)
    margins = pd.DataFrame({name: np.quantile(rows[name], inner) for name in SCORED})
    margins = margins.map(lambda value: float(f"{value:.6g}"))
    margins.insert(0, "probability", PROBABILITIES)
    scores = normal_scores(
        rows[list(SCORED)].to_numpy(float), margins[list(SCORED)].to_numpy().T.copy()
    )
    genre = rows["track_genre"].to_numpy()
    by_genre = pd.DataFrame(
        [_summary(name, rows[genre == name], scores[genre == name]) for name in np.unique(genre)]
    )
    return by_genre.round(4), margins


def _summary(genre: str, rows: pd.DataFrame, scores: np.ndarray) -> dict[str, object]:
    covariance = np.cov(scores, rowvar=False)
    return (
        {"genre": genre, "tracks": len(rows)}
        | {f"mean_{name}": mean for name, mean in zip(SCORED, scores.mean(axis=0), strict=True)}
        | {f"cov_{SCORED[i]}_{SCORED[j]}": covariance[i, j] for i, j in _PAIRS}
        | {f"key_{k}": (rows["key"] == k).mean() for k in range(12)}
        | {"major": rows["mode"].mean()}
        | {f"time_{t}": (rows["time_signature"] == t).mean() for t in TIME_SIGNATURES}
        | {"explicit": rows["explicit"].mean()}
    )
