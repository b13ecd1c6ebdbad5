-- playlists: its tracks, for 01-recordings.sql. Unknown names are NULL in the file or empty.
SET VARIABLE source = 'playlists';
CREATE OR REPLACE VIEW our_features AS FROM raw.playlist_tracks;
CREATE OR REPLACE VIEW our_named_features AS SELECT *, NULL::VARCHAR AS artist_id FROM our_features;
