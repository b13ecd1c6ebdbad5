"""When two names are one: the key by which a listener's track meets a recording.

Titles are compared as the cleaning's ``name_key`` and artists as its ``artist_key`` do
(``sql/00-rules.sql``), and titles without their accents too: two services rarely agree on these.
``apps/try_it/listening.mjs`` has the same rules, and a test holds the two together.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

JOINED = "\x01"
_BLANKS = re.compile("[\t-\r \x85\u1680\u2028\u2029]+")
_NO_LETTERS = re.compile("[^0-9a-z]+")
_GUESTS_IN_BRACKETS = re.compile(r" ?[(\[](?:feat\.?|ft\.?|featuring|with) [^)\]]*[)\]]")
_GUESTS = re.compile(r" (?:feat\.?|ft\.?|featuring) .*?(?= - |$)")
_REMASTER = (
    r"(?:\d{4} (?:- )?)?(?:digital(?:ly)? )?re-?master(?:ed)?(?: version)?(?: \d{4})?(?: version)?"
)
_REMASTERED = re.compile(rf" (?:- {_REMASTER}|\({_REMASTER}\)|\[{_REMASTER}\])$")


@lru_cache(maxsize=2**17)
def folded(text: str) -> str:
    """Return a name without what spellings differ in.

    That is case, accents and other marks, wide and narrow forms (NFKD), invisible characters, and
    blanks at the ends or doubled.
    """
    plain = "".join(
        c
        for c in unicodedata.normalize("NFKD", text)
        if unicodedata.category(c) not in ("Mn", "Cf")
    )
    return _BLANKS.sub(" ", plain.lower().replace("ς", "σ")).strip(" ")


def title_without_additions(title: str) -> str:
    """Return a folded title without guests ("feat. X") and "Remastered 2011" at its end."""
    plain = _GUESTS.sub("", _GUESTS_IN_BRACKETS.sub("", folded(title)))
    return _REMASTERED.sub("", plain).strip(" ") or folded(title)


@lru_cache(maxsize=2**17)
def artist_key(artist: str) -> str:
    """Return an artist's letters and digits, folded: no "the" before, "and" for "&".

    A name without letters and digits, such as "!!!", is only folded.
    """
    name = folded(artist)
    words = name.removeprefix("the ").replace("&", "and")
    if words.isascii():
        return _NO_LETTERS.sub("", words) or name
    return "".join(c for c in words if unicodedata.category(c)[0] in "LN") or name


def artists_of(text: str) -> list[str]:
    """Return what may be the artist in a cell: all of it, and the first of several.

    Names are separated by commas or semicolons; Exportify writes ``\\,`` for a comma in a name.
    """
    hidden = text.replace("\\,", "\0")
    first = re.split("[,;]", hidden)[0]
    both = [text.replace("\\,", ","), first.replace("\0", ",")]
    both.append(_GUESTS.sub("", folded(both[-1])))
    return [name for name in dict.fromkeys(both) if name.strip()]


def track_key(title: str, artist: str) -> str:
    """Return what is equal for two rows of a listener's about one track, whatever file has them."""
    first = re.split("[,;]", artist)[0]
    return f"{folded(title)}{JOINED}{artist_key(_GUESTS.sub('', folded(first)))}"


def join_keys(title: str, artists: str | Sequence[str]) -> list[str]:
    """Return the keys of a track, ``title\\x01artist``, the most exact first.

    Args:
        title: its title.
        artists: its artists, as a list or as the one text of an export.
    """
    names = artists_of(artists) if isinstance(artists, str) else artists
    keys = [artist_key(name) for name in names]
    titles = (folded(title), title_without_additions(title))
    return list(dict.fromkeys(f"{t}{JOINED}{artist}" for t in titles for artist in keys))


def name_index(names: Iterable[tuple[int, str, Sequence[str]]]) -> dict[str, int]:
    """Return the recording of each key, from (recording, title, artists) of a catalogue.

    Where several recordings have one key, it is that of which the key is more exact, and the first
    of these.
    """
    index: dict[str, int] = {}
    ranked = [(recording, join_keys(title, artists)) for recording, title, artists in names]
    for rank in range(max((len(keys) for _, keys in ranked), default=0)):
        for recording, keys in ranked:
            if rank < len(keys):
                index.setdefault(keys[rank], recording)
    return index


def recording_of(index: dict[str, int], title: str, artists: str) -> int | None:
    """Return the recording that a track most likely is, or None."""
    return next((index[key] for key in join_keys(title, artists) if key in index), None)
