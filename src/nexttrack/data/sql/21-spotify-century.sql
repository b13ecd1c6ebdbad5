-- spotify-century: means by year and by genre. A mean is 0 only where every track of the group was
-- unknown, so the same zeros mean "unknown" here.
CREATE TABLE processed.century_years AS
SELECT year, unnest(audio_of(danceability, energy, loudness, speechiness, acousticness,
                             instrumentalness, liveness, valence, tempo, key, mode, NULL, duration_ms)),
       popularity
FROM (SELECT DISTINCT * FROM raw.century_years)
ORDER BY year;

INSERT INTO processed.ledger BY NAME SELECT
    'spotify-century' AS source, 'Years' AS name,
    'One row per year, exact duplicates dropped.' AS rule,
    rows_of('raw.century_years') AS rows_before, rows_of('processed.century_years') AS rows_after;

CREATE TABLE processed.century_genres AS
SELECT trim(genres) AS genre,
       unnest(audio_of(danceability, energy, loudness, speechiness, acousticness, instrumentalness,
                       liveness, valence, tempo, key, mode, NULL, duration_ms)),
       popularity
FROM (SELECT DISTINCT * FROM raw.century_genres WHERE trim(genres) NOT IN ('', '[]'))
ORDER BY genre;

INSERT INTO processed.ledger BY NAME SELECT
    'spotify-century' AS source, 'Genres' AS name,
    'One row per genre; exact duplicates and the row of artists without a genre are dropped.' AS rule,
    rows_of('raw.century_genres') AS rows_before, rows_of('processed.century_genres') AS rows_after;

INSERT INTO processed.ledger BY NAME SELECT
    'spotify-century' AS source, 'Zero is unknown' AS name,
    'A genre whose mean tempo, danceability, speechiness or valence is exactly 0 was never analysed: '
    || 'NULL.' AS rule,
    rows_of('processed.century_genres') AS rows_before,
    (SELECT count(*) FROM processed.century_genres
     WHERE tempo IS NULL OR danceability IS NULL OR speechiness IS NULL OR valence IS NULL)
    AS rows_changed;
