"""Get Quarto into the clone, from the package that downloads it: tried once, and said."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from nexttrack import project
from nexttrack.files import is_writable

FOLDER = ".quarto-cli"
SECONDS = 60
"""An installation that has got nothing for so long is given up; a slow line may take its time."""
DAY = 24 * 60 * 60
# A terminal is what is one, not what FORCE_COLOR takes for one.
console = Console(stderr=True, highlight=False, force_terminal=sys.stderr.isatty())


def install_quarto(root: Path) -> str | None:
    """Install Quarto in the clone and return its program; if it cannot be had, say why.

    A failure is remembered: it is tried again after a day, or where another package is pinned or
    what decides on the way there (proxies, certificates, indexes, the uv at hand) is another.
    """
    if not is_writable(root):
        say_preview(f"{root} cannot be written to")
        return None
    failure = root / FOLDER / "failed.txt"
    conditions = _conditions(root)
    if remembered := _remembered(failure, conditions):
        say_preview(remembered)
        return None
    shutil.rmtree(root / FOLDER, ignore_errors=True)
    say("Quarto is not here: trying to install it into the clone (120 MB; without: --preview)")
    with console.status("installing Quarto"):
        problem = try_install(root)
    program = shutil.which(str(root / FOLDER / "bin" / "quarto"))
    if program and not problem:
        return program
    shutil.rmtree(root / FOLDER, ignore_errors=True)
    failure.parent.mkdir()
    problem = problem or "the package holds no program"
    failure.write_text(f"{problem}\n{conditions}\n", encoding="utf-8")
    say_preview(problem)
    return None


def _remembered(failure: Path, conditions: str) -> str:
    """Return why it failed, if that was under the same conditions and less than a day ago."""
    if not failure.exists() or not 0 <= time.time() - failure.stat().st_mtime < DAY:
        return ""
    problem, _, before = failure.read_text(encoding="utf-8").strip().partition("\n")
    return problem if before == conditions else ""


def _conditions(root: Path) -> str:
    """Return what could make another try end otherwise, as one line without secrets."""
    heeded = ("SSL_CERT", "UV_")
    ways = sorted(
        (name, value)
        for name, value in os.environ.items()
        if name.startswith(heeded) or name.upper().endswith("_PROXY")
    )
    hashed = hashlib.sha256(repr(ways).encode()).hexdigest()[:12]  # addresses may hold passwords
    return f"{quarto_requirement()} {hashed} {_uv(root)}"


def say(line: str) -> None:
    """Print a line to standard error as it is."""
    console.print(line, markup=False, soft_wrap=True)


def say_preview(problem: str) -> None:
    """Say in a line why the book is rendered without Quarto, and what to do about it."""
    say(
        f"Quarto could not be installed ({problem}), so this is the preview. To get Quarto: "
        "https://quarto.org/docs/get-started/; it is tried again tomorrow, or now after: "
        f"rm -r {FOLDER}"
    )


def try_install(root: Path) -> str:
    """Install the pinned ``quarto-cli`` into the clone; return what went wrong, if anything.

    The package downloads Quarto from its release page when it is built, which many machines cannot
    reach.
    """
    uv = _uv(root)
    if uv is None:
        return "uv is not here"
    target = root / FOLDER
    steps = [
        [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(target)],
        [uv, "pip", "install", "--quiet", "--python", str(target), quarto_requirement()],
        [str(target / "bin" / "quarto"), "--version"],
    ]
    # In folders of its own, so that what grows there is what it gets.
    downloads = target / "downloads"
    own = {"UV_CACHE_DIR": str(downloads / "uv"), "TMPDIR": str(downloads)}
    try:
        for step in steps:
            downloads.mkdir(parents=True, exist_ok=True)
            if problem := _run(step, quarto_environment(root) | own, target):
                return problem
    except OSError as error:
        return last_words(str(error))
    shutil.rmtree(downloads, ignore_errors=True)
    return ""


def _uv(root: Path) -> str | None:
    return shutil.which(str(root / ".uv" / "bin" / "uv")) or shutil.which("uv")


def _run(command: list[str], environment: dict[str, str], folder: Path) -> str:
    """Run a step until it ends, or until nothing in a folder has grown for ``SECONDS``."""
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(
            command, env=environment, stdout=said, stderr=said, start_new_session=True
        ) as process:
            size, since = -1, time.monotonic()
            while process.poll() is None:
                grown = _size(folder)
                if grown != size:
                    size, since = grown, time.monotonic()
                if time.monotonic() - since > SECONDS:
                    os.killpg(process.pid, 9)
                    return f"no answer within {SECONDS} s"
                try:
                    process.wait(min(0.5, SECONDS))
                except subprocess.TimeoutExpired:
                    continue
                except BaseException:
                    os.killpg(process.pid, 9)
                    raise
        said.seek(0)
        return last_words(said.read().decode(errors="replace")) if process.returncode else ""


def _size(folder: Path) -> int:
    """Return the bytes in a folder; what goes away meanwhile counts nothing."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(where, name)).st_size  # noqa: PTH118
            except OSError:
                continue
    return total


def quarto_requirement() -> str:
    """Return the pinned package of Quarto, from the extra ``quarto`` of this project."""
    import tomllib

    text = (project.root() / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["project"]["optional-dependencies"]["quarto"][0]


def last_words(output: str) -> str:
    """Return the line of an installer's output that says most about a failure."""
    lines = [line.strip(" │╰─▶×") for line in output.splitlines() if line.strip()]
    downloads = [line for line in lines if line.startswith("Error downloading")]
    errors = [line for line in lines if "rror" in line]
    return (downloads or errors[-1:] or lines or ["no reason given"])[0][:200]


def quarto_environment(root: Path) -> dict[str, str]:
    """Return the environment for Quarto: its caches in the clone, and none of its settings."""
    cache = root / ".cache" / "quarto"
    home = {"XDG_CACHE_HOME": str(cache), "XDG_DATA_HOME": str(cache / "data")}
    ours = {key: value for key, value in os.environ.items() if not key.startswith("QUARTO_")}
    return {**ours, **home, "DENO_DIR": str(cache / "deno"), "QUARTO_PYTHON": sys.executable}
