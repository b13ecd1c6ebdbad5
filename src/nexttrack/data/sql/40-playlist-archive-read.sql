-- playlist-archive: what was added to editorial playlists and when, and features of some of the tracks.
CREATE TABLE raw.archive_events AS
SELECT playlist_id, playlist_name, track_id, track_name, artist_name, artist_id,
       added::TIMESTAMP AS added, removed::TIMESTAMP AS removed, left_censored
FROM read_parquet(getvariable('raw') || '/playlist-archive/events.parquet');

CREATE TABLE raw.archive_tracks AS
SELECT track_id, feature_match, feature_source, danceability, energy, key, loudness, mode, speechiness,
       acousticness, instrumentalness, liveness, valence, tempo, time_signature, duration_ms
FROM (
    FROM no_track_features
    UNION ALL BY NAME
    FROM read_parquet(getvariable('raw') || '/playlist-archive/tracks.parquet')
);
