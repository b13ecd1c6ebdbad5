-- playlists: its recordings, and one row per (playlist, recording).
CREATE TABLE processed.playlist_recordings AS
SELECT recording, track_ids, title,
       CASE WHEN artist_name IS NOT NULL THEN [artist_name] END AS artists,
       unnest(audio), has_audio, feature_match, feature_source, coalesce(genres, []) AS genres
FROM our_recording LEFT JOIN our_genre USING (recording)
ORDER BY recording;

INSERT INTO processed.ledger BY NAME SELECT
    'playlists' AS source, 'Genres' AS name,
    'A recording takes the genres that spotify-tracks gives to any of its ids or to its artist and '
    || 'title; changed: recordings with a genre.' AS rule,
    rows_of('processed.playlist_recordings') AS rows_before,
    (SELECT count(*) FROM processed.playlist_recordings WHERE len(genres) > 0) AS rows_changed;

-- The items. First the repeats of one id, which the file is known for, then the repeats of one
-- recording under two ids; what stays is where it came first.
CREATE TABLE playlist_pair AS
SELECT pid, track_id, min(pos) AS pos, min(part) AS part FROM raw.playlist_items GROUP BY pid, track_id;

INSERT INTO processed.ledger BY NAME SELECT
    'playlists' AS source, 'Drop repeated pairs' AS name,
    'A track counts once in a playlist, at its first position.' AS rule,
    rows_of('raw.playlist_items') AS rows_before, rows_of('playlist_pair') AS rows_after;

CREATE TABLE processed.playlist_items AS
SELECT pid::INTEGER AS playlist_id, min(pos)::INTEGER AS position, recording, min(part) AS part
FROM playlist_pair
JOIN our_group USING (track_id)
JOIN our_recording USING (first_id)
GROUP BY playlist_id, recording
ORDER BY playlist_id, position, recording;

INSERT INTO processed.ledger BY NAME SELECT
    'playlists' AS source, 'Drop repeated recordings' AS name,
    'A recording counts once in a playlist, though it may be there under two ids.' AS rule,
    rows_of('playlist_pair') AS rows_before, rows_of('processed.playlist_items') AS rows_after;
