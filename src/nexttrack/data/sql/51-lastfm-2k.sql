-- lastfm-2k: play counts, artists with the mean of how their recordings sound, tags by month, friends.

CREATE TABLE processed.lastfm_listens AS
SELECT userID AS user_id, artistID AS artist_id, sum(weight)::INTEGER AS plays
FROM raw.lastfm_listens SEMI JOIN raw.lastfm_artists ON artistID = id
GROUP BY user_id, artist_id
ORDER BY user_id, artist_id;

INSERT INTO processed.ledger BY NAME SELECT
    'lastfm-2k' AS source, 'Listens' AS name,
    'One row per listener and artist; an artist that the list of artists does not know is dropped.' AS rule,
    rows_of('raw.lastfm_listens') AS rows_before, rows_of('processed.lastfm_listens') AS rows_after;

-- What is known of these artists from any source: the recordings that have them among their artists.
CREATE TABLE known_artist AS
SELECT name, artist_key(name) AS artist
FROM (SELECT DISTINCT unnest(artists) AS name FROM known_recording)
WHERE artist IN (SELECT artist_key(name) FROM raw.lastfm_artists);

CREATE TABLE artist_recording AS
SELECT artist, source, recording, title_key, genres, audio
FROM (SELECT unnest(artists) AS name, * FROM known_recording) JOIN known_artist USING (name);

-- One song known to two sources counts once, as the first source has it.
CREATE TABLE artist_song AS
SELECT artist, title_key,
       first(audio ORDER BY
             list_position(['spotify-tracks', 'playlists', 'playlist-archive'], source), recording)
       AS audio
FROM artist_recording
WHERE audio.energy IS NOT NULL AND title_key IS NOT NULL
GROUP BY artist, title_key;

-- Means in a fixed order, so that the last digit does not depend on how the work was split. A mean of
-- keys or modes means nothing: these take the most frequent value (ties: the smallest).
CREATE TABLE artist_audio AS
SELECT artist, count(*)::INTEGER AS n_recordings,
       avg(audio.danceability ORDER BY title_key) AS danceability,
       avg(audio.energy ORDER BY title_key) AS energy,
       avg(audio.loudness ORDER BY title_key) AS loudness,
       avg(audio.speechiness ORDER BY title_key) AS speechiness,
       avg(audio.acousticness ORDER BY title_key) AS acousticness,
       avg(audio.instrumentalness ORDER BY title_key) AS instrumentalness,
       avg(audio.liveness ORDER BY title_key) AS liveness,
       avg(audio.valence ORDER BY title_key) AS valence,
       avg(audio.tempo ORDER BY title_key) AS tempo,
       mode(audio.key ORDER BY audio.key) AS key,
       mode(audio.mode ORDER BY audio.mode) AS mode,
       mode(audio.time_signature ORDER BY audio.time_signature) AS time_signature,
       round(avg(audio.duration_ms ORDER BY title_key))::INTEGER AS duration_ms
FROM artist_song
GROUP BY artist;

CREATE TABLE artist_genre AS
SELECT artist, list_sort(list_distinct(flatten(list(genres)))) AS genres
FROM artist_recording
WHERE genres IS NOT NULL
GROUP BY artist;

CREATE TABLE processed.lastfm_artists AS
SELECT raw_artist.id AS artist_id, trim(raw_artist.name) AS name,
       coalesce(n_recordings, 0) AS n_recordings, artist_audio.* EXCLUDE (artist, n_recordings),
       coalesce(genres, []) AS genres
FROM raw.lastfm_artists AS raw_artist
LEFT JOIN artist_audio ON artist_audio.artist = artist_key(raw_artist.name)
LEFT JOIN artist_genre ON artist_genre.artist = artist_key(raw_artist.name)
ORDER BY artist_id;

INSERT INTO processed.ledger BY NAME SELECT
    'lastfm-2k' AS source, 'Artists with audio' AS name,
    'An artist takes the mean audio of the recordings, in any source here, whose artists include that '
    || 'name (case, accents, punctuation and a leading "The" aside); changed: artists with a match.'
    AS rule,
    rows_of('raw.lastfm_artists') AS rows_before, rows_of('processed.lastfm_artists') AS rows_after,
    (SELECT count(*) FROM processed.lastfm_artists WHERE n_recordings > 0) AS rows_changed;

INSERT INTO processed.ledger BY NAME SELECT
    'lastfm-2k' AS source, 'Listens with audio' AS name,
    'Listens of the artists that have audio.' AS rule,
    rows_of('processed.lastfm_listens') AS rows_before,
    (SELECT count(*) FROM processed.lastfm_listens
     SEMI JOIN (FROM processed.lastfm_artists WHERE n_recordings > 0) USING (artist_id)) AS rows_changed;

-- Nearly all assignments are dated to the first of a month at midnight, in Spain, where the data were
-- made: 22 or 23 hours of the day before in UTC. Two hours on, the month is the one that was meant.
CREATE TABLE lastfm_tagging AS
SELECT userID AS user_id, artistID AS artist_id, tagID AS tag_id,
       date_trunc('month', make_timestamp(timestamp * 1000) + INTERVAL 2 HOUR)::DATE AS month
FROM raw.lastfm_taggings;

-- Last.fm opened its tags in 2005; the few dates before it are broken clocks.
CREATE TABLE lastfm_dated AS SELECT * FROM lastfm_tagging WHERE month >= DATE '2005-01-01';

INSERT INTO processed.ledger BY NAME SELECT
    'lastfm-2k' AS source, 'Drop impossible dates' AS name,
    'A tag dated before 2005, when the service began to have tags, is dropped.' AS rule,
    rows_of('lastfm_tagging') AS rows_before, rows_of('lastfm_dated') AS rows_after;

CREATE TABLE lastfm_known AS FROM lastfm_dated SEMI JOIN raw.lastfm_artists ON artist_id = id;

INSERT INTO processed.ledger BY NAME SELECT
    'lastfm-2k' AS source, 'Drop tags of unknown artists' AS name,
    'A tag on an artist that the list of artists does not have is dropped.' AS rule,
    rows_of('lastfm_dated') AS rows_before, rows_of('lastfm_known') AS rows_after;

CREATE TABLE processed.lastfm_tags AS
SELECT user_id, artist_id, name_key(tagValue) AS tag, min(month) AS month
FROM lastfm_known JOIN raw.lastfm_tags ON tag_id = tagID
WHERE name_key(tagValue) IS NOT NULL
GROUP BY ALL
ORDER BY user_id, artist_id, tag;

INSERT INTO processed.ledger BY NAME SELECT
    'lastfm-2k' AS source, 'One row per listener, artist and tag' AS name,
    'Dates keep their month only (the day is the first nearly everywhere); tags that differ in case or '
    || 'blanks are one, at its first month.' AS rule,
    rows_of('lastfm_known') AS rows_before, rows_of('processed.lastfm_tags') AS rows_after;

CREATE TABLE processed.lastfm_friends AS
SELECT DISTINCT least(userID, friendID) AS user_id, greatest(userID, friendID) AS friend_id
FROM raw.lastfm_friends
WHERE userID <> friendID
ORDER BY ALL;

INSERT INTO processed.ledger BY NAME SELECT
    'lastfm-2k' AS source, 'Friends' AS name,
    'Friendship has no direction: each pair once, the smaller id first.' AS rule,
    rows_of('raw.lastfm_friends') AS rows_before, rows_of('processed.lastfm_friends') AS rows_after;
