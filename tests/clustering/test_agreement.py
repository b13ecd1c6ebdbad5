"""Agreement with names, against scikit-learn's AMI."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_mutual_info_score

from nexttrack.clustering import agreement_with_names

rows = st.lists(st.tuples(st.integers(-1, 3), st.sampled_from("abc")), min_size=2, max_size=25)


@given(rows.filter(lambda pairs: any(label >= 0 for label, _ in pairs)))
def test_single_names_give_scikit_learns_figure(pairs):
    labels, names = zip(*pairs, strict=True)
    found = agreement_with_names(labels, names)
    expected = adjusted_mutual_info_score(names, labels)
    assert found.ami == pytest.approx(expected)
    assert (found.spread, found.n_rows) == (0, len(pairs))
    assert agreement_with_names(labels, [[name] for name in names]) == found


def test_rows_without_a_name_are_left_out():
    labels = [0, 0, 1, 1, 0, 1, 1]
    names = ["a", ["a"], "b", ("b",), None, [], float("nan")]
    found = agreement_with_names(labels, names)
    assert found.n_rows == 4
    assert found.ami == pytest.approx(1)


def test_a_row_with_several_names_draws_one_and_counts_once():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 40)
    names = [sorted({"abc"[c], "xyz"[rng.integers(3)]}) for c in labels]
    found = agreement_with_names(labels, names, seed=1, n_draws=30)
    alone = agreement_with_names(labels, [one[0] for one in names])
    assert found.n_rows == 120
    assert 0.2 < found.ami < alone.ami == pytest.approx(1)
    assert found.spread > 0
    assert agreement_with_names(labels, names, seed=1, n_draws=30) == found
    turned = [one[::-1] for one in names]
    assert agreement_with_names(labels, turned, seed=1, n_draws=30) == found
    assert agreement_with_names(labels, names, seed=2, n_draws=30) != found


def test_each_name_of_a_row_is_drawn_equally_often():
    # Of two rows each, one name tells the clusters apart and the other does not: the AMI of a draw
    # is 1 if both rows of cluster 1 draw "b" (or all draw alike within clusters).
    labels = [0, 0, 1, 1]
    draws = [
        agreement_with_names(labels, ["a", "a", {"a", "b"}, "b"], seed=s, n_draws=1)
        for s in range(400)
    ]
    share = np.mean([found.ami > 0.99 for found in draws])
    assert share == pytest.approx(0.5, abs=0.1)


def test_unrelated_names_give_about_zero():
    rng = np.random.default_rng(0)
    names = pd.Series([list(rng.choice(list("abcdef"), 2, replace=False)) for _ in range(400)])
    assert agreement_with_names(rng.integers(5, size=400), names).ami == pytest.approx(0, abs=0.02)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="expected 1 labels"):
        agreement_with_names([0, 1], ["a"])
    with pytest.raises(ValueError, match="no row has a name"):
        agreement_with_names([0, 1], [[], None])
    with pytest.raises(ValueError, match="no row is in a cluster"):
        agreement_with_names([-1, -1], ["a", "b"])
    with pytest.raises(ValueError, match="n_draws"):
        agreement_with_names([0, 1], ["a", "b"], n_draws=0)
