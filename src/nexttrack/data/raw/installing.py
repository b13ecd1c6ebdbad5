"""Put the folder of a source in place whole or not at all, one process at a time.

A source is made in a folder ``.new-NAME`` next to its place, checked there, written through to the
disk and renamed into place. What was there before waits as ``.NAME-old`` until that is done, is put
back by the next command if the renaming was cut off half-way, and is then kept as
``.previous/NAME`` until the next success.
"""

import errno
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from nexttrack.data.raw.sources import load_sources
from nexttrack.errors import UserError, printable
from nexttrack.files import old_name, remove, replace_folder, restore_folder, write_through

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
IN_THE_WAY = (errno.EEXIST, errno.ENOTDIR)


def settle(raw: Path) -> None:
    """Put back what an import that was cut off left half renamed. Call before reading ``raw``."""
    if any(old_name(raw / name).exists() for name in load_sources()):
        with one_at_a_time(raw):
            pass


def previous(raw: Path, name: str) -> Path:
    """Return where the copy of a source waits that was there before the last success."""
    return raw / ".previous" / name


@contextmanager
def one_at_a_time(raw: Path) -> Iterator[None]:
    """Hold the lock of ``raw``, clear away what a killed import left, and name disk errors."""
    with _disk_errors_in_a_line(raw):
        raw.mkdir(parents=True, exist_ok=True)
        lock = FileLock(raw / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            print(
                printable(f"another import into {raw} is running; waiting for it"), file=sys.stderr
            )
            lock.acquire()
        try:
            _clear_away(raw)
            yield
        finally:
            lock.release()


@contextmanager
def staging(raw: Path, names: list[str]) -> Iterator[dict[str, Path]]:
    """Make an empty folder ``.new-NAME`` for each source; they are gone at the end."""
    folders = {name: raw / f".new-{name}" for name in names}
    try:
        for folder in folders.values():
            folder.mkdir()
        yield folders
    finally:
        for folder in folders.values():
            shutil.rmtree(folder, ignore_errors=True)


def put_in_place(staged: dict[str, Path], raw: Path) -> None:
    """Write the staged folders through and rename them into place, one after the other."""
    for folder in staged.values():
        for path in (*folder.iterdir(), folder):
            write_through(path)
    for name, folder in staged.items():
        replace_folder(folder, raw / name, keep=previous(raw, name))


def _clear_away(raw: Path) -> None:
    for name in load_sources():
        restore_folder(raw / name, keep=previous(raw, name))
        for leftover in (raw / f".new-{name}", raw / f".download-{name}"):
            remove(leftover)
    remove(raw / ".unpacked")


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
        elif error.errno in IN_THE_WAY:
            what = f"is in the way ({error.strerror}): a folder is wanted there; move it away"
        else:
            what = f"{error.strerror or error}; try again"
        raise UserError(f"{where}: {what}; what was in {raw} before is unchanged") from None
