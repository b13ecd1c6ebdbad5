"""The simulated catalogue: tracks with artist, genres, audio, popularity and release date."""

from dataclasses import dataclass

import numpy as np

from nexttrack.data.simulator import audio

MOST_GENRES = 4  # of one track
SCENE_SIZE = 8  # dimensions of who listens to whom, unseen in the audio
FIRST_RELEASE = np.datetime64("1960-01-01")
ARCHIVE_START = np.datetime64("2019-05-25")
LAST_RELEASE = np.datetime64("2021-05-14")
_ARTIST_SHARE = 0.45  # of a track's audio scores' variance: an artist sounds like itself
_TRACKS_PER_ARTIST = 3
_NEIGHBOURS = 5  # genres that a track of one genre may be filed under as well


@dataclass(frozen=True)
class Catalogue:
    """T tracks by A artists in G genres; tracks are numbered 0..T-1.

    Attributes:
        artist: (T,) int32, 0..A-1; `home`: (A,) int16, the artists' genre.
        genres: (T, 4) int16, the track's genres, the primary one first, padded with -1.
        scores: (T, 11) float64, the normal scores of `audio.SCORED` that the track was drawn with.
        values: (T, 11) float64, the features in natural units, rounded as the real file rounds.
        key, mode, time_signature: (T,) int8; explicit: (T,) bool; popularity: (T,) int16.
        weight: (T,) float64, how often a track is met by listeners who follow the crowd.
        release: (T,) datetime64[D].
        scene: (A, 8) float64, the artists' place among audiences: mean 0, variance 1.
    """

    artist: np.ndarray
    home: np.ndarray
    genres: np.ndarray
    scores: np.ndarray
    values: np.ndarray
    key: np.ndarray
    mode: np.ndarray
    time_signature: np.ndarray
    explicit: np.ndarray
    popularity: np.ndarray
    weight: np.ndarray
    release: np.ndarray
    scene: np.ndarray

    @property
    def n_tracks(self) -> int:
        """Number of tracks, T."""
        return len(self.artist)

    @property
    def n_artists(self) -> int:
        """Number of artists, A."""
        return len(self.home)

    def feature(self, name: str) -> np.ndarray:
        """Return a scored feature in its natural unit, (T,) float64."""
        return self.values[:, audio.SCORED.index(name)]


def make_catalogue(n_tracks: int, seed: np.random.SeedSequence) -> Catalogue:
    """Draw a catalogue of `n_tracks`, every genre with as many primary tracks as the next."""
    rng = np.random.default_rng(seed)
    sound = audio.load()
    genre = np.sort(np.arange(n_tracks) % len(sound.genres)).astype(np.int16)
    artist, home = _artists(genre, rng)
    scores = _scores(sound, genre, artist, len(home), rng)
    values = round_like_source(sound.values(scores))
    popularity = values[:, audio.SCORED.index("popularity")].astype(np.int16)
    return Catalogue(
        artist=artist,
        home=home,
        genres=_all_genres(sound, genre, rng),
        scores=scores,
        values=values,
        key=_pick(sound.keys[genre], rng),
        mode=(rng.random(n_tracks) < sound.modes[genre]).astype(np.int8),
        time_signature=np.array(audio.TIME_SIGNATURES, np.int8)[
            _pick(sound.time_signatures[genre], rng)
        ],
        explicit=rng.random(n_tracks) < sound.explicit[genre],
        popularity=popularity,
        # Popularity is about logarithmic in plays; 16 points more are e times the plays.
        weight=np.exp(popularity / 16),
        release=_release_dates(artist, len(home), rng),
        scene=rng.standard_normal((len(home), SCENE_SIZE)),
    )


def _artists(genre: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Give each track an artist of its genre, few of whom have many tracks (a Zipf-like law)."""
    size = np.bincount(genre)
    available = np.maximum(1, size // _TRACKS_PER_ARTIST)[genre]
    rank = ((available + 1) ** rng.random(len(genre))).astype(np.int64) - 1
    _, artist = np.unique(genre.astype(np.int64) * len(genre) + rank, return_inverse=True)
    home = np.zeros(artist.max() + 1, np.int16)
    home[artist] = genre
    return artist.astype(np.int32), home


def _scores(
    sound: audio.GenreAudio,
    genre: np.ndarray,
    artist: np.ndarray,
    n_artists: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw normal scores with the genre's mean and covariance, alike within an artist."""
    shape = (len(audio.SCORED),)
    by_artist = rng.standard_normal((n_artists, *shape))[artist]
    by_track = rng.standard_normal((len(genre), *shape))
    mixed = np.sqrt(_ARTIST_SHARE) * by_artist + np.sqrt(1 - _ARTIST_SHARE) * by_track
    scores = np.empty_like(mixed)
    for g in np.unique(genre):
        rows = genre == g
        scores[rows] = sound.mean[g] + np.einsum("ij,nj->ni", sound.root[g], mixed[rows])
    return scores


def _all_genres(sound: audio.GenreAudio, genre: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """File about a fifth of the tracks under one to three genres that sound alike as well."""
    distance = ((sound.mean[:, None] - sound.mean) ** 2).sum(axis=2)
    alike = np.argsort(distance, axis=1, kind="stable")[:, 1 : _NEIGHBOURS + 1]
    wanted = rng.choice(MOST_GENRES, len(genre), p=[0.82, 0.13, 0.035, 0.015])
    order = rng.random((len(genre), _NEIGHBOURS)).argsort(axis=1)[:, : MOST_GENRES - 1]
    others = np.take_along_axis(alike[genre], order, axis=1)
    others[np.arange(MOST_GENRES - 1) >= wanted[:, None]] = -1
    return np.column_stack([genre, others]).astype(np.int16)


def _pick(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw one column for each row of an (n, k) table of shares."""
    cumulative = np.cumsum(shares, axis=1)
    u = rng.random(len(shares)) * cumulative[:, -1]
    return (u[:, None] >= cumulative).sum(axis=1).astype(np.int8)


def _release_dates(artist: np.ndarray, n_artists: int, rng: np.random.Generator) -> np.ndarray:
    """Date tracks after their artist's first year; what would be too late falls into the archive.

    From 2015 on, three new tracks in four come out on a Friday.
    """
    span = (LAST_RELEASE - FIRST_RELEASE).astype(int)
    debut = np.sqrt(rng.random(n_artists)) * span
    day = debut[artist] + rng.exponential(6 * 365, len(artist))
    recent = (ARCHIVE_START - FIRST_RELEASE).astype(int)
    late = rng.integers(recent, span + 1, len(artist))
    day = np.where(day > span, late, day).astype(np.int64)
    date = FIRST_RELEASE + day
    # 1970-01-01 was a Thursday, so days since then are 1 modulo 7 on Fridays.
    to_friday = (1 - date.astype(np.int64)) % 7
    move = (date >= np.datetime64("2015-01-01")) & (rng.random(len(date)) < 0.75)
    return date + np.where(move, to_friday, 0)


def round_like_source(values: np.ndarray) -> np.ndarray:
    """Round feature values, (n, 11), to the digits that the real catalogue prints.

    Three decimals for loudness and tempo, whole numbers for duration and popularity, three
    significant digits for the rest, where less than 1e-6 is 0.
    """
    rounded = np.empty_like(values)
    for column, name in enumerate(audio.SCORED):
        x = values[:, column]
        if name in ("duration_ms", "popularity"):
            rounded[:, column] = np.rint(x)
        elif name in ("loudness", "tempo"):
            rounded[:, column] = np.round(x, 3)
        else:
            x = np.where(x < 1e-6, 0, x)
            digits = 2 - np.floor(np.log10(np.where(x > 0, x, 1)))
            rounded[:, column] = np.rint(x * 10**digits) / 10**digits
    return rounded
