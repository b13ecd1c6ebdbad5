INSERT INTO known_recording BY NAME
SELECT 'playlist-archive' AS source, * EXCLUDE (genres) FROM known_of('processed.archive_recordings')
WHERE audio.energy IS NOT NULL AND artists IS NOT NULL
ORDER BY recording;
