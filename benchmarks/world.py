"""The simulated world that recommenders are timed on: as large as the book promises to handle.

It comes from the project's simulator, with the same law of tastes and popularity as the sample
edition, and is kept as ``.npz`` in the clone's cache until the simulator's code changes.
"""

import hashlib
import tempfile
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, hstack

from nexttrack import project
from nexttrack.data.simulator import World
from nexttrack.data.simulator.audio import SOUND_COLUMNS
from nexttrack.data.simulator.audio import load as genre_audio

USERS, ITEMS = 100_000, 50_000
SESSIONS = 18
"""Mean number of a listener's sessions; it makes about five million pairs of listener and track."""
SEED = 1


@dataclass(frozen=True)
class BenchWorld:
    """Who played what, and what the items are.

    Attributes:
        user_items: users x items, float32, 1 where the user played the item; indices are sorted.
        days: datetime64[D] of the first play of each stored pair, in the order of its ``data``.
        sound: items x 9 float64, the audio features in natural units.
        genres: items x 4 int16, the item's genres, the primary one first, padded with -1.
    """

    user_items: csr_matrix
    days: np.ndarray
    sound: np.ndarray
    genres: np.ndarray

    def dates(self) -> csr_matrix:
        """Return users x items, float32: the day of each first play, counted from 1970-01-01."""
        matrix = self.user_items
        parts = (self.days.astype(np.float32), matrix.indices, matrix.indptr)
        return csr_matrix(parts, shape=matrix.shape)

    def genre_incidence(self) -> csr_matrix:
        """Return items x genres, float32, 1 where the item is of the genre."""
        items, column = np.nonzero(self.genres >= 0)
        shape = (len(self.genres), len(genre_audio().genres))
        ones = np.ones(len(items), dtype=np.float32)
        return csr_matrix((ones, (items, self.genres[items, column])), shape=shape)

    def by_artist(self) -> csr_matrix:
        """Return items x artists, float32, for artists of ten items each: the world keeps none."""
        artist = np.arange(self.user_items.shape[1]) // 10
        return csr_matrix(
            (np.ones(len(artist), dtype=np.float32), (np.arange(len(artist)), artist))
        )

    def artists_and_genres(self) -> csr_matrix:
        """Return :meth:`by_artist` and :meth:`genre_incidence` side by side."""
        return hstack([self.by_artist(), self.genre_incidence()], format="csr")

    def families(self) -> np.ndarray:
        """Return the family of each item's primary genre, a whole number; see genre_families."""
        from nexttrack.features.genres import genre_families

        number, _ = genre_families().loc[list(genre_audio().genres)].factorize()
        return number[self.genres[:, 0]]

    def of_users(self, n: int) -> "BenchWorld":
        """Return the world of the first n users."""
        pairs = self.user_items.indptr[n]
        return replace(self, user_items=self.user_items[:n], days=self.days[:pairs])

    def of_items(self, n: int) -> "BenchWorld":
        """Return the world of n random items and all users; fewer items are among more."""
        drawn = np.random.default_rng(SEED).permutation(self.user_items.shape[1])[:n]
        return self._with_items(np.sort(drawn))

    def of_most_played(self, n: int) -> "BenchWorld":
        """Return the world of the n items that most users played, and all users."""
        played = np.bincount(self.user_items.indices, minlength=self.user_items.shape[1])
        return self._with_items(np.sort(np.argsort(-played, kind="stable")[:n]))

    def of_interactions(self, n: int) -> "BenchWorld":
        """Return the world with n random pairs left, and all users and items."""
        drawn = np.random.default_rng(SEED).permutation(self.user_items.nnz)[:n]
        return self._with_pairs(np.sort(drawn))

    def _with_pairs(self, kept: np.ndarray) -> "BenchWorld":
        matrix = self.user_items
        indptr = np.searchsorted(kept, matrix.indptr).astype(np.int32)
        parts = (matrix.data[kept], matrix.indices[kept], indptr)
        return replace(self, user_items=csr_matrix(parts, shape=matrix.shape), days=self.days[kept])

    def _with_items(self, kept: np.ndarray) -> "BenchWorld":
        place = np.full(self.user_items.shape[1], -1, dtype=np.int32)
        place[kept] = np.arange(len(kept))
        fewer = self._with_pairs(np.flatnonzero(place[self.user_items.indices] >= 0))
        matrix = fewer.user_items
        parts = (matrix.data, place[matrix.indices], matrix.indptr)
        return BenchWorld(
            csr_matrix(parts, shape=(matrix.shape[0], len(kept))),
            fewer.days,
            self.sound[kept],
            self.genres[kept],
        )

    def save(self, path: Path) -> None:
        """Write the world as ``.npz``, whole or not at all; its folder is created."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as staging:
            made = Path(staging) / "world.npz"
            np.savez(
                made,
                indptr=self.user_items.indptr,
                indices=self.user_items.indices,
                shape=self.user_items.shape,
                days=self.days,
                sound=self.sound,
                genres=self.genres,
            )
            made.replace(path)

    @classmethod
    def load(cls, path: Path) -> "BenchWorld":
        """Read what :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            ones = np.ones(len(file["indices"]), dtype=np.float32)
            parts = (ones, file["indices"], file["indptr"])
            matrix = csr_matrix(parts, shape=tuple(file["shape"]))
            return cls(matrix, file["days"], file["sound"], file["genres"])


def bench_world(n_users: int = USERS, n_items: int = ITEMS, sessions: float = SESSIONS) -> Path:
    """Return the file of a world, made in half a minute where it is not kept from before.

    Args:
        n_users: number of listeners.
        n_items: number of tracks; at least the number of genres.
        sessions: mean number of a listener's sessions.
    """
    name = f"world-{n_users}-{n_items}-{sessions}-{SEED}-{_simulator_hash()}.npz"
    path = project.root() / ".cache" / "bench" / name
    if not path.exists():
        made = World(n_items, n_users, seed=SEED, sessions=sessions)
        matrix, days = made.interactions()
        matrix.data[:] = 1
        songs = made.catalogue
        BenchWorld(matrix, days, songs.values[:, : len(SOUND_COLUMNS)], songs.genres).save(path)
    return path


def _simulator_hash() -> str:
    digest = hashlib.sha256()
    data = resources.files("nexttrack.data")
    parts = [*(data / "simulator").iterdir(), data / "columns.py"]
    for part in sorted(parts, key=lambda item: item.name):
        if part.name.endswith((".py", ".csv")):
            digest.update(part.name.encode() + b"\0" + part.read_bytes())
    return digest.hexdigest()[:12]
