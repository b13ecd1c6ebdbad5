"""What chapters use to show things: edition, figure style, tables, claims, colophon."""

from nexttrack.book.claims import claim, say
from nexttrack.book.edition import colophon, start
from nexttrack.book.figures import GREY, MODELS, PALETTE, figure
from nexttrack.book.listing import sql_statement
from nexttrack.book.results import plot_result, result_table
from nexttrack.book.tables import escape, table

__all__ = [
    "GREY",
    "MODELS",
    "PALETTE",
    "claim",
    "colophon",
    "escape",
    "figure",
    "plot_result",
    "result_table",
    "say",
    "sql_statement",
    "start",
    "table",
]
