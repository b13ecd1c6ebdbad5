"""Profiles, names, typical rows and medoids."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist
from scipy.stats import zscore

from nexttrack.clustering import cluster_names, cluster_profiles, medoids, typical


def table(seed=0, n=60):
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(rng.normal(5, 3, (n, 3)), columns=["loudness", "tempo", "key_x"])
    return rows, rng.integers(-1, 3, n)


def test_profiles_are_means_and_spreads_of_z_scores():
    rows, labels = table()
    found = cluster_profiles(rows, labels)
    z = zscore(rows.to_numpy())
    for cluster in range(3):
        np.testing.assert_allclose(found.mean.loc[cluster], z[labels == cluster].mean(axis=0))
        np.testing.assert_allclose(found.spread.loc[cluster], z[labels == cluster].std(axis=0))
        assert found.rows[cluster] == (labels == cluster).sum()
    assert found.mean.index.tolist() == [0, 1, 2]
    assert found.mean.columns.tolist() == rows.columns.tolist()


@given(st.floats(0.01, 100), st.floats(-100, 100))
def test_profiles_do_not_depend_on_units(factor, offset):
    rows, labels = table()
    expected, found = (
        cluster_profiles(rows, labels),
        cluster_profiles(rows * factor + offset, labels),
    )
    pd.testing.assert_frame_equal(found.mean, expected.mean, atol=1e-8)
    pd.testing.assert_frame_equal(found.spread, expected.spread, atol=1e-8)


def test_weighted_by_rows_the_profiles_cancel_if_every_row_is_in_a_cluster():
    rows, labels = table()
    found = cluster_profiles(rows, np.maximum(labels, 0))
    np.testing.assert_allclose(found.mean.mul(found.rows, axis=0).sum(), 0, atol=1e-9)


def test_a_cluster_of_one_row_has_no_spread():
    rows, _ = table()
    found = cluster_profiles(rows, np.r_[7, np.zeros(59, dtype=int)])
    assert found.mean.index.tolist() == [0, 7]
    assert (found.spread.loc[7] == 0).all()


def mean_of(*rows):
    return pd.DataFrame(rows, columns=["loudness", "acousticness", "key_x"])


def test_names_are_the_features_farthest_from_the_mean():
    found = cluster_names(mean_of([1.2, -0.9, 0.1], [-0.6, 2.0, 1.9], [0.1, 0.2, 0.8]))
    assert found.tolist() == ["loud, acoustic−", "acoustic, key_x", "key_x"]
    assert cluster_names(mean_of([0.4, -0.4, 0.4])).tolist() == ["average"]
    assert cluster_names(mean_of([1, -1, 1]), {"loudness": "L"}, n_words=3).tolist() == [
        "L, acousticness−, key_x"
    ]


def test_clusters_that_would_share_a_name_take_further_features():
    found = cluster_names(mean_of([1.2, -0.9, 0.1], [1.3, -0.8, -0.2], [2, 0, 0]), n_words=2)
    assert found.tolist() == ["loud, acoustic−, key_x", "loud, acoustic−, key_x−", "loud"]


def test_clusters_that_nothing_tells_apart_are_numbered():
    found = cluster_names(mean_of([2.0, 1.0, 0.7], [2.5, 1.5, 0.8]), n_words=1)
    assert found.tolist() == ["loud, acoustic, key_x (1)", "loud, acoustic, key_x (2)"]


@given(arrays(np.float64, (6, 3), elements=st.sampled_from([-2, -1, -0.4, 0, 0.4, 1, 2])))
def test_names_are_distinct_and_a_rule(means):
    found = cluster_names(mean_of(*means))
    assert found.is_unique
    assert found.equals(cluster_names(mean_of(*means)))


def test_names_refuse_what_has_no_order():
    with pytest.raises(ValueError, match="every mean finite"):
        cluster_names(mean_of([np.nan, 1, 1]))
    with pytest.raises(ValueError, match="n_words"):
        cluster_names(mean_of([1, 1, 1]), n_words=0)


def test_typical_rows_are_the_nearest_to_the_mean():
    rows, labels = table()
    found = typical(rows, labels, n=4)
    for cluster, part in found.groupby("cluster"):
        members = rows[labels == cluster]
        distance = cdist(members, [members.mean()])[:, 0]
        order = np.argsort(distance)[:4]
        assert part["row"].tolist() == members.index[order].tolist()
        assert part["rank"].tolist() == [1, 2, 3, 4]
        np.testing.assert_allclose(part["distance"], distance[order])
    assert found["cluster"].unique().tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="n must"):
        typical(rows, labels, n=0)


def test_a_small_cluster_has_fewer_typical_rows():
    rows, _ = table(n=4)
    assert typical(rows, [0, 0, 0, 2], n=3)["cluster"].tolist() == [0, 0, 0, 2]


def test_medoids_have_the_least_mean_distance():
    rows, labels = table()
    found = medoids(rows, labels, seed=0)
    for cluster in range(3):
        members = rows[labels == cluster]
        assert found[cluster] == members.index[cdist(members, members).sum(axis=0).argmin()]
    assert found.index.tolist() == [0, 1, 2]


def test_medoids_of_large_clusters_are_over_a_seeded_sample():
    rows, labels = table(n=400)
    found = medoids(rows, labels, seed=1, sample=40)
    assert found.equals(medoids(rows, labels, seed=1, sample=40))
    for cluster, row in found.items():
        members = rows[labels == cluster]
        means = cdist(members, members).mean(axis=0)
        assert labels[row] == cluster
        assert means[members.index.get_loc(row)] < 1.1 * means.min()
    with pytest.raises(ValueError, match="sample"):
        medoids(rows, labels, seed=1, sample=0)
