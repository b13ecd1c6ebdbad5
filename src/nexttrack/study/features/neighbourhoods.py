"""Which recordings are close, and how each step from raw columns to features changes that."""

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nexttrack.data.columns import AUDIO_AND_DURATION
from nexttrack.data.dataset import table
from nexttrack.features.audio import LogDuration, TempoOctaves
from nexttrack.features.names import names_incidence
from nexttrack.features.neighbours import nearest, overlap, sharing
from nexttrack.features.pipeline import audio_pipeline
from nexttrack.study.kept import kept

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


@kept
def climb(n_queries: int = 3_000, k: int = 10) -> pd.DataFrame:
    """Follow the neighbours of a random sample of recordings up the :func:`ladder`.

    Neighbours are sought among all recordings of the edition at hand. Takes half a minute; the
    result is kept until the package's code or the data change.

    Returns:
        One row for each step and query, in the order of the steps: ``step``, ``recording``, and
        ``kept``, ``same_artist``, ``same_genre`` as :func:`compare` has them.
    """
    recordings = table("recordings")
    rng = np.random.default_rng(SEED)
    queries = np.sort(rng.choice(len(recordings), min(n_queries, len(recordings)), replace=False))
    return compare(ladder(), recordings, queries, k)


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
