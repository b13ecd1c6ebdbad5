"""From how many queries on an index pays, by hand."""

import numpy as np
import pandas as pd
import pytest

from nexttrack import project
from nexttrack.errors import UserError
from nexttrack.study.neighbours.nearest_search import break_even, search_times


def times_of(**graph):
    exact = {"method": "exact", "n": 100, "build_seconds": 0.0, "queries_per_second": 10.0}
    rows = pd.DataFrame([exact, {"method": "HNSW", "n": 100, "ef": 10, **graph}])
    return rows.assign(vectors="drawn").fillna({"recall": 1.0})


def test_building_pays_once_the_saved_seconds_are_those_of_building():
    table = break_even(times_of(build_seconds=9.0, queries_per_second=100.0, recall=0.99), 0.95)
    # A query takes 0.1 s or 0.01 s: 0.09 s saved each, 9 s to build.
    assert table["queries"].item() == pytest.approx(100)
    assert table["exact"].item() == 10


def test_a_slower_method_never_pays_and_a_worse_one_is_left_out():
    slow = times_of(build_seconds=9.0, queries_per_second=5.0, recall=0.99)
    assert break_even(slow, 0.95)["queries"].item() == np.inf
    assert break_even(slow, 0.995).empty


def test_what_was_not_measured_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    with pytest.raises(UserError, match="run: make search"):
        search_times()
