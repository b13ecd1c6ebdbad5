"""Audio kNN is a soft maximum of similarities in sound."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from scipy.stats import norm, rankdata
from worlds import N_ITEMS, USERS

from nexttrack.models import AudioKNN
from nexttrack.models.audio import METRICS, SCALES


def scaled(features, scale):
    """Return features on a scale, unknown ones as zeros; and which are known."""
    known = np.isfinite(features).all(axis=1)
    x = features[known]
    if scale == "normal scores":
        x = norm.ppf((rankdata(x, axis=0) - 0.5) / len(x))
    else:
        x = (x - x.mean(0)) / x.std(0)
    rows = np.zeros(features.shape)
    rows[known] = x
    return rows, known


def similarities(features, scale, metric):
    x, known = scaled(features, scale)
    if metric == "cosine":
        unit = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-300)
        return unit @ unit.T, known
    return -cdist(x, x, "sqeuclidean") / (2 * x.shape[1]), known


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("concentration", [0.0, 2.5, 40.0])
def test_the_score_is_the_soft_maximum_of_similarities(
    user_items, features, scale, metric, concentration
):
    model = AudioKNN(features, scale, metric, concentration)
    model.fit(user_items)
    similarity, known = similarities(features, scale, metric)
    for user in (0, 7):
        weights = user_items[user].toarray()[0] * known
        if concentration:
            expected = logsumexp(concentration * similarity, b=weights[:, None], axis=0)
            expected = (expected - np.log(weights.sum())) / concentration
        else:
            expected = weights @ similarity / weights.sum()
        expected[~known | (user_items[user].toarray()[0] > 0)] = -np.inf
        ids, scores = model.recommend(user, user_items[user], N=5)
        np.testing.assert_array_equal(ids, np.argsort(-expected)[:5])
        np.testing.assert_allclose(scores, np.sort(expected)[::-1][:5], rtol=1e-4, atol=1e-5)


def test_much_concentration_asks_for_the_nearest_item(user_items, features):
    model = AudioKNN(features, metric="euclidean", concentration=100.0)
    model.fit(user_items)
    similarity, known = similarities(features, "normal scores", "euclidean")
    mine = user_items[0].toarray()[0] > 0
    nearest = np.where(known & ~mine, similarity[mine & known].max(axis=0), -np.inf)
    assert model.recommend(0, user_items[0], N=1)[0] == [np.argmax(nearest)]


def test_items_are_similar_as_they_are_compared(user_items, features):
    model = AudioKNN(features, metric="euclidean")
    model.fit(user_items)
    ids, values = model.similar_items(0, N=4)
    expected = similarities(features, "normal scores", "euclidean")[0][0]
    np.testing.assert_allclose(values, expected[ids], atol=1e-6)
    assert ids[0] == 0


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


@pytest.mark.parametrize(
    ("scale", "change"),
    [
        ("z-scores", lambda x: x * [1, 1000, 0.01, 5] + [3, 0, -7, 60]),
        ("normal scores", np.exp),
    ],
)
def test_audio_knn_does_not_depend_on_the_units_of_a_feature(user_items, features, scale, change):
    plain, changed = AudioKNN(features, scale), AudioKNN(change(features), scale)
    plain.fit(user_items)
    changed.fit(user_items)
    np.testing.assert_array_equal(
        plain.recommend(USERS, user_items, N=5)[0], changed.recommend(USERS, user_items, N=5)[0]
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


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scale": "ranks"}, "scale must be one of normal scores, z-scores, not 'ranks'"),
        ({"metric": "taxi"}, "metric must be one of cosine, euclidean, not 'taxi'"),
        ({"concentration": -1.0}, "concentration must be finite and 0 or more, not -1.0"),
    ],
)
def test_audio_knn_refuses_settings_that_are_none(settings, message):
    with pytest.raises(ValueError, match=message):
        AudioKNN(**settings)
