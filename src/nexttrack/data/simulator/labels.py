"""Made-up names and ids for a simulated catalogue: nobody's, and the same for the same seed."""

import unicodedata
from dataclasses import dataclass

import numpy as np

from nexttrack.data.simulator.catalogue import Catalogue

_BASE62 = np.frombuffer(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "S1")
_SYLLABLES = [c + v for c in "bdfghjklmnprstvz" for v in "aeiou"]
_CODAS = ("", "n", "r", "", "s", "l", "")
_ACCENTS = str.maketrans("aeiou", "áéíóú")
_CYRILLIC = str.maketrans("bdfghjklmnprstvzaeiou", "бдфгхжклмнпрствзаеиоу")
MOST_IDS = 4  # of one recording; the last one only in tables of audio features


@dataclass(frozen=True)
class Labels:
    """What T tracks and A artists are called.

    Attributes:
        ids: (T, 4) str: the id of every recording, up to two more that it was released under again,
            and one that only tables of audio features know it by.
        title, album: (T,) str; no two tracks share a title.
        artist: (A,) str, first artists' names; artist_id: (A,) str.
        credits: (T,) str, all artists of a track joined by ``;``.
    """

    ids: np.ndarray
    title: np.ndarray
    album: np.ndarray
    artist: np.ndarray
    artist_id: np.ndarray
    credits: np.ndarray


def make_labels(songs: Catalogue, seed: np.random.SeedSequence) -> Labels:
    """Name a catalogue. About a quarter of the tracks have a second artist of the same genre."""
    rng = np.random.default_rng(seed)
    artist = np.array([_artist_style(i, n) for i, n in enumerate(names(songs.n_artists, rng))])
    title = np.array([_title_style(i, n) for i, n in enumerate(names(songs.n_tracks, rng))])
    # Artists are numbered by genre, so a neighbour in number is one of the same genre.
    guest = (songs.artist + rng.integers(1, 6, songs.n_tracks)) % songs.n_artists
    with_guest = np.char.add(np.char.add(artist[songs.artist], ";"), artist[guest])
    album_of = rng.integers(0, 3, songs.n_tracks)
    albums = np.array(names(3 * songs.n_artists, rng)).reshape(-1, 3)
    return Labels(
        ids=base62(MOST_IDS * songs.n_tracks, rng).reshape(-1, MOST_IDS),
        title=title,
        album=albums[songs.artist, album_of],
        artist=artist,
        artist_id=base62(songs.n_artists, rng),
        credits=np.where(rng.random(songs.n_tracks) < 0.26, with_guest, artist[songs.artist]),
    )


def base62(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return n ids of 22 letters and digits, (n,) str."""
    letters = _BASE62[rng.integers(0, 62, (n, 22))]
    return letters.view("S22").ravel().astype("U22")


def names(n: int, rng: np.random.Generator) -> list[str]:
    """Return n different names of two words of two syllables, such as ``Luvo Mezan``."""
    base = len(_SYLLABLES)
    codes = rng.choice(base**4, n, replace=False)
    digits = codes[:, None] // base ** np.arange(4) % base
    return [
        _SYLLABLES[a].capitalize()
        + _SYLLABLES[b]
        + " "
        + _SYLLABLES[c].capitalize()
        + _SYLLABLES[d]
        + _CODAS[a % len(_CODAS)]
        for a, b, c, d in digits.tolist()
    ]


def decomposed(name: str) -> str:
    """Return a name with its accents as characters of their own, as some sources write them."""
    return unicodedata.normalize("NFD", name)


def _artist_style(i: int, name: str) -> str:
    if i % 12 == 3:
        return "The " + name
    if i % 25 == 4:
        return name.replace(" ", " & ")
    return name.translate(_ACCENTS) if i % 30 == 7 else name


def _title_style(i: int, name: str) -> str:
    if i % 90 == 7:
        return name.lower().translate(_CYRILLIC)  # no Latin letter: some look-ups lose it
    if i % 20 == 3:
        return name + " (Acoustic)"
    if i % 40 == 9:
        return f'{name}, "{name.split()[0]}"'  # quotes and commas that a CSV reader must survive
    return name
