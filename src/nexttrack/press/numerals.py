"""Numbers as they stand in text: found, read, and compared with the precision they are printed in.

Two checks read text for numbers: the one that compares stored outputs with new ones, and the one
that looks for typed numbers in prose. Both see the same numbers, because both look here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

_EXACT = r"""
    \d{4}-\d{2}(?:-\d{2})?(?![\d-])           # 2019-05, 2019-05-01
    | \d{1,2}:\d{2}(?::\d{2})?(?!\w)          # 12:30, 12:30:05
    | (?:19|20)\d{2}(?!\w|\.\d|,\d{3}(?!\d))  # a year
"""
_NUMBER = r"""
    (?P<sign>(?<![%)\]])[-+−])?               # after 12 %, ) or ] the dash of a range, not a sign
    (?!0\d)                                   # 007 is a name
    (?P<digits>(?:\d{1,3}(?:[,\u2009\u202f]\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)
    (?:[eE](?P<exponent>[-+−]?\d+)
      |\s?(?:×|\\times)\s?10\^?\{?(?P<power>[-−]?\d+|[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)\}?)?
    (?!\w|\.\d)                               # 12s, 4x, 1.5.2 are text
"""
# Before it: no letter or digit (col2), no dot (1.5.2), not NDCG@10, not #3, not lastfm-2.
_PATTERN = re.compile(rf"(?<![\w.@\#])(?<![A-Za-z]-)(?:(?P<exact>{_EXACT})|{_NUMBER})", re.VERBOSE)
_TO_ASCII = str.maketrans("−⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "--+0123456789", ",\u2009\u202f")


@dataclass(frozen=True)
class Numeral:
    """A number in a text.

    Attributes:
        text: as printed, ``−1,234.50``.
        start, end: its place in the text that was read.
        value: exactly what is printed, ``Decimal("-1234.50")``.
        unit: one unit of the last printed digit, ``Decimal("0.01")``.
    """

    text: str
    start: int
    end: int
    value: Decimal
    unit: Decimal


def numerals(text: str) -> Iterator[Numeral]:
    """Yield the numbers of a text from left to right.

    Thousands may be parted by commas or thin spaces; a minus sign may be ``-`` or ``−``; an
    exponent may be ``e-5`` or ``× 10⁻⁵``. Not numbers but text are dates, times of day, bare years
    (1900 to 2099), digits in words (``col2``, ``12s``, ``lastfm-2k``), versions (``1.5.2``),
    cut-offs (``NDCG@10``) and names with leading zeros (``01``).
    """
    for match in _PATTERN.finditer(text):
        if match["exact"] is None:
            yield _read(match)


def _read(match: re.Match) -> Numeral:
    digits = match["digits"].translate(_TO_ASCII)
    exponent = int((match["exponent"] or match["power"] or "0").translate(_TO_ASCII))
    sign = (match["sign"] or "").translate(_TO_ASCII)
    decimals = len(digits.partition(".")[2])
    return Numeral(
        text=match[0],
        start=match.start(),
        end=match.end(),
        value=Decimal(sign + digits).scaleb(exponent),
        unit=Decimal(1).scaleb(exponent - decimals),
    )


@dataclass(frozen=True)
class Tolerance:
    """How far a new number may be from the stored one; one unit of the last digit it always may.

    Attributes:
        relative: share of the stored number.
        absolute: in the unit that is printed.
        where: holds in the lines that have this text; in all if it is empty.
    """

    relative: Decimal = Decimal("0.01")
    absolute: Decimal = Decimal(0)
    where: str = ""

    @classmethod
    def read(cls, text: str) -> "Tolerance":
        """Return what a text states: ``5%`` of the number, ``0.02`` as printed, or the larger.

        ``5% or 0.02 in iALS`` allows either, in the lines that have ``iALS``.

        Raises:
            ValueError: if it states anything else, or less than nothing.
        """
        amounts, _, where = text.partition(" in ")
        relative, absolute = cls.relative, cls.absolute
        for amount in amounts.split(" or "):
            try:
                number = Decimal(amount.strip().removesuffix("%"))
            except InvalidOperation:
                number = Decimal(-1)
            if not (number.is_finite() and number >= 0):
                raise ValueError(f"{text!r}: state a tolerance as 5%, 0.02, or 5% or 0.02 in TEXT")
            if amount.strip().endswith("%"):
                relative = number / 100
            else:
                absolute = number
        return cls(relative, absolute, where)


USUAL = Tolerance()


def agree(stored: Numeral, new: Numeral, tolerance: Tolerance = USUAL) -> bool:
    """Tell whether a new number is as near to the stored one as it should be: within 1 %."""
    near = abs(stored.value) * tolerance.relative, tolerance.absolute, stored.unit
    return abs(new.value - stored.value) <= max(near)


def rounds_to(computed: Numeral, typed: Numeral) -> bool:
    """Tell whether a computed number, rounded to the precision of the typed one, is the same."""
    return computed.unit <= typed.unit and abs(computed.value - typed.value) <= typed.unit / 2


def same_text(stored: str, new: str, tolerance: Tolerance = USUAL) -> bool:
    """Tell whether two texts agree: numbers by :func:`agree`, all else exactly but for spacing."""
    stored_numbers, new_numbers = list(numerals(stored)), list(numerals(new))
    return (
        len(stored_numbers) == len(new_numbers)
        and _without(stored, stored_numbers) == _without(new, new_numbers)
        and all(
            agree(before, after, tolerance)
            for before, after in zip(stored_numbers, new_numbers, strict=True)
        )
    )


def _without(text: str, numbers: list[Numeral]) -> str:
    """Return the text with each number replaced by a mark that no text has, spacing evened out."""
    parts, end = [], 0
    for number in numbers:
        parts += [text[end : number.start], "\0"]
        end = number.end
    # Columns are padded, and rules drawn, to the width of the numbers in them.
    text = re.sub(r"([-─═])\1{2,}", r"\1\1\1", "".join([*parts, text[end:]]))
    return " ".join(text.split())
