-- Tracks to recordings: for the playlists and for the playlist archive, after 31-playlists-tracks.sql and
-- after 41-playlist-archive-tracks.sql. These say the name of the source (`source`), its tracks' features
-- (our_features), and the tracks with names and, where known, features (our_named_features). The
-- source's own tables are made from our_recording, our_group and our_genre next.

-- Names that are unknown or empty become NULL, which matches nothing.
CREATE OR REPLACE TABLE our_track AS
SELECT track_id, name_key(artist_name) AS artist_key, name_key(track_name) AS title_key,
       CASE WHEN artist_key IS NOT NULL THEN trim(artist_name) END AS artist_name, artist_id,
       CASE WHEN title_key IS NOT NULL THEN trim(track_name) END AS title,
       energy IS NOT NULL AND NOT isnan(energy) AS analysed,
       coalesce(feature_match = 'name' AND NOT title_in_latin(track_name), false) AS wrongly_matched,
       coalesce(feature_match, CASE WHEN analysed THEN 'id' ELSE 'none' END) AS feature_match,
       feature_source,
       audio_of(danceability, energy, loudness, speechiness, acousticness, instrumentalness, liveness,
                valence, tempo, key, mode, time_signature, duration_ms) AS audio
FROM our_named_features;

INSERT INTO processed.ledger BY NAME SELECT
    getvariable('source') AS source, 'Zero is unknown' AS name,
    'A tempo, danceability, speechiness, valence or time signature of exactly 0 becomes NULL; changed: '
    || 'tracks with any of them.' AS rule,
    rows_of('our_features') AS rows_before,
    (SELECT count(*) FROM our_features
     WHERE 0 IN (tempo, danceability, speechiness, valence, time_signature)) AS rows_changed;

INSERT INTO processed.ledger BY NAME SELECT
    getvariable('source') AS source, 'Drop audio matched by a vanished title' AS name,
    'Audio looked up by artist and title is dropped where the title has no Latin letter or digit: that '
    || 'look-up gives every such title of an artist the same features.' AS rule,
    rows_of('our_track') AS rows_before,
    (SELECT count(*) FROM our_track WHERE wrongly_matched) AS rows_changed;

UPDATE our_track SET analysed = false, audio = NULL, feature_match = 'none', feature_source = NULL
WHERE wrongly_matched;

INSERT INTO processed.ledger BY NAME SELECT
    getvariable('source') AS source, 'Fill in audio by id' AS name,
    'A track without audio whose id is in spotify-tracks takes the audio of its recording there.' AS rule,
    rows_of('our_track') AS rows_before,
    (SELECT count(*) FROM our_track SEMI JOIN known_track USING (track_id)
     WHERE NOT analysed) AS rows_changed;

UPDATE our_track SET analysed = true, audio = known.audio, feature_match = 'id',
                     feature_source = 'spotify-tracks'
FROM known_track AS known
WHERE known.track_id = our_track.track_id AND NOT analysed;

-- A vector says that two ids are one sound file only where each was looked up by its own id: one that
-- was looked up by name (the remix of a song has the song's) says it of neither.
CREATE OR REPLACE TABLE our_keyed AS
SELECT track_id, artist_key || chr(9) || title_key AS name_key,
       CASE WHEN feature_match = 'id' AND feature_source IS DISTINCT FROM 'spotify-tracks'
            THEN vector_key(audio) END AS vector_key
FROM our_track;

CREATE OR REPLACE TABLE our_group AS FROM recording_groups('our_keyed');

-- One row per recording. What speaks for it: an id with audio of its own before one with audio by
-- name before one without, and then the smallest id.
CREATE OR REPLACE TABLE our_recording AS
SELECT recording, first_id, track_ids, title, artist_name, artist_id, audio, analysed AS has_audio,
       feature_match, feature_source
FROM (
    SELECT (row_number() OVER (ORDER BY first_id) - 1)::INTEGER AS recording, first_id,
           list(track_id ORDER BY track_id) AS track_ids,
           first(track_id ORDER BY list_position(['id', 'name', 'none'], feature_match),
                                   title IS NULL, track_id) AS voice_id
    FROM our_track JOIN our_group USING (track_id)
    GROUP BY first_id
)
JOIN our_track AS voice ON voice.track_id = voice_id;

INSERT INTO processed.ledger BY NAME SELECT
    getvariable('source') AS source, 'One row per recording' AS name,
    'Ids with the same artist and title, or the same feature vector of their own, become one row; '
    || CASE getvariable('source') WHEN 'playlists' THEN 'unknown names match nothing; ' ELSE '' END
    || 'changed: ids that are merged with another (the largest group has '
    || (SELECT coalesce(max(len(track_ids)), 0) FROM our_recording) || ').' AS rule,
    rows_of('our_track') AS rows_before, rows_of('our_recording') AS rows_after,
    (SELECT coalesce(sum(len(track_ids)), 0) FROM our_recording WHERE len(track_ids) > 1)
    AS rows_changed;

-- Genres come from spotify-tracks, by any of the ids or else by artist and title.
CREATE OR REPLACE TABLE our_genre AS
SELECT recording, list_sort(list_distinct(flatten(list(genres)))) AS genres
FROM (
    SELECT recording, genres
    FROM (SELECT recording, unnest(track_ids) AS track_id FROM our_recording)
    JOIN known_track USING (track_id)
    UNION ALL
    SELECT recording, genres
    FROM our_recording AS ours JOIN known_song AS known
    ON known.artist_key = name_key(ours.artist_name) AND known.title_key = name_key(ours.title)
)
GROUP BY recording;
