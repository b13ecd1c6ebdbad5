"""The simulated world written as raw files of all five sources: what the sample edition cleans.

Names, columns, types and kinds of defects are the real files', so that the same cleaning makes the
sample edition's tables. Beside them, ``planted.json`` counts what was planted, for the cleaning's
ledger to be held against.
"""

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from nexttrack import progress
from nexttrack.data.columns import RAW_AUDIO
from nexttrack.data.simulator import audience_files, track_files
from nexttrack.data.simulator.archive_files import playlist_archive
from nexttrack.data.simulator.labels import make_labels
from nexttrack.data.simulator.world import World
from nexttrack.errors import UserError
from nexttrack.files import replace_folder, restore_folder, write_through

PLANTED = "planted.json"
_TEXT, _NUMBER = pa.large_string(), pa.float64()
PLAYLIST_ITEMS = pa.schema({"pid": pa.int32(), "pos": pa.int32(), "track_id": _TEXT, "part": _TEXT})
PLAYLIST_TRACKS = pa.schema(
    dict.fromkeys(
        ["track_id", "artist_name", "track_name", "name_source", "feature_id", "feature_match"],
        _TEXT,
    )
    | dict.fromkeys(RAW_AUDIO, _NUMBER)
    | {"feature_source": _TEXT}
)
ARCHIVE_EVENTS = pa.schema(
    dict.fromkeys(
        ["playlist_id", "playlist_name", "track_id", "track_name", "artist_name", "artist_id"],
        _TEXT,
    )
    | {"added": pa.timestamp("us"), "removed": pa.timestamp("us"), "left_censored": pa.bool_()}
)
ARCHIVE_TRACKS = pa.schema(
    {"track_id": _TEXT, "feature_id": _TEXT}
    | dict.fromkeys(RAW_AUDIO, _NUMBER)
    | {"feature_source": _TEXT, "feature_match": _TEXT}
)
_LATIN_1 = {"tags.dat"}
_UNIX_LINES = {"artists.dat"}
_README = """\
This archive has the form of hetrec2011-lastfm-2k and none of its content: listeners, artists, plays
and tags are simulated by the nexttrack project.
"""


def write_sources(
    raw: Path, n_tracks: int = 20_000, n_listeners: int = 5_000, seed: int = 1
) -> Path:
    """Write simulated raw files of all five sources, and ``planted.json``, into a folder.

    The folder is made beside its place and then put there as a whole. The same arguments give the
    same bytes on one platform.

    Args:
        raw: the folder to make; one that this function made before is replaced.
        n_tracks: recordings in the catalogue, at least 1,000.
        n_listeners: about 38 % of them are in lastfm-2k, the others make playlists; at least 50.
        seed: of the world and of the files.

    Returns:
        ``raw``.

    Raises:
        UserError: fewer tracks or listeners than the sources' forms need; `raw` holds something
            else, or cannot be written.
    """
    if n_tracks < 1_000 or n_listeners < 50:
        raise UserError("the simulated sources need at least 1,000 tracks and 50 listeners")
    raw = Path(raw)
    with _write_errors(raw):
        raw.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(raw.with_name(f".{raw.name}.lock")):
            restore_folder(raw)
            if raw.exists() and any(raw.iterdir()) and not (raw / PLANTED).exists():
                raise UserError(
                    f"{raw} holds files that the simulator did not write; move them away first"
                )
            staging = raw.with_name(f".{raw.name}-new")
            shutil.rmtree(staging, ignore_errors=True)  # what a killed run left
            staging.mkdir()
            try:
                _write_all(staging, World(n_tracks, n_listeners, seed))
                for path in staging.rglob("*"):
                    write_through(path)
                replace_folder(staging, raw)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    return raw


def _write_all(folder: Path, world: World) -> None:
    songs = world.catalogue
    streams = iter(np.random.SeedSequence(world.seed, spawn_key=(1_000,)).spawn(6))
    labels = make_labels(songs, next(streams))
    tracks_rng, century_rng, lastfm_rng, playlists_rng, archive_rng = map(
        np.random.default_rng, streams
    )
    plays = _plays(world)
    released = track_files.releases(songs, labels, tracks_rng)
    analysed = track_files.analysed_artists(songs, tracks_rng)
    planted = {}

    dataset, planted["spotify-tracks"] = track_files.spotify_tracks(
        songs, released, analysed, tracks_rng
    )
    _write_csv(dataset, folder / "spotify-tracks/dataset.csv", index=True)

    years = track_files.century_years(century_rng)
    _write_csv(years, folder / "spotify-century/data_by_year.csv", line_end="\r\n")
    _write_csv(track_files.century_genres(songs), folder / "spotify-century/data_by_genres.csv")

    n_users = round(audience_files.LASTFM_SHARE * world.n_listeners)
    tables, planted["lastfm-2k"] = audience_files.lastfm(
        songs, labels, plays[plays["listener"] < n_users], _affinity(world, n_users), lastfm_rng
    )
    _write_lastfm(tables, folder / "lastfm-2k/hetrec2011-lastfm-2k.zip")

    items, tracks, planted["playlists"] = audience_files.playlists(
        songs, labels, released, analysed, plays[plays["listener"] >= n_users], playlists_rng
    )
    _write_parquet(items, PLAYLIST_ITEMS, folder / "playlists/playlist_tracks.parquet")
    _write_parquet(tracks, PLAYLIST_TRACKS, folder / "playlists/tracks.parquet")

    events, tracks, planted["playlist-archive"] = playlist_archive(
        songs, labels, released, analysed, archive_rng
    )
    _write_parquet(events, ARCHIVE_EVENTS, folder / "playlist-archive/events.parquet")
    _write_parquet(tracks, ARCHIVE_TRACKS, folder / "playlist-archive/tracks.parquet")
    (folder / PLANTED).write_text(json.dumps(planted, indent=1) + "\n")


def _plays(world: World) -> pd.DataFrame:
    """Return what was played: listener, track, in order of listener and time."""
    parts = []
    for block in progress.steps(list(range(world.n_blocks)), "Simulating listeners"):
        shown = world.exposures(block)
        parts.append((shown.listener[shown.played], shown.track[shown.played]))
    listener, track = (np.concatenate(column) for column in zip(*parts, strict=True))
    return pd.DataFrame({"listener": listener, "track": track})


def _affinity(world: World, n: int) -> np.ndarray:
    return np.concatenate([world.listeners(b).genre for b in range(world.n_blocks)])[:n]


def _write_csv(frame: pd.DataFrame, path: Path, index: bool = False, line_end: str = "\n") -> None:
    path.parent.mkdir(exist_ok=True)
    frame.to_csv(path, index=index, lineterminator=line_end)


def _write_parquet(frame: pd.DataFrame, schema: pa.Schema, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    table = pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)
    pq.write_table(table.replace_schema_metadata(None), path, compression="zstd")


def _write_lastfm(tables: dict[str, pd.DataFrame], path: Path) -> None:
    """Write the archive; its members carry one fixed date, so that equal content is equal bytes."""
    path.parent.mkdir(exist_ok=True)
    members = {"readme.txt": _README.encode()}
    for name, frame in tables.items():
        end = "\n" if name in _UNIX_LINES else "\r\n"
        text = io.StringIO(newline="")
        frame.to_csv(text, sep="\t", index=False, lineterminator=end, quoting=3)
        members[name] = text.getvalue().encode("latin-1" if name in _LATIN_1 else "utf-8")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, date_time=(2011, 5, 11, 23, 0, 0))
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, compresslevel=4)


@contextmanager
def _write_errors(raw: Path) -> Iterator[None]:
    """Turn a folder that cannot be written, and a full disk, into one line."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"cannot write the simulated sources to {raw}: {error}; "
            "free some space or make the folder writable, then try again"
        ) from None
