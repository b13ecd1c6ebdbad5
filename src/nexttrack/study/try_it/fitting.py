"""The models of the page: fitted here, rounded to bytes, and made again from those bytes.

What the page computes is what :func:`recommenders` computes from the same bytes, with the models of
this package: rounding comes first, so there is one truth for both.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, hstack

from nexttrack.features.names import incidence
from nexttrack.features.normal_scores import NormalScores
from nexttrack.models import IALS, AudioKNN, Blend, ContentIALS, ItemKNN, Popularity
from nexttrack.models.recommender import Recommender
from nexttrack.study.try_it.catalogue import Catalogue
from nexttrack.study.try_it.container import lines, text

FORMAT = 1
UNKNOWN = 255  # the byte of an audio feature that is not known
WIDEST = 3.0  # normal scores beyond it are cut off: 1 recording in 370
OF_USERS = (
    *("alpha", "unobserved_weight", "regularization", "frequency_exponent", "frequency_scale"),
)
"""What iALS needs to place a user, besides the factors of the items."""
PRIOR, CONTENT_RIDGE = 10.0, 10.0  # of chapter 09's settings, the ones chosen most often
MEMBERS = ("factors", "neighbours", "sound")
"""The models of the hybrid, in the order of its weights."""

Arrays = dict[str, np.ndarray]


def fitted(
    catalogue: Catalogue,
    *,
    features: Sequence[str],
    steps: int,
    factors: int,
    neighbours: int,
    ials: Mapping[str, Any],
    item_knn: Mapping[str, Any],
    weights: Sequence[float],
) -> tuple[dict[str, Any], Arrays]:
    """Fit the models of the page, and return them as meta and arrays of bytes.

    Args:
        catalogue: recordings and playlists. Without playlists there are sound and popularity.
        features: audio features that are kept of a recording.
        steps: values that a feature may have, 2 to 255.
        factors: of each song.
        neighbours: of each song, at most 255.
        ials, item_knn: settings of the models of interactions.
        weights: of :data:`MEMBERS` in the hybrid.
    """
    every = pd.concat([catalogue.recordings, catalogue.others], ignore_index=True)
    n = len(catalogue.recordings)
    codes = _codes(every[list(features)].to_numpy(dtype=np.float64), n, steps)
    _, artist_names = _lists(catalogue.recordings["artists"])
    genres, genre_names = _lists(catalogue.recordings["genres"])
    meta: dict[str, Any] = {
        "map": plane(audio_scores({"steps": steps, "widest": WIDEST}, codes[:n])),
        "format": FORMAT,
        "n": n,
        "features": list(features),
        "steps": steps,
        "widest": WIDEST,
        "artists": len(artist_names),
        "genres": len(genre_names),
        "models": ["popular", "sound"],
    }
    arrays = {
        **names_of(catalogue.recordings),
        "genre names": text(genre_names),
        **_ragged("genres", genres),
        "audio": codes[:n],
    }
    if not catalogue.user_items.shape[0]:
        return meta, arrays
    kept = np.flatnonzero(catalogue.listed)
    meta["models"] += ["neighbours", "factors", "hybrid"]
    meta |= {"weights": list(map(float, weights)), "neighbours": neighbours}
    arrays["listed"] = kept.astype(np.uint32)
    arrays |= _nearest(similarity_of_listed(catalogue, neighbours, item_knn))
    content, columns = content_of(audio_scores(meta, codes), every)
    model = placed_by_content(catalogue, content, {**ials, "factors": factors})
    arrays |= _factors(model, kept, columns, len(features), artist_names, genre_names)
    meta["ials"] = {name: getattr(model, name) for name in OF_USERS}
    Y = item_factors(meta, arrays).astype(np.float64)
    arrays["gram"] = Y.T @ Y
    return meta, arrays


def names_of(recordings: pd.DataFrame) -> Arrays:
    """Return titles, artists and popularity as the page shows and searches them."""
    artists, artist_names = _lists(recordings["artists"])
    return {
        "titles": text(recordings["title"].tolist()),
        "artist names": text(artist_names),
        **_ragged("artists", artists),
        "popularity": recordings["popularity"].to_numpy().astype(np.uint8),
    }


def similarity_of_listed(catalogue: Catalogue, K: int, settings: Mapping[str, Any]) -> csr_matrix:
    """Return the K nearest others of each recording that a playlist has, by item kNN.

    Returns:
        float64 of listed x listed, the rows and columns in the order of the catalogue.
    """
    model = ItemKNN(**{**settings, "K": K + 1})  # itself among them
    rows = catalogue.user_items[:, np.flatnonzero(catalogue.listed)]
    model.fit(rows, show_progress=False)
    near = model.similarity.tocsr()
    near.setdiag(0)
    near.eliminate_zeros()
    near.sort_indices()
    return near


def placed_by_content(
    catalogue: Catalogue, content: csr_matrix, settings: Mapping[str, Any]
) -> ContentIALS:
    """Return iALS over all items of the playlists, those of the catalogue alone by content."""
    model = ContentIALS(content, PRIOR, CONTENT_RIDGE, **settings)
    model.fit(catalogue.user_items, show_progress=False)
    return model


def recommenders(meta: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return the models of the page by name, from its bytes, as models of this package.

    Users are told by their rows: ``recommend(..., recalculate_user=True)``.
    """
    n = meta["n"]
    nobody = csr_matrix((1, n), dtype=np.float32)
    popular = Popularity()
    popular.fit(csr_matrix(arrays["popularity"][None, :].astype(np.float32)), show_progress=False)
    scores = audio_scores(meta, arrays["audio"])
    sound = AudioKNN()
    sound.vectors, sound.known = _unit(scores), np.isfinite(scores).all(axis=1)
    sound.user_items = nobody
    found: dict[str, Recommender] = {"popular": popular, "sound": sound}
    if "listed" not in arrays:
        return found
    neighbours = ItemKNN(K=meta["neighbours"])
    neighbours._keep(_similarity(meta, arrays))
    factors = known_by_items(item_factors(meta, arrays), meta["ials"])
    found |= {"neighbours": neighbours, "factors": factors}
    found["hybrid"] = Blend([found[name] for name in MEMBERS], meta["weights"])
    return found


def known_by_items(Y: np.ndarray, settings: Mapping[str, Any]) -> IALS:
    """Return iALS with these factors of items, float32, which places users by what they have."""
    own = {name: value for name, value in settings.items() if name != "frequency_scale"}
    model = IALS(Y.shape[1], **own)
    model.frequency_scale = settings["frequency_scale"]
    model.item_factors = Y
    model.user_factors = np.zeros((1, Y.shape[1]), dtype=np.float32)
    model._fitted()
    return model


def item_factors(meta: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the factors of all recordings, float32: learned ones, the others from content."""
    scores = np.nan_to_num(audio_scores(meta, arrays["audio"]))
    table = arrays["content factors"] * arrays["content scales"][:, None]
    found = scores / np.sqrt(scores.shape[1]) @ table[: scores.shape[1]]
    start = scores.shape[1]
    for name in ("genres", "artists"):
        rows = _of_length_one(_incidence(arrays, name))
        place = arrays[f"{name} known"].astype(np.int64)
        found += rows[:, place] @ table[start : start + len(place)]
        start += len(place)
    found[arrays["listed"]] = arrays["factors"] * arrays["factor scales"][:, None]
    return found.astype(np.float32)


def audio_scores(meta: Mapping[str, Any], codes: np.ndarray) -> np.ndarray:
    """Return the normal scores that bytes stand for, float64; NaN where unknown."""
    scores = codes / (meta["steps"] - 1) * 2 * meta["widest"] - meta["widest"]
    return np.where(codes == UNKNOWN, np.nan, scores)


def plane(scores: np.ndarray) -> dict[str, Any]:
    """Return the plane in which sounds differ most: two principal components.

    Args:
        scores: items x features, normal scores; NaN where unknown.

    Returns:
        ``loadings``, 2 x features, each with its largest entry above 0; ``share``, of the variance.
    """
    known = scores[np.isfinite(scores).all(axis=1)]
    variances, directions = np.linalg.eigh(np.cov(known.T))
    loadings = directions[:, :-3:-1].T
    largest = np.abs(loadings).argmax(axis=1)
    loadings = loadings * np.sign(loadings[[0, 1], largest])[:, None]
    share = float(variances[-2:].sum() / variances.sum())
    return {"loadings": loadings.round(6).tolist(), "share": share}


def _codes(values: np.ndarray, n: int, steps: int) -> np.ndarray:
    """Return features as bytes: normal scores among the first n rows, in equal steps."""
    scores = NormalScores().fit(values[:n]).transform(values)
    share = (np.clip(scores, -WIDEST, WIDEST) + WIDEST) / (2 * WIDEST)
    codes = np.where(np.isnan(share), UNKNOWN, np.rint(np.nan_to_num(share) * (steps - 1)))
    codes[(codes == UNKNOWN).any(axis=1)] = UNKNOWN  # a sound is known as a whole or not at all
    return codes.astype(np.uint8)


def _unit(scores: np.ndarray) -> np.ndarray:
    rows = np.nan_to_num(scores)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _lists(column: pd.Series) -> tuple[list[list[int]], list[str]]:
    """Return lists of names as positions among all names, and the names, sorted."""
    rows = _as_lists(column)
    names = sorted({name for row in rows for name in row})
    place = {name: i for i, name in enumerate(names)}
    return [[place[name] for name in row] for row in rows], names


def _as_lists(column: pd.Series) -> list[list[str]]:
    """Return lists of names, each name once; an item without a list has none."""
    return [
        list(dict.fromkeys(names)) if isinstance(names, list | np.ndarray) else []
        for names in column
    ]


def _ragged(name: str, rows: list[list[int]]) -> Arrays:
    """Return lists of positions as their lengths and one array."""
    flat = np.array([value for row in rows for value in row], dtype=np.uint32)
    small = np.uint8 if flat.max(initial=0) < 256 else np.uint16 if flat.max() < 65_536 else None
    return {
        name: flat.astype(small) if small else flat,
        f"{name} counts": np.array([len(row) for row in rows], dtype=np.uint8),
    }


def _incidence(arrays: Mapping[str, np.ndarray], name: str) -> csr_matrix:
    indptr = np.concatenate([[0], np.cumsum(arrays[f"{name} counts"], dtype=np.int64)])
    columns = len(lines(arrays[f"{name[:-1]} names"]))
    ones = np.ones(indptr[-1])
    return csr_matrix(
        (ones, arrays[name].astype(np.int32), indptr), shape=(len(indptr) - 1, columns)
    )


def _of_length_one(rows: csr_matrix) -> csr_matrix:
    """Return an incidence whose rows have length 1, in place; rows of zeros stay."""
    counts = np.diff(rows.indptr)
    rows.data /= np.repeat(np.sqrt(np.maximum(counts, 1)), counts)
    return rows


def content_of(scores: np.ndarray, every: pd.DataFrame) -> tuple[csr_matrix, list[str]]:
    """Return columns of sound, genres and artists for all items, and the names of the columns.

    Args:
        scores: items x features, normal scores; NaN where unknown.
        every: of the same items, with lists of genres and artists.
    """
    parts = [csr_matrix(np.nan_to_num(scores) / np.sqrt(scores.shape[1]))]
    names = [""] * scores.shape[1]
    for column in ("genres", "artists"):
        lists = _as_lists(every[column])
        own = sorted({name for row in lists for name in row})
        parts.append(_of_length_one(incidence(lists, own)))
        names += [f"{column} {name}" for name in own]
    return hstack(parts, format="csr"), names


def _factors(
    model: ContentIALS,
    kept: np.ndarray,
    columns: list[str],
    n_features: int,
    artist_names: list[str],
    genre_names: list[str],
) -> Arrays:
    """Return factors as bytes with a scale for each row: of what is listed, and of content."""
    place = {name: i for i, name in enumerate(columns)}
    rows, known = [model.content_factors[:n_features]], {}
    for kind, names in (("genres", genre_names), ("artists", artist_names)):
        factors = model.content_factors[[place[f"{kind} {name}"] for name in names]]
        told = np.flatnonzero(factors.any(axis=1))  # of the others nobody has anything
        rows.append(factors[told])
        known[f"{kind} known"] = told.astype(np.uint32)
    content, content_scales = _bytes(np.concatenate(rows))
    factors, scales = _bytes(model.item_factors[kept])
    return {
        "factors": factors,
        "factor scales": scales,
        "content factors": content,
        "content scales": content_scales,
        **known,
    }


def _bytes(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows as int8 times a float32 for each row."""
    scales = np.abs(rows).max(axis=1, initial=0) / 127
    scales = np.where(scales > 0, scales, 1).astype(np.float32)
    return np.rint(rows / scales[:, None]).astype(np.int8), scales


def _nearest(near: csr_matrix) -> Arrays:
    """Return similarities as bytes, with a scale for all."""
    scale = near.data.max(initial=1e-9) / 255
    near = csr_matrix((np.rint(near.data / scale), near.indices, near.indptr), shape=near.shape)
    near.eliminate_zeros()
    return {
        "neighbours": near.indices.astype(np.uint16 if near.shape[0] < 65_536 else np.uint32),
        "neighbour counts": np.diff(near.indptr).astype(np.uint8),
        "similarities": near.data.astype(np.uint8),
        "similarity scale": np.array([scale], dtype=np.float64),
    }


def _similarity(meta: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> csr_matrix:
    """Return the similarities of all recordings, float64; those not listed have none."""
    kept, n = arrays["listed"].astype(np.int64), meta["n"]
    counts = np.zeros(n, dtype=np.int64)
    counts[kept] = arrays["neighbour counts"]
    indptr = np.concatenate([[0], np.cumsum(counts)])
    values = arrays["similarities"] * arrays["similarity scale"][0]
    found = csr_matrix((values, kept[arrays["neighbours"]], indptr), shape=(n, n))
    found.sort_indices()
    return found
