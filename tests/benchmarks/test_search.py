"""Exact searches agree, recall is counted by hand, and only what is measured is kept."""

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import NearestNeighbors
from typer.testing import CliRunner

from benchmarks import search
from benchmarks.__main__ import app
from benchmarks.harness import stored_rows
from benchmarks.search import METHODS, measure_method, recall, vectors_of
from nexttrack import project
from nexttrack.data import dataset
from nexttrack.study import sound_space
from nexttrack.study.neighbours import nearest_search


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(0).normal(size=(2_500, 6)).astype("f4")


@pytest.mark.parametrize("name", ["exact", "k-d tree"])
def test_exact_methods_find_what_scikit_learn_finds(rows, name):
    vectors, queries = rows[100:], rows[:100]
    expected = NearestNeighbors(algorithm="brute").fit(vectors.astype("f8"))
    expected = expected.kneighbors(queries.astype("f8"), 10, return_distance=False)
    method = METHODS[name]
    np.testing.assert_array_equal(method.query(method.build(vectors), queries, 10, 0), expected)


def test_the_graph_finds_nearly_all_and_more_with_more_candidates(rows):
    vectors, queries = rows[100:], rows[:100]
    truth = METHODS["exact"].query(METHODS["exact"].build(vectors), queries, 10, 0)
    graph = METHODS["HNSW"]
    index = graph.build(vectors)
    found = [recall(graph.query(index, queries, 10, ef), truth) for ef in (10, 100)]
    assert 0.8 < found[0] <= found[1] and found[1] > 0.99


def test_recall_does_not_look_at_the_order():
    assert recall(np.array([[1, 2], [3, 4]]), np.array([[2, 1], [3, 9]])) == 0.75


def test_vectors_are_recordings_as_long_as_there_are_enough():
    rows = np.random.default_rng(1).normal(size=(search.QUERIES + 50, 3))
    vectors, queries, source = vectors_of(rows, 50)
    assert source == "recordings" and len(vectors) == 50
    known = {tuple(row) for row in rows.astype("f4").tolist()}
    assert {tuple(row) for row in [*vectors.tolist(), *queries.tolist()]} == known


def test_more_vectors_are_drawn_with_the_same_columns():
    rows = np.random.default_rng(1).normal(size=(400, 3))
    vectors, queries, source = vectors_of(rows, 700)
    assert source == "drawn" and vectors.shape == (700, 3)
    assert len(queries) == search.QUERIES
    assert set(vectors[:, 0]) <= set(rows[:, 0].astype("f4"))


def test_methods_are_those_that_the_study_shows():
    assert tuple(METHODS) == nearest_search.METHODS


def test_every_setting_has_a_row(rows):
    truth = np.zeros((5, 10), dtype=int)
    found = measure_method("HNSW", rows[5:], rows[:5], truth, runs=1)
    assert [row["ef"] for row in found] == list(search.EFS)
    assert all(row["n"] == len(rows) - 5 and row["runs"] == 1 for row in found)


@pytest.fixture
def root(tmp_path, monkeypatch):
    rng = np.random.default_rng(2)
    rows = pd.DataFrame(rng.normal(size=(1_300, 3)), columns=list("abc"))
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    monkeypatch.setattr(dataset, "table", lambda name: rows)
    monkeypatch.setattr(sound_space, "sound", lambda rows: rows)
    monkeypatch.setattr(search, "machine", lambda: {"processor": "a processor"})
    monkeypatch.setattr("nexttrack.study.protocol.fingerprint", lambda: "0123abcd")
    monkeypatch.setattr(search, "SIZES", (200, 600))
    monkeypatch.setattr(search, "QUICK_SIZES", (150,))
    return tmp_path


def test_the_command_keeps_a_row_for_each_size_and_setting(root):
    result = CliRunner().invoke(app, ["search", "--runs", "1"])
    assert result.exit_code == 0, result.output
    found = stored_rows(root / "results" / "search.csv")
    assert [row["n"] for row in found if row["method"] == "exact"] == ["200", "600"]
    assert {row["vectors"] for row in found} == {"recordings", "drawn"}
    assert {row["processor"] for row in found} == {"a processor"}
    assert list(nearest_search.break_even(nearest_search.search_times(), 0.5)["n"]) == [200, 600]


def test_a_quick_run_keeps_nothing(root):
    result = CliRunner().invoke(app, ["search", "--quick"])
    assert result.exit_code == 0, result.output
    assert "150" in result.output
    assert not (root / "results").exists()
