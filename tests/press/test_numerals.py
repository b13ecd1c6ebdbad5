from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nexttrack.press.numerals import Tolerance, agree, numerals, rounds_to, same_text

printed = st.decimals(
    min_value=Decimal("-1e7"), max_value=Decimal("1e7"), allow_nan=False, places=3
).map(lambda value: f"{value:,}")
words = st.text(st.characters(codec="utf-8"), max_size=60)


def only(text):
    (number,) = numerals(text)
    return number


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("−1,234.50 and -3", ["-1234.50", "-3"]),
        ("0.12–0.15, 0.12-0.15", ["0.12", "0.15", "0.12", "0.15"]),
        ("5%-10% (−2 to +2)", ["5", "10", "-2", "2"]),
        ("12\u202f345\u202f678 plays", ["12345678"]),
        ("1e-5, 1.2E3, 1.2 × 10⁻⁵, $3.4\\times10^{6}$", ["1e-5", "1.2e3", "1.2e-5", "3.4e6"]),
        ("[1, 2] 1,2,3 5.", ["1", "2", "1", "2", "3", "5"]),
        ("| 1.0 | .5 |", ["1.0", "0.5"]),
    ],
)
def test_numbers_are_read_as_printed(text, values):
    assert [number.value for number in numerals(text)] == [Decimal(value) for value in values]


@pytest.mark.parametrize(
    "text",
    [
        "col2",
        "12s",
        "lastfm-2k",
        "NDCG@10",
        "NDCG\\@10",
        "version 1.5.2",
        "2019-05",
        "2019-05-31",
        "12:30:05",
        "1921-2020",
        "track 007",
        "10²",
        "fingerprint 0a1b2c3d",
        "x_1",
    ],
)
def test_digits_that_are_no_numbers_are_text(text):
    assert list(numerals(text)) == []


@pytest.mark.parametrize(
    ("text", "unit"),
    [("0.300", "0.001"), ("12", "1"), ("1,234.5", "0.1"), ("1.2e5", "1e4"), ("3e-5", "1e-5")],
)
def test_unit_is_one_of_the_last_printed_digit(text, unit):
    assert only(text).unit == Decimal(unit)


@given(printed)
def test_a_printed_number_is_read_back(text):
    number = only(text)
    assert number.value == Decimal(text.replace(",", ""))
    assert number.text == text


@given(words)
def test_places_are_those_of_the_text(text):
    for number in numerals(text):
        assert text[number.start : number.end] == number.text


@given(words)
def test_every_text_agrees_with_itself(text):
    assert same_text(text, text)


@given(st.integers(-(10**9), 10**9), st.integers(0, 6), st.data())
def test_tolerance_is_one_per_cent_or_one_unit(digits, places, data):
    assume(places or not 1900 <= abs(digits) <= 2099)  # a bare year is text
    stored = Decimal(digits).scaleb(-places)
    tolerance = max(abs(stored) / 100, Decimal(1).scaleb(-places))
    share = data.draw(st.decimals(0, 1, places=3), label="share of the tolerance")
    sign = data.draw(st.sampled_from([1, -1]))
    within, beyond = stored + sign * share * tolerance, stored + sign * (share + 1) * tolerance
    beyond += sign * Decimal("1e-9")
    as_stored = only(f"{stored:.{places}f}")
    assert agree(as_stored, only(f"{within:.15f}"))
    assert not agree(as_stored, only(f"{beyond:.15f}"))


@given(printed, printed)
def test_agreement_hardly_depends_on_the_order(one, other):
    # 1 % of one number and 1 % of the other differ by 1 % of that, no more.
    first, second = only(one), only(other)
    distance = abs(first.value - second.value)
    if distance <= max(min(abs(first.value), abs(second.value)) / 100, first.unit):
        assert agree(first, second)
        assert agree(second, first)


@pytest.mark.parametrize(
    ("stored", "new", "same"),
    [
        ("NDCG 0.300 for iALS", "NDCG 0.301 for iALS", True),
        ("NDCG 0.300 for iALS", "NDCG 0.304 for iALS", False),
        ("NDCG 0.300 for iALS", "NDCG 0.300 for EASE", False),
        ("1,000 of 2,000", "1,010 of 2,000", True),
        ("1,000 of 2,000", "1,011 of 2,000", False),
        ("since 2019", "since 2020", False),
        ("in 2019-05", "in 2019-06", False),
        ("col2 is 5", "col3 is 5", False),
        ("0.12–0.15", "0.12–0.16", True),
        ("0.12–0.15", "0.12–0.19", False),
        ("|   9.99 |  x |", "| 10.01 | x |", True),
        ("---\n 9.99", "-----\n 10.01", True),
        ("−0.02", "0.02", False),
        ("nan", "0.1", False),
        ("one 1", "one 1 2", False),
        ("a - b", "a -- b", False),
    ],
)
def test_texts(stored, new, same):
    assert same_text(stored, new) is same


@pytest.mark.parametrize(
    ("computed", "typed", "hit"),
    [
        ("0.312", "0.31", True),
        ("0.315", "0.31", True),
        ("0.316", "0.31", False),
        ("0.3", "0.31", False),
        ("89,741", "89,741", True),
        ("89,741.2", "89,741", True),
        ("−0.312", "0.31", False),
    ],
)
def test_rounding_keeps_to_the_precision_of_the_typed_number(computed, typed, hit):
    assert rounds_to(only(computed), only(typed)) is hit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5%", Tolerance(Decimal("0.05"))),
        ("0.02", Tolerance(absolute=Decimal("0.02"))),
        ("5% or 0.02", Tolerance(Decimal("0.05"), Decimal("0.02"))),
        ("12.5% in Audio kNN", Tolerance(Decimal("0.125"), where="Audio kNN")),
    ],
)
def test_a_tolerance_is_read_as_it_is_stated(text, expected):
    assert Tolerance.read(text) == expected


@pytest.mark.parametrize("text", ["", "%", "five", "-1%", "nan", "inf%", "5% and 1", "in iALS"])
def test_a_tolerance_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="state a tolerance as 5%"):
        Tolerance.read(text)


def test_a_wider_tolerance_lets_through_what_it_states_and_no_more():
    loose = Tolerance.read("10% or 0.05")
    assert same_text("has 100 of 0.10", "has 110 of 0.15", loose)
    assert not same_text("has 100 of 0.10", "has 111 of 0.15", loose)
    assert not same_text("has 100 of 0.10", "has 110 of 0.16", loose)
    assert not same_text("has 100 of 0.10", "had 100 of 0.10", loose)
