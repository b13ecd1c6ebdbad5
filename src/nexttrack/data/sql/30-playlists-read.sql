-- playlists: which track stands in which playlist, and what is known of each track. Tracks read from the
-- original JSON slices have no audio: the union with an empty, typed table gives those columns, as NULL.
CREATE TABLE raw.playlist_items AS
SELECT pid, pos, track_id, part
FROM read_parquet(getvariable('playlists') || '/playlist_tracks.parquet');

CREATE TABLE raw.playlist_tracks AS
SELECT track_id, artist_name, track_name, feature_match, feature_source, danceability, energy, key,
       loudness, mode, speechiness, acousticness, instrumentalness, liveness, valence, tempo,
       time_signature, duration_ms
FROM (
    FROM no_track_features
    UNION ALL BY NAME
    FROM read_parquet(getvariable('playlists') || '/tracks.parquet')
);
