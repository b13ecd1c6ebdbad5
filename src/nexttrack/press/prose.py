"""The prose check: a number that a cell computes may not be typed in a Markdown cell.

A typed number stands still when the code or the data change. The rule, made to have few false
alarms:

- Read is the prose of Markdown cells: without code, maths, links' targets, citations, labels,
  HTML, numbers of headings, of lists and of references ("Chapter 3"), and without sentences that
  cite a source, whose numbers are the source's.
- Numbers are those of :mod:`nexttrack.press.numerals`, which leaves out years, dates, cut-offs
  (NDCG@10) and digits in words. Whole numbers below 10 are left out too.
- A number with two significant digits or more and a decimal point, a per cent sign, or three
  significant digits is a hit if a number in an output rounds to it: 0.31 for 0.312, 37 % for 37.1 %
  and for 0.371, 2.3 million for 2,312,034. The confidence level of an interval is not one.
- Any other number (20, 100, 5,000, 0.5) turns up by chance in any large table. It is a hit only if
  an output prints it in front of the same word: "20 listeners".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from nexttrack.press.execute import cell_name, read
from nexttrack.press.freshness import NOT_COMPARED
from nexttrack.press.numerals import Numeral, numerals, rounds_to

_SCALES = {"thousand": 3, "million": 6, "billion": 9}
_INTERVAL = re.compile(
    r"[\s-]*(?:bootstrap(?:ped)?\s+)?(?:confidence|credible|interval|level|CI\b)"
)
# What is not prose, in the order of removal. Each leaves a space, so that words stay apart.
_NOT_PROSE = [
    r"^(`{3,}|~{3,}).*?^\1`*~*\s*$",  # code blocks
    r"<!--.*?-->|</?[a-zA-Z][^>]*>",
    r"(`+)[^`].*?\1",
    r"\$\$.*?\$\$|\$(?=\S)(?:[^$\n]|\n(?!\n))*?(?<=\S)\$(?!\d)",
    r"^[ \t]*#+[ \t]*\d+(?:\.\d+)*\.?[ \t]",  # a heading's number
    r"^[ \t>]*\d+[.)][ \t]",  # a list item's number
    r"^:::.*$|\{[#.][^}]*\}",  # fences of divs, labels
    r"\[\^[^\]]+\]",  # footnote marks
    r"(?<=\])\([^)]*\)|<?https?://\S+|(?<!\w)doi:\S+",
    r"(?i:\b(?:chapters?|figures?|tables?|sections?|appendi(?:x|ces)|questions?|steps?|parts?|top"
    r"|python|version)[\s\u00a0-]+\d+(?:(?:\s*[,–-]\s*|\s+(?:and|to)\s+)\d+)*)",
]
_CITATION = re.compile(
    r"\[[^\]]*-?@[\w:-]+[^\]]*\]|(?<![\w@\\])@(?!fig-|tbl-|sec-|eq-|nte-)[\w:-]+"
)
_SENTENCE_END = re.compile(r"(?<=[.!?:])\s+(?=[^a-z\d])|\n\s*\n|\n(?=\s*[-*|>])")


@dataclass(frozen=True)
class Typed:
    """A number in context: itself, its sign for per cent, and the word after it."""

    number: Numeral
    percent: bool
    word: str


def typed_numbers(path: Path) -> list[str]:
    """Return a line for each number that the prose of a chapter types and a cell computes."""
    notebook = read(path)
    computed = [
        (index, number)
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and NOT_COMPARED not in cell.metadata.get("tags", ())
        for number in _in_context(_output_text(cell))
    ]
    lines = []
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "markdown":
            continue
        for typed in in_prose(cell.source):
            source = next((at for at, number in computed if computes(number, typed)), None)
            if source is not None:
                number = typed.number.text + (" %" if typed.percent else "")
                lines.append(
                    f"{path.stem}, {cell_name(notebook, index)}: types {number}, "
                    f"which {cell_name(notebook, source)} computes"
                )
    return lines


def in_prose(markdown: str) -> list[Typed]:
    """Return the numbers of a Markdown cell's prose that the check looks at."""
    for pattern in _NOT_PROSE:
        markdown = re.sub(pattern, " ", markdown, flags=re.MULTILINE | re.DOTALL)
    sentences = [text for text in _SENTENCE_END.split(markdown) if not _CITATION.search(text)]
    return [typed for text in sentences for typed in _in_context(text) if not _exempt(typed, text)]


def _exempt(typed: Typed, sentence: str) -> bool:
    number = typed.number
    small = number.unit >= 1 and abs(number.value) < 10 and not typed.percent
    after = sentence[number.end :].lstrip(" \u00a0\u202f%")
    return (small and typed.word not in _SCALES) or (
        typed.percent and _INTERVAL.match(after) is not None
    )


def _in_context(text: str) -> Iterator[Typed]:
    for number in numerals(text):
        after = re.match(
            r"[\s\u00a0\u202f]*(%|per cent\b|percent\b)?[\s\\]*([^\W\d_]*)", text[number.end :]
        )
        yield Typed(_scaled(number, after[2]), after[1] is not None, after[2].casefold())


def _scaled(number: Numeral, word: str) -> Numeral:
    """Return ``2.3`` in front of ``million`` as 2,300,000 with a unit of 100,000."""
    power = _SCALES.get(word, 0)
    return Numeral(
        number.text, number.start, number.end, number.value.scaleb(power), number.unit.scaleb(power)
    )


def computes(computed: Typed, typed: Typed) -> bool:
    """Tell whether an output's number gives the typed one, by the rule of this module."""
    if not _telling(typed):
        same = computed.number.value == typed.number.value and computed.percent == typed.percent
        return same and typed.word != "" and computed.word == typed.word
    if typed.percent and not computed.percent:
        fraction = computed.number
        return abs(fraction.value) <= 1 and rounds_to(_times_100(fraction), typed.number)
    return computed.percent == typed.percent and rounds_to(computed.number, typed.number)


def _times_100(number: Numeral) -> Numeral:
    return Numeral(
        number.text, number.start, number.end, number.value.scaleb(2), number.unit.scaleb(2)
    )


def _telling(typed: Typed) -> bool:
    """Tell whether a number is unlikely to be equal to a computed one by chance."""
    number = typed.number
    digits = str(int(abs(number.value / number.unit)))
    if number.unit >= 1:
        digits = digits.rstrip("0")  # in 5,000 the zeros may be rounding, in 5.00 they are not
    some_precision = number.unit < 1 or typed.percent or typed.word in _SCALES
    return len(digits) >= (2 if some_precision else 3)


def _output_text(cell: NotebookNode) -> str:
    """Return what a code cell prints and says, but not the text that stands in for an image."""
    texts = []
    for output in cell.outputs:
        if output.output_type == "stream":
            texts.append(output.text)
        elif "data" in output and not any(kind.startswith("image/") for kind in output.data):
            texts.append(output.data.get("text/markdown", output.data.get("text/plain", "")))
    return "\n".join(texts)
