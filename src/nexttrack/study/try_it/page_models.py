"""Make the page's models from the data at hand, and the page."""

import hashlib
from collections.abc import Mapping
from itertools import product as pairs
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, hstack

from nexttrack import project
from nexttrack.data.columns import AUDIO, MOOD
from nexttrack.data.editions import fingerprint
from nexttrack.evaluation.metrics import ndcg_at_k
from nexttrack.evaluation.ranked_lists import RankedLists
from nexttrack.evaluation.splits import weak_generalization
from nexttrack.models.blends import combined, standardised
from nexttrack.study.kept import kept
from nexttrack.study.protocol import SEED
from nexttrack.study.search import tuned_settings
from nexttrack.study.try_it.catalogue import Catalogue, load_catalogue
from nexttrack.study.try_it.container import pack
from nexttrack.study.try_it.fitting import MEMBERS, Arrays, fitted, recommenders

FULL: dict[str, Any] = {"features": AUDIO, "steps": 255, "factors": 64, "neighbours": 40}
DEMONSTRATION: dict[str, Any] = {"features": MOOD, "steps": 16, "factors": 32, "neighbours": 20}
DEMONSTRATED = 5_000
"""What may be passed on: names of popular recordings, our own numbers, mood in 16 steps."""
EXAMPLES, SONGS = 3, 4
WELL_KNOWN = 300  # songs of most playlists, from which examples are taken
TENTHS = 10  # weights of the hybrid are tried in steps of a tenth
SOURCE = (
    "Names and audio features: “Spotify Tracks Dataset” by maharshipandya on Kaggle (Open Database "
    "License; contents: their authors). Playlists: a sample of Spotify's Million Playlist Dataset, "
    "of which this page holds learned numbers and no playlist."
)


def model_block(*, demonstration: bool = False) -> bytes:
    """Return the models of the page, fitted on the data at hand, as :func:`pack` writes them.

    They are kept until code or data change.

    Args:
        demonstration: of the most popular recordings only, and with no more than may be passed on.
    """
    return _block(demonstration)["block"].iloc[0]


@kept
def _block(demonstration: bool) -> pd.DataFrame:
    catalogue = load_catalogue(DEMONSTRATED if demonstration else None)
    ials, item_knn = {}, {}
    if catalogue.user_items.shape[0]:
        tuned = tuned_settings("thinned-playlists")
        ials, item_knn = {**tuned["iALS"], "random_state": SEED}, tuned["Item kNN"]
    meta, arrays = models_of(
        catalogue, DEMONSTRATION if demonstration else FULL, ials=ials, item_knn=item_knn
    )
    edition = project.edition()
    meta["fingerprint"] = fingerprint(edition)
    meta["about"] = _about(catalogue, meta, edition, demonstration)
    return pd.DataFrame({"block": [pack(meta, arrays)]})


def models_of(
    catalogue: Catalogue,
    kind: Mapping[str, Any],
    *,
    ials: Mapping[str, Any],
    item_knn: Mapping[str, Any],
) -> tuple[dict[str, Any], Arrays]:
    """Return the models of a catalogue as meta and arrays, with examples and a version.

    Args:
        catalogue: recordings, and playlists if there are any.
        kind: :data:`FULL` or :data:`DEMONSTRATION`.
        ials, item_knn: settings of the models of interactions.
    """
    settings: dict[str, Any] = {"ials": ials, "item_knn": item_knn, "weights": [1] * len(MEMBERS)}
    if catalogue.user_items.shape[0]:
        settings["weights"] = hybrid_weights(catalogue, **kind, **settings)
    meta, arrays = fitted(catalogue, **kind, **settings)
    meta["examples"] = examples(catalogue, meta, arrays)
    meta["version"] = hashlib.sha256(pack(meta, arrays)).hexdigest()[:8]
    return meta, arrays


def hybrid_weights(catalogue: Catalogue, **settings: Any) -> list[float]:
    """Return the weights of the hybrid's members that rank best on held-out songs of playlists.

    A fifth of the recordings of each playlist is held out; weights are tried in tenths, which sum
    to 1; of equals the first, which leans on the first member.

    Args:
        catalogue: with playlists.
        **settings: of :func:`nexttrack.study.try_it.fitting.fitted`; its weights do not matter.
    """
    n = len(catalogue.recordings)
    split = weak_generalization(catalogue.user_items[:, :n], seed=SEED)
    seen, out = split.validation_in, split.validation_out
    learned = Catalogue(
        catalogue.recordings,
        catalogue.others,
        hstack([seen, catalogue.user_items[:, n:]], format="csr"),
    )
    models = recommenders(*fitted(learned, **settings))
    users = np.flatnonzero(np.diff(out.indptr))
    rows, wanted = seen[users], out[users]
    may = catalogue.listed
    parts = [
        standardised(
            *(models[name], np.arange(len(users)), rows), may=may, candidates=500,
            recalculate_user=True,
        )
        for name in MEMBERS
    ]  # fmt: skip
    tried = []
    for first, second in pairs(range(TENTHS, -1, -1), repeat=2):
        if first + second <= TENTHS:
            weights = [first / TENTHS, second / TENTHS, (TENTHS - first - second) / TENTHS]
            ids, _ = combined(parts, weights, 10)
            tried.append((_mean_ndcg(ids, wanted), weights))
    return max(tried, key=lambda one: one[0])[1]


def _mean_ndcg(ids: np.ndarray, wanted: csr_matrix) -> float:
    return float(np.mean(ndcg_at_k(RankedLists(ids, wanted), k=10)))


def examples(catalogue: Catalogue, meta: dict[str, Any], arrays: Arrays) -> list[list[int]]:
    """Return tastes to begin with: each a well-known song and the three nearest to it.

    The songs are those of most playlists (of most popularity without playlists); each next one is
    the one farthest from those before, by the factors (by sound).
    """
    n = len(catalogue.recordings)
    models = recommenders(meta, arrays)
    model = models.get("factors", models["sound"])
    counts = np.bincount(catalogue.user_items.indices, minlength=n)[:n]
    order = np.lexsort((np.arange(n), -counts if counts.any() else np.zeros(n)))
    known = order[models["sound"].known[order]][:WELL_KNOWN]
    vectors = model.item_factors if "factors" in models else model.vectors
    unit = vectors[known] / np.maximum(np.linalg.norm(vectors[known], axis=1), 1e-9)[:, None]
    first = [0]
    while len(first) < min(EXAMPLES, len(known)):
        first.append(int(np.argmin((unit @ unit[first].T).max(axis=1))))
    return [_with_nearest(known, unit, seed, catalogue) for seed in first]


def _with_nearest(known, unit, seed, catalogue):
    """Return a song and those nearest to it, each by another artist."""
    taken, artists = [], set()
    for place in np.argsort(-(unit @ unit[seed]), kind="stable"):
        names = set(catalogue.recordings["artists"].iloc[known[place]])
        if not names & artists:
            taken.append(int(known[place]))
            artists |= names
        if len(taken) == SONGS:
            break
    return taken


def _about(catalogue: Catalogue, meta: dict, edition: str, demonstration: bool) -> str:
    n_playlists = catalogue.user_items.shape[0]
    learned = (
        f"learned from {n_playlists:,} playlists, which hold {catalogue.listed.sum():,} of them; "
        "the others are placed by sound, genre and artist"
        if n_playlists
        else "without playlists: by sound and popularity alone"
    )
    which = f"Models {meta['version']}, data {meta['fingerprint']}."
    made = f"{meta['n']:,} recordings, {learned}. {which}"
    if edition == "sample":
        return f"A simulated world, not real music. {made}"
    return f"{'A demonstration: the most popular ' if demonstration else ''}{made} {SOURCE}"
