"""Files that people bring and that are none of the sources': what they are, and what can be done.

Some are known by their name, some by their columns.
"""

import re

OWN_PLAYS = (
    "of your own music, Spotify's data export and Exportify's tables are read; the models take any "
    "other matrix of users and items (README.md, Use the code)"
)
ANOTHER = "another data set than the study reads; nexttrack data list says which those are"
NOT_READ = "which the study does not read"

BY_NAME = {
    r".*scrobbles.*\.(csv|json)": f"a last.fm scrobbles export: {OWN_PLAYS}",
    r"challenge_set\.json": (
        "the challenge set of the Million Playlist Dataset: playlists cut off, not read"
    ),
    r"userid-timestamp-.*\.tsv": f"Last.fm 1K: {ANOTHER}",
    r"usersha1-.*\.tsv": f"Last.fm 360K: {ANOTHER}",
}
_MEANS = (
    "acousticness danceability duration_ms energy instrumentalness liveness loudness speechiness "
    "tempo valence popularity key mode count artists"
)
BY_COLUMNS = {
    f"means by artist, {NOT_READ}": _MEANS,
    f"means by artist with genres, {NOT_READ}": f"{_MEANS} genres",
    f"a last.fm scrobbles export: {OWN_PLAYS}": (
        "uts utc_time artist artist_mbid album album_mbid track track_mbid"
    ),
    f"Spotify tracks by playlist genre (TidyTuesday 2020): {ANOTHER}": (
        "track_id track_name track_artist track_popularity track_album_id track_album_name "
        "track_album_release_date playlist_name playlist_id playlist_genre playlist_subgenre "
        "danceability energy key loudness mode speechiness acousticness instrumentalness liveness "
        "valence tempo duration_ms"
    ),
    f"tracks of the Spotify Dataset 1921-2020, 600k tracks: {ANOTHER}": (
        "id name popularity duration_ms explicit artists id_artists release_date danceability "
        "energy key loudness mode speechiness acousticness instrumentalness liveness valence tempo "
        "time_signature"
    ),
}
# Artist, album, title and time without a header, as the oldest exporter of scrobbles writes them.
SCROBBLE = re.compile(r'.*,"?\d{1,2} [A-Z][a-z]{2} \d{4},? \d{2}:\d{2}"?')


def known_name(name: str) -> str | None:
    """Return what a file of that name is, where the name alone tells."""
    for pattern, what in BY_NAME.items():
        if re.fullmatch(pattern, name, re.IGNORECASE):
            return what
    return None


def columns_of() -> dict[str, frozenset[str]]:
    """Return the columns of each kind of table that is known by them."""
    return {what: frozenset(names.split()) for what, names in BY_COLUMNS.items()}
