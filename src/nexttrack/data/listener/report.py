"""What an import says of a listener's own music: what is kept, and what of it was matched."""

import csv
import io
from pathlib import Path

import pandas as pd

from nexttrack.data.listener.kept import FILES, Kept
from nexttrack.data.listener.profiles import TABLES, UNMATCHED, match, tracks_of
from nexttrack.files import write_file
from nexttrack.progress import steps

MOST_SHOWN = 12


def report(kept: Kept, folder: Path, processed: Path) -> list[str]:
    """Match what is kept to the recordings of the cleaned tables; return the lines to print.

    Tracks that no table has are listed in ``unmatched.csv`` in the folder.

    Args:
        kept: what an import gave.
        folder: where it is kept.
        processed: the folder of the cleaned tables.

    Raises:
        OSError: the list cannot be written.
    """
    tracks = tracks_of(kept.plays, kept.likes)
    lines = [
        f"{folder / FILES[0]}  {len(kept.plays):,} plays, {kept.new_plays:,} of them new",
        f"{folder / FILES[1]}  {len(kept.likes):,} likes, {kept.new_likes:,} of them new",
    ]
    paths = [processed / f"{table}.parquet" for table in TABLES]
    there = [path for path in paths if path.is_file()]
    if not there:
        (folder / UNMATCHED).unlink(missing_ok=True)
        return [
            *lines,
            f"{len(tracks):,} tracks; to match them to recordings, bring the sources, run "
            "`nexttrack data clean`, and import your own files again",
        ]
    unmatched = pd.Series(True, index=tracks.index)
    for path in steps(there, "Matching"):
        found = match(tracks, path)
        lines.append(
            f"{found.table}: {found.by_id + found.by_name:,} of {len(tracks):,} tracks matched, "
            f"{found.by_id:,} by id, {found.by_name:,} by name"
        )
        unmatched &= found.recordings < 0
    return lines + _list_unmatched(tracks[unmatched], folder / UNMATCHED)


def _list_unmatched(tracks: pd.DataFrame, path: Path) -> list[str]:
    named = tracks[["artist", "title", "track_ids", "plays", "liked"]].copy()
    named["track_ids"] = named["track_ids"].map(" ".join)
    text = io.StringIO()
    named.to_csv(text, index=False, quoting=csv.QUOTE_MINIMAL)
    write_file(path, text.getvalue().encode())
    if not len(named):
        return []
    shown = [
        f"    {artist} – {title}" if isinstance(title, str) else f"    {ids}"
        for artist, title, ids in named[["artist", "title", "track_ids"]]
        .head(MOST_SHOWN)
        .itertuples(index=False)
    ]
    return [f"{len(named):,} not matched, listed in {path}; first", *shown]
