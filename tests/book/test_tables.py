"""Tables show values as they are, whatever is in them."""

import numpy as np
import pandas as pd
import pypandoc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexttrack.book import table
from nexttrack.book.tables import cell


def test_numbers_to_the_right_text_to_the_left_missing_as_a_dash():
    frame = pd.DataFrame({"song": ["A", "B"], "plays": [12345, 7], "share": [0.5, np.nan]})
    assert table(frame, {"share": ".1%"}).data == (
        "| song | plays | share |\n| :-- | --: | --: |\n| A | 12,345 | 50.0% |\n| B | 7 | – |"
    )


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=40))
def test_any_title_reads_as_itself(title):
    shown = pypandoc.convert_text(
        f"x {cell(title)} x", "plain", format="markdown-smart", extra_args=["--wrap=none"]
    )
    assert " ".join(shown.split()) == " ".join(f"x {title} x".split())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (-0.25, "\N{MINUS SIGN}0.25"),
        (True, "yes"),
        (None, "–"),
        (["rock", "pop"], "rock, pop"),
        (np.array(["a", "b"]), "a, b"),
        (1999.6, "2,000"),
    ],
)
def test_a_value_by_its_kind(value, text):
    assert cell(value) == text


def test_a_format_for_no_column_is_refused():
    with pytest.raises(KeyError, match="plays"):
        table(pd.DataFrame({"a": [1]}), {"plays": ".1f"})


def test_groups_become_rows_in_bold():
    frame = pd.DataFrame({"data": ["a", "a", "b"], "model": ["x", "y", "x"], "n": [1, 2, 3]})
    assert table(frame, groups="data").data.splitlines()[2:] == [
        "| **a** |  |",
        "| x | 1 |",
        "| y | 2 |",
        "| **b** |  |",
        "| x | 3 |",
    ]
