"""Content kNN is a mix of cosines, cut off at K, taken by maximum or sum."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from scipy.stats import norm, rankdata
from sklearn.feature_extraction.text import TfidfTransformer
from worlds import N_ITEMS, USERS

from nexttrack.models import ContentKNN
from nexttrack.models.content import artists_and_genres


@pytest.fixture(scope="module")
def attributes():
    rng = np.random.default_rng(9)
    dense = (rng.random((N_ITEMS, 7)) < 0.3) * rng.random((N_ITEMS, 7))
    dense[9] = 0  # neither features nor attributes
    return csr_matrix(dense.astype(np.float32))


def dense_similarity(features, attributes, weight):
    z = np.zeros(features.shape)
    known = np.isfinite(features).all(axis=1)
    z[known] = norm.ppf((rankdata(features[known], axis=0) - 0.5) / known.sum())
    names = attributes.toarray()
    cosines = []
    for vectors in (z, names):
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit = vectors / np.where(norms > 0, norms, 1)
        cosines.append(unit @ unit.T)
    similarity = (1 - weight) * cosines[0] + weight * cosines[1]
    np.fill_diagonal(similarity, 0)
    return np.maximum(similarity, 0)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_similarity_is_a_mix_of_cosines(user_items, features, attributes, weight):
    model = ContentKNN(features, attributes, weight, K=N_ITEMS)
    model.fit(user_items)
    expected = dense_similarity(features, attributes, weight)
    np.testing.assert_allclose(model.similarity.toarray(), expected, atol=1e-6)


@pytest.mark.parametrize("profile", ["max", "sum"])
def test_the_score_is_the_largest_similarity_or_their_sum(
    user_items, features, attributes, profile
):
    model = ContentKNN(features, attributes, K=N_ITEMS, profile=profile)
    model.fit(user_items)
    similarity = model.similarity.toarray()
    X = user_items.toarray()
    if profile == "sum":
        expected = X @ similarity
    else:
        expected = np.array([similarity[row > 0].max(axis=0, initial=0) for row in X])
    expected[X > 0] = 0
    ids, scores = model.recommend(USERS, user_items, N=N_ITEMS)
    for user in USERS:
        found = ids[user] >= 0
        assert found.sum() == (expected[user] > 0).sum()
        np.testing.assert_allclose(scores[user, found], expected[user, ids[user, found]], rtol=1e-6)


def test_each_item_keeps_its_nearest(user_items, features, attributes):
    few, all_of = (ContentKNN(features, attributes, K=k) for k in (4, N_ITEMS))
    few.fit(user_items)
    all_of.fit(user_items)
    for item in range(N_ITEMS):
        np.testing.assert_array_equal(
            few.similarity[item].data, np.sort(all_of.similarity[item].data)[::-1][:4]
        )


def test_the_reason_of_a_maximum_is_the_nearest_item(user_items, features):
    model = ContentKNN(features, K=N_ITEMS)
    model.fit(user_items)
    ids, scores = model.recommend(0, user_items[0], N=1)
    total, contributions, _ = model.explain(0, user_items, ids[0])
    assert contributions == [(contributions[0][0], scores[0])]
    assert model.similarity[contributions[0][0], ids[0]] == scores[0] == total


def test_an_item_without_content_is_never_recommended(user_items, features, attributes):
    model = ContentKNN(features, attributes, K=N_ITEMS, profile="sum")
    model.fit(user_items)
    assert not np.isin(model.recommend(USERS, user_items, N=N_ITEMS)[0], [9]).any()


def test_artists_and_genres_are_weighted_by_how_rare_they_are():
    tracks = pd.DataFrame(
        {
            "artists": [["A"], ["A", "B"], ["C"], np.nan],
            "genres": [["rock"], ["rock", "folk"], np.nan, ["folk"]],
        }
    )
    found = artists_and_genres(tracks, artist_weight=0.25).toarray()
    for columns, names, share in ((slice(0, 3), "artists", 0.25), (slice(3, 5), "genres", 0.75)):
        lists = tracks[names].map(lambda names: names if isinstance(names, list) else [])
        every = sorted({name for row in lists for name in row})
        counts = np.array([[name in row for name in every] for row in lists], dtype=float)
        # sklearn's idf is log(n / df) + 1; ours is without the 1.
        reference = TfidfTransformer(norm=None, smooth_idf=False).fit(counts)
        weighted = counts * (reference.idf_ - 1)
        norms = np.linalg.norm(weighted, axis=1, keepdims=True)
        expected = weighted / np.where(norms > 0, norms, 1) * np.sqrt(share)
        np.testing.assert_allclose(found[:, columns], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"attribute_weight": 1.5}, r"attribute_weight must be in \[0, 1\]"),
        ({"K": 0}, "K must be .*1 or more"),
        ({"profile": "mean"}, "profile 'max' or 'sum'"),
        ({"scale": "ranks"}, "scale must be one of normal scores, z-scores, not 'ranks'"),
    ],
)
def test_content_knn_refuses_settings_that_are_none(arguments, message):
    with pytest.raises(ValueError, match=message):
        ContentKNN(**arguments)


def test_content_knn_refuses_content_that_does_not_fit(user_items, features):
    with pytest.raises(ValueError, match="neither features nor attributes"):
        ContentKNN().fit(user_items)
    with pytest.raises(ValueError, match=r"features have shape \(29, 4\)"):
        ContentKNN(features[1:]).fit(user_items)
    with pytest.raises(ValueError, match="attributes have 3 rows, user_items 30 items"):
        ContentKNN(None, csr_matrix((3, 2))).fit(user_items)
