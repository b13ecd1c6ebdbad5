"""A breach of a contract is one line that names table, column, row and value."""

import duckdb
import pytest

from nexttrack.data import contracts
from nexttrack.errors import UserError

AUDIO = """
    0.5 AS danceability, 0.6 AS energy, -7.5 AS loudness, 0.05 AS speechiness, 0.1 AS acousticness,
    0.0 AS instrumentalness, 0.2 AS liveness, NULL AS valence, 120.0 AS tempo, 1 AS key, 1 AS mode,
    4 AS time_signature, 200000 AS duration_ms"""
TABLES = {
    "playlist_recordings": f"""
        SELECT i::INTEGER AS recording, [i || 'x'] AS track_ids, 'One' AS title,
               ['Anna'] AS artists, {AUDIO}, true AS has_audio, 'id' AS feature_match,
               'x' AS feature_source, []::VARCHAR[] AS genres
        FROM range(3) AS r(i)""",
    "playlist_items": """
        SELECT 7 AS playlist_id, i::INTEGER AS position, i::INTEGER AS recording, 'whole' AS part
        FROM range(3) AS r(i)""",
    "lastfm_listens": """
        SELECT 1 AS user_id, i::INTEGER AS artist_id, 5 AS plays FROM range(3) AS r(i)""",
}
TYPES = dict.fromkeys(
    ["danceability", "energy", "loudness", "speechiness", "acousticness", "instrumentalness",
     "liveness", "valence", "tempo"], "DOUBLE"
) | {"key": "TINYINT", "mode": "TINYINT", "time_signature": "TINYINT"}  # fmt: skip


@pytest.fixture
def database():
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA processed")
        for name, query in TABLES.items():
            connection.execute(f"CREATE TABLE processed.{name} AS {query}")
        for column, kind in TYPES.items():
            alter = f"ALTER TABLE processed.playlist_recordings ALTER {column} TYPE {kind}"
            connection.execute(alter)
        yield connection


def complaint(check, *arguments):
    with pytest.raises(UserError) as error:
        check(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_tables_that_keep_their_contract_pass(database):
    contracts.check_processed(database, TABLES)


@pytest.mark.parametrize(
    ("table", "change", "said"),
    [
        ("playlist_recordings", "energy = 1.5 WHERE recording = 1",
         "column energy, row 2: 1.5 is not between 0 and 1"),
        ("playlist_recordings", "tempo = 'inf' WHERE recording = 2",
         "column tempo, row 3: inf is not above 0 and at most 300"),
        ("playlist_recordings", "tempo = 'nan' WHERE recording = 2", "column tempo, row 3: nan"),
        ("playlist_recordings", "tempo = 0 WHERE recording = 0",
         "column tempo, row 1: 0.0 is not above 0 and at most 300"),
        ("playlist_recordings", "recording = 9 WHERE recording = 1",
         "column recording, row 2: 9 is not the number of its row"),
        ("playlist_recordings", "title = '' WHERE recording = 1", "column title, row 2: ''"),
        ("playlist_recordings", "feature_match = 'guess'",
         "column feature_match, row 1: 'guess' is not one of id, name, none"),
        ("playlist_recordings", "track_ids = NULL WHERE recording = 2",
         "column track_ids, row 3: no value"),
        ("playlist_items", "recording = 1 WHERE recording = 2",
         "column playlist_id + recording, row 2: (7, 1) is there twice"),
        ("playlist_items", "recording = 5 WHERE recording = 2",
         "column recording, row 3: 5 is not in playlist_recordings.recording"),
        ("lastfm_listens", "plays = 0 WHERE artist_id = 1",
         "column plays, row 2: 0 is not between 1 and"),
    ],
)  # fmt: skip
def test_a_breach_names_table_column_row_and_value(database, table, change, said):
    database.execute(f"UPDATE processed.{table} SET {change}")
    line = complaint(contracts.check_processed, database, TABLES)
    assert line.startswith(f"table {table}, {said}")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("RENAME plays TO counts", "column counts: is not part of it"),
        ("DROP plays", "column plays: is missing"),
        ("ADD COLUMN mood VARCHAR", "column mood: is not part of it"),
        (
            "ALTER plays TYPE DOUBLE",
            "column plays: its type is double[pyarrow], not int32[pyarrow]",
        ),
    ],
)
def test_columns_and_types_are_exactly_those_of_the_schema(database, change, said):
    database.execute(f"ALTER TABLE processed.lastfm_listens {change}")
    line = complaint(contracts.check_processed, database, TABLES)
    assert line.startswith(f"table lastfm_listens, {said}")


def test_every_processed_table_has_a_contract_and_every_reference_leads_to_one():
    schemas = contracts.processed_schemas()
    for table, column, other, key in contracts.REFERENCES:
        assert column in schemas[table].columns
        assert schemas[other].columns[key].unique or key == "recording"
