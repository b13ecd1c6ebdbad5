"""The first and the last cell of every chapter: which data, which versions."""

import platform
from importlib.metadata import version

import pandas as pd
from IPython import get_ipython
from IPython.display import Markdown, display
from threadpoolctl import threadpool_limits

from nexttrack import __version__, project
from nexttrack.book.figures import use_style
from nexttrack.book.missing import go_on
from nexttrack.data.editions import ensure, fingerprint, missing_sources, unlike_the_book
from nexttrack.target import arithmetic

# Quotations, which read well in JupyterLab and on GitHub, too; a div of Quarto's does not.
BANNER = """\
> **Sample edition.** This chapter ran on a simulated world, not on real data. Its numbers
> describe the simulation and not music. `make data` brings the real data.
"""

OTHER = """\
> **Other data than the book's.** {sources} Numbers are of the data at hand; the text around them,
> captions and descriptions of figures are of the book's. A statement that does not hold is marked,
> and what cannot be computed is left out. Settings of models that were not searched on the data at
> hand are those of the book's.
"""
SAYS_WHICH_DATA = {"nexttrack": "says which data"}
"""Metadata of an output that is no result: a check does not compare it."""

PACKAGES = ("numpy", "pandas", "scipy", "scikit-learn", "duckdb", "implicit", "matplotlib")


def start() -> None:
    """Set the figure style and see that the chapter's data are there.

    On the sample edition, it makes the simulated world if need be, and shows a banner. There is one
    on data that are not the book's, too, where what cannot be computed does not stop the chapter.

    Raises:
        UserError: if the published edition is asked for and its tables are missing.
    """
    use_style()
    # implicit wants this: its own threads do the work, and sums then have one order on any machine.
    threadpool_limits(1, user_api="blas")
    ensure()
    if project.edition() == "sample":
        display(Markdown(BANNER), metadata=SAYS_WHICH_DATA)
    elif others := unlike_the_book():
        banner = OTHER.format(sources=_unlike(others, missing_sources()))
        display(Markdown(banner), metadata=SAYS_WHICH_DATA)
        if shell := get_ipython():
            go_on(shell)


def _unlike(others: list[str], missing: list[str]) -> str:
    """Say which sources are not there, and which others are not the book's."""
    other = [name for name in others if name not in missing]
    said = {"**Not there: {}.**": missing, "Of other files than the book's: {}.": other}
    return " ".join(text.format(", ".join(names)) for text, names in said.items() if names)


def measured_on(fingerprints: pd.Series, what: str) -> None:
    """Say of stored measurements that they are of other data than those at hand, if they are.

    Args:
        fingerprints: of the data that each row of a table in ``results/`` is of.
        what: what they are, the start of a sentence.
    """
    if set(fingerprints) != {fingerprint(project.edition())}:
        said = ", ".join(f"`{one}`" for one in dict.fromkeys(fingerprints))
        text = f"*[{what} are of the book's data ({said}), not of those at hand.]*"
        display(Markdown(text), metadata=SAYS_WHICH_DATA)


def colophon() -> Markdown:
    """Return what this chapter was computed with: edition, data, versions, arithmetic."""
    edition = project.edition()
    other = edition == "published" and unlike_the_book()
    computed = "on **other data** than the book's" if other else f"on the **{edition}** edition"
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return Markdown(
        f"Computed {computed}, data fingerprint `{fingerprint(edition)}`, with "
        f"nexttrack {__version__}, Python {platform.python_version()}, {versions}; arithmetic: "
        f"{arithmetic()}."
    )
