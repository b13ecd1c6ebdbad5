"""Sentences with computed numbers, and claims that fail when the data stop supporting them."""

import re

from IPython.display import Markdown, display, update_display

from nexttrack import project
from nexttrack.book.changes import Condition, can_fail
from nexttrack.book.reasons import reason
from nexttrack.book.tables import MINUS, escape
from nexttrack.data.editions import unlike_the_book
from nexttrack.errors import NotThereError
from nexttrack.session import experimenting

# A hyphen before a digit that follows no word: the sign of a negative number, not of lastfm-2k.
_SIGN = re.compile(r"(?<![\w-])-(?=\d)")
_NAN = re.compile(r"(?<![^\W\d_])nan(?![^\W\d_])")  # as a number that is none is printed
_ANSWER = "**Answer.** "
_PLACE = "answer"  # the name of the output at the top of a chapter


def say(text: str) -> None:
    """Show a sentence whose numbers were computed (an f-string), as Markdown.

    Negative numbers get a minus sign, as in tables.

    Raises:
        NotThereError: on other data than the book's, if one of the numbers is none.
    """
    _no_number_missing(text)
    display(_sentence(text))


def claim(text: str, *conditions: Condition) -> None:
    """Show a finding and hold it to the data.

    On the data that the book was made from the finding must hold. The sample edition is a simulated
    world, about which the book claims nothing: there the sentence is marked, with what the
    simulation says. On other data it is marked where it does not hold.

    Where somebody runs the chapter in Jupyter and changes it, nothing stops: the sentence is
    marked, with the condition that is false, its values and its bound. Executed by ``nexttrack
    book`` it fails, in the same words.

    A finding must be able to fail: for each condition that holds, what it compares is changed
    (:func:`nexttrack.book.changes.can_fail`), and one of the changes must make it false.

    Args:
        text: the finding in words, Markdown, with computed numbers (an f-string).
        *conditions: functions without arguments, ``lambda: a > b``, one for each thing that the
            text says. They compare variables that were computed before.

    Raises:
        AssertionError: where nobody looks on; on the book's own data, if a condition does not
            hold; there and on the sample edition, if one cannot fail.
        TypeError: if there is no condition, or one is no function.
    """
    say(_held(text, conditions))


def place_answer() -> None:
    """Show, at the top of a chapter, the answer that :func:`answer` gives at its end."""
    display(Markdown(f"{_ANSWER}*It is shown here when the chapter has run.*"), display_id=_PLACE)


def answer(*findings: tuple[str, *tuple[Condition, ...]]) -> None:
    """Show the answer of a chapter where :func:`place_answer` stands, and hold it to the data.

    Args:
        *findings: for each sentence its text and its conditions, as of :func:`claim`.

    Raises:
        AssertionError, TypeError: as :func:`claim`.
    """
    sentences = [_held(text, conditions) for text, *conditions in findings]
    for sentence in sentences:
        _no_number_missing(sentence)
    update_display(_sentence(_ANSWER + " ".join(sentences)), display_id=_PLACE)


def leave_answer_out(why: str) -> None:
    """Show, where :func:`place_answer` stands, why there is no answer."""
    update_display(Markdown(f"{_ANSWER}*[{escape(why)}]*"), display_id=_PLACE)


def _no_number_missing(text: str) -> None:
    if _NAN.search(text) and project.edition() == "published" and unlike_the_book():
        raise NotThereError("there is nothing to compute a number of the sentence from")


def _sentence(text: str) -> Markdown:
    return Markdown(_SIGN.sub(MINUS, text))


def _held(text: str, conditions: tuple[Condition, ...] | list[Condition]) -> str:
    """Return a finding, marked where it is not about the book's data."""
    if not conditions or not all(callable(condition) for condition in conditions):
        raise TypeError(f"give what this rests on as functions, as lambda: a > b: {text}")
    failing = [number for number, holds in enumerate(conditions, 1) if not holds()]
    vain = [
        number
        for number, condition in enumerate(conditions, 1)
        if number not in failing and not can_fail(condition)
    ]
    sample = project.edition() == "sample"
    watched = experimenting()
    if vain and (sample or not unlike_the_book()):
        fault = f"condition {vain[0]} cannot fail, whatever the data are"
        if not watched:
            raise AssertionError(f"{fault}, of: {text}")
        text = f"{text} **[Warning: {fault}.]**"
    why = f"condition {failing[0]}: {reason(conditions[failing[0] - 1])}" if failing else ""
    because = f": `{why}`" if watched and failing else ""
    if sample:
        verdict = "does not hold" if failing else "holds"
        return f"{text} *[In this simulated world the statement {verdict}{because}.]*"
    if not failing:
        return text
    if unlike_the_book():
        whose = "In these data, which are not the book's, the statement does not hold"
        return f"{text} *[{whose}{because}.]*"
    if watched:
        return f"{text} **[Warning: this no longer holds: `{why}`]**"
    raise AssertionError(f"the data no longer support: {text} ({why})")
