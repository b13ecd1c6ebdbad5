-- playlist-archive: its recordings, and one addition per (playlist, recording).
CREATE TABLE processed.archive_recordings AS
SELECT recording, track_ids, title,
       CASE WHEN artist_name IS NOT NULL THEN [artist_name] END AS artists, artist_id,
       unnest(audio), has_audio, feature_match, feature_source, coalesce(genres, []) AS genres
FROM our_recording LEFT JOIN our_genre USING (recording)
ORDER BY recording;

-- A playlist is renamed now and then; it goes by its last name.
CREATE TABLE archive_playlist AS
SELECT playlist_id, last(playlist_name ORDER BY added, playlist_name)
           FILTER (playlist_name IS NOT NULL) AS playlist_name,
       count(DISTINCT playlist_name) AS n_names
FROM raw.archive_events
GROUP BY playlist_id;

INSERT INTO processed.ledger BY NAME SELECT
    'playlist-archive' AS source, 'One name per playlist' AS name,
    'A playlist that was renamed goes by its last name; changed: playlists with several.' AS rule,
    rows_of('archive_playlist') AS rows_before,
    (SELECT count(*) FROM archive_playlist WHERE n_names > 1) AS rows_changed;

-- A recording is new to a playlist once. Under several ids it was added when the first of them was;
-- it is gone only when all of them are; and if one of them was there when archiving began, so was it.
CREATE TABLE processed.archive_additions AS
SELECT playlist_id, min(archive_playlist.playlist_name) AS playlist_name, recording,
       min(added)::DATE AS added,
       CASE WHEN count(removed) = count(*) THEN max(removed)::DATE END AS removed,
       bool_or(left_censored) AS left_censored
FROM raw.archive_events
JOIN archive_playlist USING (playlist_id)
JOIN our_group USING (track_id)
JOIN our_recording USING (first_id)
GROUP BY playlist_id, recording
ORDER BY playlist_id, added, recording;

INSERT INTO processed.ledger BY NAME SELECT
    'playlist-archive' AS source, 'One addition per playlist and recording' AS name,
    'A song that comes back to a playlist, or comes again under another id, was added once: first.'
    AS rule,
    rows_of('raw.archive_events') AS rows_before, rows_of('processed.archive_additions') AS rows_after;

INSERT INTO processed.ledger BY NAME SELECT
    'playlist-archive' AS source, 'Songs that only looked new' AS name,
    'Of these dropped additions, those dated after archiving began though the song was already in the '
    || 'playlist under another id.' AS rule,
    rows_of('raw.archive_events') AS rows_before, rows_of('processed.archive_additions') AS rows_after,
    (SELECT count(*)
     FROM raw.archive_events AS event
     JOIN our_group USING (track_id)
     JOIN our_recording USING (first_id)
     JOIN processed.archive_additions AS kept USING (playlist_id, recording)
     WHERE NOT event.left_censored AND event.added::DATE > kept.added) AS rows_changed;

INSERT INTO processed.ledger BY NAME SELECT
    'playlist-archive' AS source, 'Flag what was there before' AS name,
    'An addition dated to the day on which archiving began happened on that day or before; it is kept '
    || 'and marked left_censored: for training only.' AS rule,
    rows_of('processed.archive_additions') AS rows_before,
    (SELECT count(*) FROM processed.archive_additions WHERE left_censored) AS rows_changed;
