-- lastfm-2k: tab-separated files from the archive, unpacked to a folder for the while. Quotes in names
-- are part of the names. Only the tags are Latin-1.
CREATE TABLE raw.lastfm_artists AS
SELECT id, name
FROM read_csv(getvariable('lastfm') || '/artists.dat', delim = '\t', header = true, quote = '',
              escape = '', types = {'id': 'INTEGER', 'name': 'VARCHAR'});

CREATE TABLE raw.lastfm_listens AS
SELECT "userID" AS user_id, "artistID" AS artist_id, weight
FROM read_csv(getvariable('lastfm') || '/user_artists.dat', delim = '\t', header = true, quote = '',
              types = {'userID': 'INTEGER', 'artistID': 'INTEGER', 'weight': 'INTEGER'});

CREATE TABLE raw.lastfm_friends AS
SELECT "userID" AS user_id, "friendID" AS friend_id
FROM read_csv(getvariable('lastfm') || '/user_friends.dat', delim = '\t', header = true, quote = '',
              types = {'userID': 'INTEGER', 'friendID': 'INTEGER'});

CREATE TABLE raw.lastfm_tags AS
SELECT "tagID" AS tag_id, "tagValue" AS tag
FROM read_csv(getvariable('lastfm') || '/tags.dat', delim = '\t', header = true, quote = '', escape = '',
              encoding = 'latin-1', types = {'tagID': 'INTEGER', 'tagValue': 'VARCHAR'});

CREATE TABLE raw.lastfm_taggings AS
SELECT "userID" AS user_id, "artistID" AS artist_id, "tagID" AS tag_id, timestamp AS milliseconds
FROM read_csv(getvariable('lastfm') || '/user_taggedartists-timestamps.dat', delim = '\t',
              header = true, quote = '',
              types = {'userID': 'INTEGER', 'artistID': 'INTEGER', 'tagID': 'INTEGER',
                       'timestamp': 'BIGINT'});
