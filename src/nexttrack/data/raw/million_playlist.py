"""Read the Million Playlist Dataset from its original JSON slices, one slice at a time.

A slice ``mpd.slice.A-B.json`` is ``{"info": …, "playlists": [{"pid", "name", "tracks": [{"pos",
"track_uri", "track_name", "artist_name", …}], …}]}`` with the playlists A to B. The whole set is a
thousand slices of 34 MB: 66 million entries, 2.26 million distinct tracks. Memory holds one parsed
slice and the ids of the tracks seen so far.

Format: Chen, Lamere, Schedl, Zamani (2018), RecSys Challenge 2018, https://doi.org/10.1145/3240323.3240342
"""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from nexttrack.data.columns import RAW_AUDIO
from nexttrack.errors import UserError
from nexttrack.progress import steps

SLICE_NAME = re.compile(r"mpd\.slice\.(\d+)-(\d+)\.json")
URI = "spotify:track:"

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


def read_slice(path: Path) -> list[Entry]:
    """Return the entries of one slice in playlist order.

    Raises:
        UserError: naming the file and the place in it, if it is not a slice as described above or
            holds a playlist that its name does not promise, or one twice.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            playlists = json.load(stream)["playlists"]
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}, line {error.lineno}, column {error.colno}: not valid JSON ({error.msg}): "
            "the slice is cut short or damaged; copy it again"
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}, byte {error.start}: not UTF-8; copy the slice again") from None
    except (KeyError, TypeError):
        raise UserError(f'{path} has no list "playlists"; copy the slice again') from None
    try:
        entries = list(_entries(playlists, path))
    except (KeyError, TypeError, AttributeError):
        # The loop above is kept bare, for speed; what it stumbled over is looked for only now.
        raise UserError(f"{path}{_first_damage(playlists)}; copy the slice again") from None
    return entries


def _entries(playlists: list, path: Path) -> Iterator[Entry]:
    first, last = map(int, SLICE_NAME.fullmatch(path.name).groups())
    seen = set()
    for playlist in playlists:
        pid = playlist["pid"]
        if not first <= pid <= last or pid in seen:
            why = "occurs twice" if pid in seen else "does not belong into a slice of that name"
            raise UserError(f"{path}, playlist {pid} {why}; copy the slice again")
        seen.add(pid)
        positions = set()
        for track in playlist["tracks"]:
            pos, uri = track["pos"], track["track_uri"]
            artist, title = track["artist_name"], track["track_name"]
            if not (type(pos) is int and type(artist) is str and type(title) is str):
                raise TypeError
            if pos < 0 or pos in positions:
                raise UserError(
                    f"{path}, playlist {pid}, position {pos} is negative or occurs twice; "
                    "copy the slice again"
                )
            positions.add(pos)
            if not uri.startswith(URI) or len(uri) != len(URI) + 22:
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
        if not isinstance(playlist, dict) or not isinstance(playlist.get("pid"), int):
            return f", playlist number {number}: no pid"
        if not isinstance(playlist.get("tracks"), list):
            return f', playlist {playlist["pid"]}: no list "tracks"'
        for place, track in enumerate(playlist["tracks"], start=1):
            for name, kind in fields.items():
                if not isinstance(track, dict) or not isinstance(track.get(name), kind):
                    return f", playlist {playlist['pid']}, track number {place}: no {name}"
    return ": not a slice of playlists"


def check_slices(paths: list[Path]) -> int:
    """Check every slice and that no two overlap; return the number of entries.

    Raises:
        UserError: naming the first slice that is damaged.
    """
    _refuse_overlap(paths)
    return sum(len(read_slice(path)) for path in steps(paths, "Reading slices"))


def write_tables(paths: list[Path], folder: Path) -> int:
    """Write ``playlist_tracks.parquet`` and ``tracks.parquet`` from slices, in the given order.

    The two tables have the form of the Parquet sample, with ``part`` 'whole'; a track's row comes
    where the track first occurs, and its audio features are NULL. One row group is written for each
    slice. ``folder`` must exist. Return the number of entries.

    Raises:
        UserError: naming the first slice that is damaged; the tables are then incomplete.
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
    ranges = []
    for path in paths:
        match = SLICE_NAME.fullmatch(path.name)
        if not match:
            raise UserError(
                f"{path} is not named mpd.slice.A-B.json with numbers A and B; rename it"
            )
        ranges.append((int(match[1]), int(match[2]), path))
    ranges.sort()
    for (_, end, one), (start, _, other) in pairwise(ranges):
        if start <= end:
            raise UserError(f"{one} and {other.name} hold the same playlists; remove one")
