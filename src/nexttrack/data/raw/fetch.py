"""Download sources into the data folder; what is downloaded is installed as an import is."""

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import requests
from rich.progress import Progress, TaskID

from nexttrack.data.raw.archives import BLOCK
from nexttrack.data.raw.imports import install
from nexttrack.data.raw.installing import one_at_a_time
from nexttrack.data.raw.kinds import wrong_kind
from nexttrack.data.raw.search import Search
from nexttrack.data.raw.sources import Source, find, load_sources
from nexttrack.data.raw.verify import verify_source
from nexttrack.errors import UserError
from nexttrack.progress import byte_progress

# Seconds before the second and the third try of a download.
PAUSES = (1.0, 5.0)


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
    with one_at_a_time(raw):
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


def _is_valid(source: Source, folder: Path) -> bool:
    try:
        return bool(verify_source(source, folder))
    except UserError:
        return False


def _download_and_install(source: Source, raw: Path) -> None:
    folder = raw / f".download-{source.name}"
    (folder / source.name).mkdir(parents=True)
    (folder / "unpacked").mkdir()
    try:
        download = _download_from_kaggle if source.kaggle else _download_url
        place = _patiently(source, lambda: download(source, folder / source.name))
        _hold_checksums(source, place)
        search = Search(folder / "unpacked")
        search.look(place)
        own = [one for one in search.found if one.source.name == source.name]
        if not own:
            raise UserError(f"{source.name}: {source.address} gave {', '.join(search.left_out)}")
        install(own, raw, replace=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _hold_checksums(source: Source, folder: Path) -> None:
    """Refuse a download of other bytes than were published; a user's own copy may differ."""
    for file in source.files:
        if file.sha256 and (folder / file.name).is_file():
            if wrong := wrong_kind(folder / file.name, file):
                raise UserError(wrong)
            with (folder / file.name).open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            if digest != file.sha256:
                raise UserError(
                    f"{source.url} is not the published file: its sha256 is {digest}, "
                    f"not {file.sha256}; try again later"
                )


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
    os.environ.setdefault("KAGGLEHUB_CACHE", str(folder.parents[2] / ".cache" / "kagglehub"))
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
