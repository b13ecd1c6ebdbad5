"""What the page can recommend, and who put what together: recordings, and playlists of them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from nexttrack.data.columns import AUDIO
from nexttrack.data.dataset import Dataset, table
from nexttrack.errors import NotThereError

COLUMNS = ("title", "artists", "genres", *AUDIO)


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Recordings, the most popular first, and playlists of them and of others.

    Attributes:
        recordings: one row for each, indexed from 0: title, artists and genres (lists), popularity
            (0 to 100) and audio features (NaN where unknown).
        others: the same for what only playlists have; nothing of it is on the page.
        user_items: playlists x (recordings, then others), float32 of ones; no rows without
            playlists.
    """

    recordings: pd.DataFrame
    others: pd.DataFrame
    user_items: csr_matrix

    @property
    def listed(self) -> np.ndarray:
        """Return which recordings some playlist has, boolean."""
        counts = np.bincount(self.user_items.indices, minlength=self.user_items.shape[1])
        return counts[: len(self.recordings)] > 0


def load_catalogue(most: int | None = None) -> Catalogue:
    """Return the recordings of spotify-tracks at hand, with the playlists if they are there.

    A playlist's track is a recording of the catalogue that has one of its ids, or else its title
    and first artist, letter case aside; of several the most popular.

    Args:
        most: so many recordings only, the most popular.
    """
    found = table("recordings").sort_values(
        ["popularity", "recording"], ascending=[False, True], kind="stable"
    )
    found = found[found["title"].notna()].head(most).reset_index(drop=True)
    try:
        playlists = Dataset.load("playlists")
    except NotThereError:  # they cannot be downloaded; the page then has the models that need none
        empty = found[list(COLUMNS)].iloc[:0]
        return Catalogue(found, empty, csr_matrix((0, len(found)), dtype=np.float32))
    place = _places(playlists.tracks, found)
    is_other = place < 0
    place[is_other] = len(found) + np.arange(is_other.sum())
    shape = (playlists.user_items.shape[0], len(found) + is_other.sum())
    rows = playlists.binary().tocoo()
    user_items = csr_matrix((rows.data, (rows.row, place[rows.col])), shape=shape)
    user_items.data[:] = 1  # two ids of one recording in a playlist are one
    others = playlists.tracks.loc[is_other, list(COLUMNS)].reset_index(drop=True)
    return Catalogue(found, others, user_items)


def _places(tracks: pd.DataFrame, recordings: pd.DataFrame) -> np.ndarray:
    """Return the position of each track among the recordings, -1 where it is none."""
    by_id = {
        id_: place
        for place, ids in reversed(list(enumerate(recordings["track_ids"])))
        for id_ in ids
    }
    names = zip(recordings["title"], recordings["artists"], strict=True)
    by_name = {_name(*name): place for place, name in reversed(list(enumerate(names)))}
    found = [
        min((by_id[id_] for id_ in ids if id_ in by_id), default=None)
        if any(id_ in by_id for id_ in ids)
        else by_name.get(_name(title, artists), -1)
        for ids, title, artists in zip(
            tracks["track_ids"], tracks["title"], tracks["artists"], strict=True
        )
    ]
    return np.array(found, dtype=np.int64)


def _name(title: object, artists: object) -> tuple[str, str] | None:
    if not isinstance(title, str) or not isinstance(artists, list | np.ndarray) or not len(artists):
        return None
    return title.casefold().strip(), artists[0].casefold().strip()
