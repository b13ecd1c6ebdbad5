"""Bring raw files into the data folder: by download, or from a folder of the user's.

Everything is verified before anything is replaced. A source is copied into a folder ``.new-NAME``
next to its place, written through to the disk, and then renamed into place; what was there before
waits as ``.NAME-old`` until that is done, and is put back by the next command if the renaming was
cut off half-way. One process at a time does this, behind the file ``.lock``.
"""

import errno
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import Progress, TaskID

from nexttrack.data.raw import million_playlist
from nexttrack.data.raw.sources import Source, find, load_sources, locate
from nexttrack.data.raw.verify import FileReport, verify_source
from nexttrack.errors import UserError
from nexttrack.files import old_name, remove, replace_folder, restore_folder, write_through
from nexttrack.progress import byte_progress, steps

# Seconds before the second and the third try of a download.
PAUSES = (1.0, 5.0)
BLOCK = 2**20
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def import_folder(folder: Path, raw: Path) -> list[str]:
    """Copy the sources found in ``folder`` to ``raw`` and return their names.

    ``folder`` is laid out as ``data/raw`` is, or holds the files of one source. JSON slices of the
    Million Playlist Dataset become the two tables that the rest of the project reads. Optional
    files that ``folder`` does not have stay as they are.

    Raises:
        UserError: if ``folder`` has no source, a file in it is bad, or it cannot be copied. What
            was in ``raw`` before is then still there.
    """
    places = find_sources(folder)
    if any(place.resolve() == (raw / name).resolve() for name, place in places.items()):
        raise UserError(f"{folder} is the data folder itself; its files are in place already")
    sources = load_sources()
    with _one_at_a_time(raw):
        reports = {
            name: verify_source(sources[name], place, read_slices=False)
            for name, place in steps(list(places.items()), "Checking")
        }
        _install({name: (sources[name], report) for name, report in reports.items()}, raw)
    return list(places)


def get(names: list[str], raw: Path, force: bool = False) -> list[str]:
    """Download sources to ``raw`` and return the names of those that were not there before.

    Args:
        names: the sources wanted; none means every one that can be downloaded.
        raw: the folder to hold them.
        force: download what is there and valid, too.

    Raises:
        UserError: naming each source that could not be had; the others have been installed.
    """
    wanted = [find(name) for name in names] or [
        source for source in load_sources().values() if source.downloadable
    ]
    for source in wanted:
        if not source.downloadable:
            raise UserError(source.how_to_bring)
    done: list[str] = []
    failed: list[str] = []
    with _one_at_a_time(raw):
        for source in wanted:
            try:
                if force or not _is_valid(source, raw / source.name):
                    _download_and_install(source, raw)
                    done.append(source.name)
            except UserError as error:
                failed.append(str(error))
    if failed:
        raise UserError("; ".join(failed))
    return done


def find_sources(folder: Path) -> dict[str, Path]:
    """Return the folder of each source in ``folder``, which is laid out as ``data/raw`` is, holds
    such a folder, or is that of one source.

    Raises:
        UserError: if there is none.
    """
    if not folder.is_dir():
        what = "is a file; give the folder that it is in" if folder.exists() else "does not exist"
        raise UserError(f"{folder} {what}")
    sources = load_sources()
    for place in (folder, folder / "raw", folder / "data" / "raw"):
        if found := {name: place / name for name in sources if _has_files(place / name)}:
            return found
    for name, source in sources.items():
        located = {file.name: bool(locate(file, folder)) for file in source.files}
        required = all(located[file.name] for file in source.files if file.required)
        slices = any(located[file.name] for file in source.files if file.kind == "json-slices")
        if required or slices or (folder.name == name and _has_files(folder)):
            return {name: folder}
    raise UserError(
        f"{folder} holds none of the sources; it should have folders named {', '.join(sources)}, "
        "or the files of one (unpacked): see nexttrack data list"
    )


def settle(raw: Path) -> None:
    """Put back what an import that was cut off left half renamed. Call before reading ``raw``."""
    if any(old_name(raw / name).exists() for name in load_sources()):
        with _one_at_a_time(raw):
            pass


def tabulate_slices(raw: Path) -> None:
    """Turn JSON slices that were put into ``raw/playlists`` by hand into the two tables.

    Raises:
        UserError: naming the first slice that is damaged.
    """
    source = load_sources()["playlists"]
    located = {file.name: locate(file, raw / source.name) for file in source.files}
    if located["mpd.slice.*.json"] and not all(
        located[file.name] for file in source.files if file.required
    ):
        with _one_at_a_time(raw):
            report = verify_source(source, raw / source.name, read_slices=False)
            _install({source.name: (source, report)}, raw)


def _has_files(folder: Path) -> bool:
    return folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir())


def _is_valid(source: Source, folder: Path) -> bool:
    try:
        return bool(verify_source(source, folder))
    except UserError:
        return False


# Installing -----------------------------------------------------------------------------------


@contextmanager
def _one_at_a_time(raw: Path) -> Iterator[None]:
    """Hold the lock of ``raw``, clear away what a killed import left, and name disk errors."""
    with _disk_errors_in_a_line(raw):
        raw.mkdir(parents=True, exist_ok=True)
        lock = FileLock(raw / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            Console(stderr=True).print(
                f"another import into {raw} is running; waiting for it",
                markup=False,
                soft_wrap=True,
            )
            lock.acquire()
        try:
            _clear_away(raw)
            yield
        finally:
            lock.release()


def _clear_away(raw: Path) -> None:
    for name in load_sources():
        restore_folder(raw / name)
        for leftover in (raw / f".new-{name}", raw / f".download-{name}"):
            remove(leftover)


@contextmanager
def _disk_errors_in_a_line(raw: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or raw
        if error.errno in FULL:
            what = f"the disk is full ({error.strerror}): free some space and try again"
        elif error.errno in FORBIDDEN:
            what = f"may not be written ({error.strerror}): change its permissions and try again"
        else:
            what = f"{error.strerror or error}; try again"
        raise UserError(f"{where}: {what}; what was in {raw} before is unchanged") from None


def _install(verified: dict[str, tuple[Source, list[FileReport]]], raw: Path) -> None:
    """Stage every source next to its place, then rename one after the other into place.

    Slices are verified while they are staged: to read the whole set takes minutes.
    """
    staged = {name: raw / f".new-{name}" for name in verified}
    try:
        for name, (source, reports) in verified.items():
            _stage(source, reports, staged[name], raw / name)
        for name, folder in staged.items():
            replace_folder(folder, raw / name)
    finally:
        for folder in staged.values():
            shutil.rmtree(folder, ignore_errors=True)


def _stage(source: Source, reports: list[FileReport], folder: Path, present: Path) -> None:
    folder.mkdir()
    copies = [report for report in reports if report.path.is_file()]
    for report in reports:
        if report not in copies:
            slices = next(file for file in source.files if file.name == report.name)
            million_playlist.write_tables(locate(slices, report.path), folder)
    with byte_progress() as progress:
        task = progress.add_task(source.name, total=sum(report.size for report in copies))
        for report in copies:
            _copy(report, folder / report.name, progress, task)
    for file in source.files:
        if not file.required and file.kind != "json-slices" and not (folder / file.name).exists():
            for kept in locate(file, present):
                shutil.copy2(kept, folder / file.name)
    for path in (*folder.iterdir(), folder):
        write_through(path)


def _copy(report: FileReport, target: Path, progress: Progress, task: TaskID) -> None:
    digest = hashlib.sha256()
    with report.path.open("rb") as source, target.open("wb") as copy:
        while block := source.read(BLOCK):
            copy.write(block)
            digest.update(block)
            progress.advance(task, len(block))
    if digest.hexdigest() != report.sha256:
        raise UserError(f"{report.path} changed while it was copied; import it again")


# Downloading ----------------------------------------------------------------------------------


def _download_and_install(source: Source, raw: Path) -> None:
    folder = raw / f".download-{source.name}"
    folder.mkdir()
    try:
        download = _download_from_kaggle if source.kaggle else _download_url
        place = _patiently(source, lambda: download(source, folder))
        _install({source.name: (source, verify_source(source, place))}, raw)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _patiently(source: Source, download: Callable[[], Path]) -> Path:
    """Download, and again after a pause where the failure may pass."""
    for pause in (*PAUSES, None):
        try:
            return download()
        except requests.RequestException as error:
            status = error.response.status_code if error.response is not None else None
            if pause is None or (status is not None and status < 500 and status != 429):
                raise UserError(_why_not(source, status)) from None
            time.sleep(pause)
    raise AssertionError("the last pause is None")


def _why_not(source: Source, status: int | None) -> str:
    host = source.address.split("/")[2]
    why = f"{host} answered {status}" if status else f"{host} cannot be reached (no network?)"
    return f"{source.name}: {why}; try again later, or {source.how_to_bring.split(': ', 1)[1]}"


def _download_url(source: Source, folder: Path) -> Path:
    from pooch import HTTPDownloader

    target = folder / source.files[0].name
    with byte_progress() as progress:
        bar = _PoochBar(progress, progress.add_task(source.name, total=None))
        HTTPDownloader(progressbar=bar, chunk_size=BLOCK, timeout=30)(source.url, target, None)
    return folder


def _download_from_kaggle(source: Source, folder: Path) -> Path:
    # kagglehub reads these when it is imported or used; it would write under the home folder.
    os.environ.setdefault("KAGGLEHUB_CACHE", str(folder.parent.parent / ".cache" / "kagglehub"))
    os.environ.setdefault("KAGGLEHUB_VERBOSITY", "error")
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_DISABLE", "1")
    import kagglehub
    from kagglehub import exceptions

    try:
        place = kagglehub.dataset_download(
            source.kaggle, force_download=True, output_dir=str(folder)
        )
    except (
        exceptions.BackendError,
        exceptions.CredentialError,
        exceptions.DataCorruptionError,
        exceptions.NotFoundError,
        exceptions.UnauthenticatedError,
    ) as error:
        raise UserError(f"{source.name}: Kaggle says: {error}; try again later") from None
    return Path(place)


class _PoochBar:
    """What pooch wants of a progress bar, on a Rich one: ``total`` and four verbs."""

    def __init__(self, progress: Progress, task: TaskID):
        self.progress = progress
        self.task = task
        self.total = 0

    def update(self, size: int) -> None:
        self.progress.update(self.task, advance=size, total=self.total or None)

    def reset(self) -> None:
        self.progress.reset(self.task)

    def close(self) -> None:
        self.progress.stop_task(self.task)
