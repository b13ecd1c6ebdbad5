"""Exportify's tables: a playlist, or the liked songs, as CSV.

Its headers have changed over the years and come in twelve languages. In any other, ids are told by
their form: they stand in the first column.
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import NamedTuple

from nexttrack.data.listener.names import folded

TITLES = (
    *("Track Name", "Track-Name", "Nombre de la canción", "Nom du titre", "Nome della traccia"),
    *("Nummernaam", "Nome da faixa", "Låtens namn", "Parça Adı", "Όνομα κομματιού"),
    *("اسم الأغنية", "トラック名"),
)
ARTISTS = (
    *("Artist Name(s)", "Artist Name", "Künstlername(n)", "Nombre(s) del artista"),
    *("Nom(s) de l'artiste", "Nome dell'artista", "Naam van artiest", "Nome(s) do artista"),
    *("Artistens namn", "Sanatçı Adı", "Όνομα/τα καλλιτέχνη", "أسماء الفنانين", "アーティスト名"),
)
ADDED = (
    *("Added At", "Hinzugefügt am", "Añadido en", "Ajouté le", "Aggiunto il", "Toegevoegd op"),
    *("Adicionado em", "Tillagd vid", "Eklenme Tarihi", "Προστέθηκε στις", "أضيف في", "追加日時"),
)
IDS = ("Track URI", "Spotify URI", "Spotify ID", "Spotify Track Id")
_URI = re.compile(r"spotify:(track|local|episode):.+|https?://open\.spotify\.com/.*track/.+")
LONGEST_CELL = 2**20


class NoTableError(ValueError):
    """Why a text is no table of Exportify's: what follows the file's name in a line."""


class Row(NamedTuple):
    """The cells of a track, as they are; None where there is no such column."""

    uri: str | None
    title: str | None
    artists: str | None
    added: str | None


def is_table(text: str) -> bool:
    """Tell by its beginning whether a text is a table of Exportify's."""
    try:
        next(rows(text), None)
    except NoTableError:
        return False
    return True


def rows(text: str) -> Iterator[Row]:
    """Yield the tracks of a table.

    Raises:
        NoTableError: there is neither a column of ids nor the columns that stand for it.
    """
    if text.startswith("sep="):
        text = text.partition("\n")[2]
    header = text.lstrip("\r\n").partition("\n")[0]
    separator = max(",;\t", key=header.count)
    cells = _cells(text, separator)
    names = next(cells, [])
    first = next(cells, [])
    places = _places(names, first)
    for line in (first, *cells) if first else ():
        if any(cell.strip() for cell in line):
            yield Row(*(line[at] if at is not None and at < len(line) else None for at in places))


def _cells(text: str, separator: str) -> Iterator[list[str]]:
    """Yield the lines that are not empty."""
    csv.field_size_limit(LONGEST_CELL)
    try:
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            if line:
                yield line
    except csv.Error:
        raise NoTableError("damaged: a cell that does not end; export it again") from None


def _places(names: list[str], first: list[str]) -> tuple[int | None, ...]:
    """Return the columns of id, title, artists and date of addition."""
    plain = [folded(name) for name in names]

    def place(wanted: tuple[str, ...]) -> int | None:
        known = {folded(name) for name in wanted}
        return next((at for at, name in enumerate(plain) if name in known), None)

    uri = place(IDS)
    if uri is None and first and _URI.fullmatch(first[0].strip()):
        uri = 0
    title, artists, added = place(TITLES), place(ARTISTS), place(ADDED)
    if uri is None and None in (title, artists, added):
        shown = ", ".join(names[:4]) + (", …" if names[4:] else "")
        raise NoTableError(
            f"no table of Exportify's (its columns are {shown}); it should have Track URI, or "
            "Track Name, Artist Name(s) and Added At: export it again in English"
        )
    return uri, title, artists, added
