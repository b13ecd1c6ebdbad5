"""A listener's own files, as Spotify and Exportify make them, of an invented listener."""

import csv
import io
import json
import random
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

TRACKS = [
    ("Déjà Vu", "Beyoncé"),
    ("Song 2 - 2012 Remaster", "Blur"),
    ("Numb (feat. Anna)", "The Others"),
    ("Earfquake", "Tyler, The Creator"),
    ("September", "Earth, Wind & Fire"),
    ("Группа крови", "Кино"),
    ("第六感", "Reol"),
    ("<img src=x onerror=alert(1)>", "\u202eevil"),
    ("Under Pressure - Remastered 2011", "Queen"),
    ("  Two   Blanks ", "Simon & Garfunkel"),
    *((f"Title {i}", f"Artist {i % 7}") for i in range(40)),
]
HEADERS = {
    "en": ("Track URI", "Track Name", "Artist Name(s)", "Added At"),
    "old": ("Spotify ID", "Track Name", "Artist Name(s)", "Added At"),
    "older": ("Spotify URI", "Track Name", "Artist Name", "Added At"),
    "ar": ("رابط الأغنية (URI)", "اسم الأغنية", "أسماء الفنانين", "أضيف في"),
    "de": ("Track-URI", "Track-Name", "Künstlername(n)", "Hinzugefügt am"),
    "el": ("URI κομματιού", "Όνομα κομματιού", "Όνομα/τα καλλιτέχνη", "Προστέθηκε στις"),
    "es": ("URI de la canción", "Nombre de la canción", "Nombre(s) del artista", "Añadido en"),
    "fr": ("URI du titre", "Nom du titre", "Nom(s) de l'artiste", "Ajouté le"),
    "it": ("URI della traccia", "Nome della traccia", "Nome dell'artista", "Aggiunto il"),
    "ja": ("トラックURI", "トラック名", "アーティスト名", "追加日時"),
    "nl": ("Nummer URI", "Nummernaam", "Naam van artiest", "Toegevoegd op"),
    "pt": ("URI da faixa", "Nome da faixa", "Nome(s) do artista", "Adicionado em"),
    "sv": ("Låtens URI", "Låtens namn", "Artistens namn", "Tillagd vid"),
    "tr": ("Parça URI", "Parça Adı", "Sanatçı Adı", "Eklenme Tarihi"),
}


def track_id(i: int) -> str:
    return f"{i:022}"


def uri(i: int) -> str:
    return f"spotify:track:{track_id(i)}"


def plays(n: int, seed: int = 0) -> list[tuple[int, datetime, int]]:
    """Track, end and milliseconds of each play; some are skips, and no two end in one minute."""
    rng = random.Random(seed)
    start = datetime(2023, 1, 1, 12)
    return [
        (
            int(len(TRACKS) * rng.random() ** 2),
            start + timedelta(minutes=7 * i, seconds=rng.randrange(60)),
            rng.choice([900, 12_000, 29_999, 30_000, 180_000, 251_133]),
        )
        for i in range(n)
    ]


def account_history(n: int = 60) -> list[dict]:
    return [
        {
            "endTime": f"{end:%Y-%m-%d %H:%M}",
            "artistName": TRACKS[i][1],
            "trackName": TRACKS[i][0],
            "msPlayed": ms,
        }
        for i, end, ms in plays(n)
    ]


def extended_history(n: int = 200) -> list[dict]:
    rows = [
        {
            "ts": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "platform": "linux",
            "ms_played": ms,
            "conn_country": "DE",
            "master_metadata_track_name": TRACKS[i][0],
            "master_metadata_album_artist_name": TRACKS[i][1],
            "master_metadata_album_album_name": "An album",
            "spotify_track_uri": uri(i),
            "episode_name": None,
            "reason_end": "trackdone" if ms > 30_000 else "fwdbtn",
            "skipped": ms < 30_000,
        }
        for i, end, ms in plays(n)
    ]
    podcast = dict.fromkeys(rows[0]) | {
        "ts": "2023-02-01T10:00:00Z",
        "ms_played": 900_000,
        "episode_name": "Episode 1",
        "spotify_episode_uri": "spotify:episode:" + track_id(7),
    }
    return [*rows, podcast]


def library() -> dict:
    rows = [
        {"artist": TRACKS[i][1], "album": "An album", "track": TRACKS[i][0], "uri": uri(i)}
        for i in (0, 3, 12, 49)
    ]
    return {"tracks": rows, "albums": [], "shows": [], "episodes": []}


def playlists() -> dict:
    def item(i):
        names = {"trackName": TRACKS[i][0], "artistName": TRACKS[i][1], "albumName": "An album"}
        return {
            "track": names | {"trackUri": uri(i)},
            "episode": None,
            "localTrack": None,
            "addedDate": "2023-05-06",
        }

    other = {"track": None, "episode": {"episodeName": "E"}, "addedDate": "2023-05-06"}
    return {
        "playlists": [
            {"name": "Morning", "lastModifiedDate": "2023-05-06", "items": [item(1), item(5)]},
            {"name": "Evening", "lastModifiedDate": "2023-05-06", "items": [item(5), other]},
        ]
    }


def exportify(tracks: tuple[int, ...], language: str = "en", separator: str = ",") -> str:
    """A table as Exportify writes it; a comma in an artist's name is escaped."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n")
    of_id, of_title, of_artist, of_added = HEADERS[language]
    writer.writerow([of_id, of_title, "Artist URI(s)", of_artist, "Album Name", "X", of_added])
    for i in tracks:
        title, artist = TRACKS[i]
        artists = ", ".join([artist.replace(",", "\\,"), "Somebody Else"])
        key = track_id(i) if of_id == "Spotify ID" else uri(i)
        writer.writerow(
            [key, title, "spotify:artist:1", artists, "An album", "1", "2022-01-01T00:00:00Z"]
        )
    return stream.getvalue()


def exported_files() -> dict[str, bytes]:
    """Every kind of file, by its name in the folder that Spotify and Exportify make of them."""

    def as_json(value):
        return json.dumps(value, ensure_ascii=False, indent=1).encode()

    account, extended = "Spotify Account Data", "Spotify Extended Streaming History"
    return {
        f"{account}/StreamingHistory_music_0.json": as_json(account_history()),
        f"{account}/StreamingHistory_podcast_0.json": as_json(
            [{"endTime": "2023-01-01 10:00", "podcastName": "P", "episodeName": "E", "msPlayed": 9}]
        ),
        f"{account}/YourLibrary.json": as_json(library()),
        f"{account}/Playlist1.json": as_json(playlists()),
        f"{account}/Userdata.json": as_json({"username": "somebody"}),
        f"{extended}/Streaming_History_Audio_2023_0.json": as_json(extended_history()),
        "liked_songs.csv": exportify((2, 4, 20)).encode(),
        "lieblinge.csv": b"\xef\xbb\xbf" + exportify((21, 22), "de", ";").encode(),
    }


def zipped(files: dict[str, bytes], place: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(place, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return place


def written(files: dict[str, bytes], folder: Path) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder
