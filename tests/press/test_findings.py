"""Answers and claims that nothing holds to the data are named, with chapter and cell."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from nexttrack.press.execute import write
from nexttrack.press.findings import unbound

PLACE, GIVEN = (
    "book.place_answer()",
    "book.answer(('A wins.', lambda: a > b), ('Far.', lambda: a > 2))",
)


def found(tmp_path, prose, *sources):
    cells = [new_markdown_cell(prose), *map(new_code_cell, sources)]
    write(new_notebook(cells=cells), tmp_path / "one.ipynb")
    return unbound(tmp_path / "one.ipynb")


def test_an_answer_given_by_code_and_a_claim_with_its_conditions_pass(tmp_path):
    claim = "%matplotlib inline\nbook.claim('A wins.', lambda: a > b, lambda: a > 0)"
    assert found(tmp_path, "**Question.** Who wins?", PLACE, claim, GIVEN) == []
    assert found(tmp_path, "No question.") == []


def test_a_typed_answer_is_named(tmp_path):
    typed = "**Question.** Who wins?\n\n**Answer.** A wins."
    assert found(tmp_path, typed, PLACE, GIVEN) == [
        "one, cell 1: types its answer; give it by book.answer"
    ]


@pytest.mark.parametrize(
    ("sources", "lines"),
    [
        ([GIVEN], ["one: calls book.place_answer 0 times, not once"]),
        ([PLACE, GIVEN, GIVEN], ["one: calls book.answer 2 times, not once"]),
    ],
)
def test_a_question_has_one_answer(tmp_path, sources, lines):
    assert found(tmp_path, "**Question.** Who wins?", *sources) == lines


@pytest.mark.parametrize(
    "call",
    ["claim('A wins.', a > b)", "claim('A wins.')", "answer('A wins.')", "answer(('A.', a))"],
)
def test_a_finding_without_a_function_is_named(tmp_path, call):
    (line,) = found(tmp_path, "", f"book.{call}")
    assert line == f"one, cell 2: a finding of book.{call.split('(')[0]} rests on no lambda"
