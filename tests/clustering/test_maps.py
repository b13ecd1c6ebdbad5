"""Map quality against its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.manifold import trustworthiness

from nexttrack.clustering import continuity, map_quality, umap_places
from nexttrack.clustering.maps import umap_class


def ranks(X):
    """Return for rows i, j the place of j among the neighbours of i, from 1; 0 for i itself."""
    return cdist(X, X).argsort(axis=1).argsort(axis=1)


def continuity_by_definition(X, embedding, k):
    n, in_truth, on_map = len(X), ranks(X), ranks(embedding)
    torn = sum(
        on_map[i, j] - k
        for i in range(n)
        for j in range(n)
        if 1 <= in_truth[i, j] <= k and on_map[i, j] > k
    )
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * torn


@given(st.integers(0, 1000), st.integers(1, 7), st.integers(16, 25))
def test_continuity_is_its_definition(seed, k, n):
    rng = np.random.default_rng(seed)
    X, embedding = rng.normal(size=(n, 5)), rng.normal(size=(n, 2))
    expected = continuity_by_definition(X, embedding, k)
    assert continuity(X, embedding, n_neighbors=k) == pytest.approx(expected)


def test_both_figures_are_one_if_neighbours_stay():
    X = np.random.default_rng(0).normal(size=(80, 2))
    turned = X @ [[0.6, -0.8], [0.8, 0.6]] * 3 + 7
    found = map_quality(X, turned, seed=0)
    assert (found.trustworthiness, found.continuity, found.n_rows) == (1, 1, 80)


def test_gluing_hurts_trust_and_tearing_hurts_continuity():
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 300)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    flattened = np.column_stack([circle[:, 0], 1e-3 * circle[:, 1]])
    cut = np.column_stack([angle, 1e-3 * np.sin(7 * angle)])
    glued, torn = (map_quality(circle, m, seed=0, n_neighbors=10) for m in (flattened, cut))
    assert glued.trustworthiness < glued.continuity
    assert torn.continuity < torn.trustworthiness


def test_the_sample_is_seeded_and_the_same_in_both_spaces():
    rng = np.random.default_rng(0)
    X, embedding = rng.normal(size=(200, 4)), rng.normal(size=(200, 2))
    found = map_quality(X, embedding, seed=3, sample=60)
    assert found == map_quality(X, embedding, seed=3, sample=60)
    assert found != map_quality(X, embedding, seed=4, sample=60)
    assert found.n_rows == 60
    assert map_quality(X, X[:, ::-1], seed=3, sample=60).continuity == 1
    drawn = np.sort(np.random.default_rng(3).choice(200, 60, replace=False))
    expected = trustworthiness(X[drawn], embedding[drawn], n_neighbors=15)
    assert found.trustworthiness == pytest.approx(expected)


def test_bad_maps_are_refused():
    X = np.random.default_rng(0).normal(size=(20, 3))
    with pytest.raises(ValueError, match="20 rows and 19 places"):
        map_quality(X, X[:-1], seed=0, n_neighbors=2)
    with pytest.raises(ValueError, match=r"n_neighbors must be in 1\.\.9 for 20 rows"):
        map_quality(X, X, seed=0, n_neighbors=10)
    with pytest.raises(ValueError, match=r"n_neighbors must be in 1\.\.9"):
        map_quality(X, X, seed=0, n_neighbors=0)


def test_a_umap_puts_clusters_apart_and_repeats_itself(mixture):
    rows, labels = mixture
    places = umap_places(rows, seed=1)
    assert (places.shape, places.dtype) == ((240, 2), np.float32)
    nearest = cdist(places, places).argsort(axis=1)[:, 1:6]
    assert (labels[nearest] == labels[:, None]).mean() > 0.99
    np.testing.assert_array_equal(places, umap_places(rows, seed=1))
    assert (places != umap_places(rows, seed=2)).any()


def test_places_are_as_trustworthy_as_those_of_umap_itself(mixture):
    rows = np.random.default_rng(0).normal(size=(400, 6)) ** 3
    theirs = umap_class()(random_state=0, n_jobs=1).fit_transform(rows)
    quality = [map_quality(rows, at, seed=0) for at in (umap_places(rows, seed=0), theirs)]
    assert quality[0].trustworthiness == pytest.approx(quality[1].trustworthiness, abs=0.02)
    assert quality[0].continuity == pytest.approx(quality[1].continuity, abs=0.02)


def test_a_map_of_too_few_rows_or_neighbours_is_refused():
    rows = np.random.default_rng(0).normal(size=(10, 3))
    with pytest.raises(ValueError, match="10 rows are too few: at least 17"):
        umap_places(rows, seed=0)
    with pytest.raises(ValueError, match="n_neighbors must be 2 or more, not 1"):
        umap_places(rows, seed=0, n_neighbors=1)
