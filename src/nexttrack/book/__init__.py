"""What chapters use to show things: edition, figure style, tables, claims, colophon."""

from nexttrack.book.claims import claim, say
from nexttrack.book.edition import colophon, start
from nexttrack.book.figures import GREY, MODELS, PALETTE, figure
from nexttrack.book.tables import table

__all__ = ["GREY", "MODELS", "PALETTE", "claim", "colophon", "figure", "say", "start", "table"]
