"""What learned factors know of an item that they were never told: sound, genre, era, audience.

The factors of iALS are defined up to a rotation: with any orthogonal matrix R, X R and Y R give the
same scores. So a single factor means nothing there, and what is asked is how much of a feature all
factors together explain.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from nexttrack.data.columns import AUDIO_AND_DURATION
from nexttrack.data.dataset import Dataset, table
from nexttrack.evaluation.bootstrap import bootstrap_means, interval
from nexttrack.evaluation.folds import Folds, artist_folds
from nexttrack.features.genres import genre_families
from nexttrack.features.names import incidence
from nexttrack.study.kept import kept
from nexttrack.study.protocol import SEED, task
from nexttrack.study.registry import MODELS as REGISTRY
from nexttrack.study.sound_space import sound

MODELS = ("iALS", "PureSVD", "NMF", "Logistic MF", "BPR")
FACTORS = 32  # of each, so that none explains more because it has more
LEAST_USERS = 5  # of an item in training: with fewer its factors say little but which few
LEAST_ITEMS = 200  # for which a feature is known
LEAST_OF_FAMILY = 50  # items of a genre family among them
N_PERMUTATIONS = 20
N_FOLDS = 5
RIDGES = np.logspace(0, 5, 6)
LEAST_LISTENERS = 30  # who gave a tag, for it to name a factor and not a private list
GENRE_NAMES = "genre names"
"""Not a model: what the genre families of an item, as written, tell of its other features."""


@kept
def heard(name: str, chosen: Mapping[str, Mapping]) -> pd.DataFrame:
    """Regress what is known of items on their factors, for each model, with cross-validation.

    The factors of an item are scaled to unit length, with their length beside them. All models
    have ``FACTORS`` factors and otherwise their chosen settings, and learn from the
    validation part of the split as in the sweeps. The regression is a ridge whose strength is
    chosen on the training folds. Recordings of an artist stand in one fold, and those that share an
    artist with it are not trained on. Takes some ten seconds; the result is kept.

    Args:
        name: one of :data:`nexttrack.study.protocol.DATASETS`.
        chosen: the settings of each model.

    Returns:
        One row for each ``model`` and ``feature``: ``kind`` (sound, genre, era or audience),
        ``n_items``, ``r2`` of all predictions for rows that were held out, ``low`` and ``high``
        (95 % bootstrap over items), and ``permuted``: the largest R^2 that the same regression
        reaches in 20 permutations of the items.
    """
    settings = {model: {**chosen[model], "factors": FACTORS} for model in MODELS}
    found = task(name)
    dataset, user_items = found.dataset, found.split.validation_in
    features = features_of(dataset, user_items)
    enough = np.bincount(user_items.indices, minlength=user_items.shape[1]) >= LEAST_USERS
    if "artists" in dataset.tracks:  # the folds are by artist
        enough &= dataset.tracks["artists"].str.len().fillna(0).gt(0).to_numpy()
    rows = []
    with threadpool_limits(1, user_api="blas"):
        told = {model: _told(model, setting, user_items) for model, setting in settings.items()}
        told[GENRE_NAMES] = features["genre"].to_numpy()
        for kind, frame in features.items():
            known = enough & frame.notna().all(axis=1).to_numpy()
            if known.sum() < LEAST_ITEMS:
                continue
            if kind == "genre":
                frame = frame.loc[:, frame[known].sum() >= LEAST_OF_FAMILY]
            folds = folds_of(dataset.tracks[known])
            for model, columns in told.items():
                if model == GENRE_NAMES and kind != "sound":
                    continue
                found = explained(columns[known], frame[known], folds, seed=SEED)
                rows.append(found.assign(model=model, kind=kind, n_items=int(known.sum())))
    columns = ["model", "kind", "feature", "n_items", "r2", "low", "high", "permuted"]
    return pd.concat(rows)[columns] if rows else pd.DataFrame(columns=columns)


def _told(model: str, setting: dict, user_items: csr_matrix) -> np.ndarray:
    """Fit a model; return its item factors as columns to regress on.

    The length of an item's factors is much like its number of users, and the direction what kind of
    item it is: so the factors are scaled to unit length, and the logarithm of the length and the
    biases, where a model has some, are columns of their own.
    """
    fitted = REGISTRY[model].make(**setting)
    fitted.fit(user_items, show_progress=False)
    factors, biases = np.split(fitted.item_factors.astype(np.float64), [FACTORS], axis=1)
    length = np.linalg.norm(factors, axis=1, keepdims=True)
    return np.hstack([factors / np.where(length > 0, length, 1), np.log(length + 1e-12), biases])


def features_of(dataset: Dataset, user_items: csr_matrix) -> dict[str, pd.DataFrame]:
    """Return what is known of the items, NaN where it is not.

    Returns:
        ``sound``: ten features as normal scores, of items with a sound and a genre. ``genre``: 0 or
        1 for each family, of the same items. ``era``: where listeners of Last.fm gave an artist
        tags such as *80s*, the mean of these decades. ``audience``: the logarithm of the number of
        users.
    """
    tracks = dataset.tracks
    family = genre_families()
    families = [sorted({family[g] for g in genres}) for genres in tracks["genres"]]
    known = (
        tracks[list(AUDIO_AND_DURATION)].notna().all(axis=1)
        & pd.Series(families).str.len().gt(0).to_numpy()
    )
    heard = pd.DataFrame(np.nan, index=tracks.index, columns=list(AUDIO_AND_DURATION))
    genre = pd.DataFrame(np.nan, index=tracks.index, columns=sorted(set(family)))
    if known.any():
        heard.loc[known] = sound(tracks[known])
        genre.loc[known] = incidence(families, genre.columns).toarray()[known]
    users = np.bincount(user_items.indices, minlength=len(tracks)).astype(float)
    audience = pd.DataFrame({"log users": np.log(np.maximum(users, 1))}, index=tracks.index)
    kinds = {"sound": heard, "genre": genre, "audience": audience}
    if dataset.name == "lastfm-2k":
        kinds["era"] = pd.DataFrame({"decade": decades(tracks["artist_id"])})
    return kinds


def decades(artists: pd.Series) -> pd.Series:
    """Return the mean decade of the tags that say one (*60s*, *1990s*, *00s*), NaN without any."""
    tags = table("lastfm_tags")
    said = tags["tag"].str.extract(r"^(19|20)?([0-9])0s$")
    tens = pd.to_numeric(said[1])
    # Two digits alone are of the century that music on Last.fm is from.
    century = pd.to_numeric(said[0]).fillna(pd.Series(np.where(tens >= 3, 19, 20), tens.index))
    year = 100 * century + 10 * tens
    return artists.map(year.groupby(tags["artist_id"]).mean())


def folds_of(tracks: pd.DataFrame) -> Folds:
    """Split items: recordings with their artists apart; where an item is an artist, at random."""
    if "artists" in tracks:
        return artist_folds(tracks["artists"].reset_index(drop=True), N_FOLDS)
    return list(KFold(N_FOLDS, shuffle=True, random_state=SEED).split(np.zeros(len(tracks))))


def explained(factors: np.ndarray, targets: pd.DataFrame, folds: Folds, *, seed: int):
    """Return how much of each target a ridge regression on factors explains.

    Args:
        factors: rows x factors.
        targets: rows x targets, numbers.
        folds: (train, test) positions of rows; each row is tested once.
        seed: of the permutations and the bootstrap.

    Returns:
        One row for each target: ``feature``, ``r2``, ``low``, ``high``, ``permuted``; see
        :func:`heard`.
    """
    rng = np.random.default_rng(seed)
    Y = targets.to_numpy(dtype=np.float64)
    orders = [np.arange(len(Y)), *(rng.permutation(len(Y)) for _ in range(N_PERMUTATIONS))]
    worlds = np.hstack([Y[order] for order in orders])
    worlds = (worlds - worlds.mean(axis=0)) / np.where(
        worlds.std(axis=0) > 0, worlds.std(axis=0), 1
    )
    predicted = np.empty_like(worlds)
    for train, test in folds:
        scaler = StandardScaler().fit(factors[train])
        ridge = RidgeCV(RIDGES, alpha_per_target=True)
        ridge.fit(scaler.transform(factors[train]), worlds[train])
        predicted[test] = ridge.predict(scaler.transform(factors[test]))
    error, spread = (worlds - predicted) ** 2, worlds**2
    r2 = (1 - error.mean(axis=0) / spread.mean(axis=0)).reshape(len(orders), -1)
    n = Y.shape[1]
    draws = bootstrap_means(np.hstack([error[:, :n], spread[:, :n]]), n_draws=2_000, seed=seed)
    low, high = interval(1 - draws[:, :n] / draws[:, n:])
    return pd.DataFrame(
        {
            "feature": targets.columns,
            "r2": r2[0],
            "low": low,
            "high": high,
            "permuted": r2[1:].max(axis=0),
        }
    )


def strongest_correlation(factors: np.ndarray, feature: np.ndarray, *, seed: int) -> pd.Series:
    """Return the largest absolute correlation of a feature with any one factor.

    Args:
        factors: items x factors.
        feature: one number for each item.
        seed: of the permutations.

    Returns:
        ``largest``, and ``permuted``: the 95 % quantile of the largest in 200 permutations of the
        items, where each time the largest over all factors counts.
    """
    rng = np.random.default_rng(seed)
    worlds = np.column_stack([feature, *(rng.permutation(feature) for _ in range(200))])
    worlds = (worlds - worlds.mean(axis=0)) / worlds.std(axis=0)
    spread = factors.std(axis=0)
    columns = (factors - factors.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    largest = np.abs(columns.T @ worlds / len(factors)).max(axis=0)
    return pd.Series({"largest": largest[0], "permuted": np.quantile(largest[1:], 0.95)})


def rotation(factors: np.ndarray, *, seed: int) -> np.ndarray:
    """Return a random orthogonal matrix for factors: by QR of normal draws, uniform over all."""
    Q, R = np.linalg.qr(np.random.default_rng(seed).standard_normal((factors.shape[1],) * 2))
    return Q * np.sign(np.diag(R))


def leading_items(
    item_factors: np.ndarray, tracks: pd.DataFrame, *, n_factors: int = 8, n_items: int = 6
) -> pd.DataFrame:
    """Return the items with the largest values in each factor, and the tag that fits it best.

    Tags are those that at least 30 listeners of Last.fm have given.

    Args:
        item_factors: items x factors, none negative.
        tracks: a data set's items, with ``artist_id`` (the tags are those of Last.fm).
        n_factors: how many to show: those with the largest sums.
        n_items: how many items of each.

    Returns:
        ``tag``, ``correlation`` of the factor with who has the tag, and ``items``, a text.
    """
    tags = table("lastfm_tags")
    listeners = tags.groupby("tag")["user_id"].nunique()
    tags = tags[tags["tag"].isin(listeners.index[listeners >= LEAST_LISTENERS])]
    tags = tags.drop_duplicates(["artist_id", "tag"])
    position = pd.Series(np.arange(len(tracks)), tracks["artist_id"].to_numpy())
    rows = position.reindex(tags["artist_id"]).to_numpy()
    codes, names = pd.factorize(tags["tag"], sort=True)
    tagged = np.zeros((len(tracks), len(names)), dtype=np.float32)
    tagged[rows[~np.isnan(rows)].astype(int), codes[~np.isnan(rows)]] = 1
    order = np.argsort(-item_factors.sum(axis=0), kind="stable")[:n_factors]
    centred = item_factors[:, order] - item_factors[:, order].mean(axis=0)
    centred /= np.maximum(np.linalg.norm(centred, axis=0), 1e-12)
    correlation = centred.T @ (
        (tagged - tagged.mean(axis=0)) / (tagged.std(axis=0) * len(tagged) ** 0.5)
    )
    label = tracks["label"].to_numpy()
    found = []
    for place, factor in enumerate(order):
        leaders = np.argsort(-item_factors[:, factor], kind="stable")[:n_items]
        tag = int(np.argmax(correlation[place]))
        found.append(
            {
                "tag": names[tag],
                "correlation": float(correlation[place, tag]),
                "items": ", ".join(label[leaders]),
            }
        )
    return pd.DataFrame(found)
