"""Tables of results/: rows of the data at hand are told from others, and others stay."""

import pandas as pd
import pytest

from nexttrack import project
from nexttrack.errors import UserError
from nexttrack.study import results


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    monkeypatch.setattr(results, "fingerprint", lambda: "ours")
    return tmp_path


def test_only_rows_of_these_data_and_sets_are_ours():
    ours, others = results.stored("table.csv", ["a"])
    assert ours.empty and others.empty
    rows = pd.DataFrame({"data": ["a", "b"], "value": [1, 2]})
    results.store("table.csv", rows, others)
    foreign = pd.DataFrame({"data": ["a"], "value": [3], "fingerprint": ["theirs"]})
    results.store("table.csv", rows, foreign)
    ours, others = results.stored("table.csv", ["a"])
    assert ours["value"].tolist() == [1]
    assert others["value"].tolist() == [3, 2]
    assert results.stored("table.csv", ["a", "b"])[0]["value"].tolist() == [1, 2]


def test_what_was_not_measured_is_one_line():
    with pytest.raises(UserError, match=r"search.csv is not there; run: make search"):
        results.bench_table("search.csv", "search")
