"""What chapters use to show things: edition, figure style, tables, claims, colophon.

The names below are loaded when they are first used: the commands that render and check the book
live in this package too, and start without matplotlib and the data.
"""

import warnings
from importlib import import_module

# tqdm, which implicit and others import, says so in every notebook without its widgets.
warnings.filterwarnings("ignore", message="IProgress not found")

_HOMES = {
    "GREY": "figures",
    "MODELS": "figures",
    "PALETTE": "figures",
    "cell": "tables",
    "claim": "claims",
    "colophon": "edition",
    "escape": "tables",
    "figure": "figures",
    "plot_result": "results",
    "result_table": "results",
    "say": "claims",
    "sound_map": "sound_maps",
    "sql_statement": "listing",
    "start": "edition",
    "table": "tables",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
