-- spotify-century, where its data.csv is there: 170,653 tracks of 1921 to 2020. It has no time signature.
CREATE TABLE raw.century_tracks AS
SELECT id, name, artists, year, release_date, popularity, duration_ms, explicit, danceability, energy,
       key, loudness, mode, speechiness, acousticness, instrumentalness, liveness, valence, tempo
FROM read_csv(
    getvariable('raw') || '/spotify-century/data.csv', header = true, delim = ',', quote = '"',
    escape = '"',
    types = {
        'id': 'VARCHAR', 'name': 'VARCHAR', 'artists': 'VARCHAR', 'year': 'SMALLINT',
        'release_date': 'VARCHAR', 'popularity': 'SMALLINT', 'duration_ms': 'INTEGER',
        'explicit': 'TINYINT', 'danceability': 'DOUBLE', 'energy': 'DOUBLE', 'key': 'TINYINT',
        'loudness': 'DOUBLE', 'mode': 'TINYINT', 'speechiness': 'DOUBLE', 'acousticness': 'DOUBLE',
        'instrumentalness': 'DOUBLE', 'liveness': 'DOUBLE', 'valence': 'DOUBLE', 'tempo': 'DOUBLE'
    }
);
