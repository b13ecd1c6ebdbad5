"""Raw files by name, and folders as tests of them look at them."""

import os
from contextlib import contextmanager

CSV = "spotify-tracks/dataset.csv"
YEARS = "spotify-century/data_by_year.csv"
ZIP = "lastfm-2k/hetrec2011-lastfm-2k.zip"
ITEMS = "playlists/playlist_tracks.parquet"
TRACKS = "playlists/tracks.parquet"
EVENTS = "playlist-archive/events.parquet"


def contents(folder):
    """The files of a folder, the lock and what was kept from before aside."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
        and path.name != ".lock"
        and ".previous" not in path.relative_to(folder).parts
    }


def of_bytes(change):
    """Change a file by a function from bytes to bytes."""
    return lambda path: path.write_bytes(change(path.read_bytes()))


@contextmanager
def unprivileged():
    """Act as a user to whom permissions apply; root is none."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
