-- spotify-century: the tracks. Artists come as the text of a Python list, ['Al Bowlly', "Guns N' Roses"]:
-- each name is what stands between single quotes, or between double ones where it holds a single one.
-- A backslash in it begins an escape as in Python: \n, \xe9, \u00e9, \'; one that begins none is itself.
CREATE MACRO unescaped(escape) AS CASE
    WHEN length(escape) > 2 THEN coalesce(TRY(chr(('0x' || escape[3:])::INTEGER)), escape)
    WHEN escape[2] IN ('\', '''', '"') THEN escape[2]
    ELSE coalesce(map {'n': chr(10), 't': chr(9), 'r': chr(13)}[escape[2]], escape)
END;
CREATE MACRO python_text(quoted) AS array_to_string(list_transform(
    regexp_extract_all(quoted, '(?s)[^\\]+|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|\\.'),
    lambda piece: CASE WHEN piece[1] = '\' THEN unescaped(piece) ELSE piece END
), '');
CREATE MACRO python_list(text) AS list_transform(
    regexp_extract_all(text, '(?s)''(?:[^''\\]|\\.)*''|"(?:[^"\\]|\\.)*"'),
    lambda quoted: python_text(quoted[2:-2])
);

-- Release dates are a year, a month or a day; the text is kept, and how much of it is known said.
CREATE MACRO date_precision(text) AS
    CASE length(text) WHEN 4 THEN 'year' WHEN 7 THEN 'month' WHEN 10 THEN 'day' END;

CREATE TABLE processed.century_tracks AS
SELECT id AS track_id, name AS title, python_list(artists) AS artists, year, release_date,
       date_precision(release_date) AS release_precision,
       unnest(audio_of(danceability, energy, loudness, speechiness, acousticness, instrumentalness,
                       liveness, valence, tempo, key, mode, NULL, duration_ms)),
       popularity::SMALLINT AS popularity, explicit
FROM (SELECT DISTINCT * FROM raw.century_tracks)
ORDER BY track_id;

INSERT INTO processed.ledger BY NAME SELECT
    'spotify-century' AS source, 'Tracks' AS name, 'Exact duplicates are dropped.' AS rule,
    rows_of('raw.century_tracks') AS rows_before, rows_of('processed.century_tracks') AS rows_after;

INSERT INTO processed.ledger BY NAME SELECT
    'spotify-century' AS source, 'Release dates' AS name,
    'A release date known to the month or the year only is kept as it is, with its precision beside it.'
    AS rule,
    rows_of('processed.century_tracks') AS rows_before,
    (SELECT count(*) FROM processed.century_tracks WHERE release_precision <> 'day') AS rows_changed;

INSERT INTO processed.ledger BY NAME SELECT
    'spotify-century' AS source, 'Zero is unknown' AS name,
    'A tempo, danceability, speechiness or valence of exactly 0 becomes NULL.' AS rule,
    rows_of('processed.century_tracks') AS rows_before,
    (SELECT count(*) FROM processed.century_tracks
     WHERE tempo IS NULL OR danceability IS NULL OR speechiness IS NULL OR valence IS NULL)
    AS rows_changed;

-- How many tracks each year's mean stands on.
CREATE OR REPLACE TABLE processed.century_years AS
SELECT years.*, coalesce(counted.n_tracks, 0)::INTEGER AS n_tracks
FROM processed.century_years AS years
LEFT JOIN (SELECT year, count(*) AS n_tracks FROM processed.century_tracks GROUP BY year) AS counted
USING (year)
ORDER BY year;
