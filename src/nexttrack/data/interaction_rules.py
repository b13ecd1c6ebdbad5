"""Rules by which interactions of one's own become one value a pair, each counted in a ledger."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Literal

import duckdb
import pandas as pd

from nexttrack.errors import UserError

_CHOICES = {
    "missing": ("drop", "error"),
    "bad_values": ("error", "drop"),
    "duplicates": ("sum", "max", "mean", "first", "last", "error"),
}
_COLUMNS = {"time": "moment"}  # the others are called what they are
_COUNTS = {"min_items": 1, "min_users": 1, "max_items": 1, "seed": 0}


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What is done with interactions, in this order.

    Args:
        missing: ``"drop"`` leaves out a row without a user, an item or, where these are asked for,
            a time, a value or a position; ``"error"`` refuses it. A blank text and NaN are missing.
        bad_values: ``"error"`` refuses, ``"drop"`` leaves out a value that is 0, negative or
            infinite, or that float32 cannot hold.
        duplicates: what a pair of user and item is worth that comes more than once: the ``"sum"``
            of its values (without a value, how often it comes), the ``"max"``, the ``"mean"``, the
            ``"first"`` or the ``"last"`` by time, then position (of several at one moment the
            largest), without either by the order of the rows; ``"error"`` refuses it. Its date and
            position are those of its first interaction, for ``"last"`` of its last.
        max_items: a user with more items keeps so many: the latest by time, then position, else a
            draw by ``seed``, the same each time. None for all.
        min_items: a user with fewer items is left out.
        min_users: an item with fewer users is left out. The two are applied in turn until all that
            is left has enough of both (a core of the graph).
        seed: of the draw.

    Raises:
        UserError: for a setting that is none of these.
    """

    missing: Literal["drop", "error"] = "drop"
    bad_values: Literal["error", "drop"] = "error"
    duplicates: Literal["sum", "max", "mean", "first", "last", "error"] = "sum"
    max_items: int | None = None
    min_items: int = 1
    min_users: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if (given := getattr(self, name)) not in choices:
                raise UserError(f"{name} must be one of {', '.join(choices)}, not {given!r}")
        for name, least in _COUNTS.items():
            given = getattr(self, name)
            if given is None and name == "max_items":
                continue
            if not isinstance(given, int) or isinstance(given, bool) or given < least:
                raise UserError(f"{name} must be a whole number from {least} on, not {given!r}")


@dataclass
class Interactions:
    """The table ``interactions`` of a database while rules are applied to it, and its ledger.

    Its columns are ``user`` and ``item`` (codes, int32), ``value`` (float64), ``moment``
    (timestamps), ``position`` (int32) and ``row`` (where in the input).

    Attributes:
        database: where the table is.
        where: what to call the input in a message.
        names: the input's columns by what they are here, such as ``{"user": "user_id"}``.
        ledger: one line for each step so far.
    """

    database: duckdb.DuckDBPyConnection
    where: str
    names: dict[str, Hashable]
    ledger: list[dict[str, Any]] = field(default_factory=list)

    def apply(self, rules: Rules) -> None:
        """Apply the rules to the table, and enter each into the ledger.

        Raises:
            UserError: for what a rule refuses, or if nothing is left.
        """
        self._enter("read", "rows of the input")
        for kind, name in self.names.items():
            self._missing(kind, name, rules.missing)
        if "value" in self.names:
            self._bad_values(rules.bad_values)
        self._join_duplicates(rules.duplicates)
        if rules.max_items is not None:
            self._cut(rules.max_items, rules.seed)
        if rules.min_items > 1 or rules.min_users > 1:
            self._core(rules.min_items, rules.min_users)

    def frame(self) -> pd.DataFrame:
        """Return the ledger: step, interactions before and after, users, items, what was done."""
        return pd.DataFrame(self.ledger)

    def _enter(self, step: str, what: str) -> None:
        """Enter what the table has now."""
        n, users, items = self._one(
            "SELECT count(*), count(DISTINCT user), count(DISTINCT item) FROM interactions"
        )
        before = self.ledger[-1]["interactions"] if self.ledger else n
        self.ledger.append(
            {
                "step": step,
                "interactions before": before,
                "interactions": n,
                "users": users,
                "items": items,
                "what": what,
            }
        )
        if not n:
            rows = "it has no rows" if step == "read" else f"none is left of {before} ({what})"
            raise UserError(f"{self.where}: no interactions: {rows}")

    def _missing(self, kind: str, name: Hashable, rule: str) -> None:
        column = _COLUMNS.get(kind, kind)
        (n,) = self._one(f"SELECT count(*) FROM interactions WHERE {column} IS NULL")
        if n and rule == "error":
            raise UserError(
                f"{self.where}, column {name!r}: the {kind} of {n} rows is missing; fill it in, or "
                "leave them out with missing='drop'"
            )
        if n:
            self.database.execute(f"DELETE FROM interactions WHERE {column} IS NULL")
            self._enter(f"missing {kind}", f"rows without a {kind} ({name!r}) are left out")

    def _bad_values(self, rule: str) -> None:
        bad = "NOT coalesce(TRY_CAST(value AS FLOAT) > 0 AND isfinite(value), false)"
        n, value = self._one(f"SELECT count(*), min(value) FROM interactions WHERE {bad}")
        if n and rule == "error":
            raise UserError(
                f"{self.where}, column {self.names['value']!r}: {n} values are not positive and "
                f"finite float32, such as {value:g}; change them, or leave them out with "
                "bad_values='drop'"
            )
        if n:
            self.database.execute(f"DELETE FROM interactions WHERE {bad}")
            self._enter("bad values", "rows whose value is not positive and finite are left out")

    def _join_duplicates(self, rule: str) -> None:
        before = self.ledger[-1]["interactions"]
        ordered = self._ordered()
        (pairs,) = self._one("SELECT count(*) FROM (SELECT DISTINCT user, item FROM interactions)")
        if rule == "error" and pairs < before:
            raise UserError(
                f"{self.where}: {before - pairs} rows repeat a pair of user and item; say with "
                f"duplicates= what such a pair is worth ({', '.join(_CHOICES['duplicates'][:-1])})"
            )
        by = f"row({', '.join(ordered or ['row'])}, {{}}value)"
        value = {
            "sum": "fsum(value)",
            "mean": "favg(value)",
            "first": f"arg_min(value, {by.format('-')})",
            "last": f"arg_max(value, {by.format('')})",
        }.get(rule, "max(value)")
        end, moment = ("max", "max(moment)") if rule == "last" else ("min", "min(moment)")
        position = f"arg_{end}(position, row({', '.join(ordered)}))" if ordered else "NULL::INTEGER"
        self._replace(
            f"SELECT user, item, {value} AS value, {moment} AS moment, {position} AS position "
            "FROM interactions GROUP BY user, item"
        )
        (unbounded,) = self._one(
            "SELECT count(*) FROM interactions WHERE TRY_CAST(value AS FLOAT) IS NULL "
            "OR NOT isfinite(value)"
        )
        if unbounded:
            raise UserError(f"{self.where}: the {rule} of {unbounded} pairs exceeds float32")
        self._enter("duplicates", f"one value for each pair of user and item: {rule}")

    def _cut(self, most: int, seed: int) -> None:
        ordered = self._ordered()
        # md5 gives the same draw on every machine; DuckDB's own hash may change with its version.
        drawn = f"md5_number_lower(concat_ws('/', {seed}, user, item))"
        order = ", ".join([f"{kind} DESC" for kind in ordered] or [drawn])
        self._replace(
            "SELECT i.* FROM interactions i JOIN (SELECT user FROM interactions GROUP BY user "
            f"HAVING count(*) <= {most}) USING (user) UNION ALL SELECT i.* FROM interactions i "
            f"JOIN (SELECT user FROM interactions GROUP BY user HAVING count(*) > {most}) "
            "USING (user) QUALIFY row_number() OVER "
            f"(PARTITION BY i.user ORDER BY {order}, item DESC) <= {most}"
        )
        which = "the latest" if ordered else f"drawn with seed {seed}"
        self._enter("max_items", f"at most {most} items a user, {which}")

    def _core(self, min_items: int, min_users: int) -> None:
        rounds, before = 0, None
        while before != (before := self._one("SELECT count(*) FROM interactions")):
            rounds += 1
            for one, least in (("user", min_items), ("item", min_users)):
                if least > 1:
                    self.database.execute(
                        f"DELETE FROM interactions WHERE {one} IN (SELECT {one} FROM interactions "
                        f"GROUP BY {one} HAVING count(*) < {least})"
                    )
        self._enter(
            "core",
            f"each user has {min_items} items or more, each item {min_users} users or more, "
            f"after {rounds} rounds",
        )

    def _ordered(self) -> list[str]:
        """Return the columns that say what came first."""
        return [_COLUMNS.get(kind, kind) for kind in ("time", "position") if kind in self.names]

    def _one(self, query: str) -> tuple:
        return self.database.execute(query).fetchall()[0]

    def _replace(self, query: str) -> None:
        self.database.execute(f"CREATE TABLE replacing AS {query}")
        self.database.execute("DROP TABLE interactions")
        self.database.execute("ALTER TABLE replacing RENAME TO interactions")
