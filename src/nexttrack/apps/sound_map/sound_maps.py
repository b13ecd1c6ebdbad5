"""An interactive map of recordings: two dimensions to pan, zoom, search and colour.

A chapter shows it in a frame. JupyterLab shows the page beside the running notebook, with every
recording on it. The published book shows a page made from what is stored in the notebook: the most
popular recordings with our own numbers, and how many of all of them lie where
(:mod:`nexttrack.apps.sound_map.framed_pages`). HTML is not stored: Quarto would load scripts for
it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.spatial.distance import pdist
from scipy.stats import rankdata

from nexttrack import project
from nexttrack.apps.sound_map.framed_pages import MAP_PAGE, MAP_TYPE
from nexttrack.data.editions import fingerprint
from nexttrack.files import write_file

COLUMNS = ("title", "artists", "genres", "popularity")
EXCERPT = 1_000  # most recordings that a stored map may name
CELLS = 96  # of the density, in each direction
FRAME = (
    f'<iframe class="sound-map" src="{MAP_PAGE}" title="Map of recordings by how they sound" '
    'width="100%" height="640" loading="lazy"></iframe>\n\n'
    f"[Open the map in a page of its own]({MAP_PAGE})"
)
# How far a map made anew may be from the stored one; see map_differences. On 10,000 recordings, the
# distances of a UMAP of features changed by 1e-7 correlated with the stored ones by 0.82, those of
# another seed by 0.87, those of other recordings by 0.
MOVED = 0.01
LIKE = 0.5


@dataclass(frozen=True)
class SoundMap:
    """A map as a notebook shows and stores it.

    Attributes:
        content: what the published page is made from (:func:`map_content`).
    """

    content: dict

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict:
        return {"text/markdown": FRAME, "text/plain": repr(self), MAP_TYPE: self.content}

    def __repr__(self) -> str:
        return f"Map of recordings: {MAP_PAGE}"


def sound_map(
    recordings: pd.DataFrame,
    places: ArrayLike,
    clusters: Sequence[str],
    features: pd.DataFrame,
    *,
    families: Mapping[str, str] | pd.Series | None = None,
) -> SoundMap:
    """Write the map of all recordings beside the notebook, and return the one to store and publish.

    Args:
        recordings: the columns title, artists and genres (lists of names) and popularity.
        places: recordings x 2, where each recording lies on the map.
        clusters: the name of each recording's cluster.
        features: recordings x features, numbers of any unit: the map shows their percentile ranks.
        families: the family of each genre. Without it, the map is coloured by genre itself.

    Raises:
        ValueError: if numbers of rows differ, a place or feature is not finite, a column is
            missing, or a genre has no family.
        OSError: if the page cannot be written.
    """
    # Bokeh takes a moment to import; what only compares stored maps does without it.
    from nexttrack.apps.sound_map.map_page import page

    edition = project.edition()
    made_from = {"edition": edition, "fingerprint": fingerprint(edition)}
    given = (recordings, places, clusters, features, families)
    write_file(Path(MAP_PAGE), page(map_content(*given, **made_from)).encode())
    return SoundMap(map_content(*given, **made_from, most=EXCERPT))


def map_content(
    recordings: pd.DataFrame,
    places: ArrayLike,
    clusters: Sequence[str],
    features: pd.DataFrame,
    families: Mapping[str, str] | pd.Series | None = None,
    *,
    edition: str,
    fingerprint: str,
    most: int | None = None,
) -> dict:
    """Return what the page of a map is made from, as JSON holds it.

    Each recording is one line, its fields parted by tabs: title, artists, first genre, codes of its
    groups, place, percentile ranks. Groups are numbered by their size among all recordings; ranks
    are among all recordings too: 100 (r − 1/2) / n, with r the mean rank of ties, to whole numbers.

    Args:
        recordings, places, clusters, features, families: see :func:`sound_map`.
        edition: the name of the edition of the data.
        fingerprint: that of the data.
        most: name only so many recordings, the most popular, and add how many of all lie where.
            All are named without it.

    Raises:
        ValueError: see :func:`sound_map`.
    """
    places, clusters = np.asarray(places, dtype=float), list(clusters)
    _check(recordings, places, clusters, features)
    genres = [names[0] if len(names) else "no genre" for names in recordings["genres"]]
    groups = {"cluster": clusters}
    if families is None:
        groups["genre"] = genres
    else:
        groups["genre family"] = _families(genres, dict(families))
    values = {name: _by_size(labels) for name, labels in groups.items()}
    codes = [pd.Index(values[name]).get_indexer(labels) for name, labels in groups.items()]
    ranks = [percentile_ranks(features[name]) for name in features.columns]

    titles = [_on_one_line(title) for title in recordings["title"]]
    artists = [_on_one_line(", ".join(names)) for names in recordings["artists"]]
    popularity = recordings["popularity"].tolist()
    shown = sorted(range(len(titles)), key=lambda i: (-popularity[i], titles[i], artists[i]))[:most]
    digits = 2 if most else 3
    content = {
        "format": 1,
        "edition": edition,
        "fingerprint": fingerprint,
        "total": len(recordings),
        "groups": [{"name": name, "values": list_} for name, list_ in values.items()],
        "features": [str(name).replace("_", " ") for name in features.columns],
        "recordings": [
            "\t".join(
                [
                    titles[i],
                    artists[i],
                    genres[i],
                    " ".join(str(code[i]) for code in codes),
                    f"{places[i, 0]:.{digits}f} {places[i, 1]:.{digits}f}",
                    " ".join(str(rank[i]) for rank in ranks),
                ]
            )
            for i in shown
        ],
    }
    return content if most is None else content | {"density": _density(places)}


def percentile_ranks(values: ArrayLike) -> np.ndarray:
    """Return where each value stands among all, from 0 to 100, as whole numbers.

    100 (r − 1/2) / n, with r the mean rank of ties: SciPy's ``percentileofscore(kind="mean")``.
    """
    values = np.asarray(values, dtype=float)
    return np.rint(100 * (rankdata(values) - 0.5) / len(values)).astype(int)


def _check(
    recordings: pd.DataFrame, places: np.ndarray, clusters: list, features: pd.DataFrame
) -> None:
    missing = [name for name in COLUMNS if name not in recordings.columns]
    if missing:
        raise ValueError(f"recordings have no column {missing[0]!r}")
    if not len(recordings):
        raise ValueError("there are no recordings to map")
    if places.ndim != 2 or places.shape[1] != 2:
        raise ValueError(f"places must be recordings x 2, not of shape {places.shape}")
    for what, rows in (("places", places), ("clusters", clusters), ("features", features)):
        if len(rows) != len(recordings):
            raise ValueError(f"{len(recordings)} recordings and {len(rows)} {what} do not match")
    if not np.isfinite(places).all():
        raise ValueError(f"{(~np.isfinite(places)).any(axis=1).sum()} places are not finite")
    for name in features.columns:
        if not np.isfinite(features[name].to_numpy(dtype=float)).all():
            raise ValueError(f"the feature {name} has values that are missing or not finite")
    names = [name for name in clusters if not isinstance(name, str)]
    if names:
        raise ValueError(f"clusters are names, not {names[0]!r}")


def _families(genres: list[str], families: dict[str, str]) -> list[str]:
    unknown = sorted(set(genres) - set(families))
    if unknown:
        raise ValueError(f"genres without a family: {', '.join(unknown[:5])}")
    return [families[genre] for genre in genres]


def _by_size(labels: list[str]) -> list[str]:
    """Return the distinct labels, the most frequent first, equals by the alphabet."""
    counts = pd.Series(labels, dtype=object).value_counts()
    return sorted(counts.index, key=lambda label: (-counts[label], label))


def _on_one_line(text: str) -> str:
    return " ".join(str(text).split())


def _density(places: np.ndarray) -> dict:
    """Return how many places lie in each cell of a grid over all of them, the lowest row first."""
    counts, x, y = np.histogram2d(places[:, 0], places[:, 1], bins=CELLS)
    return {
        "counts": [" ".join(str(int(count)) for count in row) for row in counts.T],
        "x": [round(float(x[0]), 2), round(float(x[-1]), 2)],
        "y": [round(float(y[0]), 2), round(float(y[-1]), 2)],
    }


def map_differences(stored: dict, new: dict) -> Iterator[tuple[str, str]]:
    """Yield what differs between a stored map and one made anew, as pairs of short texts.

    Equal must be which recordings are named, the groups and the features. One recording in a
    hundred may be in another group, or have ranks that differ by more than 1. Places come from an
    optimisation in which the last digit of another machine moves a point as far as another seed
    does. So no place is compared, and neither are the counts on the ground; distances on the two
    maps must correlate (Pearson) by 0.5, which a map of the same recordings does and places that
    belong to others do not. The fingerprint of the data is not compared, nor is it in a colophon.
    """
    for part in ("format", "edition", "total", "features"):
        if stored.get(part) != new.get(part):
            yield f"the map's {part} {stored.get(part)}", f"{new.get(part)}"
            return
    before, after = _groups(stored), _groups(new)
    if before != after:
        yield f"groups {before}", f"{after}"
        return
    old, fresh = _rows(stored), _rows(new)
    if old.keys() != fresh.keys():
        yield (
            f"{len(old.keys() - fresh.keys())} recordings that are no longer on the map",
            f"{len(fresh.keys() - old.keys())} others",
        )
        return
    pairs = [(old[name], fresh[name]) for name in old]
    regrouped = np.mean([a.groups != b.groups for a, b in pairs])
    if regrouped > MOVED:
        yield "the groups of the recordings", f"others for {regrouped:.1%} of them"
    ranked = np.mean([np.abs(a.ranks - b.ranks).max(initial=0) > 1 for a, b in pairs])
    if ranked > MOVED:
        yield "percentile ranks", f"others for {ranked:.1%} of the recordings"
    alike = _likeness(np.array([a.place for a, _ in pairs]), np.array([b.place for _, b in pairs]))
    if alike < LIKE:
        yield "the places on the map", f"distances that correlate with them by {alike:.2f}"


@dataclass(frozen=True)
class _Row:
    groups: tuple[str, ...]
    place: tuple[float, float]
    ranks: np.ndarray


def _groups(content: dict) -> dict[str, list[str]]:
    """Return the names of the groups; their order, by size, may change with one recording."""
    return {group["name"]: sorted(group["values"]) for group in content["groups"]}


def _rows(content: dict) -> dict[tuple, _Row]:
    """Return the recordings of a map by title, artists, genre, and a count among equals."""
    values = [group["values"] for group in content["groups"]]
    rows: dict[tuple, _Row] = {}
    for line in content["recordings"]:
        *name, codes, place, ranks = line.split("\t")
        count = 0
        while (*name, count) in rows:
            count += 1
        rows[*name, count] = _Row(
            tuple(names[int(code)] for names, code in zip(values, codes.split(), strict=True)),
            tuple(map(float, place.split())),
            np.array(ranks.split(), dtype=int),
        )
    return rows


def _likeness(places: np.ndarray, others: np.ndarray) -> float:
    """Return the correlation of the distances between all pairs of places with those of others."""
    first, second = pdist(places), pdist(others)
    if first.std() == 0 or second.std() == 0:
        return float(np.allclose(first, second))
    return float(np.corrcoef(first, second)[0, 1])
