-- The rules that every source shares. Run first; the other files read as plain SQL because of it.
--
-- Three schemas: `raw` holds the files with the columns that sources.toml describes, `processed` the tables that chapters read (one
-- Parquet file each), and `main` whatever a file needs on the way from one to the other.
CREATE SCHEMA raw;
CREATE SCHEMA processed;

-- The ledger: what each step did, and to how many rows. Its row stands right below the step it counts.
-- rows_after is left out where a step keeps every row, rows_changed where it counts the rows dropped;
-- 99-ledger.sql fills them in.
CREATE SEQUENCE ledger_step;
CREATE TABLE processed.ledger (
    source VARCHAR, step INTEGER DEFAULT nextval('ledger_step'), name VARCHAR, rule VARCHAR,
    rows_before BIGINT, rows_after BIGINT, rows_changed BIGINT
);
CREATE MACRO rows_of(table_name) AS (SELECT count(*) FROM query_table(table_name));

-- Two spellings of one title: upper or lower case, blanks at the ends or doubled, and composed or
-- decomposed accents make no difference. Accents themselves do (si / sí). Nothing left: no name.
CREATE MACRO name_key(name) AS
    nullif(lower(trim(regexp_replace(nfc_normalize(name), '\s{2,}|[\t\n\f\r]', ' ', 'g'))), '');

-- Two spellings of one artist across sources that do not share ids, so it forgives more: "The
-- Beatles" and "Beatles", "Simon & Garfunkel" and "Simon and Garfunkel", "Beyoncé" and "Beyonce".
CREATE MACRO artist_key(name) AS nullif(
    regexp_replace(
        replace(regexp_replace(lower(strip_accents(trim(name))), '^the\s+', ''), '&', 'and'),
        '[^\pL\pN]', '', 'g'
    ), '');

-- How a track sounds, as one value. The service's analysis writes 0 where it found no beat or no
-- pitch: a tempo, danceability, speechiness, valence or time signature of exactly 0 means "unknown"
-- (the smallest valence that was measured is 0.00001). A duration of 0 is no duration, and a key of
-- -1 is the service's own "no key". NaN, which some tools write for "missing", is missing too.
CREATE MACRO measured(x) AS CASE WHEN isnan(x::DOUBLE) THEN NULL ELSE x::DOUBLE END;
CREATE MACRO measured_not_zero(x) AS nullif(measured(x), 0);
CREATE MACRO audio_of(danceability, energy, loudness, speechiness, acousticness, instrumentalness,
                      liveness, valence, tempo, key, mode, time_signature, duration_ms) AS
    struct_pack(
        danceability := measured_not_zero(danceability),
        energy := measured(energy),
        loudness := measured(loudness),
        speechiness := measured_not_zero(speechiness),
        acousticness := measured(acousticness),
        instrumentalness := measured(instrumentalness),
        liveness := measured(liveness),
        valence := measured_not_zero(valence),
        tempo := measured_not_zero(tempo),
        key := nullif(measured(key), -1)::TINYINT,
        mode := measured(mode)::TINYINT,
        time_signature := measured_not_zero(time_signature)::TINYINT,
        duration_ms := nullif(measured(duration_ms)::INTEGER, 0)
    );

-- The same feature vector to the last digit, duration included, is the same sound file under two
-- ids. Where the analysis failed (no tempo) most of the vector is unknown and equality says little:
-- silence equals silence. Such a vector identifies nothing.
CREATE MACRO identifies(audio) AS audio.tempo IS NOT NULL AND audio.duration_ms IS NOT NULL;
CREATE MACRO vector_key(audio) AS CASE WHEN identifies(audio) THEN audio::VARCHAR END;

-- Recordings: ids that share a name key or a vector key, and whatever those
-- share in turn (the transitive closure: the connected components of the
-- graph). `ids` names a table with track_id, name_key and vector_key; a NULL
-- key links nothing. The answer gives each id the smallest id of its group.
-- Each key's members are linked to its smallest member (a star, so paths stay
-- short), and the smallest label spreads along the links until none changes.
CREATE MACRO recording_groups(ids) AS TABLE
    WITH RECURSIVE
    member AS (
        SELECT track_id, 'name ' || name_key AS shared
        FROM query_table(ids) WHERE name_key IS NOT NULL
        UNION ALL
        SELECT track_id, 'vector ' || vector_key
        FROM query_table(ids) WHERE vector_key IS NOT NULL
    ),
    hub AS (
        SELECT shared, min(track_id) AS hub_id
        FROM member GROUP BY shared HAVING count(*) > 1
    ),
    star AS (
        SELECT track_id, hub_id
        FROM member JOIN hub USING (shared) WHERE track_id <> hub_id
    ),
    link AS (
        SELECT track_id AS from_id, hub_id AS to_id FROM star
        UNION
        SELECT hub_id, track_id FROM star
    ),
    label(track_id, first_id) USING KEY (track_id) AS (
        SELECT DISTINCT from_id, from_id FROM link
        UNION
        SELECT link.to_id, min(label.first_id)
        FROM label
        JOIN link ON link.from_id = label.track_id
        JOIN recurring.label AS known ON known.track_id = link.to_id
        WHERE label.first_id < known.first_id
        GROUP BY link.to_id
    )
    SELECT track_id, coalesce(label.first_id, ids_.track_id) AS first_id
    FROM query_table(ids) AS ids_ LEFT JOIN label USING (track_id);

-- What the sources cleaned before know of a recording: spotify-tracks fills in audio and genres
-- elsewhere, and all of them together say how an artist sounds.
CREATE TABLE known_recording (
    source VARCHAR, recording INTEGER, track_ids VARCHAR[], artists VARCHAR[], title_key VARCHAR,
    genres VARCHAR[], audio STRUCT(
        danceability DOUBLE, energy DOUBLE, loudness DOUBLE, speechiness DOUBLE, acousticness DOUBLE,
        instrumentalness DOUBLE, liveness DOUBLE, valence DOUBLE, tempo DOUBLE, "key" TINYINT,
        "mode" TINYINT, time_signature TINYINT, duration_ms INTEGER)
);
CREATE TABLE known_song (artist_key VARCHAR, title_key VARCHAR, genres VARCHAR[]);
CREATE TABLE known_track AS SELECT ''::VARCHAR AS track_id, genres, audio FROM known_recording;

-- What a processed table of recordings says to the sources after it; read from there alone, so that
-- tables that were kept from an earlier cleaning say it too.
CREATE MACRO known_of(table_name) AS TABLE
    SELECT recording, track_ids, artists, name_key(title) AS title_key, genres,
           struct_pack(danceability := danceability, energy := energy, loudness := loudness,
                       speechiness := speechiness, acousticness := acousticness,
                       instrumentalness := instrumentalness, liveness := liveness, valence := valence,
                       tempo := tempo, "key" := key, "mode" := mode, time_signature := time_signature,
                       duration_ms := duration_ms) AS audio
    FROM query_table(table_name);

-- Audio that was looked up by (artist, title) went through a key of Latin letters and digits without
-- what stands in brackets. A title in another script had nothing left, and got the features of any
-- other such title by that artist.
CREATE MACRO title_in_latin(title) AS
    regexp_matches(regexp_replace(coalesce(title, ''), '\(.*', ''), '[A-Za-z0-9]');
