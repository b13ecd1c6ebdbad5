INSERT INTO known_recording BY NAME
SELECT 'spotify-tracks' AS source, * FROM known_of('processed.recordings');

-- Its songs by each of their artists and title, and its tracks by each of their ids, for the genres
-- and the audio that the playlists lack.
INSERT INTO known_song
SELECT name_key(unnest(artists)) AS artist_key, title_key, genres
FROM known_recording WHERE source = 'spotify-tracks';

INSERT INTO known_track
SELECT unnest(track_ids), genres, audio FROM known_recording WHERE source = 'spotify-tracks';
