"""Folders for libraries that insist on one, where the user has none that can be written to."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

import platformdirs

from nexttrack.files import is_writable


def settle() -> None:
    """See that libraries find a home folder, and numba one to keep what it compiled in.

    A user without a name and without ``$HOME``, as in a container, gets a temporary one. Numba
    takes ``$NUMBA_CACHE_DIR``, else a folder beside the code, else one of the user's; where none
    of them can be written it refuses to define a function, so it gets a temporary one, too.
    Processes started from here use the same.
    """
    if os.path.expanduser("~") == "~":  # noqa: PTH111 (Path raises)
        os.environ["HOME"] = _temporary_folder()
    if not (os.environ.get("NUMBA_CACHE_DIR") or _numba_finds_a_folder()):
        os.environ["NUMBA_CACHE_DIR"] = folder = _temporary_folder()
        if "numba" in sys.modules:  # which read the environment when it was imported
            sys.modules["numba"].config.CACHE_DIR = folder


def _numba_finds_a_folder() -> bool:
    package = Path(__file__).parent
    code = [path for path in (package, *package.rglob("*/")) if path.name != "__pycache__"]
    beside_code = all(is_writable(path / "__pycache__") for path in code)
    return beside_code or is_writable(platformdirs.user_cache_path("numba"))


def _temporary_folder() -> str:
    folder = tempfile.mkdtemp(prefix="nexttrack-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


settle()
