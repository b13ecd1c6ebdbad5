"""The first and the last cell of every chapter: which data, which versions."""

import platform
from importlib.metadata import version

from IPython.display import Markdown, display
from threadpoolctl import threadpool_limits

from nexttrack import __version__, project
from nexttrack.book.figures import use_style
from nexttrack.data.editions import ensure, fingerprint
from nexttrack.target import arithmetic

BANNER = """::: {.callout-warning}
## Sample edition

This chapter ran on a simulated world, not on real data. Its numbers describe the simulation and not
music. `make data` brings the real data.
:::
"""

PACKAGES = ("numpy", "pandas", "scipy", "scikit-learn", "duckdb", "implicit", "matplotlib")


def start() -> None:
    """Set the figure style and see that the chapter's data are there.

    On the sample edition, it makes the simulated world if need be, and shows a banner.

    Raises:
        UserError: if the published edition is asked for and its tables are missing.
    """
    use_style()
    # implicit wants this: its own threads do the work, and sums then have one order on any machine.
    threadpool_limits(1, user_api="blas")
    ensure()
    if project.edition() == "sample":
        display(Markdown(BANNER))


def colophon() -> Markdown:
    """Return what this chapter was computed with: edition, data, versions, arithmetic."""
    edition = project.edition()
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return Markdown(
        f"Computed on the **{edition}** edition, data fingerprint `{fingerprint(edition)}`, with "
        f"nexttrack {__version__}, Python {platform.python_version()}, {versions}; arithmetic: "
        f"{arithmetic()}."
    )
