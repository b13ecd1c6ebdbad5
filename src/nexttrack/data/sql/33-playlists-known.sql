INSERT INTO known_recording BY NAME
SELECT 'playlists' AS source, * EXCLUDE (genres) FROM known_of('processed.playlist_recordings')
WHERE audio.energy IS NOT NULL AND artists IS NOT NULL
ORDER BY recording;
