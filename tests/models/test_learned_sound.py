"""Learned sound kNN predicts factors from the sound of other artists."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import Ridge
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from worlds import N_ITEMS

from nexttrack.models import LearnedSoundKNN, PureSVD
from nexttrack.models.audio import scaled_features
from nexttrack.models.learned_sound import _folds


@pytest.fixture(scope="module")
def artists():
    rng = np.random.default_rng(6)
    dense = np.zeros((N_ITEMS, 12), dtype=np.float32)
    dense[np.arange(N_ITEMS), rng.integers(12, size=N_ITEMS)] = 1
    dense[::7, 3] = 1  # a guest of many
    dense[4] = 0
    return csr_matrix(dense)


def test_no_artist_is_on_both_sides(artists):
    tested = []
    for train, test in _folds(artists, seed=1):
        assert not (artists[train].sum(axis=0).A1 * artists[test].sum(axis=0).A1).any()
        tested.extend(test)
    assert sorted(tested) == list(range(N_ITEMS))


def test_vectors_are_predicted_by_ridge_from_other_artists(user_items, features, artists):
    model = LearnedSoundKNN(features, artists, factors=3, regularization=0.2)
    model.fit(user_items)
    scores, known = scaled_features(features, N_ITEMS)
    items = np.flatnonzero(known)
    products = PolynomialFeatures(2, include_bias=False).fit_transform(scores[items])
    sound = StandardScaler().fit_transform(products)
    svd = PureSVD(3)
    svd.fit(user_items)
    for train, test in _folds(artists[items], seed=0):
        ridge = Ridge(alpha=0.2 * len(train)).fit(sound[train], svd.item_factors[items[train]])
        expected = ridge.predict(sound[test])
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        np.testing.assert_allclose(model.vectors[items[test]], expected, atol=1e-5)
    assert not model.vectors[~known].any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"factors": 0}, "factors must be .*1 or more"),
        ({"regularization": 0.0}, "factors must be .*1 or more"),
        ({"concentration": -1.0}, "concentration must be finite and 0 or more"),
    ],
)
def test_settings_that_are_none_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        LearnedSoundKNN(**settings)


def test_groups_that_do_not_fit_are_refused(user_items, features):
    with pytest.raises(ValueError, match="groups have 3 rows, user_items 30 items"):
        LearnedSoundKNN(features, csr_matrix((3, 2))).fit(user_items)
    one = csr_matrix(np.ones((N_ITEMS, 1), dtype=np.float32))
    with pytest.raises(ValueError, match="a fold leaves no item with users and features"):
        LearnedSoundKNN(features, one).fit(user_items)
