"""A claim holds on the book's data or fails; on a simulated world and other data it is marked."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from nexttrack.book import claims
from nexttrack.errors import NotThereError
from nexttrack.press.execute import ExecutionError, run

a, b = 2.0, 1.0


@pytest.fixture
def books_data(monkeypatch):
    """The data that the book was made from."""
    monkeypatch.setenv("NEXTTRACK_EDITION", "published")
    monkeypatch.setattr(claims, "unlike_the_book", list)


def test_a_claim_that_holds_is_shown_as_written(books_data, shown):
    claims.claim("A beats B.", lambda: a > b)
    assert shown == ["A beats B."]


def test_a_claim_that_no_longer_holds_fails_on_the_books_own_data(books_data, shown):
    with pytest.raises(
        AssertionError, match=r"support: A beats B\. \(condition 2: b > a, with b = 1, a = 2\)"
    ):
        claims.claim("A beats B.", lambda: a > b, lambda: b > a)
    assert not shown


def test_in_jupyter_a_failing_claim_warns_with_condition_value_and_bound_and_goes_on(
    books_data, monkeypatch, shown
):
    monkeypatch.setenv("JPY_SESSION_NAME", "/chapters/01-one.ipynb")
    claims.claim("A beats B.", lambda: a > b, lambda: b > 1.5)
    claims.claim("A is a number.", lambda: a == a)
    claims.claim("A beats B.", lambda: a > b)
    assert shown == [
        "A beats B. **[Warning: this no longer holds: `condition 2: b > 1.5, with b = 1`]**",
        "A is a number. **[Warning: condition 1 cannot fail, whatever the data are.]**",
        "A beats B.",
    ]


@pytest.mark.parametrize("edition", ["published", "sample"])
def test_a_claim_that_cannot_fail_fails(books_data, monkeypatch, shown, edition):
    monkeypatch.setenv("NEXTTRACK_EDITION", edition)
    with pytest.raises(AssertionError, match="condition 2 cannot fail, whatever the data are"):
        claims.claim("A is a number.", lambda: a > b, lambda: a == a)
    assert not shown


def test_a_claim_decided_elsewhere_is_refused(books_data, shown):
    for conditions in ((), (a > b,)):
        with pytest.raises(TypeError, match="as lambda: a > b: A beats B"):
            claims.claim("A beats B.", *conditions)


@pytest.mark.parametrize("holds", [True, False])
def test_on_the_sample_the_sentence_is_marked(monkeypatch, shown, holds):
    monkeypatch.setenv("NEXTTRACK_EDITION", "sample")
    claims.claim("A beats B.", (lambda: a > b) if holds else (lambda: b > a))
    verdict = "holds" if holds else "does not hold"
    assert shown == [f"A beats B. *[In this simulated world the statement {verdict}.]*"]


def test_on_other_data_a_claim_that_does_not_hold_is_marked_and_one_that_holds_is_not(
    monkeypatch, shown
):
    monkeypatch.setenv("NEXTTRACK_EDITION", "published")
    monkeypatch.setattr(claims, "unlike_the_book", lambda: ["playlists"])
    claims.claim("A beats B.", lambda: a < b)
    claims.claim("B beats C.", lambda: a > b)
    claims.claim("Here it cannot fail.", lambda: a == a)
    marked = "*[In these data, which are not the book's, the statement does not hold.]*"
    assert shown == [f"A beats B. {marked}", "B beats C.", "Here it cannot fail."]


def test_on_other_data_a_sentence_with_a_number_of_nothing_is_not_said(monkeypatch, shown):
    monkeypatch.setenv("NEXTTRACK_EDITION", "published")
    monkeypatch.setattr(claims, "unlike_the_book", lambda: ["playlists"])
    nothing = float("nan")
    for say in (claims.say, lambda text: claims.answer((text, lambda: a > b))):
        with pytest.raises(NotThereError, match="nothing to compute a number"):
            say(f"{nothing:.0%} of the listeners, {nothing:+.2f}")
    claims.say("Nan and Fernando: banana, nanny.")
    assert shown == ["Nan and Fernando: banana, nanny."]
    monkeypatch.setattr(claims, "unlike_the_book", list)
    claims.say(f"{nothing:.2f}")
    assert shown[1:] == ["nan"]


def test_negative_numbers_get_a_minus_sign_and_names_keep_their_hyphen(shown):
    claims.say(f"lastfm-2k: {-0.71:.2f} ({-15:d} to {3:+d}), 2019-05-01")
    assert shown == ["lastfm-2k: −0.71 (−15 to +3), 2019-05-01"]


def chapter(last):
    """A chapter whose answer stands at its top and is given in its last cell."""
    sources = ["import nexttrack.book as book\nbook.place_answer()", "a, b = -2.5, 1", last]
    return new_notebook(cells=[new_code_cell(source) for source in sources])


def test_an_answer_is_stored_at_the_top_and_held_to_what_is_computed_below(tmp_path):
    last = "book.answer((f'A is {a}.', lambda: a < 0), ('B beats A.', lambda: b > a))"
    stored = run(chapter(last), "one", folder=tmp_path, edition="sample")
    (shown,) = stored.cells[0].outputs
    marked = " *[In this simulated world the statement holds.]*"
    assert shown.output_type == "display_data"
    assert shown.data["text/markdown"] == f"**Answer.** A is −2.5.{marked} B beats A.{marked}"
    assert stored.cells[2].outputs == []
    nbformat.validate(stored)


def test_an_answer_that_cannot_fail_names_chapter_and_cell(tmp_path):
    last = "book.answer(('A is a number.', lambda: a == a))"
    with pytest.raises(ExecutionError, match=r"one, cell 3: AssertionError: condition 1 cannot"):
        run(chapter(last), "one", folder=tmp_path, edition="sample")


def test_a_chapter_executed_from_a_notebook_fails_as_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "/chapters/01-one.ipynb")
    last = "book.answer(('A is a number.', lambda: a == a))"
    with pytest.raises(ExecutionError, match="condition 1 cannot fail"):
        run(chapter(last), "one", folder=tmp_path, edition="sample")
