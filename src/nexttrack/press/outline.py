"""What ``_quarto.yml`` says about the book: its chapters in order, its parts, its options."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml

from nexttrack.errors import UserError

CONFIG = "_quarto.yml"


@dataclass(frozen=True)
class Chapter:
    """One chapter: its source, relative to the folder of the book, and the part it stands in."""

    source: PurePosixPath
    part: str | None = None

    @property
    def page(self) -> PurePosixPath:
        """The page made from it, relative to the output folder."""
        return self.source.with_suffix(".html")


@dataclass(frozen=True)
class Outline:
    """The book as configured: ``config`` is the whole of ``_quarto.yml``."""

    root: Path
    config: dict
    chapters: tuple[Chapter, ...]

    @property
    def book(self) -> dict:
        """The ``book:`` section."""
        return self.config["book"]

    @property
    def html(self) -> dict:
        """The options of the HTML pages."""
        return self.config["format"]["html"]

    @property
    def output(self) -> Path:
        """The folder that the pages go to."""
        return self.root / self.config["project"]["output-dir"]


def read_outline(root: Path) -> Outline:
    """Read ``_quarto.yml`` in a folder.

    Raises:
        UserError: if it is missing or is not YAML, or if it names a chapter that does not exist.
    """
    path = root / CONFIG
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is missing; it names the chapters of the book") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not valid YAML: {error}") from error
    chapters: list[Chapter] = []
    for entry in config["book"]["chapters"]:
        if isinstance(entry, dict):
            chapters += [Chapter(PurePosixPath(c), entry["part"]) for c in entry["chapters"]]
        else:
            chapters.append(Chapter(PurePosixPath(entry)))
    for chapter in chapters:
        if not (root / chapter.source).is_file():
            raise UserError(f"{CONFIG} names {chapter.source}, which does not exist")
    return Outline(root, config, tuple(chapters))


def is_external(address: str) -> bool:
    """Say whether an address has a scheme or a host, and so leads out of the book."""
    return bool(re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//", address))
