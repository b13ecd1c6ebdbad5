"""Kept tables come back as they were, and go when code, data or arguments change."""

import pandas as pd
import pytest

from nexttrack import cache
from nexttrack.dependencies import Code
from nexttrack.evaluation.metrics import ndcg_at_k


@pytest.fixture
def work(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "cache_dir", lambda: tmp_path / "tables")
    calls = []

    @cache.cached
    def squares(*, n, data):
        calls.append(n)
        return pd.DataFrame({"x": range(n)}), pd.DataFrame({"y": [i**2 for i in range(n)]})

    squares.calls = calls
    return squares


def test_the_second_call_reads_what_the_first_made(work):
    first, second = work(n=4, data="abc"), work(n=4, data="abc")
    assert work.calls == [4]
    for made, read in zip(first, second, strict=True):
        pd.testing.assert_frame_equal(made, read)
    assert second[1]["y"].tolist() == [0, 1, 4, 9]


def test_other_arguments_or_data_are_other_work(work):
    for arguments in ({"n": 4, "data": "abc"}, {"n": 5, "data": "abc"}, {"n": 4, "data": "abd"}):
        work(**arguments)
    assert work.calls == [4, 5, 4]


def test_changed_code_makes_what_was_kept_stale(work, monkeypatch):
    work(n=4, data="abc")
    monkeypatch.setattr(cache, "code_of", lambda work: "changed")
    work(n=4, data="abc")
    assert work.calls == [4, 4]


def test_other_arithmetic_is_other_work(work, monkeypatch):
    work(n=4, data="abc")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "another")
    work(n=4, data="abc")
    assert work.calls == [4, 4]


def test_the_code_of_work_is_that_which_its_module_depends_on(monkeypatch):
    seen = []
    monkeypatch.setattr(Code, "parts", lambda self, wanted: seen.append(wanted) or {})
    cache.code_of(ndcg_at_k)
    cache.code_of(test_other_arithmetic_is_other_work)
    ours, of_this_file = seen
    assert "nexttrack.evaluation.metrics" in ours.modules
    assert "nexttrack.models.ials" not in ours.modules
    assert {"nexttrack.cache", "nexttrack.evaluation.metrics"} <= of_this_file.modules


def test_where_nothing_can_be_written_it_is_computed_each_time(work, monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(cache, "is_writable", lambda folder: False)
    first, second = work(n=3, data="abc"), work(n=3, data="abc")
    assert work.calls == [3, 3]
    pd.testing.assert_frame_equal(first[1], second[1])
    assert list(tmp_path.iterdir()) == []
    assert len(caplog.messages) == 1 and "tables are computed again" in caplog.messages[0]


def test_work_that_fails_keeps_nothing(work, monkeypatch, tmp_path):
    @cache.cached
    def fails(*, data):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        fails(data="abc")
    assert not list((tmp_path / "tables").glob("*")) if (tmp_path / "tables").exists() else True


def test_a_write_that_is_cut_off_leaves_nothing_to_read(work, monkeypatch, tmp_path):
    def full_disk(self, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full_disk)
    with pytest.raises(OSError, match="No space"):
        work(n=3, data="abc")
    assert list((tmp_path / "tables").glob("*")) == []
