"""Interactions of one's own through three doors: the same ids, values and days, and counted."""

import datetime
import decimal
import uuid
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nexttrack.data import own_interactions
from nexttrack.data.dataset import Dataset
from nexttrack.errors import UserError
from nexttrack.evaluation import METRICS, evaluate, weak_generalization
from nexttrack.models import ItemKNN

WHOLE = st.integers(-(2**60), 2**60)
# No surrogates, which no file can hold, and no NUL, which ends a cell of text.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6)
DAYS = st.dates(datetime.date(1950, 1, 1), datetime.date(2100, 1, 1))


@st.composite
def frames(draw):
    """Rows of users, items, days and values, with ids of one type each."""
    users = draw(st.lists(draw(st.sampled_from([WHOLE, TEXT])), min_size=1, max_size=5))
    items = draw(st.lists(draw(st.sampled_from([WHOLE, TEXT])), min_size=1, max_size=5))
    row = st.tuples(
        st.sampled_from(users), st.sampled_from(items), DAYS, st.integers(1, 9).map(float)
    )
    rows = draw(st.lists(row, min_size=1, max_size=20))
    return pd.DataFrame(rows, columns=["who", "what", "when", "plays"])


ALL = {"user": "who", "item": "what", "time": "when", "value": "plays"}


def triples(found):
    """What a data set says of each pair."""
    user, item = found.user_items.nonzero()
    days = found.dates.tolist() if found.dates is not None else [None] * len(user)
    ids = found.user_ids[user].tolist(), found.item_ids[item].tolist()
    return list(zip(*ids, found.user_items.data.tolist(), days, strict=True))


def same(one, other):
    assert one.user_ids.tolist() == other.user_ids.tolist()
    assert one.item_ids.tolist() == other.item_ids.tolist()
    assert triples(one) == triples(other)
    pd.testing.assert_frame_equal(one.ledger, other.ledger)
    pd.testing.assert_frame_equal(one.tracks, other.tracks)


@settings(max_examples=10, deadline=None)
@given(frame=frames(), rules=st.sampled_from([{}, {"duplicates": "last"}, {"max_items": 2}]))
def test_the_three_doors_give_the_same_and_lose_nothing(tmp_path_factory, frame, rules):
    folder = tmp_path_factory.mktemp("own")
    frame.to_parquet(folder / "plays.parquet")
    frame.to_csv(folder / "plays.csv", index=False)
    found = Dataset.from_frame(frame, **ALL, **rules)
    same(found, Dataset.from_parquet(folder / "plays.parquet", **ALL, **rules))
    same(found, Dataset.from_frame(pa.Table.from_pandas(frame), **ALL, **rules))
    text = Dataset.from_csv(folder / "plays.csv", **ALL, **rules)
    # A CSV does not say whether "1" is a number: texts of digits come back as numbers, and are
    # sorted so.
    kinds = [
        text.user_ids.dtype == found.user_ids.dtype,
        text.item_ids.dtype == found.item_ids.dtype,
    ]
    if all(kinds):
        same(found, text)
    assert found.user_items.has_canonical_format


@settings(max_examples=10, deadline=None)
@given(frame=frames())
def test_a_data_set_is_its_rows_added_up(frame):
    found = Dataset.from_frame(frame, **ALL)
    summed = frame.groupby(["who", "what"]).agg(plays=("plays", "sum"), when=("when", "min"))
    expected = [(*pair, plays, when) for pair, plays, when in summed.itertuples()]
    assert sorted(triples(found)) == sorted(expected)
    assert found.user_ids.tolist() == sorted(set(frame["who"]))
    assert found.item_ids.tolist() == sorted(set(frame["what"]))
    counted = Dataset.from_frame(frame, user="who", item="what")
    assert counted.user_items.sum() == len(frame)
    assert counted.dates is None


@settings(max_examples=10, deadline=None)
@given(
    frame=frames(),
    rules=st.sampled_from(
        [
            {"duplicates": "first"},
            {"duplicates": "mean", "max_items": 1},
            {"max_items": 2, "seed": 7},
        ]
    ),
    timed=st.booleans(),
    random=st.randoms(use_true_random=False),
)
def test_the_order_of_the_rows_changes_nothing(frame, rules, timed, random):
    columns = ALL if timed else {k: v for k, v in ALL.items() if k != "time"}
    if not timed:
        rules = {k: v for k, v in rules.items() if k != "duplicates"}
    rows = list(range(len(frame)))
    random.shuffle(rows)
    shuffled = frame.iloc[rows]
    same(
        Dataset.from_frame(frame, **columns, **rules),
        Dataset.from_frame(shuffled, **columns, **rules),
    )


@pytest.mark.parametrize(
    "ids",
    [
        np.array([3, 1, 2], dtype=np.int16),
        np.array([3, 1, 2], dtype=np.uint64) + np.uint64(2**63),
        np.array([0.5, -1, 2]),
        np.array(["b", "a", "ä"]),
        np.array([True, False]),
        np.array(["2020-01-02", "1999-01-01"], dtype="datetime64[us]"),
        [uuid.UUID(int=2**127 + 1), uuid.UUID(int=5)],
        [b"b\x00", b"\xff", b"a"],
        [datetime.date(2020, 1, 2), datetime.date(1999, 1, 1)],
    ],
    ids=["int16", "uint64", "float", "str", "bool", "datetime", "UUID", "bytes", "date"],
)
def test_ids_come_back_as_they_were_and_sorted(ids, tmp_path):
    frame = pd.DataFrame({"u": pd.Series(ids), "i": range(len(ids))})
    found = Dataset.from_frame(frame, user="u", item="i")
    expected = frame["u"].sort_values()
    assert found.user_ids.tolist() == expected.to_numpy().tolist()
    assert found.user_ids.dtype == expected.to_numpy().dtype
    assert found.user_items.nonzero()[1].tolist() == expected.index.tolist()
    if not isinstance(ids[0], uuid.UUID):
        frame.to_parquet(tmp_path / "ids.parquet")
        again = Dataset.from_parquet(tmp_path / "ids.parquet", user="u", item="i")
        assert again.user_ids.tolist() == found.user_ids.tolist()
        assert again.user_ids.dtype == found.user_ids.dtype
        assert (again.user_items != found.user_items).nnz == 0


def test_ids_that_do_not_compare_come_in_the_order_of_their_rows():
    frame = pd.DataFrame({"u": [2, "1", None, 1, "", (1, 2), 2], "i": [5] * 7})
    found = Dataset.from_frame(frame, user="u", item="i")
    assert found.user_ids.tolist() == [2, "1", 1, (1, 2)]
    assert found.user_items.toarray().ravel().tolist() == [2, 1, 1, 1]


def test_categories_masked_numbers_and_arrows_texts_are_ids_like_others():
    frame = pd.DataFrame({"u": pd.Categorical(["b", "a", "b"], ["b", "a", "c"])})
    frame["i"] = pd.array([7, None, 5], dtype="Int64")
    frame["a"] = pd.array(["x", "y", "x"], dtype=pd.ArrowDtype(pa.string()))
    found = Dataset.from_frame(frame, user="u", item="i")
    assert (found.user_ids.tolist(), found.item_ids.tolist()) == (["b"], [5, 7])
    assert found.item_ids.dtype == np.int64
    assert Dataset.from_frame(frame, user="a", item="u").item_ids.tolist() == ["a", "b"]


def test_ids_of_a_csv_are_numbers_only_if_all_are_written_so(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("u,i\n007,1\n7,10\n10,9\n")
    found = Dataset.from_csv(path, user="u", item="i")
    assert found.user_ids.tolist() == ["007", "10", "7"]
    assert found.item_ids.tolist() == [1, 9, 10]
    assert found.item_ids.dtype == np.int64


@pytest.mark.parametrize(
    ("moments", "unit"),
    [
        (["2020-02-29", "2020-03-01T01:30:00+02:00", "2020-02-29 23:59:59Z"], None),
        (pd.to_datetime(["2020-02-29 05:00", "2020-02-29 00:00", "2020-02-29 12:00"]), None),
        (pd.to_datetime(["2020-03-01 00:30"] * 3).tz_localize("Europe/Berlin"), None),
        ([datetime.date(2020, 2, 29)] * 3, None),
        (pd.PeriodIndex(["2020-02-29"] * 3, freq="D"), None),
        ([1582934400, 1582934401, 1583020799.5], "s"),
        ([1582934400000, 1583020799999, 1582934400001], "ms"),
        ([1582934400 * 10**9] * 3, "ns"),
        (["1582934400"] * 3, "s"),
    ],
)
def test_times_become_days_in_utc(moments, unit, tmp_path):
    frame = pd.DataFrame({"u": [1, 2, 3], "i": 1, "t": moments})
    doors = [Dataset.from_frame(frame, user="u", item="i", time="t", time_unit=unit)]
    if not isinstance(moments, pd.PeriodIndex):  # of which only pandas knows
        frame.to_parquet(tmp_path / "a.parquet")
    frame.to_csv(tmp_path / "a.csv", index=False)
    for door in ("parquet", "csv") if (tmp_path / "a.parquet").exists() else ("csv",):
        make = getattr(Dataset, f"from_{door}")
        doors.append(make(tmp_path / f"a.{door}", user="u", item="i", time="t", time_unit=unit))
    for found in doors:
        assert found.dates.dtype == "datetime64[D]"
        assert found.dates.astype(str).tolist() == ["2020-02-29"] * 3
        assert set(found.days().data) == {18321}


def test_positions_are_kept_and_order_a_list():
    frame = pd.DataFrame({"u": [1, 1, 1, 2], "i": [5, 4, 6, 4], "p": [1, 0, 2, 0]})
    found = Dataset.from_frame(frame, user="u", item="i", position="p")
    assert found.positions.tolist() == [0, 1, 2, 0]
    assert found.positions.dtype == np.int32
    assert found.order().toarray().tolist() == [[1, 2, 3], [1, 0, 0]]
    last = Dataset.from_frame(frame, user="u", item="i", position="p", max_items=1)
    assert last.item_ids.tolist() == [4, 6]


def test_all_that_a_dataset_does_it_does_on_ones_own_and_so_does_evaluation():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"u": rng.integers(0, 40, 900), "i": rng.integers(0, 60, 900)})
    frame["t"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 99, 900), unit="D")
    data = Dataset.from_frame(frame, user="u", item="i", time="t", min_items=5, name="mine")
    assert data.name == "mine"
    part = data.first_users(3)
    assert part.days().shape == (3, 60)
    assert (part.order() != data.order()[:3]).nnz == 0
    split = weak_generalization(data.binary(), seed=1)
    model = ItemKNN(K=10)
    model.fit(split.test_in)
    means = evaluate(model, split.test_in, split.test_out, METRICS, N=20).mean()
    assert means.between(0, 1).all()
    assert means.iloc[0] > 0


def test_many_batches_give_the_matrix_of_one(monkeypatch):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"who": rng.integers(0, 50, 3000), "what": rng.integers(0, 99, 3000)})
    frame["when"], frame["plays"] = datetime.date(2020, 1, 1), 1
    whole = Dataset.from_frame(frame, **ALL)
    monkeypatch.setattr(own_interactions, "_BATCH", 7)
    same(whole, Dataset.from_frame(frame, **ALL))


def test_a_matrix_of_more_values_than_int32_counts_has_wider_indices():
    assert own_interactions.index_type(2**31 - 1) is np.int32
    assert own_interactions.index_type(2**31) is np.int64


def test_a_small_limit_of_memory_changes_nothing(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"who": rng.integers(0, 10**4, 10**5), "what": rng.integers(0, 999, 10**5)}
    )
    frame["when"], frame["plays"] = "2020-01-01", 1
    frame.to_csv(tmp_path / "a.csv", index=False)
    make = partial(Dataset.from_csv, tmp_path / "a.csv", **ALL)
    same(make(), make(memory_limit="100MB", spill=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"user": "whom"},
            r"the frame: no column 'whom'; nearest: who, when; it has who, what, when",
        ),
        ({"item": "who"}, "column 'who' is named for two things"),
        (
            {"item": "when", "time": None, "value": "what"},
            "column 'what': 2 cells are no number, such as 'a'",
        ),
        (
            {"item": "when", "value": None, "time": "what"},
            "column 'what': 2 cells are no time, such as 'a'",
        ),
        ({"value": None, "time": "plays"}, "numbers need their unit since 1970: time_unit='s'"),
        ({"value": None, "time": "plays", "time_unit": "h"}, "time_unit must be one of s, ms, us"),
        ({"value": "when", "time": None}, "must hold numbers, not DATE"),
        ({"value": None, "position": "plays"}, "cells are no place from 0 on, such as '1.5'"),
        ({"min_item": 3}, "no argument is called min_item; did you mean min_items"),
        ({"min_users": 0}, "min_users must be a whole number from 1 on, not 0"),
        ({"max_items": 2.5}, "max_items must be a whole number from 1 on, not 2.5"),
        ({"duplicates": "add"}, "duplicates must be one of sum, max, mean, first, last, error"),
        ({"memory_limit": "much"}, "memory_limit must be such as '2GB', not 'much'"),
        ({"spill": "/no/folder"}, "spill: /no/folder is no folder"),
        ({"user": None}, "say which columns are user= and item="),
        ({"separator": 3}, "separator must be a text such as ';', not 3"),
        ({"min_items": 9}, "no interactions: none is left of 2"),
    ],
)
def test_what_cannot_be_is_one_line(change, message):
    day = datetime.date(2020, 1, 1)
    frame = pd.DataFrame({"who": [1, 2], "what": ["a", "b"], "when": day, "plays": [1.5, 2]})
    with pytest.raises(UserError, match=message):
        Dataset.from_frame(frame, **(ALL | change))


def test_a_wrong_unit_of_time_is_found():
    frame = pd.DataFrame({"u": [1], "i": [1], "t": [1582934400000]})
    with pytest.raises(UserError, match=r"the years are 5\d+ to 5\d+; is time_unit='s' right"):
        Dataset.from_frame(frame, user="u", item="i", time="t", time_unit="s")


@pytest.mark.parametrize("frame", [None, 3, "plays.csv", np.ones((2, 2))])
def test_what_is_no_frame_is_one_line(frame):
    with pytest.raises(UserError, match="must be a frame of pandas, polars or Arrow, not"):
        Dataset.from_frame(frame, user="u", item="i")


@pytest.mark.parametrize(
    "values",
    [
        np.array([1, 2], dtype=np.int8),
        np.array([1, 2], dtype=np.uint16),
        [decimal.Decimal("1.0"), decimal.Decimal(2)],
        ["1", "2.0"],
        pd.Categorical([1, 2]),
        pd.array([1, 2], dtype="Int32"),
    ],
)
def test_values_are_numbers_of_any_type(values):
    frame = pd.DataFrame({"u": [1, 2], "i": 1, "v": values})
    found = Dataset.from_frame(frame, user="u", item="i", value="v")
    assert found.user_items.toarray().tolist() == [[1], [2]]
    assert found.user_items.dtype == np.float32


def test_half_a_pair_of_surrogates_is_one_line():
    frame = pd.DataFrame({"u": [1], "i": pd.Series(["\ud800"], dtype=object)})
    with pytest.raises(UserError, match="is no Unicode text; mend it"):
        Dataset.from_frame(frame, user="u", item="i")


def test_odd_frames_are_one_line():
    twice = pd.DataFrame([[1, 2, 3]], columns=["u", "u", "i"])
    with pytest.raises(UserError, match="has column 'u' twice"):
        Dataset.from_frame(twice, user="u", item="i")
    spans = pd.DataFrame({"u": [1], "i": [1], "v": pd.to_timedelta([1])})
    with pytest.raises(UserError, match="column 'v': it must hold numbers, not INTERVAL"):
        Dataset.from_frame(spans, user="u", item="i", value="v")
    lists = pd.DataFrame({"u": [[1], [2]], "i": [1, 2]})
    for frame in (lists, pa.Table.from_pandas(lists)):
        with pytest.raises(UserError, match=r"column 'u': an id is one value.* not"):
            Dataset.from_frame(frame, user="u", item="i")
    with pytest.raises(UserError, match="the frame: no interactions: it has no rows"):
        Dataset.from_frame(lists.head(0), user="i", item="u")
    mixed = pd.DataFrame({"u": [1, 2], "i": 1, "v": [2, "x"]})
    with pytest.raises(UserError, match="column 'v': its values are not numbers, times"):
        Dataset.from_frame(mixed, user="u", item="i", value="v")


def test_columns_of_any_name_are_read():
    names = ['a "b"', "row", "code", "id; DROP TABLE x --"]
    frame = pd.DataFrame([[1, 2, "2020-01-01", 3]], columns=names)
    columns = dict(zip(ALL, names, strict=True))
    for one in (frame, pa.Table.from_pandas(frame)):
        assert triples(Dataset.from_frame(one, **columns)) == [
            (1, 2, 3.0, datetime.date(2020, 1, 1))
        ]
    numbered = frame.set_axis(range(4), axis=1)
    assert Dataset.from_frame(numbered, user=0, item=1).item_ids.tolist() == [2]
