"""How much of a recording's popularity its sound explains, and how much a careless split adds."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, r2_score

from nexttrack.data.dataset import table
from nexttrack.evaluation.folds import artist_folds, random_folds
from nexttrack.features import audio_pipeline
from nexttrack.parallel import in_processes
from nexttrack.study.kept import kept

SEED = 20_260_403
FEATURES = {
    "audio": {},
    "+ genre": {"genres": "embedding"},
    "+ artist profile": {"genres": "embedding", "artists": True},
}
EXPLAINED = "gradient boosting"
"""The model whose permutation importance is measured, with artists apart and without profiles."""


def regressors() -> dict[str, object]:
    """Return the regressors that are compared, unfitted, at settings that were not tuned."""
    return {
        "mean": DummyRegressor(),
        "ridge": Ridge(alpha=10.0),
        "gradient boosting": HistGradientBoostingRegressor(
            max_iter=100, early_stopping=False, random_state=SEED
        ),
    }


@kept
def predict_popularity(n_splits: int = 5, n_repeats: int = 2) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predict popularity from three sets of features, with artists apart and with rows at random.

    The random split trains on as many rows as the other. Takes about a minute and a half; the
    result is kept until the package's code or the data change.

    Returns:
        (scores, importance). Scores have one row for each ``split``, ``features``, ``model`` and
        ``fold``: ``r2``, ``mae`` (points of popularity), ``n_train``, ``n_test``. Importance, see
        :func:`permutation_drops`, has ``features`` and ``fold`` too.
    """
    recordings = table("recordings")
    return compare_splits(recordings, FEATURES, regressors(), n_splits, n_repeats, SEED)


def compare_splits(
    recordings: pd.DataFrame,
    features: Mapping[str, Mapping],
    models: Mapping[str, object],
    n_splits: int,
    n_repeats: int,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score regressors of popularity on both splits; see :func:`predict_popularity`.

    Args:
        recordings: with the columns of the processed table.
        features: keywords of :func:`nexttrack.features.audio_pipeline` by name.
        models: unfitted regressors by name.
        n_splits, n_repeats: folds, and permutations of each quantity.
        seed: of the random split and of the permutations.
    """
    apart = artist_folds(recordings["artists"], n_splits)
    at_random = random_folds(len(recordings), [len(train) for train, _ in apart], seed)
    tasks = [
        (split, name, keywords, fold, train, test)
        for split, folds in (("artists apart", apart), ("rows at random", at_random))
        for name, keywords in features.items()
        for fold, (train, test) in enumerate(folds)
    ]
    used = recordings.drop(columns=["track_ids", "title", "album_name"], errors="ignore")
    results = in_processes(score_fold, (used, models, n_repeats, seed), tasks)
    scores = pd.DataFrame([row for rows, _ in results for row in rows])
    return scores, pd.concat([drops for _, drops in results], ignore_index=True)


def score_fold(
    recordings, models, n_repeats, seed, split, features, keywords, fold, train, test
) -> tuple[list[dict], pd.DataFrame]:
    """Fit features and models on training rows, score them on test rows, explain one of them.

    Returns:
        The rows of the scores and of the importance; see :func:`predict_popularity`.
    """
    popularity = recordings["popularity"].to_numpy(dtype=np.float64)
    pipeline = audio_pipeline(scaling="normal", **keywords).set_output(transform="pandas")
    known = pipeline.fit_transform(recordings.iloc[train])
    asked = pipeline.transform(recordings.iloc[test])
    rows, drops = [], pd.DataFrame()
    for name, model in models.items():
        model = clone(model).fit(known.to_numpy(), popularity[train])
        predicted = model.predict(asked.to_numpy())
        rows.append(
            {
                "split": split,
                "features": features,
                "model": name,
                "fold": fold,
                "n_train": len(train),
                "n_test": len(test),
                "r2": r2_score(popularity[test], predicted),
                "mae": mean_absolute_error(popularity[test], predicted),
            }
        )
        if split == "artists apart" and name == EXPLAINED and not keywords.get("artists"):
            drops = permutation_drops(
                model,
                asked.to_numpy(),
                popularity[test],
                columns_of_quantities(asked.columns),
                n_repeats=n_repeats,
                seed=[seed, fold],
            ).assign(features=features, fold=fold)
    return rows, drops


def permutation_drops(
    model: object,
    X: np.ndarray,
    y: np.ndarray,
    columns: Mapping[str, list[int]],
    *,
    n_repeats: int,
    seed: int | list[int],
) -> pd.DataFrame:
    """Return how much R² a fitted model loses when a quantity is shuffled over rows.

    Permutation importance (Breiman 2001, Machine Learning 45), with all columns of a quantity, such
    as the two coordinates of a key, moved together; scikit-learn's function of that name moves one
    column at a time.

    Args:
        model: with ``predict``.
        X, y: held-out rows.
        columns: for each quantity the positions of its columns.
        n_repeats: permutations of each.
        seed: for :func:`numpy.random.default_rng`.

    Returns:
        One row for each quantity and repeat: ``quantity``, ``repeat``, ``drop``.
    """
    rng = np.random.default_rng(seed)
    whole = r2_score(y, model.predict(X))
    rows = []
    for quantity, places in columns.items():
        for repeat in range(n_repeats):
            shuffled = X.copy()
            shuffled[:, places] = X[rng.permutation(len(X))][:, places]
            drop = whole - r2_score(y, model.predict(shuffled))
            rows.append({"quantity": quantity, "repeat": repeat, "drop": drop})
    return pd.DataFrame(rows)


def columns_of_quantities(names: pd.Index) -> dict[str, list[int]]:
    """Return for each quantity the positions of its columns in the output of ``audio_pipeline``."""
    quantities = {"duration_ms": "duration", "key_x": "key and mode", "key_y": "key and mode"}
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        name = name.removeprefix("missingindicator_")
        if name.startswith("time_signature_"):
            name = "time signature"
        if name.startswith("genres_svd"):
            name = "genre"
        found.setdefault(quantities.get(name, name), []).append(place)
    return found
