-- spotify-century: one row per year and one per genre, each the mean over that year's or genre's tracks.
CREATE TABLE raw.century_years AS
SELECT year, mode, key, danceability, energy, loudness, speechiness, acousticness, instrumentalness,
       liveness, valence, tempo, duration_ms, popularity
FROM read_csv(
    getvariable('raw') || '/spotify-century/data_by_year.csv', header = true, delim = ',',
    types = {
        'year': 'SMALLINT', 'mode': 'TINYINT', 'key': 'TINYINT', 'danceability': 'DOUBLE',
        'energy': 'DOUBLE', 'loudness': 'DOUBLE', 'speechiness': 'DOUBLE', 'acousticness': 'DOUBLE',
        'instrumentalness': 'DOUBLE', 'liveness': 'DOUBLE', 'valence': 'DOUBLE', 'tempo': 'DOUBLE',
        'duration_ms': 'DOUBLE', 'popularity': 'DOUBLE'
    }
);

CREATE TABLE raw.century_genres AS
SELECT genres, mode, key, danceability, energy, loudness, speechiness, acousticness, instrumentalness,
       liveness, valence, tempo, duration_ms, popularity
FROM read_csv(
    getvariable('raw') || '/spotify-century/data_by_genres.csv', header = true, delim = ',',
    quote = '"', escape = '"',
    types = {
        'genres': 'VARCHAR', 'mode': 'TINYINT', 'key': 'TINYINT', 'danceability': 'DOUBLE',
        'energy': 'DOUBLE', 'loudness': 'DOUBLE', 'speechiness': 'DOUBLE', 'acousticness': 'DOUBLE',
        'instrumentalness': 'DOUBLE', 'liveness': 'DOUBLE', 'valence': 'DOUBLE', 'tempo': 'DOUBLE',
        'duration_ms': 'DOUBLE', 'popularity': 'DOUBLE'
    }
);
