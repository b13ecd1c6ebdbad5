"""Render the book: with Quarto where it is or can be installed, else as a preview."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from nexttrack import project
from nexttrack.errors import UserError
from nexttrack.files import replace_folder
from nexttrack.press.outline import read_outline

FOLDER = ".quarto-cli"
SECONDS = 60
# What Quarto only warns of when a reference, link or citation leads nowhere.
UNRESOLVED = ("Unable to resolve", "Citeproc: citation")
# A terminal is what is one, not what FORCE_COLOR takes for one.
console = Console(stderr=True, highlight=False, force_terminal=sys.stderr.isatty())


def render_book(
    output: Path | None = None, preview: bool = False, root: Path | None = None
) -> Path:
    """Render the stored chapters to HTML pages, and return the first page.

    Args:
        output: the folder of the pages; what ``_quarto.yml`` says if not given.
        preview: use the preview renderer even where Quarto is.
        root: the folder of the book; this clone if not given.

    Raises:
        UserError: if a chapter cannot be rendered; the pages that were there stay.
    """
    root = root or project.root()
    output = output.resolve() if output else read_outline(root).output
    if output in (root, *root.parents):
        raise UserError(f"--output {output} holds the book itself; give another folder")
    if output.is_dir() and any(output.iterdir()) and not (output / "site_libs").is_dir():
        raise UserError(f"{output} holds something else than a rendered book; give another folder")
    quarto = None if preview else find_quarto(root) or install_quarto(root)
    if quarto:
        render_with_quarto(quarto, root, output)
    else:
        from nexttrack.press.preview.pages import render_preview

        with console.status("rendering the preview"):
            render_preview(root, output)
    index = output / "index.html"
    print(f"rendered {'with Quarto' if quarto else 'the preview'}: {index}")
    return index


def find_quarto(root: Path) -> str | None:
    """Return the Quarto in ``$QUARTO``, on the path, or installed here; None without one.

    Here is either the environment (the extra ``quarto``) or the clone (by ``install_quarto``).

    Raises:
        UserError: if ``$QUARTO`` is not a program.
    """
    asked = os.environ.get("QUARTO")
    if asked:
        found = shutil.which(asked)
        if not found:
            raise UserError(f"QUARTO is {asked}, which is not a program")
        return found
    here = [Path(sys.executable).parent, root / FOLDER / "bin"]
    return shutil.which("quarto") or shutil.which("quarto", path=os.pathsep.join(map(str, here)))


def install_quarto(root: Path) -> str | None:
    """Try once to install Quarto in the clone; say why if it cannot be had, and remember that.

    The package ``quarto-cli`` downloads Quarto from its release page when it is built, which many
    machines cannot reach.
    """
    failure = root / FOLDER / "failed.txt"
    if failure.exists():
        say_preview(failure.read_text(encoding="utf-8").strip())
        return None
    shutil.rmtree(root / FOLDER, ignore_errors=True)
    with console.status("installing Quarto (one try)"):
        problem = try_install(root)
    program = shutil.which(str(root / FOLDER / "bin" / "quarto"))
    if program and not problem:
        return program
    shutil.rmtree(root / FOLDER, ignore_errors=True)
    failure.parent.mkdir()
    failure.write_text(f"{problem or 'the package holds no program'}\n", encoding="utf-8")
    say_preview(problem)
    return None


def say_preview(problem: str) -> None:
    """Say in a line why the book is rendered without Quarto, and what to do about it."""
    console.print(
        f"Quarto could not be installed ({problem}), so this is the preview. To get Quarto: "
        f"https://quarto.org/docs/get-started/; to try again: rm -r {FOLDER}",
        markup=False,
        soft_wrap=True,
    )


def try_install(root: Path) -> str:
    """Install the pinned ``quarto-cli`` into the clone; return what went wrong, if anything."""
    uv = shutil.which(str(root / ".uv" / "bin" / "uv")) or shutil.which("uv")
    if uv is None:
        return "uv is not here"
    target = root / FOLDER
    steps = [
        [uv, "venv", "--quiet", "--python", sys.executable, str(target)],
        [uv, "pip", "install", "--quiet", "--python", str(target), quarto_requirement()],
        [str(target / "bin" / "quarto"), "--version"],
    ]
    try:
        for step in steps:
            subprocess.run(
                step,
                check=True,
                capture_output=True,
                timeout=SECONDS,
                env=quarto_environment(root),
                text=True,
            )
    except subprocess.TimeoutExpired:
        return f"no answer within {SECONDS} s"
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        return last_words(said)
    return ""


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


def render_with_quarto(quarto: str, root: Path, output: Path) -> None:
    """Render with Quarto into a new folder, which takes the place of ``output`` when all went well.

    Raises:
        UserError: if Quarto fails, or finds nothing that a reference or citation leads to; its own
            messages are shown.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{output.name}.", dir=output.parent) as scratch:
        pages = Path(scratch) / "pages"
        command = [quarto, "render", str(root), "--to", "html", "--output-dir", str(pages)]
        with console.status("rendering with Quarto"):
            done = subprocess.run(
                command, env=quarto_environment(root), capture_output=True, text=True, check=False
            )
        for line in done.stderr.splitlines():
            if done.returncode or "WARN" in line or "ERROR" in line:
                console.print(line, markup=False, soft_wrap=True)
        if done.returncode or any(mark in done.stderr for mark in UNRESOLVED):
            raise UserError("Quarto did not render the book; its messages are above")
        replace_folder(pages, output)
