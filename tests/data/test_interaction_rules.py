"""Rules on interactions of one's own: what each leaves, and that the ledger counts it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nexttrack.data.dataset import Dataset
from nexttrack.errors import UserError

TWICE = pd.DataFrame(
    {
        "u": ["a", "a", "a", "b"],
        "i": [1, 1, 2, 1],
        "t": ["2020-01-03", "2020-01-01", "2020-01-02", "2020-01-01"],
        "v": [2.0, 7.0, 1.0, 1.0],
    }
)


def made(frame, **more):
    return Dataset.from_frame(frame, user="u", item="i", **more)


@pytest.mark.parametrize(
    ("rule", "value", "day"),
    [
        ("sum", 9, "2020-01-01"),
        ("max", 7, "2020-01-01"),
        ("mean", 4.5, "2020-01-01"),
        ("first", 7, "2020-01-01"),
        ("last", 2, "2020-01-03"),
    ],
)
def test_a_pair_that_comes_twice_has_the_value_and_day_that_its_rule_says(rule, value, day):
    found = made(TWICE, time="t", value="v", duplicates=rule)
    assert found.user_items.toarray().tolist() == [[value, 1], [1, 0]]
    assert found.dates.astype(str).tolist() == [day, "2020-01-02", "2020-01-01"]
    assert found.ledger["interactions"].tolist() == [4, 3]


def test_without_times_the_first_is_that_of_the_first_row(tmp_path):
    TWICE.to_csv(tmp_path / "a.csv", index=False)
    for rule, value in (("first", 2), ("last", 7)):
        assert made(TWICE, value="v", duplicates=rule).user_items[0, 0] == value
        args = {"user": "u", "item": "i", "value": "v", "duplicates": rule}
        assert Dataset.from_csv(tmp_path / "a.csv", **args).user_items[0, 0] == value


def test_repeated_pairs_may_be_refused():
    with pytest.raises(UserError, match=r"1 rows repeat a pair .* \(sum, max, mean, first, last\)"):
        made(TWICE, duplicates="error")
    assert made(TWICE.iloc[1:], duplicates="error").user_items.nnz == 3


def test_what_is_missing_is_left_out_and_counted_or_refused():
    frame = pd.DataFrame(
        {
            "u": [1, None, 2, 2, 3, 3],
            "i": ["x", "x", "", "y", "y", "x"],
            "t": ["2020-01-01"] * 4 + [None, "2020-01-01"],
            "v": [1, 1, 1, np.nan, 1, 2],
        }
    )
    found = made(frame, time="t", value="v")
    assert found.ledger["step"].tolist() == [
        "read", "missing user", "missing item", "missing time", "missing value", "duplicates"
    ]  # fmt: skip
    assert found.ledger["interactions"].tolist() == [6, 5, 4, 3, 2, 2]
    assert found.ledger["interactions before"].tolist() == [6, 6, 5, 4, 3, 2]
    assert found.ledger["users"].tolist() == [3, 3, 3, 3, 2, 2]
    assert found.user_ids.tolist() == [1, 3]
    with pytest.raises(UserError, match="column 'u': the user of 1 rows is missing"):
        made(frame, missing="error")


@pytest.mark.parametrize("bad", [0, -1, np.inf, 1e39, 1e-60])
def test_a_value_that_is_no_weight_is_refused_or_left_out(bad):
    frame = TWICE.assign(v=[1, 1, 1, bad])
    with pytest.raises(UserError, match="column 'v': 1 values are not positive and finite"):
        made(frame, value="v")
    found = made(frame, value="v", bad_values="drop")
    assert found.user_ids.tolist() == ["a"]
    assert found.ledger.loc[1, ["step", "interactions"]].tolist() == ["bad values", 3]


def test_a_sum_that_float32_cannot_hold_is_refused():
    with pytest.raises(UserError, match="the sum of 1 pairs exceeds float32"):
        made(TWICE.assign(v=3e38), value="v")


def test_a_user_keeps_the_latest_items_or_a_draw_that_hangs_on_the_seed_alone():
    frame = pd.DataFrame({"u": 1, "i": range(100), "t": pd.date_range("2020-01-01", periods=100)})
    latest = made(frame, time="t", max_items=3)
    assert latest.item_ids.tolist() == [97, 98, 99]
    drawn = [made(frame, max_items=30, seed=seed).item_ids.tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 30
    assert drawn[0][:5] == [7, 8, 12, 20, 21]  # on every machine and with every version


@settings(max_examples=20, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=40),
    min_items=st.integers(1, 4),
    min_users=st.integers(1, 4),
)
def test_the_core_is_the_largest_part_where_all_have_enough(pairs, min_items, min_users):
    core = set(pairs)
    while True:
        users, items = ([pair[side] for pair in core] for side in (0, 1))
        enough = {
            (u, i) for u, i in core if users.count(u) >= min_items and items.count(i) >= min_users
        }
        if enough == core:
            break
        core = enough
    frame = pd.DataFrame(pairs, columns=["u", "i"])
    counts = {"min_items": min_items, "min_users": min_users}
    if not core:
        with pytest.raises(UserError, match="none is left"):
            made(frame, **counts)
        return
    found = made(frame, **counts)
    user, item = found.user_items.nonzero()
    assert set(zip(found.user_ids[user], found.item_ids[item], strict=True)) == core
    last = found.ledger.iloc[-1]
    assert (last["users"], last["items"]) == found.user_items.shape
    again = made(pd.DataFrame({"u": found.user_ids[user], "i": found.item_ids[item]}), **counts)
    assert (again.user_items != found.binary()).nnz == 0
