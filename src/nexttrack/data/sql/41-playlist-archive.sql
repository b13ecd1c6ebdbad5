-- playlist-archive: tracks to recordings, events to one addition per (playlist, recording).

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

CREATE TABLE archive_track AS
SELECT track_id, name_key(artist_name) AS artist_key, name_key(track_name) AS title_key,
       trim(artist_name) AS artist_name, artist_id, trim(track_name) AS title,
       energy IS NOT NULL AND NOT isnan(energy) AS analysed,
       coalesce(feature_match = 'name' AND NOT title_in_latin(track_name), false) AS wrongly_matched,
       coalesce(feature_match, CASE WHEN analysed THEN 'id' ELSE 'none' END) AS feature_match,
       feature_source,
       audio_of(danceability, energy, loudness, speechiness, acousticness, instrumentalness, liveness,
                valence, tempo, key, mode, time_signature, duration_ms) AS audio
FROM archive_name LEFT JOIN raw.archive_tracks USING (track_id);

INSERT INTO processed.ledger BY NAME SELECT
    'playlist-archive' AS source, 'Zero is unknown' AS name,
    'A tempo, danceability, speechiness, valence or time signature of exactly 0 becomes NULL; changed: '
    || 'tracks with any of them.' AS rule,
    rows_of('raw.archive_tracks') AS rows_before,
    (SELECT count(*) FROM raw.archive_tracks
     WHERE 0 IN (tempo, danceability, speechiness, valence, time_signature)) AS rows_changed;

INSERT INTO processed.ledger BY NAME SELECT
    'playlist-archive' AS source, 'Drop audio matched by a vanished title' AS name,
    'Audio looked up by artist and title is dropped where the title has no Latin letter or digit: that '
    || 'look-up gives every such title of an artist the same features.' AS rule,
    rows_of('archive_track') AS rows_before,
    (SELECT count(*) FROM archive_track WHERE wrongly_matched) AS rows_changed;

UPDATE archive_track SET analysed = false, audio = NULL, feature_match = 'none', feature_source = NULL
WHERE wrongly_matched;

INSERT INTO processed.ledger BY NAME SELECT
    'playlist-archive' AS source, 'Fill in audio by id' AS name,
    'A track without audio whose id is in spotify-tracks takes the audio of its recording there.' AS rule,
    rows_of('archive_track') AS rows_before,
    (SELECT count(*) FROM archive_track SEMI JOIN known_track USING (track_id)
     WHERE NOT analysed) AS rows_changed;

UPDATE archive_track SET analysed = true, audio = known.audio, feature_match = 'id',
                         feature_source = 'spotify-tracks'
FROM known_track AS known
WHERE known.track_id = archive_track.track_id AND NOT analysed;

-- As for the playlists: only audio looked up by the track's own id says that two ids are one.
CREATE TABLE archive_keyed AS
SELECT track_id, artist_key || chr(9) || title_key AS name_key,
       CASE WHEN feature_match = 'id' AND feature_source IS DISTINCT FROM 'spotify-tracks'
            THEN vector_key(audio) END AS vector_key
FROM archive_track;

CREATE TABLE archive_group AS FROM recording_groups('archive_keyed');

CREATE TABLE archive_recording AS
SELECT recording, first_id, track_ids, title, artist_name, artist_id, audio, analysed AS has_audio,
       feature_match, feature_source
FROM (
    SELECT (row_number() OVER (ORDER BY first_id) - 1)::INTEGER AS recording, first_id,
           list(track_id ORDER BY track_id) AS track_ids,
           first(track_id ORDER BY list_position(['id', 'name', 'none'], feature_match),
                                   title IS NULL, track_id) AS voice_id
    FROM archive_track JOIN archive_group USING (track_id)
    GROUP BY first_id
)
JOIN archive_track AS voice ON voice.track_id = voice_id;

INSERT INTO processed.ledger BY NAME SELECT
    'playlist-archive' AS source, 'One row per recording' AS name,
    'Ids with the same artist and title, or the same feature vector of their own, become one row; '
    || 'changed: ids that are merged with another (the largest group has '
    || (SELECT coalesce(max(len(track_ids)), 0) FROM archive_recording) || ').' AS rule,
    rows_of('archive_track') AS rows_before, rows_of('archive_recording') AS rows_after,
    (SELECT coalesce(sum(len(track_ids)), 0) FROM archive_recording WHERE len(track_ids) > 1)
    AS rows_changed;

CREATE TABLE archive_genre AS
SELECT recording, list_sort(list_distinct(flatten(list(genres)))) AS genres
FROM (
    SELECT recording, genres
    FROM (SELECT recording, unnest(track_ids) AS track_id FROM archive_recording)
    JOIN known_track USING (track_id)
    UNION ALL
    SELECT recording, genres
    FROM archive_recording AS ours JOIN known_song AS known
    ON known.artist_key = name_key(ours.artist_name) AND known.title_key = name_key(ours.title)
)
GROUP BY recording;

CREATE TABLE processed.archive_recordings AS
SELECT recording, track_ids, title,
       CASE WHEN artist_name IS NOT NULL THEN [artist_name] END AS artists, artist_id,
       unnest(audio), has_audio, feature_match, feature_source, coalesce(genres, []) AS genres
FROM archive_recording LEFT JOIN archive_genre USING (recording)
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
JOIN archive_group USING (track_id)
JOIN archive_recording USING (first_id)
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
     JOIN archive_group USING (track_id)
     JOIN archive_recording USING (first_id)
     JOIN processed.archive_additions AS kept USING (playlist_id, recording)
     WHERE NOT event.left_censored AND event.added::DATE > kept.added) AS rows_changed;

INSERT INTO processed.ledger BY NAME SELECT
    'playlist-archive' AS source, 'Flag what was there before' AS name,
    'An addition dated to the day on which archiving began happened on that day or before; it is kept '
    || 'and marked left_censored: for training only.' AS rule,
    rows_of('processed.archive_additions') AS rows_before,
    (SELECT count(*) FROM processed.archive_additions WHERE left_censored) AS rows_changed;
