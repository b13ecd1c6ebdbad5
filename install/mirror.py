"""Print the package index that uv is set to, or else pip; nothing where that is the public one."""

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path


def of_uv() -> str:
    """Return the index that replaces the public one by uv's environment or settings."""
    if asked := os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("UV_INDEX_URL"):
        return asked
    own = Path(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"))  # noqa: PTH111
    places = [Path(os.environ.get("UV_CONFIG_FILE") or own / "uv" / "uv.toml")]
    for path in [*places, Path("/etc/xdg/uv/uv.toml"), Path("/etc/uv/uv.toml")]:
        if path.is_file():
            settings = tomllib.loads(path.read_text(encoding="utf-8"))
            default = [index for index in settings.get("index", []) if index.get("default")]
            if default or "index-url" in settings:
                return default[0]["url"] if default else settings["index-url"]
    return ""


def of_pip() -> str:
    """Return the index that pip's environment or settings name."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    pairs = (line.partition("=") for line in listed.splitlines())
    set_to = {name: ast.literal_eval(value) for name, _, value in pairs if "index-url" in name}
    places = ":env:", "install", "global"  # pip's own order
    return next(
        (set_to[f"{place}.index-url"] for place in places if f"{place}.index-url" in set_to), ""
    )


print(of_uv() or of_pip())
