"""Put files and folders in place whole or not at all."""

import os
import shutil
import tempfile
from pathlib import Path


def write_file(path: Path, content: bytes | memoryview) -> None:
    """Write a file so that ``path`` holds either what it held or all of the new content.

    Its folder is created; a file that was there keeps its mode.

    Raises:
        OSError: if it cannot be written; nothing is left beside it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(path.stat().st_mode if path.exists() else 0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise


def is_writable(folder: Path) -> bool:
    """Tell whether a folder, or what is there of the way to it, can be written to."""
    way = folder.absolute(), *folder.absolute().parents
    there = next(path for path in way if os.access(path, os.F_OK))
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def old_name(target: Path) -> Path:
    """Return where the old folder waits while :func:`replace_folder` puts the new one in place."""
    return target.with_name(f".{target.name}-old")


def replace_folder(new: Path, target: Path, keep: Path | None = None) -> None:
    """Put the folder ``new``, on the same disk, where ``target`` is.

    What was there is removed, or put where ``keep`` says, in place of what was kept before.

    Two renames: if the second fails, the first is undone; if the process is killed between them,
    :func:`restore_folder` undoes it.

    Raises:
        OSError: if it cannot be renamed; ``target`` is then as it was.
    """
    old = old_name(target)
    if os.path.lexists(target):
        remove(old)
        target.rename(old)
    try:
        new.rename(target)
    except OSError:
        if os.path.lexists(old):
            old.rename(target)
        raise
    write_through(target.parent)
    _retire(old, keep)


def restore_folder(target: Path, keep: Path | None = None) -> None:
    """Mend what a process left that was killed in :func:`replace_folder`."""
    old = old_name(target)
    if os.path.lexists(old) and not os.path.lexists(target):
        old.rename(target)
    _retire(old, keep)


def _retire(old: Path, keep: Path | None) -> None:
    if keep is None:
        remove(old)
    elif os.path.lexists(old):
        remove(keep)
        keep.parent.mkdir(exist_ok=True)
        old.rename(keep)


def remove(path: Path) -> None:
    """Remove a folder with all that is in it, a file or a link; nothing there is no error."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def write_through(path: Path) -> None:
    """Wait until a file or folder has reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
