-- spotify-tracks: from rows (one per id and genre) to ids to recordings.

-- Zeros that mean "unknown" become NULL in audio_of; here each is counted, in rows as they came.
INSERT INTO processed.ledger BY NAME SELECT
    'spotify-tracks' AS source, 'Zero ' || feature || ' is unknown' AS name,
    'The analysis writes 0 where it found nothing, so a ' || feature || ' of exactly 0 becomes NULL; '
    || 'counted in rows as they came.' AS rule,
    rows_of('raw.spotify_tracks') AS rows_before, zeros AS rows_changed
FROM (UNPIVOT (
    SELECT count(*) FILTER (tempo = 0) AS tempo, count(*) FILTER (danceability = 0) AS danceability,
           count(*) FILTER (speechiness = 0) AS speechiness, count(*) FILTER (valence = 0) AS valence,
           count(*) FILTER (time_signature = 0) AS time_signature
    FROM raw.spotify_tracks
) ON COLUMNS(*) INTO NAME feature VALUE zeros);

INSERT INTO processed.ledger BY NAME SELECT
    'spotify-tracks' AS source, 'Keep loudness above 0 dB' AS name,
    'Loudness above 0 dB is possible in a clipped master, so it is kept; counted in rows as they came.'
    AS rule,
    rows_of('raw.spotify_tracks') AS rows_before,
    (SELECT count(*) FROM raw.spotify_tracks WHERE loudness > 0) AS rows_changed;

CREATE TABLE spotify_row AS SELECT DISTINCT * FROM raw.spotify_tracks;

INSERT INTO processed.ledger BY NAME SELECT
    'spotify-tracks' AS source, 'Drop exact duplicates' AS name,
    'A row equal to another in every column (the row number aside) says nothing new.' AS rule,
    rows_of('raw.spotify_tracks') AS rows_before, rows_of('spotify_row') AS rows_after;

CREATE TABLE spotify_named AS
SELECT * FROM spotify_row
WHERE trim(artists) <> '' AND trim(track_name) <> '' AND duration_ms > 0;

INSERT INTO processed.ledger BY NAME SELECT
    'spotify-tracks' AS source, 'Drop what has no name or no duration' AS name,
    'A row without artists, without a title or with duration 0 cannot be shown or matched.' AS rule,
    rows_of('spotify_row') AS rows_before, rows_of('spotify_named') AS rows_after;

-- One row per id. In the published file its rows differ in genre and sometimes in popularity (taken on
-- different days), and in nothing else, so any of them has the rest. Where they do differ, it is said.
CREATE TABLE spotify_id AS
SELECT any_row.*, genres, popularity, popularity_min
FROM (
    SELECT track_id, artists, track_name AS title, album_name, explicit,
           audio_of(danceability, energy, loudness, speechiness, acousticness, instrumentalness,
                    liveness, valence, tempo, key, mode, time_signature, duration_ms) AS audio
    FROM spotify_named
    QUALIFY row_number() OVER (PARTITION BY track_id ORDER BY popularity DESC, track_genre) = 1
) AS any_row
JOIN (
    SELECT track_id, list_sort(list(DISTINCT track_genre)) AS genres,
           max(popularity) AS popularity, min(popularity) AS popularity_min
    FROM spotify_named
    GROUP BY track_id
) USING (track_id);

INSERT INTO processed.ledger BY NAME SELECT
    'spotify-tracks' AS source, 'One row per id' AS name,
    'An id listed under several genres becomes one row with its genres as a list; changed: ids under '
    || 'more than one genre.' AS rule,
    rows_of('spotify_named') AS rows_before, rows_of('spotify_id') AS rows_after,
    (SELECT count(*) FROM spotify_id WHERE len(genres) > 1) AS rows_changed;

INSERT INTO processed.ledger BY NAME SELECT
    'spotify-tracks' AS source, 'Two descriptions of one id' AS name,
    'An id whose rows differ in names or audio takes those of its most popular row (ties: the first genre '
    || 'in the alphabet).' AS rule,
    rows_of('spotify_id') AS rows_before, count(*) AS rows_changed
FROM (
    SELECT track_id FROM spotify_named GROUP BY track_id
    HAVING count(DISTINCT (artists, track_name, album_name, explicit, danceability, energy, key, loudness,
                           mode, speechiness, acousticness, instrumentalness, liveness, valence, tempo,
                           time_signature, duration_ms)) > 1
)
HAVING count(*) > 0;

INSERT INTO processed.ledger BY NAME SELECT
    'spotify-tracks' AS source, 'Two popularities' AS name,
    'An id with two popularity values keeps the higher as popularity and the lower as popularity_min.'
    AS rule,
    rows_of('spotify_id') AS rows_before,
    (SELECT count(*) FROM spotify_id WHERE popularity_min < popularity) AS rows_changed;

-- What makes ids one recording: the name key (artists and title) and the vector key.
CREATE TABLE spotify_keyed AS
SELECT track_id, name_key(artists) || chr(9) || name_key(title) AS name_key,
       audio::VARCHAR AS any_vector, CASE WHEN identifies(audio) THEN any_vector END AS vector_key
FROM spotify_id;

INSERT INTO processed.ledger BY NAME SELECT
    'spotify-tracks' AS source, 'Same artists and title' AS name,
    'Ids whose artists and title are equal after trimming, lower-casing and Unicode normalisation are '
    || 'one recording; changed: ids that share them with another.' AS rule,
    rows_of('spotify_id') AS rows_before, count(DISTINCT name_key) AS rows_after,
    (SELECT sum(n) FROM (SELECT count(*) AS n FROM spotify_keyed GROUP BY name_key HAVING n > 1))
    AS rows_changed
FROM spotify_keyed;

INSERT INTO processed.ledger BY NAME SELECT
    'spotify-tracks' AS source, 'Same feature vector' AS name,
    'Ids whose audio features and duration are equal to the last digit are one recording; changed: ids '
    || 'that share them with another.' AS rule,
    rows_of('spotify_id') AS rows_before, count(DISTINCT any_vector) AS rows_after,
    (SELECT sum(n) FROM (SELECT count(*) AS n FROM spotify_keyed GROUP BY any_vector HAVING n > 1))
    AS rows_changed
FROM spotify_keyed;

INSERT INTO processed.ledger BY NAME SELECT
    'spotify-tracks' AS source, 'A vector without tempo proves nothing' AS name,
    'Where the analysis failed (no tempo), an equal vector does not make two ids one recording; '
    || 'changed: ids whose shared vector is set aside for that.' AS rule,
    rows_of('spotify_id') AS rows_before,
    (SELECT sum(n) FROM (SELECT count(*) AS n FROM spotify_keyed GROUP BY any_vector, vector_key
                         HAVING n > 1 AND vector_key IS NULL)) AS rows_changed;

CREATE TABLE spotify_group AS FROM recording_groups('spotify_keyed');

-- One row per recording. The most popular id speaks for it (ties: the smallest id), because that is
-- the release which listeners met; ids, genres and the range of popularity come from all of them.
CREATE TABLE spotify_recording AS
SELECT (row_number() OVER (ORDER BY first_id) - 1)::INTEGER AS recording, first_id,
       list(track_id ORDER BY track_id) AS track_ids,
       first(track_id ORDER BY popularity DESC, track_id) AS voice_id,
       list_sort(list_distinct(flatten(list(genres)))) AS genres,
       max(popularity)::SMALLINT AS popularity, min(popularity_min)::SMALLINT AS popularity_min
FROM spotify_id JOIN spotify_group USING (track_id)
GROUP BY first_id;

INSERT INTO processed.ledger BY NAME SELECT
    'spotify-tracks' AS source, 'One row per recording' AS name,
    'Ids linked by a shared name or a shared vector, directly or through others, become one row; '
    || 'changed: ids that are merged with another (the largest group has '
    || (SELECT coalesce(max(len(track_ids)), 0) FROM spotify_recording) || ').' AS rule,
    rows_of('spotify_id') AS rows_before, rows_of('spotify_recording') AS rows_after,
    (SELECT sum(len(track_ids)) FROM spotify_recording WHERE len(track_ids) > 1) AS rows_changed;

INSERT INTO processed.ledger BY NAME SELECT
    'spotify-tracks' AS source, 'One voice per recording' AS name,
    'Where the ids of a recording differ in audio, its most popular id gives title, album and audio '
    || '(ties: the smallest id); changed: recordings with more than one feature vector.' AS rule,
    rows_of('spotify_recording') AS rows_before,
    (SELECT count(*) FROM (
        SELECT first_id FROM spotify_keyed JOIN spotify_group USING (track_id)
        SEMI JOIN (FROM spotify_recording WHERE len(track_ids) > 1) USING (first_id)
        GROUP BY first_id HAVING count(DISTINCT any_vector) > 1)) AS rows_changed;

CREATE TABLE processed.recordings AS
SELECT recording, track_ids, trim(title) AS title,
       list_transform(string_split(artists, ';'), lambda name: trim(name)) AS artists,
       trim(album_name) AS album_name, ours.genres, ours.popularity, ours.popularity_min, explicit,
       unnest(audio)
FROM spotify_recording AS ours JOIN spotify_id AS voice ON voice.track_id = voice_id
ORDER BY recording;
