"""Read the Million Playlist Dataset from its original JSON slices, one slice at a time.

A slice ``mpd.slice.A-B.json`` is ``{"info": …, "playlists": [{"pid", "name", "tracks": [{"pos",
"track_uri", "track_name", "artist_name", …}], …}]}`` with the playlists A to B. The whole set is a
thousand slices of 34 MB: 66 million entries, 2.26 million distinct tracks. Memory holds one parsed
slice and the ids of the tracks seen so far.

Format: Chen, Lamere, Schedl, Zamani (2018), RecSys Challenge 2018, https://doi.org/10.1145/3240323.3240342
"""

import gzip
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from nexttrack.data.columns import RAW_AUDIO
from nexttrack.errors import UserError
from nexttrack.progress import steps

SLICE_NAME = re.compile(
    r"mpd\.slice\.(\d{1,10})-(\d{1,10})( ?\(\d+\))?\.json(\.gz)?", re.IGNORECASE
)
URI = "spotify:track:"
TRACK = re.compile(f"{URI}[0-9A-Za-z]{{22}}")
LARGEST = 2**31 - 1
LARGEST_SLICE = 2**30

PLAYLIST_TRACKS = pa.schema(
    [("pid", pa.int32()), ("pos", pa.int32()), ("track_id", pa.string()), ("part", pa.string())]
)
TRACKS = pa.schema(
    [
        *((name, pa.string()) for name in ("track_id", "artist_name", "track_name", "name_source")),
        *((name, pa.string()) for name in ("feature_id", "feature_match")),
        *((name, pa.float64()) for name in RAW_AUDIO),
        ("feature_source", pa.string()),
    ]
)

Entry = tuple[int, int, str, str, str]
"""pid, pos, track id, artist's name, track's name"""


def slice_range(name: str) -> tuple[int, int] | None:
    """Return the first and the last playlist that the name of a slice promises; None for others.

    The name may have been marked by a browser, "mpd.slice.0-999 (1).json", and end in ``.gz``.
    """
    match = SLICE_NAME.fullmatch(name)
    return (int(match[1]), int(match[2])) if match else None


def read_slice(path: Path | zipfile.Path) -> list[Entry]:
    """Return the entries of one slice in playlist order.

    The text may be UTF-8, -16 or -32, and packed by gzip.

    Raises:
        UserError: naming the file and the place in it, if it is not a slice as described above or
            holds a playlist that its name does not promise, or one twice.
    """
    try:
        playlists = json.loads(_read(path))["playlists"]
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}, line {error.lineno}, column {error.colno}: not valid JSON ({error.msg}): "
            "the slice is cut short or damaged; copy it again"
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}, byte {error.start}: not UTF-8; copy the slice again") from None
    except RecursionError:
        raise UserError(f"{path} is no slice: brackets nested too deep; copy it again") from None
    except ValueError as error:  # a number of thousands of digits
        raise UserError(f"{path}: not valid JSON ({error}); copy the slice again") from None
    except (KeyError, TypeError):
        raise UserError(f'{path} has no list "playlists"; copy the slice again') from None
    try:
        entries = list(_entries(playlists, path))
        "".join([artist + title for *_, artist, title in entries]).encode()
    except (KeyError, TypeError, AttributeError, UnicodeEncodeError):
        # The loop above is kept bare, for speed; what it stumbled over is looked for only now.
        raise UserError(f"{path}{_first_damage(playlists)}; copy the slice again") from None
    return entries


def _read(path: Path | zipfile.Path) -> bytes:
    """Return the bytes of a slice, unpacked, and no more than a slice can have."""
    try:
        with ExitStack() as stack:
            stream = stack.enter_context(path.open("rb"))
            if path.name.lower().endswith(".gz"):
                stream = stack.enter_context(gzip.open(stream))
            parts, size = [], 0
            # By blocks: a zip may declare another size than it unpacks to.
            while block := stream.read(2**20):
                parts.append(block)
                size += len(block)
                if size > LARGEST_SLICE:
                    raise UserError(f"{path} is over 1 GiB: no slice; copy it again")
    except PermissionError:
        raise UserError(f"{path} may not be read; change its permissions") from None
    except (zipfile.BadZipFile, EOFError, zlib.error, OSError) as error:
        raise UserError(f"{path} is damaged ({error}); copy the slice again") from None
    except (RuntimeError, NotImplementedError) as error:  # encrypted, or packed in a rare way
        raise UserError(f"{path} cannot be unpacked ({error}); unpack it by hand") from None
    return b"".join(parts)


def _entries(playlists: list, path: Path | zipfile.Path) -> Iterator[Entry]:
    first, last = _range(path)
    if type(playlists) is not list:
        raise TypeError
    if not playlists:
        raise UserError(f"{path} holds no playlist; copy the slice again")
    seen = set()
    for playlist in playlists:
        pid, tracks = playlist["pid"], playlist["tracks"]
        if type(pid) is not int or type(tracks) is not list:
            raise TypeError
        if not first <= pid <= last or pid in seen:
            why = "occurs twice" if pid in seen else "does not belong into a slice of that name"
            raise UserError(f"{path}, playlist {pid} {why}; copy the slice again")
        seen.add(pid)
        positions = set()
        for track in tracks:
            pos, uri = track["pos"], track["track_uri"]
            artist, title = track["artist_name"], track["track_name"]
            if not (type(pos) is int and type(artist) is str and type(title) is str):
                raise TypeError
            if not 0 <= pos <= LARGEST or pos in positions:
                why = "occurs twice" if pos in positions else f"is not between 0 and {LARGEST}"
                raise UserError(
                    f"{path}, playlist {pid}, position {pos} {why}; copy the slice again"
                )
            positions.add(pos)
            if not TRACK.fullmatch(uri):
                raise UserError(
                    f"{path}, playlist {pid}, position {pos}: {uri!r} is no {URI}ID; "
                    "copy the slice again"
                )
            yield pid, pos, uri[len(URI) :], artist, title


def _first_damage(playlists: object) -> str:
    if not isinstance(playlists, list):
        return ': "playlists" is no list'
    fields = {"pos": int, "track_uri": str, "artist_name": str, "track_name": str}
    for number, playlist in enumerate(playlists, start=1):
        if not isinstance(playlist, dict) or "pid" not in playlist:
            return f", playlist number {number}: no pid"
        if type(playlist["pid"]) is not int:
            return f", playlist number {number}: pid {playlist['pid']!r} is no whole number"
        if not isinstance(playlist.get("tracks"), list):
            return f', playlist {playlist["pid"]}: no list "tracks"'
        for place, track in enumerate(playlist["tracks"], start=1):
            for name, kind in fields.items():
                where = f", playlist {playlist['pid']}, track number {place}: "
                if not isinstance(track, dict) or type(track.get(name)) is not kind:
                    return f"{where}no {name}"
                if kind is str and not _is_text(track[name]):
                    return f"{where}{name} has half a letter (a lone surrogate)"
    return ": not a slice of playlists"


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_slices(paths: list[Path]) -> int:
    """Check every slice and that no two overlap; return the number of entries.

    Raises:
        UserError: naming the first slice that is damaged.
    """
    _refuse_overlap(paths)
    return sum(len(read_slice(path)) for path in steps(paths, "Reading slices"))


def write_tables(paths: list[Path] | list[Path | zipfile.Path], folder: Path) -> int:
    """Write ``playlist_tracks.parquet`` and ``tracks.parquet`` from slices, in the given order.

    The two tables have the form of the Parquet sample, with ``part`` 'whole'; a track's row comes
    where the track first occurs, and its audio features are NULL. One row group is written for each
    slice. ``folder`` must exist. Return the number of entries.

    Raises:
        UserError: naming the first slice that is damaged, or if all playlists are empty; the tables
            are then incomplete.
    """
    _refuse_overlap(paths)
    known: set[str] = set()
    rows = 0
    with ExitStack() as stack:
        items, tracks = (
            stack.enter_context(pq.ParquetWriter(folder / name, schema, compression="zstd"))
            for name, schema in (
                ("playlist_tracks.parquet", PLAYLIST_TRACKS),
                ("tracks.parquet", TRACKS),
            )
        )
        for path in steps(paths, "Reading slices"):
            entries = read_slice(path)
            rows += len(entries)
            items.write_table(_item_table(entries))
            tracks.write_table(_track_table(entries, known))
            del entries  # before the next slice is parsed
    if not rows:
        raise UserError(f"{paths[0]}: no playlist in the slices has a track; copy them again")
    return rows


def _item_table(entries: list[Entry]) -> pa.Table:
    pids, positions, ids = ([entry[i] for entry in entries] for i in range(3))
    return pa.table([pids, positions, ids, ["whole"] * len(ids)], schema=PLAYLIST_TRACKS)


def _track_table(entries: list[Entry], known: set[str]) -> pa.Table:
    """Return the tracks that are not yet in ``known``, and add them to it."""
    new = {}
    for _, _, track, artist, title in entries:
        if track not in known:
            known.add(track)
            new[track] = (artist, title)
    count = len(new)
    given = {
        "track_id": list(new),
        "artist_name": [artist for artist, _ in new.values()],
        "track_name": [title for _, title in new.values()],
        "name_source": ["slices"] * count,
        "feature_match": ["none"] * count,
    }
    return pa.table(
        [given.get(field.name, pa.nulls(count, field.type)) for field in TRACKS], schema=TRACKS
    )


def _refuse_overlap(paths: list[Path]) -> None:
    ranges = sorted(((*_range(path), path) for path in paths), key=lambda entry: entry[:2])
    for (_, end, one), (start, _, other) in pairwise(ranges):
        if start <= end:
            raise UserError(f"{one} and {other.name} hold the same playlists; remove one")


def _range(path: Path | zipfile.Path) -> tuple[int, int]:
    found = slice_range(path.name)
    if not found:
        raise UserError(f"{path} is not named mpd.slice.A-B.json with numbers A and B; rename it")
    if found[1] > LARGEST:
        raise UserError(f"{path} is named for playlists above {LARGEST}; rename it")
    return found
