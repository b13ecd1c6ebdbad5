"""Libraries that insist on a folder get one, and the user's own is taken where there is one."""

import os
import pwd
import tempfile
from pathlib import Path

import numba
import pytest

from nexttrack import scratch


@pytest.fixture
def surroundings(monkeypatch, tmp_path):
    """Neither home folder nor anything that can be written, but for temporary files."""
    monkeypatch.setattr(scratch, "is_writable", lambda folder: False)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("HOME", "/")
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    return tmp_path


def test_numba_compiles_where_nothing_can_be_written(surroundings):
    scratch.settle()
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    assert folder.parent == surroundings and str(folder) == numba.config.CACHE_DIR

    @numba.njit(cache=True)
    def twice(x):
        return 2 * x

    assert twice(4) == 8
    assert list(folder.rglob("*.nbc"))


def test_a_user_without_a_home_folder_gets_one(surroundings, monkeypatch):
    def nobody(uid):
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.delenv("HOME")
    scratch.settle()
    assert Path("~").expanduser().parent == surroundings


def test_what_the_user_has_is_taken(surroundings, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/mine")
    scratch.settle()
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setattr(scratch, "is_writable", lambda folder: "numba" in folder.parts)
    scratch.settle()
    assert os.environ["HOME"] == "/" and "NUMBA_CACHE_DIR" not in os.environ
    assert list(surroundings.iterdir()) == []
