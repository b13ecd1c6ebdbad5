"""Batches of slices of the Million Playlist Dataset, imported one after the other, add up."""

import tempfile
from pathlib import Path

import duckdb
import pyarrow.dataset

ITEMS, TRACKS = "playlist_tracks.parquet", "tracks.parquet"
MEMORY_LIMIT = "600MB"

# What is there of the playlists that the new slices stand for gives way to them. Each part names
# a track as it does where the track first occurs; so does the sum, whatever the order of batches.
ADD = """
CREATE VIEW items AS
    SELECT *, 0 AS part_no FROM old_items
    WHERE NOT EXISTS (FROM ranges WHERE pid BETWEEN first AND last)
    UNION ALL SELECT *, 1 FROM new_items;
CREATE TABLE first_seen AS
    SELECT track_id, arg_min(part_no, place) AS part_no, min(place) AS place
    FROM (SELECT track_id, part_no, pid::BIGINT * 4294967296 + pos AS place FROM items)
    GROUP BY track_id;
CREATE VIEW names AS
    SELECT *, 0 AS part_no FROM old_tracks UNION ALL SELECT *, 1 FROM new_tracks;
"""


def made_of_slices(folder: Path) -> bool:
    """Tell whether the tables in a folder were made of slices, so that others can be added."""
    if not (folder / ITEMS).is_file() or not (folder / TRACKS).is_file():
        return False
    try:
        names = pyarrow.dataset.dataset(folder / TRACKS).to_table(columns=["name_source"])
    except (pyarrow.ArrowInvalid, OSError):
        return False
    return set(names["name_source"].unique().to_pylist()) == {"slices"}


def add_tables(present: Path, folder: Path, ranges: list[tuple[int, int]]) -> None:
    """Add what is present to the tables in ``folder``, which were made of slices.

    Args:
        present: a folder with the two tables, see :func:`made_of_slices`; it is not changed.
        folder: one with the two tables of the new slices; they become the sum, ordered by pid and
            pos, the tracks by where they first occur.
        ranges: first and last playlist of each new slice.
    """
    with (
        tempfile.TemporaryDirectory(dir=folder) as scratch,
        duckdb.connect(
            config={"memory_limit": MEMORY_LIMIT, "temp_directory": scratch}
        ) as database,
    ):
        for name, file in (
            (f"{part}_{what}", where / table)
            for part, where in (("old", present), ("new", folder))
            for what, table in (("items", ITEMS), ("tracks", TRACKS))
        ):
            database.register(name, pyarrow.dataset.dataset(file))
        database.execute("CREATE TABLE ranges (first BIGINT, last BIGINT)")
        database.executemany("INSERT INTO ranges VALUES (?, ?)", [list(pair) for pair in ranges])
        database.execute(ADD)
        tables = {
            ITEMS: "SELECT * EXCLUDE part_no FROM items ORDER BY pid, pos",
            TRACKS: "SELECT names.* EXCLUDE part_no FROM names JOIN first_seen"
            " USING (track_id, part_no) ORDER BY place",
        }
        for table, query in tables.items():
            database.execute(
                f"COPY ({query}) TO $1 (FORMAT parquet, COMPRESSION zstd)",
                [str(Path(scratch) / table)],
            )
        for table in tables:
            (Path(scratch) / table).replace(folder / table)
