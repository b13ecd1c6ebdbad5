"""Which columns of one's own interactions are what, and the SQL that reads them."""

import re
from collections.abc import Hashable
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import duckdb

from nexttrack.data.interaction_rules import Rules
from nexttrack.data.own_tracks import Tracks
from nexttrack.errors import UserError

_TEXTS = ("VARCHAR", '"NULL"')  # the second: a column of nothing
_A_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_NUMBERS = {
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
    "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BOOLEAN",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Input:
    """Which columns are what, and how they are read. ``Dataset.from_frame`` says more.

    Raises:
        UserError: a column is named twice, or a unit is none.
    """

    user: Hashable
    item: Hashable
    time: Hashable | None = None
    value: Hashable | None = None
    position: Hashable | None = None
    time_unit: str | None = None
    decimal: str = "."
    memory_limit: str | None = None
    spill: str | Path | None = None
    rules: Rules = field(default_factory=Rules)
    tracks: Tracks = field(default_factory=Tracks)

    def __post_init__(self) -> None:
        if self.user is None or self.item is None:
            raise UserError("say which columns are user= and item=")
        columns = list(self.names.values())
        for name in columns:
            if columns.count(name) > 1:
                raise UserError(f"column {name!r} is named for two things: {self.names}")
        if self.time_unit not in (None, *_A_SECOND):
            raise UserError(
                f"time_unit must be one of {', '.join(_A_SECOND)}, not {self.time_unit!r}"
            )
        if self.decimal not in (".", ","):
            raise UserError(f"decimal must be '.' or ',', not {self.decimal!r}")
        size = r"\d+(\.\d+)? ?[KMGT]i?B"
        if self.memory_limit is not None and not re.fullmatch(size, str(self.memory_limit)):
            raise UserError(f"memory_limit must be such as '2GB', not {self.memory_limit!r}")

    @classmethod
    def of(cls, **arguments: Any) -> "Input":
        """Return what the arguments of ``Dataset.from_frame`` ask for, rules and tracks among it.

        Raises:
            UserError: no argument is called so.
        """
        own = [one.name for one in fields(cls) if one.name not in ("rules", "tracks")]
        parts = {kind: [one.name for one in fields(kind)] for kind in (Rules, Tracks)}
        every = [*own, *parts[Rules], *parts[Tracks]]
        for name in arguments:
            if name not in every:
                near = get_close_matches(name, every, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(every)}"
                raise UserError(f"no argument is called {name}; {hint}")
        rules, tracks = (
            {name: arguments.pop(name) for name in parts[kind] if name in arguments}
            for kind in (Rules, Tracks)
        )
        return cls(**arguments, rules=Rules(**rules), tracks=Tracks(**tracks))

    @property
    def names(self) -> dict[str, Hashable]:
        """The columns by what they are, without those that are not given."""
        kinds = {"user": self.user, "item": self.item, "time": self.time}
        kinds |= {"value": self.value, "position": self.position}
        return {kind: name for kind, name in kinds.items() if name is not None}


def holds_something(cell: str, kind: str) -> str:
    """Return the SQL of whether a cell is not missing."""
    if kind in _TEXTS:
        return f"{cell} IS NOT NULL AND lower({cell}) NOT IN ('', 'nan')"
    return f"NOT isnan({cell})" if kind in ("FLOAT", "DOUBLE") else f"{cell} IS NOT NULL"


def as_number(cell: str, kind: str, given: Input, where: str) -> str:
    """Return the SQL of a number, float64, NULL where it is missing or NaN."""
    if kind in _TEXTS:
        if given.decimal == ",":
            cell = f"replace({cell}, ',', '.')"
        cell = f"TRY_CAST({cell} AS DOUBLE)"
    elif kind.split("(")[0] in _NUMBERS:
        cell = f"{cell}::DOUBLE"
    else:
        raise UserError(f"{where}: it must hold numbers, not {kind}")
    return f"CASE WHEN NOT isnan({cell}) THEN {cell} END"


def as_place(cell: str, kind: str, given: Input, where: str) -> str:
    """Return the SQL of a place in a list, int32, NULL where it is missing or none."""
    number = as_number(cell, kind, given, where)
    return (
        f"CASE WHEN ({number}) >= 0 AND ({number}) = floor({number}) "
        f"THEN TRY_CAST(({number}) AS INTEGER) END"
    )


def as_moment(cell: str, kind: str, given: Input, where: str) -> str:
    """Return the SQL of a moment, a timestamp in UTC."""
    if given.time_unit is not None:
        number = as_number(cell, kind, given, f"{where}, with time_unit")
        micro = f"({number}) * {1_000_000 / _A_SECOND[given.time_unit]!r}"
        return f"make_timestamp(TRY_CAST(round({micro}) AS BIGINT))"
    if kind in _TEXTS:
        cell = f"TRY_CAST({cell} AS TIMESTAMPTZ)::TIMESTAMP"
        return f"CASE WHEN isfinite({cell}) THEN {cell} END"
    if kind.startswith(("DATE", "TIMESTAMP")):
        return f"CASE WHEN isfinite({cell}) THEN {cell}::TIMESTAMP END"
    if kind.split("(")[0] in _NUMBERS:
        raise UserError(
            f"{where}: numbers need their unit since 1970: time_unit='s', 'ms', 'us' or 'ns'"
        )
    raise UserError(f"{where}: it must hold times, not {kind}")


def check_years(database: duckdb.DuckDBPyConnection, given: Input, where: str) -> None:
    """Refuse years that only a wrong unit gives."""
    first, last = database.execute(
        "SELECT min(year(moment)), max(year(moment)) FROM interactions"
    ).fetchall()[0]
    if first is not None and not (first >= 1900 and last <= 2200):
        unit = f"time_unit={given.time_unit!r}" if given.time_unit else "the column"
        raise UserError(
            f"{where}, column {given.time!r}: the years are {first} to {last}; is {unit} right?"
        )
