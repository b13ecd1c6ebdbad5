"""A world whose truth is known: who would play what, and with what chance each track was shown.

Listeners come in blocks of 256, each block with seeds of its own: a block is the same whether it
is made alone, after others or in another process, memory is bounded by one block, and a larger
world begins with the smaller one's listeners.

In each slot of a session the platform shows one track, drawn independently of all other slots from
a mixture that the listener's taste fixes: any track, a popular one, one of a genre that the
listener likes, one by an artist that the listener knows. The chance of each track, its
*propensity*, is therefore known exactly, as off-policy estimates need (Swaminathan & Joachims
2015). The listener plays it with a probability that depends on audio, genre, artist, popularity
and scene, and on nothing else: not on the position, and not on what was played before. The module
is long because the truth that it states in words is in one place with the code that draws from it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import expit

from nexttrack.data.simulator import audio
from nexttrack.data.simulator.catalogue import (
    SCENE_SIZE,
    Catalogue,
    make_catalogue,
)
from nexttrack.data.simulator.draws import WithinGroup, draw_columns

BLOCK = 256  # listeners
FAVOURITES = 40  # artists a listener knows, counted with repetition
_ACQUAINTANCE = 160  # tracks a listener has met before the log begins
_CATALOGUE, _LISTENERS, _EXPOSURES = range(3)  # which stream of random numbers
_N_SOUND = len(audio.SOUND_COLUMNS)

UNIFORM_SHARE = 0.08  # of the slots: every track can be shown, so every policy can be valued
FAMILIAR_SHARE = 0.25
START = np.datetime64("2022-01-01T00:00:00")
_DAYS = 730
_WEEKDAY = np.array([1.0, 1.0, 1.0, 1.1, 1.3, 1.4, 1.1])  # Monday first
_HOUR = np.array([2, 1, 1, 1, 1, 2, 3, 5, 6, 5, 5, 5, 6, 6, 6, 6, 7, 8, 8, 8, 8, 7, 5, 3.0])
_SLOT_SECONDS = 200


@dataclass(frozen=True)
class Taste:
    """What moves a listener to play a track: weights in the log-odds of a play."""

    base: float = -3.0
    audio: float = 0.6
    genre: float = 1.2
    artist: float = 1.2
    scene: float = 1.2
    popularity: float = 0.8


@dataclass(frozen=True)
class Listeners:
    """n listeners, `first` .. `first + n - 1`.

    Attributes:
        sound: (n, 9) float64, the audio scores that the listener likes best.
        genre: (n, G) float64, affinities that sum to one.
        scene: (n, 8) float64, of length about 1.
        mainstream: (n,) float64 in 0..1, how much of what is shown and liked is what all like.
        favourites: (n, 40) int32, artists; who is there twice is loved more.
    """

    first: int
    sound: np.ndarray
    genre: np.ndarray
    scene: np.ndarray
    mainstream: np.ndarray
    favourites: np.ndarray


@dataclass(frozen=True)
class Exposures:
    """What was shown to the listeners of a block, in order of listener and time: n events.

    Attributes:
        listener, track: (n,) int64.
        session: (n,) int32, from 0 for each listener; position: (n,) int16, slot in the session.
        shown_at: (n,) datetime64[s].
        propensity: (n,) float64, the chance with which this slot showed this track.
        probability: (n,) float64, the true chance of a play; played: (n,) bool.
    """

    listener: np.ndarray
    track: np.ndarray
    session: np.ndarray
    position: np.ndarray
    shown_at: np.ndarray
    propensity: np.ndarray
    probability: np.ndarray
    played: np.ndarray

    def __len__(self) -> int:
        return len(self.track)


class World:
    """A catalogue, listeners, and the log of what they were shown and played.

    Args:
        n_tracks: size of the catalogue; at least the number of genres, 114.
        n_listeners: size of the audience.
        seed: the same seed gives the same world, to the byte on one platform.
        sessions: mean number of a listener's sessions (at least 1 each).
        slots: tracks shown in a session.
        taste: the weights of what moves a listener.
    """

    def __init__(
        self,
        n_tracks: int = 20_000,
        n_listeners: int = 5_000,
        seed: int = 1,
        sessions: float = 80,
        slots: int = 10,
        taste: Taste = Taste(),
    ):
        if n_tracks < len(audio.load().genres):
            raise ValueError(f"n_tracks is {n_tracks}; a catalogue needs a track of each genre")
        if n_listeners < 1 or sessions < 1 or slots < 1:
            raise ValueError("n_listeners, sessions and slots must be at least 1")
        self.n_listeners = n_listeners
        self.seed = seed
        self.sessions = sessions
        self.slots = slots
        self.taste = taste
        self.catalogue: Catalogue = make_catalogue(n_tracks, self._stream(_CATALOGUE))
        # Keeps the last blocks at hand: truth is asked for the same listeners again and again.
        self._block = lru_cache(maxsize=4)(self._make_listeners)

    @property
    def n_tracks(self) -> int:
        """Number of tracks."""
        return self.catalogue.n_tracks

    @property
    def n_blocks(self) -> int:
        """Number of blocks of 256 listeners; the last may hold fewer."""
        return -(-self.n_listeners // BLOCK)

    def listeners(self, block: int) -> Listeners:
        """Return the listeners of a block."""
        return self._block(block)

    def exposures(self, block: int) -> Exposures:
        """Return all that was shown to a block's listeners, and what they played.

        Takes time and memory in proportion to the number of exposures, about
        256 x `sessions` x `slots`, however large catalogue and audience are.
        """
        who = self.listeners(block)
        rng = np.random.default_rng(self._stream(_EXPOSURES, block))
        n_sessions = 1 + rng.poisson(rng.gamma(6, (self.sessions - 1) / 6, BLOCK))
        n_sessions[len(who.mainstream) :] = 0
        row = np.repeat(np.arange(BLOCK), n_sessions)
        start = _session_starts(row, rng)
        session = np.arange(len(row)) - (np.cumsum(n_sessions) - n_sessions)[row]
        row = np.repeat(row, self.slots)
        position = np.tile(np.arange(self.slots, dtype=np.int16), len(session))
        track = self._show(who, row, rng)
        probability = self._play_probability(who, row, track)
        return Exposures(
            listener=who.first + row,
            track=track,
            session=np.repeat(session, self.slots).astype(np.int32),
            position=position,
            shown_at=np.repeat(start, self.slots) + position.astype(np.int64) * _SLOT_SECONDS,
            propensity=self._propensity(who, row, track),
            probability=probability,
            played=rng.random(len(track)) < probability,
        )

    def blocks(self) -> Iterator[Exposures]:
        """Yield the exposures of one block after the other."""
        for block in range(self.n_blocks):
            yield self.exposures(block)

    def interactions(self) -> tuple[csr_matrix, np.ndarray]:
        """Return who played what, and when for the first time, without the log in between.

        Takes as long as all exposures, and memory for the pairs of listener and track.

        Returns:
            Tuple of the number of plays, listeners x tracks, float32, with sorted indices, and the
            day of the first play of each stored pair, datetime64[D], in the order of its ``data``.
        """
        tracks, plays, first, lengths = [], [], [], []
        for block in range(self.n_blocks):
            log = self.exposures(block)
            pair = (log.listener * self.n_tracks + log.track)[log.played]
            pair, place, count = np.unique(pair, return_index=True, return_counts=True)
            tracks.append((pair % self.n_tracks).astype(np.int32))
            plays.append(count.astype(np.float32))
            # The log is in order of time, and np.unique gives the first place of each pair.
            first.append(log.shown_at[log.played][place].astype("datetime64[D]"))
            start, n = block * BLOCK, len(self.listeners(block).mainstream)
            lengths.append(np.bincount(pair // self.n_tracks - start, minlength=n))
        indptr = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
        matrix = csr_matrix(
            (np.concatenate(plays), np.concatenate(tracks), indptr),
            shape=(self.n_listeners, self.n_tracks),
        )
        return matrix, np.concatenate(first)

    def play_probability(self, listeners: np.ndarray, tracks: np.ndarray) -> np.ndarray:
        """Return the true chance that a listener plays a track that is shown.

        Args:
            listeners, tracks: int arrays, broadcast against each other: ``u[:, None], tracks``
                gives a matrix.

        Returns:
            float64 of the broadcast shape.
        """
        return self._by_block(self._play_probability, listeners, tracks)

    def propensity(self, listeners: np.ndarray, tracks: np.ndarray) -> np.ndarray:
        """Return the chance that a slot of a listener's session shows a track.

        Over the whole catalogue a listener's propensities sum to one. Shapes as in
        `play_probability`.
        """
        return self._by_block(self._propensity, listeners, tracks)

    def _stream(self, *key: int) -> np.random.SeedSequence:
        """Return the seed of one stream, as ``SeedSequence.spawn`` would number it."""
        return np.random.SeedSequence(self.seed, spawn_key=key)

    @cached_property
    def _all_tracks(self) -> np.ndarray:
        return np.cumsum(self.catalogue.weight) / self.catalogue.weight.sum()

    @cached_property
    def _of_genre(self) -> WithinGroup:
        tracks, column = np.nonzero(self.catalogue.genres >= 0)
        genre = self.catalogue.genres[tracks, column].astype(np.int64)
        n_genres = len(audio.load().genres)
        return WithinGroup(genre, tracks, self.catalogue.weight[tracks], n_genres)

    @cached_property
    def _of_artist(self) -> WithinGroup:
        tracks = np.arange(self.n_tracks)
        artist = self.catalogue.artist.astype(np.int64)
        return WithinGroup(artist, tracks, self.catalogue.weight, self.catalogue.n_artists)

    def _make_listeners(self, block: int) -> Listeners:
        if not 0 <= block < self.n_blocks:
            raise IndexError(f"block {block} of {self.n_blocks}")
        rng = np.random.default_rng(self._stream(_LISTENERS, block))
        likes, affinity = _genre_tastes(self._of_genre.total, rng)
        met = self._of_genre.draw(
            draw_columns(affinity, np.repeat(np.arange(BLOCK), _ACQUAINTANCE), rng), rng
        )
        who = Listeners(
            first=block * BLOCK,
            sound=likes,
            genre=affinity,
            scene=rng.standard_normal((BLOCK, SCENE_SIZE)) / np.sqrt(SCENE_SIZE),
            mainstream=rng.beta(2, 2, BLOCK),
            favourites=np.full((BLOCK, FAVOURITES), -1, np.int32),
        )
        # The artists that a listener knows are those of the tracks liked best so far.
        chance = self._play_probability(who, np.repeat(np.arange(BLOCK), _ACQUAINTANCE), met)
        best = np.argsort(-chance.reshape(BLOCK, -1), axis=1, kind="stable")[:, :FAVOURITES]
        known = self.catalogue.artist[np.take_along_axis(met.reshape(BLOCK, -1), best, axis=1)]
        n = min(BLOCK, self.n_listeners - who.first)
        return Listeners(
            first=who.first,
            sound=who.sound[:n],
            genre=who.genre[:n],
            scene=who.scene[:n],
            mainstream=who.mainstream[:n],
            favourites=known[:n],
        )

    def _shares(self, who: Listeners, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how many of the slots show a popular track, and one of a liked genre."""
        popular = (1 - UNIFORM_SHARE - FAMILIAR_SHARE) * 0.6 * who.mainstream[row]
        return popular, 1 - UNIFORM_SHARE - FAMILIAR_SHARE - popular

    def _show(self, who: Listeners, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw the track of each slot from the mixture."""
        popular, _ = self._shares(who, row)
        u = rng.random(len(row))
        track = rng.integers(0, self.n_tracks, len(row))  # stays where u < UNIFORM_SHARE
        familiar = np.flatnonzero((u >= UNIFORM_SHARE) & (u < UNIFORM_SHARE + FAMILIAR_SHARE))
        pick = rng.integers(0, FAVOURITES, len(familiar))
        artists = who.favourites[row[familiar], pick].astype(np.int64)
        track[familiar] = self._of_artist.draw(artists, rng)
        rest = u - UNIFORM_SHARE - FAMILIAR_SHARE
        crowd = np.flatnonzero((rest >= 0) & (rest < popular))
        found = np.searchsorted(self._all_tracks, rng.random(len(crowd)), side="right")
        track[crowd] = np.minimum(found, self.n_tracks - 1)
        genre = np.flatnonzero((rest >= 0) & (rest >= popular))
        track[genre] = self._of_genre.draw(draw_columns(who.genre, row[genre], rng), rng)
        return track

    def _propensity(self, who: Listeners, row: np.ndarray, track: np.ndarray) -> np.ndarray:
        songs = self.catalogue
        popular, of_genre = self._shares(who, row)
        weight = songs.weight[track]
        genres = songs.genres[track]
        # A track of several genres can be drawn through each; padding (-1) adds nothing.
        liked = who.genre[row[:, None], genres] / self._of_genre.total[genres]
        through_genres = np.where(genres >= 0, liked, 0).sum(axis=1) * weight
        artist = songs.artist[track]
        known = (who.favourites[row] == artist[:, None]).sum(axis=1) / FAVOURITES
        return (
            UNIFORM_SHARE / songs.n_tracks
            + FAMILIAR_SHARE * known * weight / self._of_artist.total[artist]
            + popular * weight / songs.weight.sum()
            + of_genre * through_genres
        )

    def _play_probability(self, who: Listeners, row: np.ndarray, track: np.ndarray) -> np.ndarray:
        """Logistic in five terms, each about 0 for a random track and 1 for a very good match."""
        songs = self.catalogue
        taste = self.taste
        artist = songs.artist[track]
        gap = songs.scores[track, :_N_SOUND] - who.sound[row]
        sounds_right = 1 - np.einsum("nf,nf->n", gap, gap) / (2 * _N_SOUND)
        genres = songs.genres[track]
        affinity = np.where(genres >= 0, who.genre[row[:, None], genres], 0).sum(axis=1)
        same_scene = np.einsum("ns,ns->n", songs.scene[artist], who.scene[row])
        known = (who.favourites[row] == artist[:, None]).any(axis=1)
        popular = (songs.popularity[track] - 35) / 25 * (2 * who.mainstream[row] - 0.5)
        return expit(
            taste.base
            + taste.audio * np.maximum(sounds_right, -3)
            + taste.genre * affinity / who.genre.max(axis=1)[row]
            + taste.artist * known
            + taste.scene * same_scene
            + taste.popularity * popular
        )

    def _by_block(
        self,
        function: Callable[[Listeners, np.ndarray, np.ndarray], np.ndarray],
        listeners: np.ndarray,
        tracks: np.ndarray,
    ) -> np.ndarray:
        """Apply a function of (listeners of a block, their rows, tracks) block by block."""
        listeners, tracks = np.broadcast_arrays(listeners, tracks)
        _check_range("listener", listeners, self.n_listeners)
        _check_range("track", tracks, self.n_tracks)
        answer = np.empty(listeners.size)
        flat_listeners, flat_tracks = listeners.ravel(), tracks.ravel()
        of_block = flat_listeners // BLOCK
        for block in np.unique(of_block):
            here = np.flatnonzero(of_block == block)
            who = self.listeners(int(block))
            answer[here] = function(who, flat_listeners[here] - who.first, flat_tracks[here])
        return answer.reshape(listeners.shape)


def _genre_tastes(crowd: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw what a block's listeners like to hear: (BLOCK, 9) scores, (BLOCK, G) affinities.

    A listener starts from one genre, chosen as the crowd chooses, likes a sound near that genre's,
    and then genres that are popular and sound like it: a Dirichlet draw around them.
    """
    means = audio.load().mean[:, :_N_SOUND]
    origin = rng.choice(len(crowd), BLOCK, p=np.sqrt(crowd) / np.sqrt(crowd).sum())
    likes = means[origin] + 0.5 * rng.standard_normal((BLOCK, _N_SOUND))
    distance = ((likes[:, None] - means) ** 2).sum(axis=2)
    expected = np.sqrt(crowd) * np.exp(-distance / 3)
    expected[np.arange(BLOCK), origin] += 0.25 * expected.sum(axis=1)
    expected /= expected.sum(axis=1, keepdims=True)
    affinity = rng.gamma(6 * expected) + 1e-12
    return likes, affinity / affinity.sum(axis=1, keepdims=True)


def _session_starts(row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw when sessions start, in order within each listener: datetime64[s]."""
    weekday = (np.arange(_DAYS) + START.astype("datetime64[D]").astype(int) + 3) % 7
    daily = np.cumsum(_WEEKDAY[weekday])
    hourly = np.cumsum(_HOUR)
    day = np.searchsorted(daily, rng.random(len(row)) * daily[-1], side="right")
    hour = np.searchsorted(hourly, rng.random(len(row)) * hourly[-1], side="right")
    second = (day * 24 + hour) * 3600 + rng.integers(0, 3600, len(row))
    return START + second[np.lexsort((second, row))]


def _check_range(what: str, numbers: np.ndarray, n: int) -> None:
    if numbers.size and (numbers.min() < 0 or numbers.max() >= n):
        raise IndexError(f"{what} outside 0..{n - 1}")
