"""What chapters use to show things: edition, figure style, tables, claims, colophon.

The names below are loaded when they are first used, so that a chapter waits only for
what it shows.
"""

import warnings
from importlib import import_module

# tqdm, which implicit and others import, says so in every notebook without its widgets.
warnings.filterwarnings("ignore", message="IProgress not found")

_HOMES = {
    "GREY": "book.figures",
    "MODELS": "book.colours",
    "PALETTE": "book.figures",
    "answer": "book.claims",
    "cell": "book.tables",
    "claim": "book.claims",
    "colophon": "book.edition",
    "curve": "book.charts",
    "escape": "book.tables",
    "figure": "book.figures",
    "intervals": "book.charts",
    "log_axis": "book.charts",
    "measured_on": "book.edition",
    "panels": "book.figures",
    "place_answer": "book.claims",
    "plot_result": "book.results",
    "result_table": "book.results",
    "say": "book.claims",
    "sound_map": "apps.sound_map.sound_maps",
    "sql_statement": "book.listing",
    "start": "book.edition",
    "table": "book.tables",
    "try_it": "apps.try_it.shown",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"nexttrack.{_HOMES[name]}"), name)
