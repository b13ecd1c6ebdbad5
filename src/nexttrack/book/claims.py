"""Sentences with computed numbers, and claims that fail when the data stop supporting them."""

import re

from IPython.display import Markdown, display

from nexttrack import project
from nexttrack.book.tables import MINUS
from nexttrack.data.editions import unlike_the_book

# A hyphen before a digit that follows no word: the sign of a negative number, not of lastfm-2k.
_SIGN = re.compile(r"(?<![\w-])-(?=\d)")


def say(text: str) -> None:
    """Show a sentence whose numbers were computed (an f-string), as Markdown.

    Negative numbers get a minus sign, as in tables.
    """
    display(Markdown(_SIGN.sub(MINUS, text)))


def claim(text: str, holds: bool) -> None:
    """Show a finding and hold it to the data.

    On the data that the book was made from the finding must hold. The sample edition is a simulated
    world, about which the book claims nothing: there the sentence is marked, with what the
    simulation says. On other data it is marked where it does not hold.

    Args:
        text: the finding in words, Markdown, with computed numbers (an f-string).
        holds: whether the data support it.

    Raises:
        AssertionError: on the book's own data, if it does not hold.
    """
    if project.edition() == "sample":
        verdict = "holds" if holds else "does not hold"
        say(f"{text} *[In this simulated world the statement {verdict}.]*")
    elif holds:
        say(text)
    elif unlike_the_book():
        say(f"{text} *[In these data, which are not the book's, the statement does not hold.]*")
    else:
        raise AssertionError(f"the data no longer support: {text}")
