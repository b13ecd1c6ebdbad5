"""What the items of one's own interactions are: their table, with a label for each."""

import ast
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from nexttrack.data.database import open_database
from nexttrack.data.own_files import check_columns, delimited, files_of, one_line, parquet
from nexttrack.data.own_ids import code_ids, codes_of, positions_in
from nexttrack.errors import UserError

LISTS = ("artists", "genres")
"""Columns that hold lists of names, as the models of content read them."""


@dataclass(frozen=True, kw_only=True)
class Tracks:
    """What is known of the items.

    Args:
        tracks: a frame, or the path of a CSV or Parquet file; None if nothing is known.
        track_id: its column of ids, if it is not called as that of the interactions.
        all_tracks: whether tracks that nobody has are items too.
        separator: of names in a text of artists or genres.
    """

    tracks: Any = None
    track_id: Hashable | None = None
    all_tracks: bool = False
    separator: str = ";"

    def __post_init__(self) -> None:
        if not isinstance(self.separator, str) or not self.separator:
            raise UserError(f"separator must be a text such as ';', not {self.separator!r}")


def described_items(
    item_ids: np.ndarray, item: Hashable, ledger: list[dict[str, Any]], given: Tracks
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return the table of the items, their ids, and where each of the ids given is among these.

    Args:
        item_ids: ids of the items that somebody has.
        item: what the column of ids is called.
        ledger: gets a line that says how many items have a row.
        given: the tracks.

    Raises:
        UserError: the tracks cannot be read, or none of them is an item.
    """
    name = item if given.track_id is None else given.track_id
    if given.tracks is None:
        frame = pd.DataFrame({item: item_ids})
        frame["label"] = pd.Series([str(one) for one in item_ids], dtype="str")
        return frame, item_ids, np.arange(len(item_ids))
    found = _read(given.tracks, name)
    n_read = len(found)
    found = found[found[name].notna()].drop_duplicates(name).reset_index(drop=True)
    twice = n_read - len(found)
    if found.empty:
        raise UserError(f"tracks, column {name!r}: no row has an id")
    rows = positions_in(item_ids, found[name], name)
    if given.all_tracks:
        new = found[name][rows < 0].to_numpy()
        every, ids = codes_of(pd.Series([*item_ids, *new], dtype=_common(item_ids, new)), "tracks")
        columns, item_ids = every[: len(item_ids)], ids
        rows = positions_in(item_ids, found[name], name)
    else:
        columns = np.arange(len(item_ids))
    place = pd.Series(np.flatnonzero(rows >= 0), index=rows[rows >= 0])
    frame = found.reindex(place.reindex(range(len(item_ids)), fill_value=-1).to_numpy())
    frame = frame.reset_index(drop=True)
    if name != item and item in frame:
        raise UserError(
            f"tracks have columns {name!r} and {item!r}; say which is the id: track_id="
        )
    frame[name] = item_ids
    frame = _without_masks(frame.rename(columns={name: item}))
    for column in LISTS:
        if column in frame and column != item:
            frame[column] = _lists(frame[column], given.separator)
    frame["label"] = _labels(frame, item)
    last = ledger[-1]
    ledger.append(
        last
        | {
            "step": "tracks",
            "interactions before": last["interactions"],
            "items": len(item_ids),
            "what": f"{len(place)} items have a row of tracks, {len(item_ids) - len(place)} have "
            f"none; {int((rows < 0).sum())} rows are no items, {twice} repeat an id or have none",
        }
    )
    return frame, item_ids, columns


def _read(tracks: Any, name: Hashable) -> pd.DataFrame:
    if isinstance(tracks, str | Path):
        return _read_file(tracks, str(name))
    if not isinstance(tracks, pd.DataFrame):
        try:
            tracks = pa.table(tracks).to_pandas()
        except (TypeError, ValueError, pa.ArrowException):
            raise UserError(
                f"tracks must be a frame or a path, not {type(tracks).__name__}"
            ) from None
    if name not in tracks and name == tracks.index.name:
        tracks = tracks.reset_index()
    check_columns([name], tracks.columns, "tracks")
    if not tracks.columns.is_unique:
        raise UserError(
            f"tracks have column {tracks.columns[tracks.columns.duplicated()][0]!r} twice"
        )
    return tracks


def _read_file(path: str | Path, name: str) -> pd.DataFrame:
    """Read a file of tracks; ids of a CSV become what those of interactions become there."""
    is_text = not str(path).endswith((".parquet", ".pq"))
    files = files_of(path, "csv" if is_text else "parquet")
    with one_line(str(path)), open_database() as database:
        source = delimited(files, [name], None, "utf-8", []) if is_text else parquet(files)
        if not is_text:
            frame = database.sql(f"SELECT * FROM {source}").df()
            check_columns([name], frame.columns, str(path))
            return frame
        frame = _typed(database.sql(f"SELECT * FROM {source}").df(), name)
        database.register("input", pa.table({"item": pa.array(frame[name], from_pandas=True)}))
        _, ids = code_ids(database, "item", str(path), is_text=True)
    if ids.dtype != object:
        frame[name] = frame[name].astype("Int64").astype(ids.dtype)
    return frame


def _typed(texts: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return columns of nothing but numbers as numbers; ids, names and labels stay texts."""
    kept = {name, "title", "name", "label", *LISTS}
    made = {one: texts[one] if one in kept else _number(texts[one]) for one in texts}
    return pd.DataFrame(made)


def _number(column: pd.Series) -> pd.Series:
    try:
        return pd.to_numeric(column)
    except ValueError:
        return column


def _common(ids: np.ndarray, more: np.ndarray) -> Any:
    return object if object in (ids.dtype, more.dtype) else np.result_type(ids, more)


def _without_masks(frame: pd.DataFrame) -> pd.DataFrame:
    """Return numbers of pandas' masked types as float64 with NaN, which scikit-learn takes."""
    masked = [
        name
        for name, kind in frame.dtypes.items()
        if pd.api.types.is_extension_array_dtype(kind) and pd.api.types.is_numeric_dtype(kind)
    ]
    return frame.astype(dict.fromkeys(masked, np.float64))


def _lists(column: pd.Series, separator: str) -> pd.Series:
    """Return lists of names, NaN where there are none, of lists or of texts."""
    made = [_names(one, separator, column.name) for one in column]
    return pd.Series(made, index=column.index, dtype=object)


def _names(cell: Any, separator: str, column: Hashable) -> list[str] | float:
    if isinstance(cell, list | tuple | set | frozenset | np.ndarray):
        names = sorted(cell) if isinstance(cell, set | frozenset) else list(cell)
    elif isinstance(cell, str):
        names = _ofstr(cell, separator)
    elif cell is None or pd.isna(cell):
        return np.nan
    else:
        raise UserError(
            f"tracks, column {column!r}: {cell!r} is neither a list of names nor a text"
        )
    named = [str(one).strip() for one in names if one is not None and one == one]
    return list(dict.fromkeys(one for one in named if one)) or np.nan


def _ofstr(text: str, separator: str) -> list:
    """Return the names in ``A;B`` or in a written list, ``['A', 'B']``."""
    if text.strip().startswith("[") and text.strip().endswith("]"):
        try:
            found = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError):
            found = None
        if isinstance(found, list):
            return found
    return text.split(separator)


def _labels(frame: pd.DataFrame, item: Hashable) -> pd.Series:
    """Return "Artist – Title", or as much of it as is known, else the id as a text."""
    nothing = pd.Series(np.nan, index=frame.index, dtype=object)
    given = frame.get("label", nothing)
    title, artists = frame.get("title", frame.get("name", nothing)), frame.get("artists", nothing)
    made = []
    for label, what, who, one in zip(given, title, artists, frame[item], strict=True):
        known = [", ".join(who)] if isinstance(who, list) else []
        known = [*known, str(what)] if _is_known(what) else []
        made.append(str(label if _is_known(label) else " – ".join(known) or one))
    return pd.Series(made, index=frame.index, dtype="str")


def _is_known(cell: Any) -> bool:
    return cell is not None and cell == cell and str(cell) != ""
