"""What it costs to round the models of the page to bytes: how well they rank before and after."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from nexttrack.data.columns import AUDIO
from nexttrack.evaluation import METRICS, difference, evaluate
from nexttrack.models import AudioKNN, Blend, ItemKNN
from nexttrack.models.audio import scaled_features
from nexttrack.models.recommender import Recommender
from nexttrack.study.kept import kept
from nexttrack.study.protocol import SEED, task
from nexttrack.study.search import tuned_settings
from nexttrack.study.try_it.catalogue import Catalogue
from nexttrack.study.try_it.fitting import (
    MEMBERS,
    OF_USERS,
    content_of,
    fitted,
    known_by_items,
    placed_by_content,
    recommenders,
    similarity_of_listed,
)
from nexttrack.study.try_it.page_models import FULL

METRIC = "NDCG@10"


@kept
def cost_of_rounding(name: str) -> pd.DataFrame:
    """Measure models of the page on the test of a data set of chapter 08, exact and as bytes.

    The catalogue is the data set's; models learn from what the test may see, with the settings of
    the full page, and place users by their rows. The hybrid weighs its members alike.

    Args:
        name: ``whole-playlists`` or ``thinned-playlists``.

    Returns:
        One row for each model: ``model``, ``exact`` and ``bytes`` (mean NDCG@10 over users), their
        mean paired ``difference`` with ``low`` and ``high`` (95 %), and ``users``.
    """
    asked, tuned = task(name), tuned_settings(name)
    tracks = asked.dataset.tracks.assign(popularity=1)
    tracks["title"] = tracks["title"].fillna("")
    catalogue = Catalogue(tracks, tracks.iloc[:0], asked.split.test_in)
    ials, item_knn = {**tuned["iALS"], "random_state": SEED}, tuned["Item kNN"]
    alike = np.ones(len(MEMBERS)) / len(MEMBERS)
    meta, arrays = fitted(catalogue, **FULL, ials=ials, item_knn=item_knn, weights=alike)
    rounded, rows = recommenders(meta, arrays), []
    for model, exact in _exact(catalogue, ials, item_knn).items():
        scores = pd.concat(
            [
                _ndcg(one, asked.split.test_in, asked.split.test_out)
                .reset_index()
                .assign(model=kind)
                for kind, one in (("exact", exact), ("bytes", rounded[model]))
            ]
        )
        means = scores.groupby("model")[METRIC].mean()
        change, low, high = difference(scores, METRIC, "bytes", "exact", seed=SEED)
        rows.append({
            "model": model, "exact": means["exact"], "bytes": means["bytes"],
            "difference": change, "low": low, "high": high, "users": scores["user"].nunique(),
        })  # fmt: skip
    return pd.DataFrame(rows)


def _ndcg(model: Recommender, seen: csr_matrix, wanted: csr_matrix) -> pd.Series:
    return evaluate(model, seen, wanted, {METRIC: METRICS[METRIC]}, N=10, fold_in=True)[METRIC]


def _exact(
    catalogue: Catalogue, ials: Mapping[str, Any], item_knn: Mapping[str, Any]
) -> dict[str, Recommender]:
    """Return the models as they are before they are rounded."""
    n, tracks = len(catalogue.recordings), catalogue.recordings
    features = tracks[list(AUDIO)].to_numpy(dtype=np.float64)
    scores, known = scaled_features(features, n)
    content, _ = content_of(np.where(known[:, None], scores, np.nan), tracks)
    sound = AudioKNN(features)
    sound.fit(catalogue.user_items, show_progress=False)
    placed = placed_by_content(catalogue, content, {**ials, "factors": FULL["factors"]})
    factors = known_by_items(
        placed.item_factors, {name: getattr(placed, name) for name in OF_USERS}
    )
    neighbours, kept = ItemKNN(K=FULL["neighbours"]), np.flatnonzero(catalogue.listed)
    near = similarity_of_listed(catalogue, FULL["neighbours"], item_knn).tocoo()
    neighbours._keep(csr_matrix((near.data, (kept[near.row], kept[near.col])), shape=(n, n)))
    found = {"factors": factors, "neighbours": neighbours, "sound": sound}
    return {**found, "hybrid": Blend([found[name] for name in MEMBERS])}
