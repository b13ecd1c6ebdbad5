"""The data sources as ``sources.toml`` describes them: it alone says what a raw file must hold."""

import tomllib
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

from nexttrack.errors import UserError

Kind = Literal["csv", "tsv", "zip", "parquet", "json-slices"]
Type = Literal["text", "number", "integer", "boolean", "date"]
LARGEST_INTEGER = 2**31 - 1
"""Of a column of whole numbers whose description names no other: ids are stored in 32 bits."""


@dataclass(frozen=True)
class Column:
    """A column that a file must have, and what its cells may hold."""

    name: str
    type: Type
    what: str
    unit: str = ""
    minimum: float | date | None = None
    maximum: float | date | None = None
    values: tuple[str, ...] = ()
    pattern: str = ""
    form: str = ""
    empty: bool = False


@dataclass(frozen=True)
class SourceFile:
    """A file of a source, or a member of a zip.

    ``table`` is the name of the table that the cleaning makes of it. ``unique`` are sets of columns
    that identify a row, ``references`` pairs of a column and the table whose column of that name
    has every value of it, ``ordered`` pairs of columns of which the second is not before the first.
    ``rows`` and ``sha256`` are those of the published file, ``known_sha256`` that of the copy the
    book was computed from.
    """

    name: str
    kind: Kind
    table: str = ""
    required: bool = True
    columns: tuple[Column, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    references: tuple[tuple[str, str], ...] = ()
    ordered: tuple[tuple[str, str], ...] = ()
    rows: int | None = None
    sha256: str | None = None
    known_sha256: str | None = None
    encoding: str = "utf-8"
    members: tuple["SourceFile", ...] = ()


@dataclass(frozen=True)
class Source:
    """A data source. One of ``kaggle`` (a handle), ``url`` and ``bring`` (what to bring) is set."""

    name: str
    title: str
    what: str
    terms: str
    citation: str
    files: tuple[SourceFile, ...]
    kaggle: str = ""
    url: str = ""
    bring: str = ""

    @property
    def downloadable(self) -> bool:
        """Whether ``nexttrack data get`` can have it."""
        return bool(self.kaggle or self.url)

    @property
    def address(self) -> str:
        """Where it comes from, for a reader."""
        if self.kaggle:
            return f"https://www.kaggle.com/datasets/{self.kaggle}"
        return self.url or "bring your own copy"

    @property
    def how_to_bring(self) -> str:
        """One line: how the user can bring a copy."""
        what = self.bring or "the folder with " + " and ".join(
            file.name for file in self.files if file.required
        )
        return f"{self.name}: bring {what}: nexttrack data import FOLDER"


@cache
def load_sources() -> dict[str, Source]:
    """Return the sources by name, in the order of ``sources.toml``."""
    text = (resources.files("nexttrack.data") / "sources.toml").read_text("utf-8")
    table = tomllib.loads(text)
    shared = table.pop("columns")
    return {name: _source(name, entry, shared) for name, entry in table.items()}


def find(name: str) -> Source:
    """Return a source by its name.

    Raises:
        UserError: if there is none of that name; it suggests the nearest.
    """
    sources = load_sources()
    if name in sources:
        return sources[name]
    near = get_close_matches(name, sources, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sources)}"
    raise UserError(f"no source is called {name}; {hint}")


def locate(file: SourceFile, folder: Path) -> list[Path]:
    """Return where the file is in a folder: in it, or in its subfolder ``data``, as Kaggle and the
    Million Playlist Dataset lay theirs out. Several paths for slices, sorted by their first number.
    """
    for place in (folder, folder / "data"):
        if found := [path for path in place.glob(file.name) if path.is_file()]:
            return sorted(found, key=_slice_number)
    return []


def _slice_number(path: Path) -> tuple[int, str]:
    parts = path.name.split(".")
    start = parts[2].partition("-")[0] if len(parts) > 3 else ""
    return (int(start) if start.isdigit() else 0, path.name)


def _source(name: str, entry: dict, shared: dict) -> Source:
    files = tuple(_file(file, shared) for file in entry.pop("files"))
    return Source(name=name, files=files, **entry)


def _file(entry: dict, shared: dict) -> SourceFile:
    empty = set(entry.pop("empty", ()))
    columns = tuple(_column(column, shared, empty) for column in entry.pop("columns", ()))
    members = tuple(_file(member, shared) for member in entry.pop("members", ()))
    return SourceFile(
        columns=columns,
        members=members,
        unique=tuple(tuple(names) for names in entry.pop("unique", ())),
        references=tuple((r["column"], r["table"]) for r in entry.pop("references", ())),
        ordered=tuple((first, second) for first, second in entry.pop("ordered", ())),
        **entry,
    )


def _column(entry: str | dict, shared: dict, empty: set[str]) -> Column:
    own = {"name": entry} if isinstance(entry, str) else entry
    fields = shared.get(own["name"], {}) | own
    highest = LARGEST_INTEGER if fields["type"] == "integer" else None
    return Column(
        minimum=fields.pop("min", None),
        maximum=fields.pop("max", highest),
        values=tuple(fields.pop("values", ())),
        empty=fields["name"] in empty,
        **fields,
    )
