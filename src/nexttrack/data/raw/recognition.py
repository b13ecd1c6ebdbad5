"""Recognise what a user brings: which of the sources' files it is, or what else.

The columns decide where there are any, since names change on the way ("archive (1).zip", a sample,
another's export); the name decides for what cannot be read, so that its defect can be told.
"""

import csv
import io
import json
import re
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nexttrack.data.raw import kinds, strangers
from nexttrack.data.raw.sources import Source, SourceFile, load_sources

FIRST_LINE = 2**16
# A table is one of the sources' if this share of all columns, of both together, is in both.
ENOUGH = 0.75
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
COPY_MARK = re.compile(r"( ?\(\d+\)| - copy( \(\d+\))?| copy( \d+)?)(?=\.)", re.IGNORECASE)
INDEX = frozenset({"", "unnamed:_0", "__index_level_0__"})
COMMON_NAMES = ("data.csv", "dataset.csv", "tracks.parquet", "events.parquet")
NOT_OURS = "no file of the sources"


@dataclass(frozen=True)
class Found:
    """A file of the user's that was recognised.

    ``shown`` is how messages name it. ``member`` is set where it is one table of a zip that the
    source has; ``encoding`` and ``separator`` are those of a text, ``kind`` is the content's.
    """

    path: Path | zipfile.Path
    shown: str
    source: Source
    file: SourceFile
    kind: str = "text"
    member: SourceFile | None = None
    encoding: str = "utf-8"
    separator: str = ""


def plain_name(name: str) -> str:
    """Return a file's name without what browsers and file managers add, in small letters."""
    return COPY_MARK.sub("", name.strip().casefold()).removesuffix(".gz")


def recognise(path: Path, shown: str) -> Found | str:
    """Return which file of which source this is, or in a few words why it is none.

    Raises:
        OSError: if it cannot be read.
    """
    start = kinds.read_start(path)
    kind = kinds.kind_of(start)
    if kind in ("text", "a Parquet file"):
        with path.open("rb") as stream:
            head = stream.read(FIRST_LINE)
        found = _by_columns(path, shown, kind, head)
        if isinstance(found, Found):
            return found
    else:
        found = None
    named = _by_name(path, shown, kind)
    if named and (found is None or _named_for(path, named)):
        return named
    if what := strangers.known_name(plain_name(path.name)):
        return what
    if found:
        return found
    if kind == "JSON" and b'"playlists"' in start:
        return "perhaps a slice of the Million Playlist Dataset; name it mpd.slice.A-B.json"
    if kind == "a Git LFS pointer":
        return kinds.POINTER
    if kind in ("a zip archive", "a Parquet file"):
        return f"{kind} that is cut short or damaged; {kinds.AGAIN}"
    if kind in ("text", "JSON", "a web page", "empty"):
        return NOT_OURS
    return f"{kind}: {NOT_OURS}; unpack or convert it"


def _by_name(path: Path, shown: str, kind: str) -> Found | None:
    """Recognise by the name alone, and by the source's name on a folder above."""
    name = plain_name(path.name)
    candidates = [
        Found(path, shown, source, file, kind, None if table is file else table)
        for source in load_sources().values()
        for file in source.files
        for table in (file, *file.members)
        if table.name == name
    ]
    return next(
        (one for one in candidates if one.source.name == path.parent.name),
        candidates[0] if candidates else None,
    )


def _named_for(path: Path, found: Found) -> bool:
    """Tell whether a table with other columns is yet meant as this file: by its folder, or by a
    name that few other files have."""
    homes = (path.parent.name, path.parent.parent.name)
    return found.source.name in homes or found.file.name not in COMMON_NAMES


def _by_columns(path: Path, shown: str, kind: str, head: bytes) -> Found | str | None:
    """Recognise a table by its columns: None if it cannot be read as one."""
    if kind == "a Parquet file":
        columns = _parquet_columns(path)
        return _match(columns, path, Found, kind=kind, shown=shown) if columns else None
    encoding = json.detect_encoding(head)
    try:
        # The end of the head may cut a letter in two.
        text = head.decode(encoding, errors="replace" if encoding == "utf-8" else "ignore")
    except UnicodeDecodeError:
        return None
    lines = text.removeprefix("\ufeff").splitlines() or [""]
    first = lines[1] if lines[0].startswith("sep=") and len(lines) > 1 else lines[0]
    if strangers.SCROBBLE.fullmatch(first):
        return f"a last.fm scrobbles export: {strangers.OWN_PLAYS}"
    best: Found | str | None = None
    for separator in SEPARATORS:
        columns = _split(first, separator)
        if len(columns) > 1:
            best = _match(
                columns, path, Found, kind=kind, shown=shown, encoding=encoding, separator=separator
            )
        if isinstance(best, Found):
            return best
    return best


def _parquet_columns(path: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(path).names
    except (pa.ArrowInvalid, OSError):
        return []


def _split(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(line), delimiter=separator), [])
    except csv.Error:
        return []


def _match(columns: list[str], path: Path, make, **how) -> Found | str:
    """Return the source's file that has most of these columns and few others."""
    there = frozenset(name.strip().casefold().replace(" ", "_") for name in columns) - INDEX
    scores = []
    for source in load_sources().values():
        for file in source.files:
            for table in file.members or (file,):
                wanted = _wanted(table)
                if wanted:
                    # Of equals, the one whose name or folder fits.
                    fits = (table.name == plain_name(path.name)) + (source.name == path.parent.name)
                    member = table if file.members else None
                    found = make(path=path, source=source, file=file, member=member, **how)
                    scores.append((_share(there, wanted), fits, found))
    scores += [(_share(there, wanted), 0, what) for what, wanted in strangers.columns_of().items()]
    # A file that lies in its source's folder under its name is that one, if it can be at all.
    share, _, best = max(scores, key=lambda s: (s[0] >= ENOUGH and s[1] == 2, s[0], s[1]))
    if share >= ENOUGH:
        return best
    return f"{NOT_OURS} (its columns are {', '.join(columns[:4])}{', …' if columns[4:] else ''})"


@cache
def _wanted(table: SourceFile) -> frozenset[str]:
    return frozenset(column.name.casefold() for column in table.columns) - INDEX


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)
