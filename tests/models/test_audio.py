"""Audio kNN is the cosine to the centre of a profile."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from worlds import N_ITEMS, USERS

from nexttrack.models import AudioKNN


def test_audio_knn_is_cosine_to_the_weighted_centre(user_items, features):
    model = AudioKNN(features)
    model.fit(user_items)
    known = np.isfinite(features).all(axis=1)
    z = (features - features[known].mean(0)) / features[known].std(0)
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    weights = user_items[0].toarray()[0]
    centre = (weights[known, None] * unit[known]).sum(0)
    cosine = unit @ centre / np.linalg.norm(centre)
    cosine[~known | (weights > 0)] = -np.inf
    ids, scores = model.recommend(0, user_items[0], N=5)
    np.testing.assert_array_equal(ids, np.argsort(-cosine)[:5])
    np.testing.assert_allclose(scores, np.sort(cosine)[::-1][:5], rtol=1e-5)


def test_audio_knn_never_recommends_what_it_has_not_heard(user_items, features):
    model = AudioKNN(features)
    model.fit(user_items)
    ids, _ = model.recommend(USERS, user_items, N=N_ITEMS)
    assert not np.isin(ids, [5, 9]).any()


def test_audio_knn_says_nothing_to_a_user_without_heard_items(user_items, features):
    model = AudioKNN(features)
    model.fit(user_items)
    only_unheard = csr_matrix(([1.0, 1.0], ([0, 0], [5, 9])), shape=(1, N_ITEMS), dtype=np.float32)
    for row in (user_items[3], only_unheard):
        ids, _ = model.recommend(np.array([0]), row, N=4, recalculate_user=True)
        assert (ids == -1).all()


def test_audio_knn_does_not_depend_on_the_units_of_a_feature(user_items, features):
    plain, scaled = AudioKNN(features), AudioKNN(features * [1, 1000, 0.01, 5] + [3, 0, -7, 60])
    plain.fit(user_items)
    scaled.fit(user_items)
    np.testing.assert_array_equal(
        plain.recommend(USERS, user_items, N=5)[0], scaled.recommend(USERS, user_items, N=5)[0]
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones((3, 4)), r"features have shape \(3, 4\), not one row for each of 30 items"),
        (np.full((N_ITEMS, 2), np.nan), "no item has all its features"),
    ],
)
def test_audio_knn_refuses_features_that_do_not_fit(user_items, values, message):
    with pytest.raises(ValueError, match=message):
        AudioKNN(values).fit(user_items)
