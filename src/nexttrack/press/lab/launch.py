"""JupyterLab for the chapters: on this machine only, with settings and an extension of our own."""

import os
import socket
from pathlib import Path

from nexttrack.errors import UserError

FIRST = "index.ipynb"
_HERE = Path(__file__).parent


def arguments(root: Path, port: int = 0, *, browser: bool = True) -> list[str]:
    """Return the arguments of ``jupyter`` that open the clone at its preface.

    The extension shows Quarto's labels, references and captions as words. The settings trust pages
    of HTML, for the map of recordings is one, and ask no server for news.

    Args:
        root: the clone, which the file browser shows.
        port: on this machine; 0 for the first from 8888 that is free.
        browser: open it in one.

    Raises:
        UserError: if the port cannot be had.
    """
    given = [
        "lab",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{FIRST}",
        f"--LabApp.app_settings_dir={_HERE / 'settings'}",
        f"--LabApp.extra_labextensions_path={_HERE / 'extensions'}",
    ]
    if port:
        _must_be_free(port)
        given += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if not browser:
        given.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        given.append("--allow-root")  # as in a container; only this machine can reach it
    return given


def _must_be_free(port: int) -> None:
    try:
        with socket.create_server(("127.0.0.1", port)):
            pass
    except OSError as error:
        message = f"port {port} cannot be used: {error.strerror}; give another --port"
        raise UserError(message) from None
