"""The right k on made mixtures, and 1 where there are no clusters."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist
from sklearn.cluster import HDBSCAN, AgglomerativeClustering, KMeans
from sklearn.metrics import silhouette_score
from sklearn.mixture import GaussianMixture

from nexttrack.clustering import (
    choose_by_bic,
    choose_by_gap,
    choose_by_silhouette,
    mean_silhouette,
    permuted_columns,
)
from nexttrack.clustering.choice import smallest_k, uniform_box, within

KMEANS = KMeans(n_init=5)
WARD = AgglomerativeClustering(linkage="ward")


@pytest.mark.parametrize("estimator", [KMEANS, WARD])
def test_gap_and_silhouette_find_the_clusters_of_a_mixture(mixture, estimator):
    rows, _ = mixture
    gap = choose_by_gap(rows, estimator, 6, seed=0, n_references=8)
    silhouette = choose_by_silhouette(rows, estimator, range(2, 7), seed=0)
    assert (gap.chosen, silhouette.chosen) == (4, 4)
    assert not gap.at_edge
    assert not silhouette.at_edge


def test_bic_finds_the_components_of_a_mixture_and_one_in_one_cloud(mixture, correlated):
    assert choose_by_bic(mixture[0], GaussianMixture(n_init=3), range(1, 7), seed=0).chosen == 4
    assert choose_by_bic(correlated, GaussianMixture(), range(1, 5), seed=0).chosen == 1


@pytest.mark.parametrize("seed", range(3))
def test_gap_reports_no_clusters_in_one_cloud_and_in_its_permutation(correlated, seed):
    for rows in (correlated, permuted_columns(correlated, seed=seed)):
        assert choose_by_gap(rows, KMEANS, 4, seed=seed, n_references=8).chosen == 1


@pytest.mark.parametrize(
    ("gap", "k"),
    [([0.5, 0.55, 0.3], 1), ([0.5, 0.7, 0.75], 2), ([0.5, 0.6, 0.5], 1), ([0.1, 0.3, 0.5], 3)],
)
def test_the_smallest_k_within_one_error_of_the_next_is_chosen(gap, k):
    assert smallest_k(np.array(gap), np.array([9.0, 0.125, 0.125])) == k


def test_the_gap_is_the_formula(mixture):
    rows, _ = mixture
    scores = choose_by_gap(rows, KMEANS, 3, seed=3, n_references=6).scores
    boxes = [uniform_box(rows, np.random.default_rng((3, b))) for b in range(1, 7)]
    # With one cluster W is the sum of squared distances over pairs, twice each, by 2n.
    data, *references = (np.log((pdist(X) ** 2).sum() / len(X)) for X in (rows, *boxes))
    expected = [data, np.mean(references), np.mean(references) - data]
    np.testing.assert_allclose(scores.loc[1, ["log_within", "reference", "gap"]], expected)
    assert scores.loc[1, "error"] == pytest.approx(np.std(references) * np.sqrt(7 / 6))


def test_a_gap_that_still_grows_is_said_to_be_at_the_edge(mixture):
    choice = choose_by_gap(mixture[0], KMEANS, 3, seed=0, n_references=5)
    assert (choice.chosen, choice.at_edge) == (3, True)


def test_within_is_the_sum_over_pairs_of_the_paper(mixture):
    rows, labels = mixture
    groups = [rows[labels == label] for label in range(4)]
    pairs = sum((pdist(group) ** 2).sum() * 2 / (2 * len(group)) for group in groups)
    assert within(rows, labels) == pytest.approx(pairs)


def test_the_reference_box_turns_with_the_data():
    rng = np.random.default_rng(0)
    thin = rng.normal(size=(500, 2)) * [10, 0.1] + [100, -3]
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    box = uniform_box(thin @ turn, rng) @ turn.T
    centred = thin - thin.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    along, seen = (box - thin.mean(axis=0)) @ axes.T, centred @ axes.T
    assert (along >= seen.min(axis=0) - 1e-9).all()
    assert (along <= seen.max(axis=0) + 1e-9).all()
    np.testing.assert_allclose(np.ptp(along, axis=0), np.ptp(seen, axis=0), rtol=0.05)


def test_silhouette_is_scikit_learns_and_rows_in_no_cluster_count_as_zero(mixture):
    rows, labels = mixture
    assert mean_silhouette(rows, labels) == pytest.approx(silhouette_score(rows, labels))
    left_out = np.where(np.arange(len(labels)) % 2, labels, -1)
    assert mean_silhouette(rows, left_out) == pytest.approx(
        silhouette_score(rows[1::2], labels[1::2]) / 2
    )
    assert np.isnan(mean_silhouette(rows, np.zeros(len(rows), dtype=int)))
    assert np.isnan(mean_silhouette(rows, np.full(len(rows), -1)))
    assert np.isnan(mean_silhouette(rows, np.arange(len(rows))))


def test_silhouette_is_over_the_sample(mixture):
    rows, _ = mixture
    tried = [choose_by_silhouette(rows, WARD, [4], seed=s, sample=50) for s in (1, 1, 2)]
    first, again, other = (choice.scores.loc[4, "silhouette"] for choice in tried)
    assert first == again != other
    on_all = choose_by_silhouette(rows, WARD, [4], seed=0).scores.loc[4, "silhouette"]
    assert first == pytest.approx(on_all, abs=0.1)


def test_a_density_is_chosen_in_the_same_way(mixture):
    choice = choose_by_silhouette(
        mixture[0], HDBSCAN(copy=True), [5, 20, 100], seed=0, parameter="min_cluster_size"
    )
    assert choice.chosen in (5, 20)
    assert choice.scores.loc[20, "n_clusters"] == 4
    assert np.isnan(choice.scores.loc[100, "silhouette"])
    assert 0 < choice.scores.loc[20, "unclustered"] < 0.5


def test_without_two_clusters_at_any_setting_nothing_is_chosen(correlated):
    choice = choose_by_silhouette(
        correlated, HDBSCAN(copy=True), [130], seed=0, parameter="min_cluster_size"
    )
    assert choice.chosen is None
    assert not choice.at_edge


@pytest.mark.parametrize(
    "choose",
    [
        lambda rows, **how: choose_by_silhouette(rows, KMEANS, range(2, 5), **how),
        lambda rows, **how: choose_by_bic(rows, GaussianMixture(), range(1, 4), **how),
        lambda rows, **how: choose_by_gap(rows, KMEANS, 3, n_references=3, **how),
    ],
)
def test_same_seed_same_scores_on_any_number_of_threads(correlated, choose):
    one, three = (choose(correlated, seed=4, num_threads=n).scores for n in (1, 3))
    pd.testing.assert_frame_equal(one, three, check_exact=True)


def test_settings_without_meaning_are_refused(mixture):
    rows, _ = mixture
    with pytest.raises(ValueError, match="2 or more"):
        choose_by_silhouette(rows, KMEANS, [1, 2], seed=0)
    with pytest.raises(ValueError, match="at least one"):
        choose_by_bic(rows, GaussianMixture(), [], seed=0)
    with pytest.raises(ValueError, match="k_max"):
        choose_by_gap(rows, KMEANS, 1, seed=0)
