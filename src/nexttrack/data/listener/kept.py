"""A listener's plays and likes as they are kept on this machine: two Parquet files in a folder.

The folder is ``data/listener``, which git ignores. Nothing but the reader's own recommendations
reads it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from nexttrack.data.listener.formats import Like, NotReadableError, Play, read
from nexttrack.data.listener.names import JOINED, track_key
from nexttrack.errors import UserError
from nexttrack.files import remove, replace_folder, restore_folder, write_through
from nexttrack.progress import steps

_TRACK = [
    *((name, pa.string()) for name in ("track_id", "title", "artist")),
    ("time", pa.timestamp("ms", "UTC")),
]
_SOURCE = ("source", pa.string())
PLAYS = pa.schema([*_TRACK, ("ms_played", pa.int32()), ("skipped", pa.bool_()), _SOURCE])
LIKES = pa.schema([*_TRACK, ("playlist", pa.string()), _SOURCE])
FILES = ("plays.parquet", "likes.parquet")


@dataclass
class Kept:
    """What an import made of a listener's files.

    ``new_plays`` and ``new_likes`` were not there before; ``n_files`` were read; ``left_out`` has a
    line for each other file, and for each part of one that was not read.
    """

    plays: list[Play]
    likes: list[Like]
    new_plays: int
    new_likes: int
    n_files: int
    left_out: list[str] = field(default_factory=list)


def key_of(row: Play | Like) -> str:
    """Return what stands for a track: its names, folded, or its id where it has none."""
    if row.title is None or row.artist is None:
        return f"{JOINED}{row.track_id}"
    return track_key(row.title, row.artist)


def keep(files: list[tuple[Path, str]], folder: Path) -> Kept:
    """Read a listener's files and add them to what the folder holds, whole or not at all.

    One play is kept once, whichever files tell of it: it has the same track, the same length and
    ends in the same minute. So is a track of one list.

    Args:
        files: the files, and how messages name them.
        folder: where they are kept; the caller sees that nobody else writes there.

    Returns:
        What is kept now. Where nothing could be read, nothing is written.

    Raises:
        UserError: what was kept before cannot be read.
        OSError: it cannot be written; what was there is unchanged.
    """
    before_plays, before_likes = load(folder)
    plays, likes, left_out = list(before_plays), list(before_likes), []
    n_files = 0
    for path, shown in steps(files, "Reading your own music"):
        try:
            contents = read(path)
        except NotReadableError as error:
            left_out.append(f"{shown}: {error}")
            continue
        n_files += 1
        plays += contents.plays
        likes += contents.likes
        left_out += [f"{shown}: {note}" for note in contents.notes]
    plays, likes = _once_plays(plays), _once_likes(likes)
    new = len(plays) - len(before_plays), len(likes) - len(before_likes)
    if (plays, likes) != (before_plays, before_likes):
        _write(plays, likes, folder)
    return Kept(plays, likes, *new, n_files, left_out)


def load(folder: Path) -> tuple[list[Play], list[Like]]:
    """Return what is kept in a folder; nothing if nothing is.

    Raises:
        UserError: a file there is damaged.
    """
    restore_folder(folder)
    plays, likes = folder / FILES[0], folder / FILES[1]
    return (
        [Play(*row) for row in _rows(plays, PLAYS)],
        [Like(*row) for row in _rows(likes, LIKES)],
    )


def _once_plays(plays: list[Play]) -> list[Play]:
    once: dict[tuple[str, datetime, int], Play] = {}
    for play in plays:
        key = (key_of(play), play.time.replace(second=0), play.ms_played)
        if key not in once or (once[key].track_id is None and play.track_id is not None):
            once[key] = play
    return list(once.values())


def _once_likes(likes: list[Like]) -> list[Like]:
    once: dict[tuple[str, str | None, str | None, str], Like] = {}
    for like in likes:
        once.setdefault((key_of(like), like.track_id, like.playlist, like.source), like)
    return list(once.values())


def _rows(path: Path, schema: pa.Schema) -> list[tuple]:
    if not path.is_file():
        return []
    try:
        table = pq.read_table(path, schema=schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        if isinstance(error, PermissionError):
            raise
        raise UserError(
            f"{path} cannot be read; remove {path.parent} and import your own files again"
        ) from None
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _write(plays: list[Play], likes: list[Like], folder: Path) -> None:
    new = folder.with_name(f".new-{folder.name}")
    remove(new)
    new.mkdir(mode=0o700, parents=True)
    try:
        for name, rows, schema in ((FILES[0], plays, PLAYS), (FILES[1], likes, LIKES)):
            table = pa.Table.from_pylist([row._asdict() for row in rows], schema=schema)
            pq.write_table(table, new / name)
            write_through(new / name)
        replace_folder(new, folder)
    finally:
        remove(new)
