-- playlists: tracks to recordings, items to one row per (playlist, recording).

-- The tracks. Unknown names are NULL in the file or empty; "unknown" can match nothing.
CREATE TABLE playlist_track AS
SELECT track_id, name_key(artist_name) AS artist_key, name_key(track_name) AS title_key,
       CASE WHEN artist_key IS NOT NULL THEN trim(artist_name) END AS artist_name,
       CASE WHEN title_key IS NOT NULL THEN trim(track_name) END AS title,
       energy IS NOT NULL AND NOT isnan(energy) AS analysed,
       feature_match = 'name' AND NOT title_in_latin(track_name) AS wrongly_matched,
       coalesce(feature_match, CASE WHEN analysed THEN 'id' ELSE 'none' END) AS feature_match,
       feature_source,
       audio_of(danceability, energy, loudness, speechiness, acousticness, instrumentalness, liveness,
                valence, tempo, key, mode, time_signature, duration_ms) AS audio
FROM raw.playlist_tracks;

INSERT INTO processed.ledger BY NAME SELECT
    'playlists' AS source, 'Zero is unknown' AS name,
    'A tempo, danceability, speechiness, valence or time signature of exactly 0 becomes NULL; changed: '
    || 'tracks with any of them.' AS rule,
    rows_of('raw.playlist_tracks') AS rows_before,
    (SELECT count(*) FROM raw.playlist_tracks
     WHERE 0 IN (tempo, danceability, speechiness, valence, time_signature)) AS rows_changed;

INSERT INTO processed.ledger BY NAME SELECT
    'playlists' AS source, 'Drop audio matched by a vanished title' AS name,
    'Audio looked up by artist and title is dropped where the title has no Latin letter or digit: that '
    || 'look-up gives every such title of an artist the same features.' AS rule,
    rows_of('playlist_track') AS rows_before,
    (SELECT count(*) FROM playlist_track WHERE wrongly_matched) AS rows_changed;

UPDATE playlist_track SET analysed = false, audio = NULL, feature_match = 'none', feature_source = NULL
WHERE wrongly_matched;

INSERT INTO processed.ledger BY NAME SELECT
    'playlists' AS source, 'Fill in audio by id' AS name,
    'A track without audio whose id is in spotify-tracks takes the audio of its recording there.' AS rule,
    rows_of('playlist_track') AS rows_before,
    (SELECT count(*) FROM playlist_track SEMI JOIN known_track USING (track_id)
     WHERE NOT analysed) AS rows_changed;

UPDATE playlist_track SET analysed = true, audio = known.audio, feature_match = 'id',
                          feature_source = 'spotify-tracks'
FROM known_track AS known
WHERE known.track_id = playlist_track.track_id AND NOT analysed;

-- A vector says that two ids are one sound file only where each was looked up by its own id: one that
-- was looked up by name (the remix of a song has the song's) says it of neither.
CREATE TABLE playlist_keyed AS
SELECT track_id, artist_key || chr(9) || title_key AS name_key,
       CASE WHEN feature_match = 'id' AND feature_source IS DISTINCT FROM 'spotify-tracks'
            THEN vector_key(audio) END AS vector_key
FROM playlist_track;

CREATE TABLE playlist_group AS FROM recording_groups('playlist_keyed');

-- One row per recording. What speaks for it: an id with audio of its own before one with audio by
-- name before one without, and then the smallest id.
CREATE TABLE playlist_recording AS
SELECT recording, first_id, track_ids, title, artist_name, audio, analysed AS has_audio,
       feature_match, feature_source
FROM (
    SELECT (row_number() OVER (ORDER BY first_id) - 1)::INTEGER AS recording, first_id,
           list(track_id ORDER BY track_id) AS track_ids,
           first(track_id ORDER BY list_position(['id', 'name', 'none'], feature_match),
                                   title IS NULL, track_id) AS voice_id
    FROM playlist_track JOIN playlist_group USING (track_id)
    GROUP BY first_id
)
JOIN playlist_track AS voice ON voice.track_id = voice_id;

INSERT INTO processed.ledger BY NAME SELECT
    'playlists' AS source, 'One row per recording' AS name,
    'Ids with the same artist and title, or the same feature vector of their own, become one row; '
    || 'unknown names match nothing; changed: ids that are merged with another (the largest group has '
    || (SELECT coalesce(max(len(track_ids)), 0) FROM playlist_recording) || ').' AS rule,
    rows_of('playlist_track') AS rows_before, rows_of('playlist_recording') AS rows_after,
    (SELECT coalesce(sum(len(track_ids)), 0) FROM playlist_recording WHERE len(track_ids) > 1)
    AS rows_changed;

-- Genres come from spotify-tracks, by any of the ids or else by artist and title.
CREATE TABLE playlist_genre AS
SELECT recording, list_sort(list_distinct(flatten(list(genres)))) AS genres
FROM (
    SELECT recording, genres
    FROM (SELECT recording, unnest(track_ids) AS track_id FROM playlist_recording)
    JOIN known_track USING (track_id)
    UNION ALL
    SELECT recording, genres
    FROM playlist_recording AS ours JOIN known_song AS known
    ON known.artist_key = name_key(ours.artist_name) AND known.title_key = name_key(ours.title)
)
GROUP BY recording;

CREATE TABLE processed.playlist_recordings AS
SELECT recording, track_ids, title,
       CASE WHEN artist_name IS NOT NULL THEN [artist_name] END AS artists,
       unnest(audio), has_audio, feature_match, feature_source, coalesce(genres, []) AS genres
FROM playlist_recording LEFT JOIN playlist_genre USING (recording)
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
JOIN playlist_group USING (track_id)
JOIN playlist_recording USING (first_id)
GROUP BY playlist_id, recording
ORDER BY playlist_id, position, recording;

INSERT INTO processed.ledger BY NAME SELECT
    'playlists' AS source, 'Drop repeated recordings' AS name,
    'A recording counts once in a playlist, though it may be there under two ids.' AS rule,
    rows_of('playlist_pair') AS rows_before, rows_of('processed.playlist_items') AS rows_after;
