"""What of a neighbour is the artist: neighbours and recommendations with artists apart.

Flexer (2007, ISMIR) showed that two songs of one album sound alike for reasons that are not music,
and that genre is told far worse from songs by others: so measures of similarity are compared with
an artist filter.
"""

import json
import re
from functools import partial

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, diags

from nexttrack.data.dataset import table
from nexttrack.evaluation.comparison import METRICS, Candidate, N
from nexttrack.evaluation.evaluator import top_n
from nexttrack.evaluation.ranked_lists import RankedLists
from nexttrack.features.names import names_incidence
from nexttrack.features.neighbours import nearest, sharing
from nexttrack.models import SameArtist
from nexttrack.parallel import in_processes, on_one_thread
from nexttrack.study.kept import kept
from nexttrack.study.neighbours import neighbour_curves
from nexttrack.study.protocol import task
from nexttrack.study.sound_space import sound

SEED = 20_260_108
K = 10
QUERIES = 3_000
LONG = 500  # length of the lists that the filter shortens
RAREST = "Same artist, rarest first"
"""A rule: what else there is by the artists of a playlist, what nobody has before all others."""

# What a title says about the version: after a dash or in brackets.
_VERSION = re.compile(r"\s+-\s.*$|\s*[(\[].*$")


def song(title: str) -> str:
    """Return a title without what it says about the version, in lower case.

    "Angie - Remastered" and "Angie (Live)" become "angie". Where nothing else is left, the title
    stays as it is.
    """
    return _VERSION.sub("", title).strip().casefold() or title.casefold()


@kept
def by_ear() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Say what the neighbours by sound of some recordings share with them.

    Returns:
        (shares, duplicates). ``shares``: one row for each recording asked about: ``same_artist``,
        ``same_song`` (a common artist and the same :func:`song`), ``same_genre``, all among its 10
        nearest, and ``same_genre_others``, among the 10 nearest by other artists.
        ``duplicates``: one row: ``ids``, Spotify's ids in the catalogue, ``repeated``, the share
        of them that are another id's recording, and ``places``, the mean share of 10 neighbours
        that such repeats would hold, had they not been merged.
    """
    recordings = table("recordings")
    rng = np.random.default_rng(SEED)
    queries = np.sort(rng.choice(len(recordings), min(QUERIES, len(recordings)), replace=False))
    by_artist, by_genre = (names_incidence(recordings[name]) for name in ("artists", "genres"))
    songs = pd.Series(
        [[song(title)] if isinstance(title, str) else [] for title in recordings["title"]]
    )
    everyone, others = nearest(sound(recordings).to_numpy(), queries, K, by_artist)
    ids = recordings["track_ids"].str.len().to_numpy()
    repeats = np.repeat(ids - 1, ids)
    return (
        pd.DataFrame(
            {
                "recording": queries,
                "same_artist": sharing(by_artist, queries, everyone),
                "same_song": _both(by_artist, names_incidence(songs), queries, everyone),
                "same_genre": sharing(by_genre, queries, everyone),
                "same_genre_others": sharing(by_genre, queries, others),
            }
        ),
        pd.DataFrame(
            {
                "ids": [ids.sum()],
                "repeated": [(repeats > 0).mean()],
                "places": [(np.minimum(repeats, K) / K).mean()],
            }
        ),
    )


def _both(one: csr_matrix, other: csr_matrix, queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return for each query the share of its rows that have a name of both kinds in common."""
    asked = np.repeat(queries, rows.shape[1])
    common = [
        np.asarray(names[asked].multiply(names[rows.ravel()]).sum(axis=1)).ravel() > 0
        for names in (one, other)
    ]
    return (common[0] & common[1]).reshape(rows.shape).mean(axis=1)


def known_artists(seen: csr_matrix, by_artist: csr_matrix) -> csr_matrix:
    """Return users x items, 1 where an artist of the item is in what the user has.

    Args:
        seen: users x items.
        by_artist: items x artists.
    """
    own = (seen @ by_artist @ by_artist.T).tocsr()
    own.data[:] = 1
    return own


def without(lists: np.ndarray, hidden: csr_matrix, length: int) -> np.ndarray:
    """Take items out of lists, a row of ``hidden`` for each list, and keep the first ``length``.

    Args:
        lists: positions, users x long; -1 where a list is short.
        hidden: users x items, not 0 where the item is to go.
        length: length of the lists to return.

    Returns:
        int64 of users x length; -1 where nothing is left.
    """
    rows = np.repeat(np.arange(len(lists)), lists.shape[1])
    gone = np.asarray(hidden[rows, np.maximum(lists, 0).ravel()]).reshape(lists.shape) != 0
    lists = np.where(gone, -1, lists)
    order = np.argsort(lists < 0, axis=1, kind="stable")
    return np.take_along_axis(lists, order, axis=1)[:, :length].astype(np.int64)


@kept
def recommended(name: str) -> pd.DataFrame:
    """Measure the models of neighbours on playlists: on all items, and on two kinds of them.

    On the validation part, each half of the users with the settings that are best on the other
    half (:func:`nexttrack.study.neighbours.neighbour_curves.by_halves`). *New artists* leaves out,
    of the lists and of what is asked for, all items by an artist whom the playlist has already;
    *others have* all items that no list has in the training part. The lists are what is left of the
    first 500. Beside the models stands a rule that has nothing to learn, :data:`RAREST`.

    Args:
        name: of a data set whose items have artists.

    Returns:
        One row for each ``model``, ``asked`` (all, new artists, others have) and user who has
        something of each kind held out: ``user``, ``group``, the metrics, and ``same_artist``: of
        the user's hits among the first 20, the share by an artist whom the playlist has (NaN for no
        hit; for all items only).
    """
    playlists = task(name)
    dataset, parts = playlists.dataset, playlists.asked
    seen, asked = parts.validation_in, parts.validation_out
    by_artist = names_incidence(dataset.tracks["artists"])
    known = known_artists(seen, by_artist)
    fresh = (asked - asked.multiply(known)).tocsr()
    fresh.eliminate_zeros()
    held = np.diff(seen.tocsc().indptr) > 0
    some = (np.diff(fresh.indptr) > 0) & (asked @ held > 0)
    _, _, chosen = neighbour_curves.play(name)
    users = np.flatnonzero(np.diff(asked.indptr))
    halves = {"even": users[::2], "odd": users[1::2]}
    halves = {half: users[some[users]] for half, users in halves.items()}
    tasks = [(row.model, json.loads(row.settings), halves[row.half]) for row in chosen.itertuples()]
    tasks += [(RAREST, {}, users) for users in halves.values()]
    rarest = Candidate(partial(SameArtist, by_artist, popularity_exponent=-1.0))
    models = neighbour_curves.neighbour_models(dataset.tracks) | {RAREST: rarest}
    shared = (models, seen, asked, fresh, known, held)
    scores = pd.concat(in_processes(_measured, shared, tasks), ignore_index=True)
    return scores.assign(group=playlists.group(scores["user"]))


def _measured(candidates, seen, asked, fresh, known, held, name, settings, users):
    model = on_one_thread(candidates[name].make(**settings))
    model.fit(seen, show_progress=False)
    lists, relevant = top_n(model, seen, users, LONG), asked[users]
    others_have = np.where(held[lists], lists, -1)
    nothing = csr_matrix(relevant.shape)
    familiar = (relevant @ diags(held.astype(np.float32))).tocsr()
    familiar.eliminate_zeros()
    tables = []
    for what, ids, of in (
        ("all", lists[:, :N], relevant),
        ("new artists", without(lists, known[users], N), fresh[users]),
        ("others have", without(others_have, nothing, N), familiar),
    ):
        values = {metric: measure(RankedLists(ids, of)) for metric, measure in METRICS.items()}
        tables.append(pd.DataFrame({"asked": what, "user": users, **values}))
    tables[0]["same_artist"] = _share_known(lists[:, :N], relevant, known[users])
    return pd.concat(tables).assign(model=name)


def only_here(name: str) -> dict[str, float]:
    """Say what of a data set's items only the held-out parts have.

    Returns:
        ``catalogue``: the share of the items that nobody has in the training part, and so somebody
        in validation or the test; ``asked``: the share of the held-out pairs of validation that are
        of such items.
    """
    parts = task(name).split
    nobody = np.diff(parts.validation_in.tocsc().indptr) == 0
    return {
        "catalogue": float(nobody.mean()),
        "asked": float(nobody[parts.validation_out.indices].mean()),
    }


def _share_known(ids, relevant, known):
    rows = np.repeat(np.arange(len(ids)), ids.shape[1])
    found, familiar = (
        np.asarray(matrix[rows, np.maximum(ids, 0).ravel()]).reshape(ids.shape) * (ids >= 0)
        for matrix in (relevant, known)
    )
    hits = found.sum(axis=1)
    share = (found * familiar).sum(axis=1) / np.maximum(hits, 1)
    return np.where(hits > 0, share, np.nan)
