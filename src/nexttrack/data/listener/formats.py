"""A listener's own files, by what they hold: Spotify's data export and Exportify's tables.

Spotify sends two exports. The account's: ``StreamingHistory_music_0.json`` (plays of a year, no
ids), ``YourLibrary.json``, ``Playlist1.json``; the extended one: ``Streaming_History_Audio_*.json``
(all plays, with ids). Their keys are in English whatever the account's language is.
``apps/try_it/listening.mjs`` reads the same files alike.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from nexttrack.data.listener import exportify

LARGEST = 128_000_000
"""A file with more bytes is not read. Spotify's own are of some 12 MB each."""
HEAD = 2**16
LONGEST_PLAY = 86_400_000
AGAIN = "ask Spotify for the export again"
OWN_NAME = re.compile(
    r"(streaming_?history.*|endsong.*|yourlibrary|playlist\d*)\.json", re.IGNORECASE
)
_OWN_KEYS = re.compile('"(msPlayed|ms_played|trackName|podcastName|audiobookName)"')
_LIBRARY_KEYS = ('"tracks"', '"artist"', '"album"', '"track"', '"uri"')
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:\.\d+)?Z?)?", re.ASCII)
_TRACK = re.compile(r"(?:(?:.*[:/])?track[:/])?([0-9A-Za-z]{22})(?:\?.*)?")


class NotReadableError(ValueError):
    """Why a file of a listener's is not read: what follows its name in a line."""


class Play(NamedTuple):
    """One play: when it ended, in UTC, and how many milliseconds of the track were heard."""

    track_id: str | None
    title: str | None
    artist: str | None
    time: datetime
    ms_played: int
    skipped: bool | None
    source: str


class Like(NamedTuple):
    """A track that is in the library or in a playlist, and since when (UTC), where it is known."""

    track_id: str | None
    title: str | None
    artist: str | None
    time: datetime | None
    playlist: str | None
    source: str


@dataclass
class Contents:
    """What one file holds. ``notes`` say what of it was left out, and follow the file's name."""

    plays: list[Play] = field(default_factory=list)
    likes: list[Like] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def is_own(path: Path) -> bool:
    """Tell by its name or its beginning whether a file may be a listener's own.

    Raises:
        OSError: if it cannot be read.
    """
    if OWN_NAME.fullmatch(path.name):
        return True
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    text = head.decode(json.detect_encoding(head), errors="ignore").removeprefix("\ufeff").lstrip()
    if text.startswith(("{", "[")):
        return bool(_OWN_KEYS.search(text)) or all(key in text for key in _LIBRARY_KEYS)
    return exportify.is_table(text)


def read(path: Path) -> Contents:
    """Read one file.

    Raises:
        NotReadableError: it is too large, empty, damaged, or of another shape.
        OSError: it cannot be read.
    """
    if (size := path.stat().st_size) > LARGEST:
        raise NotReadableError(
            f"{size / 1e6:,.0f} MB, where at most {LARGEST / 1e6:.0f} MB are read; "
            f"{AGAIN}, or split it"
        )
    text = _decoded(path.read_bytes())
    if not text.strip():
        raise NotReadableError("empty")
    if text.lstrip().startswith(("{", "[")) or path.suffix.casefold() == ".json":
        return _of_json(_parsed(text))
    return _of_table(text, path.stem)


def _decoded(data: bytes) -> str:
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise NotReadableError(f"not UTF-8 text; {AGAIN}, or save it as UTF-8") from None


def _parsed(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        return json.loads(text, parse_constant=refuse, parse_int=float)
    except (ValueError, RecursionError):
        raise NotReadableError(f"cut short, or no JSON; {AGAIN}") from None


# JSON -----------------------------------------------------------------------------------------


def _of_json(value: Any) -> Contents:
    if value in ([], {}):
        raise NotReadableError("empty")
    first = value[0] if isinstance(value, list) else value
    if isinstance(first, dict):
        keys = set(first)
        if isinstance(value, list):
            if {"endTime", "msPlayed", "trackName"} <= keys:
                return _plays(value, _play_of_account)
            if {"ts", "ms_played", "master_metadata_track_name"} <= keys:
                return _plays(value, _play_of_extended)
            if keys & {"podcastName", "audiobookName"}:
                raise NotReadableError("podcasts or audiobooks, which are not read")
        elif isinstance(value.get("playlists"), list):
            return _likes(list(_in_playlists(value["playlists"])))
        elif isinstance(value.get("tracks"), list):
            return _likes(
                [_like(row, "track", "artist", "uri", "library") for row in value["tracks"]]
            )
    raise NotReadableError("no plays, library or playlists of Spotify's export in it")


def _plays(rows: list[Any], play_of: Callable[[dict[str, Any]], Play | None]) -> Contents:
    read = [play_of(row) if isinstance(row, dict) else None for row in rows]
    timed = [play for play in read if play is not None]
    plays = [play for play in timed if _has_name(play)]
    return Contents(
        plays=plays,
        notes=[
            *_left_out(len(rows) - len(timed), len(rows), "plays", "without a time or a length"),
            *_left_out(
                len(timed) - len(plays), len(rows), "plays", "podcasts, or without title and artist"
            ),
        ],
    )


def _likes(read: list[Like | None]) -> Contents:
    likes = [like for like in read if like is not None and _has_name(like)]
    why = "no tracks, or without title and artist"
    return Contents(likes=likes, notes=_left_out(len(read) - len(likes), len(read), "entries", why))


def _left_out(n: int, total: int, what: str, why: str) -> list[str]:
    return [f"{n:,} of {total:,} {what} left out ({why})"] if n else []


def _has_name(row: Play | Like) -> bool:
    return row.track_id is not None or (row.title is not None and row.artist is not None)


def _play_of_account(row: dict[str, Any]) -> Play | None:
    time, ms = _time(row.get("endTime")), _milliseconds(row.get("msPlayed"))
    if time is None or ms is None:
        return None
    names = text_of(row.get("trackName")), text_of(row.get("artistName"))
    return Play(None, *names, time, ms, None, "history")


def _play_of_extended(row: dict[str, Any]) -> Play | None:
    time, ms = _time(row.get("ts")), _milliseconds(row.get("ms_played"))
    if time is None or ms is None:
        return None
    title = text_of(row.get("master_metadata_track_name"))
    artist = text_of(row.get("master_metadata_album_artist_name"))
    skipped = row.get("skipped")
    return Play(
        track_id_of(row.get("spotify_track_uri")),
        title,
        artist,
        time,
        ms,
        skipped if isinstance(skipped, bool) else None,
        "extended history",
    )


def _in_playlists(playlists: list[Any]) -> Iterator[Like | None]:
    for playlist in playlists:
        own = playlist if isinstance(playlist, dict) else {}
        items = own.get("items", own.get("tracks"))
        for item in items if isinstance(items, list) else ():
            inner = item.get("track", item) if isinstance(item, dict) else None
            like = _like(inner, "trackName", "artistName", "trackUri", "playlist")
            if like is not None:
                like = like._replace(
                    time=_time(item.get("addedDate")), playlist=text_of(own.get("name"))
                )
            yield like


def _like(row: Any, title: str, artist: str, uri: str, source: str) -> Like | None:
    if not isinstance(row, dict):
        return None
    names = text_of(row.get(title)), text_of(row.get(artist))
    return Like(track_id_of(row.get(uri)), *names, None, None, source)


# Tables ---------------------------------------------------------------------------------------


def _of_table(text: str, playlist: str) -> Contents:
    try:
        rows = list(exportify.rows(text))
    except exportify.NoTableError as error:
        raise NotReadableError(str(error)) from None
    contents = _likes(
        [
            Like(
                track_id_of(row.uri),
                text_of(row.title),
                text_of(row.artists),
                _time(row.added),
                playlist,
                "exportify",
            )
            for row in rows
        ]
    )
    if rows and not any(row.title for row in rows):
        contents.notes.append("read by ids alone: no column is called Track Name")
    return contents


# Cells ----------------------------------------------------------------------------------------


def text_of(value: Any) -> str | None:
    """Return a text without blanks at its ends; None if there is nothing, or no text.

    Half a surrogate pair, which JSON can hold and UTF-8 cannot, becomes U+FFFD.
    """
    if not isinstance(value, str) or not value.strip():
        return None
    text = value.strip()
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def track_id_of(value: Any) -> str | None:
    """Return the 22 characters of a track's id from a URI, an address or the id itself."""
    match = _TRACK.fullmatch(value.strip()) if isinstance(value, str) else None
    return match[1] if match else None


def _time(value: Any) -> datetime | None:
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        return None
    day, minute, second = match.groups()
    try:
        return datetime.fromisoformat(f"{day} {minute or '00:00'}{second or ':00'}").replace(
            tzinfo=UTC
        )
    except ValueError:
        return None


def _milliseconds(value: Any) -> int | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if number and 0 <= value <= LONGEST_PLAY else None
