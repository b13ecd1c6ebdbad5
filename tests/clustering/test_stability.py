"""Clusters that are there come back; those that are not dissolve."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.cluster import HDBSCAN, AgglomerativeClustering, KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline

from nexttrack.clustering import (
    Stability,
    against_null,
    agreement_over_seeds,
    best_jaccard,
    cluster_stability,
    correlated_columns,
    permuted_columns,
    random_cells,
)
from nexttrack.clustering.seeds import seeded

KMEANS = KMeans(4, n_init=3)
WARD = AgglomerativeClustering(4, linkage="ward")
labellings = st.integers(1, 30).flatmap(
    lambda n: st.tuples(*2 * [st.lists(st.integers(-1, 4), min_size=n, max_size=n)])
)


@given(labellings)
def test_jaccard_is_the_greatest_over_pairs_of_sets(pair):
    labels, others = map(np.array, pair)
    found = best_jaccard(labels, others)
    assert found.index.tolist() == sorted(set(labels.tolist()) - {-1})
    for cluster, value in found.items():
        mine = set(np.flatnonzero(labels == cluster))
        each = [set(np.flatnonzero(others == b)) for b in set(others.tolist()) - {-1}]
        best = max((len(mine & theirs) / len(mine | theirs) for theirs in each), default=0)
        assert value == pytest.approx(best)


@given(labellings, st.permutations(range(5)))
def test_jaccard_is_one_for_the_same_partition_under_other_names(pair, other_names):
    labels = np.array(pair[0])
    renamed = np.where(labels >= 0, np.array(other_names)[labels], -1)
    assert (best_jaccard(labels, renamed) == 1).all()


def test_jaccard_refuses_labels_that_do_not_match():
    with pytest.raises(ValueError, match="do not match"):
        best_jaccard([0, 1], [0])
    with pytest.raises(ValueError, match="whole numbers"):
        best_jaccard([0, -2], [0, 0])


@pytest.mark.parametrize("estimator", [KMEANS, WARD])
@pytest.mark.parametrize("share", [None, 0.5])
def test_clusters_of_a_mixture_are_stable(mixture, estimator, share):
    rows, truth = mixture
    found = cluster_stability(rows, estimator, seed=0, n_draws=10, share=share)
    table = found.table()
    assert adjusted_rand_score(truth, found.labels) > 0.98
    assert table["verdict"].tolist() == 4 * ["highly stable"]
    assert table["rows"].tolist() == np.bincount(found.labels).tolist()
    assert (table["dissolved"] == 0).all()
    assert found.rand.min() > 0.95


def test_clusters_of_null_data_are_not_stable(correlated):
    null = permuted_columns(correlated, seed=0)
    found = cluster_stability(null, KMeans(6), seed=0, n_draws=20)
    assert (found.table()["jaccard"] < 0.75).all()
    assert found.rand.mean() < 0.6


def test_too_many_clusters_are_less_stable_than_the_right_number(mixture):
    four, seven = (cluster_stability(mixture[0], KMeans(k), seed=0, n_draws=10) for k in (4, 7))
    assert seven.rand.mean() < four.rand.mean()
    assert "unstable" in seven.table()["verdict"].tolist()


def test_a_draw_compares_its_own_rows_only(mixture):
    rows, _ = mixture
    found = cluster_stability(rows, WARD, seed=5, n_draws=3, share=0.25)
    drawn = np.random.default_rng((5, 2)).choice(len(rows), 60, replace=False)
    again = WARD.fit_predict(rows[drawn])
    assert found.rand[1] == pytest.approx(adjusted_rand_score(found.labels[drawn], again))
    expected = best_jaccard(found.labels[drawn], again)
    pd.testing.assert_series_equal(found.jaccard.loc[1], expected, check_names=False)


def test_a_cluster_without_rows_in_a_draw_is_left_out_of_the_mean():
    far_off = np.vstack([np.random.default_rng(0).normal(size=(40, 2)), [[90.0, 90.0]]])
    found = cluster_stability(far_off, KMeans(2), seed=0, n_draws=12)
    lonely = found.jaccard[found.labels[-1]]
    assert lonely.isna().any()
    assert lonely.dropna().eq(1).all()
    assert found.table().loc[found.labels[-1], "dissolved"] == 0


def test_the_table_sums_up_the_draws_that_have_the_cluster():
    jaccard = pd.DataFrame({0: [0.5, np.nan, 0.9, np.nan], 2: [0.6, 0.6, 0.6, 0.6]})
    table = Stability(np.array([0, 2, 2, -1]), jaccard, np.zeros(4)).table()
    assert table["rows"].tolist() == [1, 2]
    assert table["jaccard"].tolist() == pytest.approx([0.7, 0.6])
    assert table["dissolved"].tolist() == [0.5, 0]
    assert table["verdict"].tolist() == ["pattern", "pattern"]


def test_rows_in_no_cluster_have_no_column(mixture):
    found = cluster_stability(mixture[0], HDBSCAN(20, copy=True), seed=0, n_draws=5, share=0.8)
    assert (found.labels == -1).any()
    assert found.jaccard.columns.tolist() == [0, 1, 2, 3]
    assert found.table()["jaccard"].min() > 0.6


def test_no_cluster_at_all_is_an_error(correlated):
    with pytest.raises(ValueError, match="no row is in a cluster"):
        cluster_stability(correlated, HDBSCAN(130, copy=True), seed=0, n_draws=1)


def test_same_seed_same_result_on_any_number_of_threads(correlated):
    one, three = (
        cluster_stability(correlated, KMEANS, seed=2, n_draws=6, num_threads=n) for n in (1, 3)
    )
    pd.testing.assert_frame_equal(one.jaccard, three.jaccard, check_exact=True)
    np.testing.assert_array_equal(one.labels, three.labels)
    np.testing.assert_array_equal(one.rand, three.rand)
    other = cluster_stability(correlated, KMEANS, seed=3, n_draws=6)
    assert (other.rand != one.rand).any()


def test_seeds_agree_on_a_mixture_and_not_on_null_data(mixture, correlated):
    once = KMeans(4, n_init=1, init="random")
    good = agreement_over_seeds(mixture[0], KMEANS, seed=0, n_seeds=4)
    bad = agreement_over_seeds(permuted_columns(correlated, seed=0), once, seed=0, n_seeds=4)
    assert good.shape == bad.shape == (6,)
    assert (good == 1).all()
    assert bad.mean() < 0.9


def test_the_seed_of_a_step_in_a_pipeline_is_set():
    pipeline = make_pipeline(PCA(2), KMeans(3))
    parameters = seeded(pipeline, 17).get_params()
    assert parameters["pca__random_state"] == parameters["kmeans__random_state"] == 17
    assert pipeline.get_params()["kmeans__random_state"] is None


def test_an_estimator_without_a_seed_is_refused(mixture):
    with pytest.raises(ValueError, match="AgglomerativeClustering takes no seed"):
        agreement_over_seeds(mixture[0], WARD, seed=0)


@given(st.integers(0, 2**32), st.integers(1, 20), st.integers(1, 4))
def test_permutation_keeps_each_column_and_the_data(seed, n_rows, n_columns):
    rows = np.random.default_rng(0).random((n_rows, n_columns))
    before = rows.copy()
    null = permuted_columns(rows, seed=seed)
    np.testing.assert_array_equal(np.sort(null, axis=0), np.sort(before, axis=0))
    np.testing.assert_array_equal(rows, before)
    np.testing.assert_array_equal(null, permuted_columns(rows, seed=seed))


def test_permutation_takes_away_what_columns_do_together(correlated):
    table = pd.DataFrame(correlated, columns=list("abcd"), index=np.arange(240) + 7)
    null = permuted_columns(table, seed=1)
    assert null.columns.tolist() == list("abcd")
    assert null.index.equals(table.index)
    off_diagonal = ~np.eye(4, dtype=bool)
    assert np.abs(table.corr().to_numpy()[off_diagonal]).max() > 0.5
    assert np.abs(null.corr().to_numpy()[off_diagonal]).max() < 0.25


def test_a_mixture_stands_out_from_null_data_and_null_data_do_not():
    # Two clusters at opposite corners of a cube; permuted, all eight corners are taken, and a
    # division into two is one of many.
    rng = np.random.default_rng(0)
    pair = np.repeat([[-4.0], [4.0]], 45, axis=0) + rng.normal(size=(90, 3))

    def rand(rows):
        return cluster_stability(rows, KMeans(2), seed=0, n_draws=4).rand.mean()

    for rows, stands_out in ((pair, True), (permuted_columns(pair, seed=99), False)):
        found = against_null(rand, rows, seed=0, n_null=19)
        assert found.p_value == (1 + (found.null >= found.observed).sum()) / 20
        assert (found.p_value <= 0.05) == stands_out


@given(st.integers(0, 2**32), st.integers(2, 20), st.integers(1, 4))
def test_a_correlated_null_keeps_each_column_and_the_data(seed, n_rows, n_columns):
    rows = np.random.default_rng(0).random((n_rows, n_columns))
    before = rows.copy()
    null = correlated_columns(rows, seed=seed)
    np.testing.assert_array_equal(np.sort(null, axis=0), np.sort(before, axis=0))
    np.testing.assert_array_equal(rows, before)
    np.testing.assert_array_equal(null, correlated_columns(rows, seed=seed))


def test_a_correlated_null_keeps_rank_correlations_and_loses_clusters(mixture):
    rows = np.exp(np.repeat(mixture[0], 10, axis=0) / 4)  # skewed, with ties
    table = pd.DataFrame(rows, columns=list("abc")).assign(d=rows[:, 0])
    null = correlated_columns(table, seed=1)
    assert null.columns.tolist() == list("abcd")
    expected, found = spearmanr(table).statistic, spearmanr(null).statistic
    np.testing.assert_allclose(found, expected, atol=0.08)
    np.testing.assert_array_equal(null["a"], null["d"])  # columns that say the same still do


def test_a_correlated_null_loses_clusters_that_no_column_shows():
    # Twelve clusters in eight dimensions: every column alone looks like one hump.
    rng = np.random.default_rng(0)
    rows = (3 * rng.normal(size=(12, 8)))[np.arange(1200) % 12] + rng.normal(size=(1200, 8))

    def rand(rows):
        return cluster_stability(rows, KMeans(12, n_init=3), seed=0, n_draws=4).rand.mean()

    found = against_null(rand, rows, seed=0, n_null=19, null_data=correlated_columns)
    assert found.p_value == 0.05
    assert found.observed > 0.9 > 0.6 > found.null.max()


def test_a_cloud_cut_in_two_stands_out_from_permuted_columns_alone():
    rng = np.random.default_rng(0)
    cloud = rng.normal(size=(300, 1)) + 0.4 * rng.normal(size=(300, 4))

    def rand(rows):
        return cluster_stability(rows, KMeans(2, n_init=3), seed=0, n_draws=6).rand.mean()

    permuted = against_null(rand, cloud, seed=0, n_null=19)
    alike = against_null(rand, cloud, seed=0, n_null=19, null_data=correlated_columns)
    assert permuted.p_value == 0.05
    assert alike.p_value > 0.1


def test_arguments_without_meaning_are_refused(mixture):
    rows, _ = mixture
    for arguments in ({"n_draws": 0}, {"share": 0.0}, {"share": 1.0}):
        with pytest.raises(ValueError, match="n_draws must be 1 or more, and share"):
            cluster_stability(rows, KMEANS, seed=0, **arguments)
    with pytest.raises(ValueError, match="n_seeds"):
        agreement_over_seeds(rows, KMEANS, seed=0, n_seeds=1)
    with pytest.raises(ValueError, match="n_null"):
        against_null(len, rows, seed=0, n_null=0)
    with pytest.raises(ValueError, match="NaN"):
        against_null(lambda _: float("nan"), rows, seed=0)


def test_random_cells_hold_what_is_nearest_to_some_rows(mixture):
    rows, _ = mixture
    cells = random_cells(rows, 5, seed=3)
    centres = rows[np.random.default_rng(3).choice(len(rows), 5, replace=False)]
    distance = np.linalg.norm(rows[:, None] - centres, axis=2)
    np.testing.assert_array_equal(cells, distance.argmin(axis=1))
    np.testing.assert_array_equal(random_cells(rows, 5, seed=3, of=rows[:7]), cells[:7])
    assert (random_cells(rows, 5, seed=4) != cells).any()
    for n_cells in (0, len(rows) + 1):
        with pytest.raises(ValueError, match=r"n_cells must be in 1\.\.240"):
            random_cells(rows, n_cells, seed=0)
