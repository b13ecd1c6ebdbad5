-- spotify-tracks: 114 genres x 1,000 rows. The first, unnamed column numbers the rows; it is left out,
-- because with it no row would equal another. Quoted fields may hold commas, quotes and line ends.
CREATE TABLE raw.spotify_tracks AS
SELECT track_id, artists, album_name, track_name, popularity, duration_ms, explicit, danceability,
       energy, key, loudness, mode, speechiness, acousticness, instrumentalness, liveness, valence,
       tempo, time_signature, track_genre
FROM read_csv(
    getvariable('raw') || '/spotify-tracks/dataset.csv',
    header = true, delim = ',', quote = '"', escape = '"', strict_mode = true, sample_size = 1000,
    types = {
        'track_id': 'VARCHAR', 'artists': 'VARCHAR', 'album_name': 'VARCHAR', 'track_name': 'VARCHAR',
        'popularity': 'SMALLINT', 'duration_ms': 'INTEGER', 'explicit': 'BOOLEAN',
        'danceability': 'DOUBLE', 'energy': 'DOUBLE', 'key': 'TINYINT', 'loudness': 'DOUBLE',
        'mode': 'TINYINT', 'speechiness': 'DOUBLE', 'acousticness': 'DOUBLE',
        'instrumentalness': 'DOUBLE', 'liveness': 'DOUBLE', 'valence': 'DOUBLE', 'tempo': 'DOUBLE',
        'time_signature': 'TINYINT', 'track_genre': 'VARCHAR'
    }
);
