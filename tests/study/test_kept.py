"""What takes long is kept by its arguments and the data of the edition, as it was returned."""

import numpy as np
import pandas as pd
import pytest

from nexttrack import cache
from nexttrack.study import kept as module
from nexttrack.study.kept import kept


@pytest.fixture
def calls(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "cache_dir", lambda: tmp_path / "tables")
    monkeypatch.setattr(module, "fingerprint", lambda: "of these data")
    return []


def test_one_frame_or_several_come_back_as_they_were_returned(calls):
    @kept
    def one(n, times=1):
        calls.append((n, times))
        return pd.DataFrame({"x": [n * times]})

    @kept
    def two():
        return pd.DataFrame({"x": [1]}), pd.DataFrame({"y": [2]})

    for given in (one(3), one(n=3), one(3, times=1)):
        assert given["x"].tolist() == [3]
    assert calls == [(3, 1)]
    first, second = two()
    assert (first["x"].item(), second["y"].item()) == (1, 2)
    assert one.__name__ == "one" and one.__wrapped__(2)["x"].item() == 2


def test_the_work_sees_of_its_arguments_what_the_key_says(calls):
    @kept
    def asked(settings, models):
        calls.append((settings, models))
        return pd.DataFrame({"x": [1]})

    settings = pd.Series({"k-means": 3, "Ward": 5})
    asked(settings, ("a", "b"))
    asked({"Ward": np.int64(5), "k-means": 3}, ["a", "b"])
    assert calls == [({"k-means": 3, "Ward": 5}, ["a", "b"])]
    asked(settings + 1, ("a", "b"))
    assert len(calls) == 2


def test_other_data_or_code_are_other_work(calls, monkeypatch):
    @kept
    def made():
        calls.append(1)
        return pd.DataFrame({"x": [1]})

    seen = []
    monkeypatch.setattr(cache, "code_of", lambda work: seen.append(work.__module__) or "code")
    made()
    assert set(seen) == {__name__}  # the module of the work, not that of the decorator
    monkeypatch.setattr(module, "fingerprint", lambda: "of others")
    made()
    monkeypatch.setattr(cache, "code_of", lambda work: "changed")
    made()
    assert len(calls) == 3
