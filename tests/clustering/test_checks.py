"""What is refused, and in which words."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from nexttrack.clustering import (
    against_null,
    agreement_over_seeds,
    choose_by_bic,
    choose_by_gap,
    choose_by_silhouette,
    cluster_profiles,
    cluster_stability,
    correlated_columns,
    map_quality,
    medoids,
    random_cells,
    sweep,
    typical,
)
from nexttrack.clustering.checks import checked_labels, checked_rows

GOOD = np.random.default_rng(0).random((30, 2))
LABELS = np.arange(30) % 3
TAKE_ROWS = {
    "silhouette": lambda X: choose_by_silhouette(X, KMeans(), [2, 3], seed=0),
    "bic": lambda X: choose_by_bic(X, GaussianMixture(), [1, 2], seed=0),
    "gap": lambda X: choose_by_gap(X, KMeans(), 3, seed=0, n_references=2),
    "stability": lambda X: cluster_stability(X, KMeans(2), seed=0, n_draws=2),
    "seeds": lambda X: agreement_over_seeds(X, KMeans(2), seed=0, n_seeds=2),
    "null": lambda X: against_null(lambda rows: 1.0, X, seed=0),
    "correlated null": lambda X: correlated_columns(X, seed=0),
    "cells": lambda X: random_cells(X, 2, seed=0),
    "sweep": lambda X: sweep(X, lambda rows, seed: {2: LABELS[: len(rows)]}, seed=0, n_draws=1),
    "profiles": lambda X: cluster_profiles(pd.DataFrame(X), LABELS),
    "typical": lambda X: typical(X, LABELS),
    "medoids": lambda X: medoids(X, LABELS, seed=0),
    "map": lambda X: map_quality(X, GOOD, seed=0, n_neighbors=3),
    "places on a map": lambda X: map_quality(GOOD, X, seed=0, n_neighbors=3),
}


def spoilt(value, where):
    rows = GOOD.copy()
    rows[where] = value
    return rows


@pytest.mark.parametrize("take", TAKE_ROWS.values(), ids=TAKE_ROWS)
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (spoilt(np.nan, (7, 1)), r"NaN or infinity: 1, the first is row 7, column 1 \(nan\)"),
        (spoilt(np.inf, (slice(3, 5), 0)), r"infinity: 2, the first is row 3, column 0 \(inf\)"),
        (spoilt(0.5, (slice(None), 1)), "column 1 is constant"),
        (GOOD[:1], "1 rows are too few"),
    ],
    ids=["nan", "inf", "constant", "one row"],
)
def test_bad_rows_are_refused_in_one_line(take, rows, message):
    with pytest.raises(ValueError, match=message) as raised:
        take(rows)
    assert "\n" not in str(raised.value)


def test_rows_that_are_good_are_taken_by_all():
    for take in TAKE_ROWS.values():
        take(GOOD)


@pytest.mark.parametrize("rows", [GOOD[:, 0], GOOD[:, :0], GOOD[None]])
def test_only_rows_and_columns_are_taken(rows):
    with pytest.raises(ValueError, match="expected rows x columns"):
        checked_rows(rows)


def test_columns_of_a_table_are_called_by_name():
    table = pd.DataFrame({"tempo": [1.0, 2.0], "energy": [0.5, 0.5]})
    with pytest.raises(ValueError, match="'energy' is constant"):
        checked_rows(table)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (GOOD[:4], "4 rows are too few: at least 6"),
        (np.repeat(GOOD[:3], 5, axis=0), "3 distinct rows are too few: at least 6"),
    ],
)
def test_fewer_rows_than_clusters(rows, message):
    with pytest.raises(ValueError, match=message):
        choose_by_silhouette(rows, KMeans(), [2, 5], seed=0)
    with pytest.raises(ValueError, match=message):
        choose_by_gap(rows, KMeans(), 5, seed=0)
    with pytest.raises(ValueError, match=message):
        choose_by_bic(rows, GaussianMixture(), [1, 5], seed=0)
    if len(rows) < 5:
        with pytest.raises(ValueError, match="n_samples=4 should be >= n_clusters=5"):
            cluster_stability(rows, KMeans(5), seed=0)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1], "expected 3 labels"),
        ([0, 1, -2], "whole numbers"),
        ([0.0, 1.0, 1.0], "whole numbers"),
        ([-1, -1, -1], "no row is in a cluster"),
    ],
)
def test_bad_labels_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        checked_labels(labels, 3)


def test_a_number_that_no_row_has_is_no_cluster():
    labels, clusters = checked_labels([5, 0, -1, 5], 4)
    assert clusters.tolist() == [0, 5]
    assert labels.tolist() == [5, 0, -1, 5]
