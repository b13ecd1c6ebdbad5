"""A condition in words: its code, the part that is false, and the values that it compares."""

import numpy as np
import pandas as pd
import pytest

from nexttrack.book.reasons import reason

low, high, names = -0.003, 12_345.678, ["one", "two"]
frame = pd.DataFrame({"low": [0.25, np.nan]}, index=["a", "b"])


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (lambda: low > 0, "low > 0, with low = -0.003"),
        (lambda: 0 < low < high, "0 < low < high, with low = -0.003, high = 12345.7"),
        (lambda: high > 0 and low > 0, "low > 0, with low = -0.003"),
        (lambda: low > 0 or low > high, "low > 0 or low > high, with low = -0.003, high = 12345.7"),
        (lambda: not high > 0, "not high > 0, with high = 12345.7"),
        (lambda: len(names) == 3, "len(names) == 3, with len(names) = 2"),
        (
            lambda: all(n == "ü" for n in names),
            "all(n == \"ü\" for n in names), with names = ['one', 'two']",
        ),
        (
            lambda: frame.loc["a", "low"].max()
            > 0.5,
            'frame.loc["a", "low"].max() > 0.5, with frame.loc["a", "low"].max() = 0.25',
        ),
        (
            lambda: frame.isna().all(axis=None),
            "frame.isna().all(axis=None), with frame = low a 0.25 b NaN",
        ),
    ],
)  # fmt: skip
def test_it_says_what_is_false_and_of_what_values(condition, said):
    assert reason(condition) == said


def test_each_of_several_on_one_line_is_itself():
    first, second = (lambda: low > 0), (lambda: high < 0)
    assert (reason(first), reason(second)) == (
        "low > 0, with low = -0.003",
        "high < 0, with high = 12345.7",
    )


def test_a_variable_of_a_function_around_it_has_its_value():
    bound = 3
    assert reason(lambda: low > bound) == "low > bound, with low = -0.003, bound = 3"


def test_without_a_source_the_name_is_said_alone():
    def is_low():
        return low > 0

    assert reason(is_low) == "is_low"
    assert reason(eval("lambda: low > 0", globals())) == "<lambda>"
