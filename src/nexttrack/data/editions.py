"""The two editions of the tables: the real data, and a simulated world; made when asked for."""

import hashlib
import json
import sys
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from filelock import FileLock
from rich.console import Console

from nexttrack import project
from nexttrack.data import cleaning
from nexttrack.data.raw.installing import settle
from nexttrack.data.raw.sources import load_sources
from nexttrack.errors import NotThereError, UserError
from nexttrack.files import is_writable, restore_folder
from nexttrack.project import Edition

SAMPLE = {"n_tracks": 8_000, "n_listeners": 2_000, "seed": 1}
"""How large the sample edition is: arguments of :func:`nexttrack.data.simulator.write_sources`."""


# Each source, and a table that is there only if the source was there to be cleaned.
SOURCES = {
    "spotify-tracks": "recordings.parquet",
    "spotify-century": "century_years.parquet",
    "lastfm-2k": "lastfm_listens.parquet",
    "playlists": "playlist_items.parquet",
    "playlist-archive": "archive_additions.parquet",
}


def ensure(edition: Edition | None = None) -> Path:
    """See that an edition's tables are there and made by this code from these files.

    The published edition is cleaned again when its raw files or the cleaning changed. The sample
    edition is simulated and cleaned when it is not there, and again when the simulator or the
    cleaning changed; raw files that someone simulated with other parameters are kept.

    Args:
        edition: ``published`` or ``sample``; the one at hand if not given.

    Returns:
        The folder of the tables.

    Raises:
        UserError: the published edition has neither tables nor raw files, or an edition is to be
            made where nothing can be written.
    """
    _restore("published")
    if project.raw_dir("published").exists():
        settle(project.raw_dir("published"))
    edition = edition or project.edition()
    folder = project.processed_dir(edition)
    if _is_fresh(edition):
        return folder
    if not is_writable(folder.parent):
        raise UserError(
            f"the {edition} edition is to be made, and {folder.parent} cannot be written to; "
            "set NEXTTRACK_DATA to a folder that can"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{edition}-ensure.lock")):
        if not _is_fresh(edition):  # another process may have made it while this one waited
            _make(edition)
    return folder


def fingerprint(edition: Edition | None = None) -> str:
    """Return 12 hexadecimal digits that stand for the content of an edition's raw files.

    They come from the names and SHA-256 hashes of the files, as recorded when these were cleaned,
    and are equal for the same files on every machine.
    """
    made_from = cleaning.read_made_from(ensure(edition))
    hashes = {name: record["sha256"] for name, record in made_from["raw"].items()}
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()[:12]


def unlike_the_book() -> list[str]:
    """Return the sources of the published edition that are not those which the book was made from.

    They are not there, or have other files than the copy whose checksums ``data/sources.toml`` has.
    Without any, the data at hand are the book's own.
    """
    raw = cleaning.read_made_from(ensure("published"))["raw"]
    found = []
    for source in load_sources().values():
        books = {
            f"{source.name}/{file.name}": file.sha256 or file.known_sha256
            for file in source.files
            if file.required
        }
        there = {
            n: record["sha256"] for n, record in raw.items() if n.startswith(f"{source.name}/")
        }
        found += [source.name] if there != books else []
    return found


def missing_sources(edition: Edition | None = None) -> list[str]:
    """Return the names of the sources that an edition was cleaned without.

    Args:
        edition: ``published`` or ``sample``; the one at hand if not given.

    Raises:
        UserError: as :func:`ensure`.
    """
    folder = ensure(edition)
    return [source for source, table in SOURCES.items() if not (folder / table).exists()]


def source_of(table: str) -> str | None:
    """Return the source that a processed table is of; None if of none, or of all."""
    by_word = {made.partition("_")[0].removesuffix(".parquet"): s for s, made in SOURCES.items()}
    return by_word.get(table.partition("_")[0])


def not_there(sources: Iterable[str]) -> NotThereError:
    """Return the error to raise where something needs sources that were not brought."""
    names = ", ".join(dict.fromkeys(sources))
    return NotThereError(
        f"{names}: not there; bring it with `nexttrack data get` or "
        "`nexttrack data import DIR`, then run `nexttrack data clean`"
    )


def _is_fresh(edition: Edition) -> bool:
    folder, raw = project.processed_dir(edition), project.raw_dir(edition)
    made_from = cleaning.read_made_from(folder)
    if not made_from or not (folder / "ledger.parquet").exists():
        return False
    there = cleaning.raw_state(raw)
    if edition == "published" and not there:
        return True  # the tables were brought or kept without the raw files
    return (
        made_from["code"] == cleaning.code_hash()
        and cleaning.seen(made_from) == there
        and (edition == "published" or made_from.get("raw_by") in (None, _simulator_hash()))
    )


def _make(edition: Edition) -> None:
    folder, raw = project.processed_dir(edition), project.raw_dir(edition)
    console = Console(stderr=True)
    made_by = None
    if edition == "published":
        if not cleaning.raw_state(raw):
            raise UserError(
                f"the real data are not in {raw}; run `make data`, or "
                "`nexttrack data import DIR` and `nexttrack data clean`"
            )
    elif _is_ours_and_old(folder, raw):
        from nexttrack.data import simulator

        if sys.stderr.isatty():
            console.print("Simulating the sample edition, once: some 15 s")
        simulator.write_sources(raw, **SAMPLE)
        made_by = _simulator_hash()
    if sys.stderr.isatty():
        console.print(f"Cleaning the {edition} edition: some 10 s")
    cleaning.clean(raw, folder, raw_by=made_by)


def _is_ours_and_old(folder: Path, raw: Path) -> bool:
    """Tell whether the simulated raw files are to be made: none there, or made by older code."""
    there = cleaning.raw_state(raw)
    if not there:
        return True
    made_from = cleaning.read_made_from(folder)
    made_by = made_from.get("raw_by")
    return (
        cleaning.seen(made_from) == there and made_by is not None and made_by != _simulator_hash()
    )


def _simulator_hash() -> str:
    """Return a hash of the simulator's code and parameters."""
    digest = hashlib.sha256(json.dumps(SAMPLE, sort_keys=True).encode())
    data = resources.files("nexttrack.data")
    parts = [*(data / "simulator").iterdir(), data / "columns.py"]
    for part in sorted(parts, key=lambda item: item.name):
        if part.name.endswith((".py", ".csv")):
            digest.update(part.name.encode() + b"\0" + part.read_bytes())
    return digest.hexdigest()[:16]


def _restore(edition: Edition) -> None:
    folder = project.processed_dir(edition)
    if not folder.exists() and folder.parent.exists():
        with cleaning.lock(folder):
            restore_folder(folder)
