-- playlist-archive: its tracks, for 01-recordings.sql.

-- An id keeps the name that most of its events give it (ties: the first in the alphabet): artists
-- rename themselves and labels correct titles.
CREATE TABLE archive_name AS
SELECT track_id, track_name, artist_name, artist_id, count(*) AS n_events
FROM raw.archive_events
GROUP BY track_id, track_name, artist_name, artist_id
QUALIFY row_number() OVER (PARTITION BY track_id
                           ORDER BY n_events DESC, artist_name, track_name, artist_id) = 1;

INSERT INTO processed.ledger BY NAME SELECT
    'playlist-archive' AS source, 'One name per id' AS name,
    'An id that appears under several names keeps the most frequent; changed: ids with several.' AS rule,
    rows_of('archive_name') AS rows_before,
    (SELECT count(*) FROM (SELECT track_id FROM raw.archive_events GROUP BY track_id
                           HAVING count(DISTINCT (track_name, artist_name, artist_id)) > 1))
    AS rows_changed;

SET VARIABLE source = 'playlist-archive';
CREATE OR REPLACE VIEW our_features AS FROM raw.archive_tracks;
CREATE OR REPLACE VIEW our_named_features AS
FROM archive_name LEFT JOIN our_features USING (track_id);
