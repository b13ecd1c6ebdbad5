"""Quarto is installed once where it can be, and what stood in the way is said and remembered."""

import os
import sys

import pytest

from nexttrack.press import quarto_install
from nexttrack.press.render import find_quarto


@pytest.fixture(autouse=True)
def without_quarto(monkeypatch, tmp_path):
    """Hide the Quarto and the uv of this machine."""
    monkeypatch.delenv("QUARTO", raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere" / "python"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


UV = """
echo "$*" >> {log}
case "$1" in
  venv) exit 0 ;;
  pip) {pip} ;;
esac
"""


def test_a_failed_install_is_explained_remembered_and_not_tried_again(program, tmp_path, capsys):
    log = tmp_path / "calls.txt"
    failing = "echo 'Error downloading Quarto: no route' >&2; echo Traceback >&2; exit 1"
    program(tmp_path / ".uv" / "bin" / "uv", UV.format(log=log, pip=failing))
    assert quarto_install.install_quarto(tmp_path) is None
    said = capsys.readouterr().err
    started, said = said.splitlines(keepends=True)
    assert started.startswith("Quarto is not here: trying to install it")
    assert "Error downloading Quarto: no route" in said
    assert "quarto.org" in said
    assert f"rm -r {quarto_install.FOLDER}" in said
    calls = log.read_text()
    assert quarto_install.install_quarto(tmp_path) is None
    assert log.read_text() == calls
    assert capsys.readouterr().err == said


def test_an_install_that_hangs_is_given_up(program, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(quarto_install, "SECONDS", 0.2)
    hanging = UV.format(log="/dev/null", pip="exec sleep 30")
    program(tmp_path / ".uv" / "bin" / "uv", hanging)
    assert quarto_install.install_quarto(tmp_path) is None
    assert "no answer within 0.2 s" in capsys.readouterr().err


def test_an_install_that_works_is_used(program, tmp_path, capsys):
    target = tmp_path / quarto_install.FOLDER / "bin"
    works = f"mkdir -p {target}; printf '#!/bin/sh\\n' > {target}/quarto; chmod +x {target}/quarto"
    program(tmp_path / ".uv" / "bin" / "uv", UV.format(log="/dev/null", pip=works))
    assert quarto_install.install_quarto(tmp_path) == str(target / "quarto")
    assert find_quarto(tmp_path) == str(target / "quarto")
    assert capsys.readouterr().err.count("\n") == 1


def test_without_uv_nothing_is_tried(tmp_path, capsys):
    assert quarto_install.install_quarto(tmp_path) is None
    assert "uv is not here" in capsys.readouterr().err


def test_the_requirement_is_pinned():
    assert quarto_install.quarto_requirement().startswith("quarto-cli==")


@pytest.fixture
def tries(program, tmp_path):
    """Return a function that asks for Quarto, in vain, and says how often it was tried by then."""
    log = tmp_path / "calls.txt"
    program(tmp_path / ".uv" / "bin" / "uv", UV.format(log=log, pip="echo no route >&2; exit 1"))

    def asked() -> int:
        assert quarto_install.install_quarto(tmp_path) is None
        return log.read_text().count("pip install")

    return asked


def test_a_failure_is_tried_again_after_a_day(tries, tmp_path):
    assert [tries(), tries()] == [1, 1]
    yesterday = (tmp_path / ".quarto-cli" / "failed.txt").stat().st_mtime - quarto_install.DAY
    os.utime(tmp_path / ".quarto-cli" / "failed.txt", (yesterday, yesterday))
    assert [tries(), tries()] == [2, 2]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "UV_OFFLINE"])
def test_a_failure_is_tried_again_by_another_way_which_is_not_written_down(
    tries, monkeypatch, tmp_path, name
):
    assert tries() == 1
    monkeypatch.setenv(name, "http://user:secret@proxy.example")
    assert [tries(), tries()] == [2, 2]
    assert "secret" not in (tmp_path / ".quarto-cli" / "failed.txt").read_text()


def test_an_installation_that_is_slow_but_gets_on_is_waited_for(
    program, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(quarto_install, "SECONDS", 1)
    target = tmp_path / quarto_install.FOLDER
    slow = f"for i in 1 2 3 4 5 6; do sleep 0.4; echo x >> {target}/downloads/part; done; exit 1"
    program(tmp_path / ".uv" / "bin" / "uv", UV.format(log="/dev/null", pip=slow))
    assert quarto_install.install_quarto(tmp_path) is None
    assert "no answer" not in capsys.readouterr().err


def test_in_a_clone_that_is_read_only_nothing_is_tried(tries, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(quarto_install, "is_writable", lambda folder: False)
    assert quarto_install.install_quarto(tmp_path) is None
    assert f"{tmp_path} cannot be written to" in capsys.readouterr().err
    assert not (tmp_path / "calls.txt").exists()
