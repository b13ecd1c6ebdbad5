"""The data sources as ``sources.toml``, beside the SQL, describes them."""

import tomllib
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Literal

from nexttrack.errors import UserError

DESCRIPTION = Path(__file__).parents[1] / "sources.toml"

Kind = Literal["csv", "tsv", "zip", "parquet", "json-slices"]
Type = Literal["text", "number", "integer", "boolean", "date"]


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
    empty: bool = False


@dataclass(frozen=True)
class SourceFile:
    """A file of a source, or a member of a zip.

    ``rows`` is the exact number of rows of the published file, ``sha256`` the checksum that every
    copy has, ``known_sha256`` that of the copy the book was computed from.
    """

    name: str
    kind: Kind
    required: bool = True
    columns: tuple[Column, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
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
    table = tomllib.loads(DESCRIPTION.read_text(encoding="utf-8"))
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
    unique = tuple(tuple(names) for names in entry.pop("unique", ()))
    members = tuple(_file(member, shared) for member in entry.pop("members", ()))
    return SourceFile(columns=columns, unique=unique, members=members, **entry)


def _column(entry: str | dict, shared: dict, empty: set[str]) -> Column:
    fields = {"name": entry, **shared[entry]} if isinstance(entry, str) else dict(entry)
    return Column(
        minimum=fields.pop("min", None),
        maximum=fields.pop("max", None),
        values=tuple(fields.pop("values", ())),
        empty=fields["name"] in empty,
        **fields,
    )
