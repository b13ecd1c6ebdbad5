"""Which recordings are close, and how each step from raw columns to features changes that."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nexttrack import project
from nexttrack.cache import cached
from nexttrack.data.columns import AUDIO_AND_DURATION
from nexttrack.data.dataset import table
from nexttrack.data.editions import fingerprint
from nexttrack.features.audio import LogDuration, TempoOctaves
from nexttrack.features.genres import incidence
from nexttrack.features.pipeline import audio_pipeline

SEED = 20_260_401
MEASURED = list(AUDIO_AND_DURATION)


def ladder() -> dict[str, object]:
    """Return unfitted transformers of recordings, each with one step more than the one before.

    The first three use scikit-learn's scaling, from "robust scaling" on all are columns of
    :func:`nexttrack.features.audio_pipeline`; "key and metre" is all of it, with the time signature
    and the columns that say where a value is unknown. Before that a gap is the median alone.
    """
    median = SimpleImputer(strategy="median")
    log_axes = ColumnTransformer(
        [
            ("as_they_are", "passthrough", MEASURED[:-2]),
            ("tempo", TempoOctaves(), ["tempo"]),
            ("duration", LogDuration(), ["duration_ms"]),
        ]
    )
    raw = make_pipeline(ColumnTransformer([("measured", "passthrough", MEASURED)]), median)
    normal = {"scaling": "normal", "fold_tempo": True}
    folded = [*MEASURED[:-2], "tempo_cos", "tempo_sin", "duration_ms"]
    return {
        "raw columns": raw,
        "standardised": make_pipeline(raw, StandardScaler()),
        "log axes": make_pipeline(log_axes, median, StandardScaler()),
        "robust scaling": _columns(audio_pipeline(), MEASURED),
        "normal scores": _columns(audio_pipeline(scaling="normal"), MEASURED),
        "folded tempo": _columns(audio_pipeline(**normal), folded),
        "key and metre": audio_pipeline(**normal),
        "genre": audio_pipeline(**normal, genres="embedding"),
        "artist profile": audio_pipeline(**normal, genres="embedding", artists=True),
    }


def _columns(pipeline, names):
    chosen = ColumnTransformer([("chosen", "passthrough", names)])
    return make_pipeline(pipeline.set_output(transform="pandas"), chosen)


def climb(n_queries: int = 3_000, k: int = 10) -> pd.DataFrame:
    """Follow the neighbours of a random sample of recordings up the :func:`ladder`.

    Neighbours are sought among all recordings of the edition at hand. Takes half a minute; the
    result is kept until the package's code or the data change.

    Returns:
        One row for each step and query, in the order of the steps: ``step``, ``recording``, and
        ``kept``, ``same_artist``, ``same_genre`` as :func:`compare` has them.
    """
    data = fingerprint(project.edition())
    (frame,) = _climb(n_queries=n_queries, k=k, seed=SEED, data=data)
    return frame


@cached
def _climb(*, n_queries: int, k: int, seed: int, data: str) -> tuple[pd.DataFrame]:
    recordings = table("recordings")
    rng = np.random.default_rng(seed)
    queries = np.sort(rng.choice(len(recordings), min(n_queries, len(recordings)), replace=False))
    return (compare(ladder(), recordings, queries, k),)


def compare(
    steps: dict[str, object], recordings: pd.DataFrame, queries: np.ndarray, k: int
) -> pd.DataFrame:
    """Say how the neighbours of some recordings change from step to step.

    Args:
        steps: transformers of the recordings by name; each is fitted on all of them.
        recordings: with the columns of the processed table.
        queries: positions of the recordings whose neighbours are sought.
        k: number of neighbours.

    Returns:
        One row for each step and query: ``step``, ``recording`` (position), and shares of the k
        nearest neighbours: ``kept``, those that were neighbours one step before (NaN at the
        first), ``same_artist``, by an artist of the query, and ``same_genre``, with a genre of the
        query, of the k nearest by *other* artists.
    """
    by_artist = names_incidence(recordings["artists"])
    by_genre = names_incidence(recordings["genres"])
    frames, before = [], None
    for name, transformer in steps.items():
        X = transformer.fit_transform(recordings)
        everyone, others = nearest(np.asarray(X), queries, k, by_artist)
        measures = {
            "kept": np.nan if before is None else overlap(before, everyone),
            "same_artist": sharing(by_artist, queries, everyone),
            "same_genre": sharing(by_genre, queries, others),
        }
        frames.append(pd.DataFrame({"step": name, "recording": queries, **measures}))
        before = everyone
    return pd.concat(frames, ignore_index=True)


def changes(
    before: object, after: object, recordings: pd.DataFrame, query: int, k: int = 10
) -> pd.DataFrame:
    """Return which recordings leave and join the k nearest of one recording at a step.

    Args:
        before, after: unfitted transformers of the recordings.
        recordings: with the columns of the processed table.
        query: position of the recording.
        k: number of neighbours.

    Returns:
        The rows of those recordings, nearest first, with a column ``change``: "leaves" for the
        first of them and then "joins".
    """
    by_artist = names_incidence(recordings["artists"])
    old, new = (
        nearest(np.asarray(step.fit_transform(recordings)), np.array([query]), k, by_artist)[0][0]
        for step in (before, after)
    )
    leave, join = old[~np.isin(old, new)], new[~np.isin(new, old)]
    frame = recordings.iloc[np.concatenate([leave, join])]
    return frame.assign(change=["leaves"] * len(leave) + ["joins"] * len(join))


def nearest(
    X: np.ndarray, queries: np.ndarray, k: int, by_artist: csr_matrix
) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest rows to some rows, exactly, by Euclidean distance.

    Args:
        X: rows x features, without NaN.
        queries: positions of rows.
        k: number of neighbours, below the number of rows.
        by_artist: rows x artists, 1 where the row is by the artist.

    Returns:
        Two integer arrays of queries x k, nearest first and of equally near rows the first: the
        nearest rows but the query, and the nearest rows that share no artist with the query.

    Raises:
        ValueError: if a query has fewer than k other rows, or k rows by other artists.
    """
    with_artist = (by_artist[queries] @ by_artist.T).tocsr()
    # Enough for k by others even if every row with an artist of the query came first.
    wanted = np.maximum(np.diff(with_artist.indptr), 1) + k
    if wanted.max(initial=0) > len(X):
        raise ValueError(f"fewer than {k} of the {len(X)} rows are by other artists")
    size = np.minimum(2 ** np.ceil(np.log2(wanted)).astype(np.int64), len(X))
    index = NearestNeighbors(algorithm="brute").fit(X)
    everyone, others = (np.empty((len(queries), k), dtype=np.int64) for _ in range(2))
    for n_candidates in np.unique(size):
        places = np.flatnonzero(size == n_candidates)
        distance, row = index.kneighbors(X[queries[places]], n_neighbors=n_candidates)
        row = np.take_along_axis(row, np.lexsort((row, distance), axis=1), axis=1)
        for place, candidates in zip(places, row, strict=True):
            own = with_artist.indices[slice(*with_artist.indptr[place : place + 2])]
            query = queries[place]
            everyone[place] = candidates[candidates != query][:k]
            apart = ~np.isin(candidates, own) & (candidates != query)
            others[place] = candidates[apart][:k]
    return everyone, others


def names_incidence(lists: pd.Series) -> csr_matrix:
    """Return rows x names, 1 where the row's list has the name; names are sorted.

    A row without a list (None, NaN) has no names.
    """
    lists = lists.map(lambda names: names if isinstance(names, list | np.ndarray) else [])
    return incidence(lists, sorted({name for names in lists for name in names}))


def overlap(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return for each row the share of one's entries that the other has too, whatever the order."""
    found = [np.isin(b, a).mean() for a, b in zip(one, other, strict=True)]
    return np.array(found)


def sharing(rows_names: csr_matrix, queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return for each query the share of its rows that have a name in common with it.

    Args:
        rows_names: rows x names, 1 where the row has the name.
        queries: positions of rows.
        rows: positions, queries x k.
    """
    asked = np.repeat(queries, rows.shape[1])
    common = rows_names[asked].multiply(rows_names[rows.ravel()]).sum(axis=1)
    return (np.asarray(common).ravel() > 0).reshape(rows.shape).mean(axis=1)
