"""A database is in UTC wherever the machine is, quiet, and takes paths literally."""

import os
import time
from datetime import UTC, datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nexttrack.data.database import errors_in_a_line, literal, open_database, quoted
from nexttrack.errors import UserError

PATTERNS = ["a [1]", "b*", "c?", "d {x,y}", "it's", "year=2020", "%s \\ $1"]


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def test_a_time_with_a_zone_is_the_same_day_on_every_machine(zone, monkeypatch):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        with open_database() as database:
            noon = datetime(2019, 5, 25, tzinfo=UTC)
            (day,) = database.execute("SELECT $1::TIMESTAMPTZ::DATE", [noon]).fetchone()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert str(day) == "2019-05-25"


@pytest.mark.parametrize("name", PATTERNS)
def test_a_path_is_read_literally_whatever_its_name(name, tmp_path):
    folder = tmp_path / name
    beside = tmp_path / "a 1"
    for place, value in ((folder, 1), (beside, 2)):
        place.mkdir()
        pq.write_table(pa.table({"x": [value]}), place / "t.parquet")
    with open_database() as database:
        path = quoted(literal(folder / "t.parquet"))
        found = database.sql(f"FROM read_parquet({path}, hive_partitioning = false)")
        assert (found.columns, found.fetchall()) == (["x"], [(1,)])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (duckdb.OutOfMemoryException("at 600 MB"), "memory does not suffice"),
        (MemoryError(), "memory does not suffice"),
        (duckdb.ConversionException("3e9\n\nLINE 1: …"), r"cannot be read \(3e9\)"),
    ],
)
def test_what_a_database_cannot_do_is_one_line(error, said):
    with (
        pytest.raises(UserError, match=f"^the file: .*{said}") as line,
        errors_in_a_line("the file"),
    ):
        raise error
    assert "\n" not in str(line.value)


def test_it_prints_nothing(capfd, monkeypatch):
    monkeypatch.setattr(os, "isatty", lambda _: True)
    with open_database() as database:
        assert database.sql("SELECT current_setting('enable_progress_bar')").fetchall() == [
            (False,)
        ]
    assert capfd.readouterr() == ("", "")
