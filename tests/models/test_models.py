"""What every recommender must do, and what each is by definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
from scipy.sparse import csr_matrix

from nexttrack.models import AudioKNN, ClusterPopularity, ItemKNN, Popularity, Random
from nexttrack.models.inputs import checked_user_items
from nexttrack.models.neighbours import Weighting

N_USERS, N_ITEMS = 40, 30


@pytest.fixture(scope="module")
def user_items():
    rng = np.random.default_rng(1)
    dense = (rng.random((N_USERS, N_ITEMS)) < 0.3) * rng.integers(1, 9, (N_USERS, N_ITEMS))
    dense[3] = 0
    return csr_matrix(dense.astype(np.float32))


@pytest.fixture(scope="module")
def features():
    values = np.random.default_rng(2).normal(size=(N_ITEMS, 4))
    values[[5, 9], 2] = np.nan
    return values


@pytest.fixture(scope="module")
def labels():
    """Clusters 0, 2 and 5 (others are empty), and items in none."""
    return np.random.default_rng(3).choice([-1, 0, 2, 5], N_ITEMS)


@pytest.fixture(params=["random", "popularity", "audio", "item", "clusters"])
def model(request, user_items, features, labels):
    made = {"random": Random(7), "popularity": Popularity(), "audio": AudioKNN(features)}
    made |= {"item": ItemKNN(K=N_ITEMS), "clusters": ClusterPopularity(labels)}
    made[request.param].fit(user_items, show_progress=False)
    return made[request.param]


USERS = np.arange(N_USERS)


def test_a_list_holds_no_item_twice_and_none_that_the_user_has(model, user_items):
    ids, _ = model.recommend(USERS, user_items, N=8)
    for user, row in enumerate(ids):
        real = row[row >= 0]
        assert len(set(real)) == len(real)
        assert not set(real) & set(user_items[user].indices)


def test_a_batch_gives_what_single_calls_give(model, user_items):
    ids, scores = model.recommend(USERS, user_items, N=6)
    for user in (0, 3, 17):
        one, one_scores = model.recommend(user, user_items[user], N=6)
        n = len(one)  # implicit's item kNN pads the lists of a batch only
        np.testing.assert_array_equal(one, ids[user, :n])
        np.testing.assert_allclose(one_scores, scores[user, :n], rtol=1e-5)
        assert (ids[user, n:] == -1).all()


def test_scores_never_rise_along_a_list(model, user_items):
    _, scores = model.recommend(USERS, user_items, N=8)
    assert (np.diff(scores, axis=1) <= 1e-6).all()


def test_filtered_items_do_not_come_back(model, user_items):
    ids, _ = model.recommend(USERS, user_items, N=5, filter_items=[0, 1, 2])
    assert not np.isin(ids, [0, 1, 2]).any()


def test_only_the_asked_items_are_ranked(model, user_items):
    ids, _ = model.recommend(
        USERS, user_items, N=4, items=[4, 11, 20, 21], filter_already_liked_items=False
    )
    assert set(ids[ids >= 0]) <= {4, 11, 20, 21}


def test_saved_and_loaded_it_recommends_the_same(model, user_items, tmp_path):
    path = str(tmp_path / "model.npz")
    model.save(path)
    again = type(model).load(path)
    np.testing.assert_array_equal(
        again.recommend(USERS, user_items, N=5)[0], model.recommend(USERS, user_items, N=5)[0]
    )


def test_popularity_counts_users_not_plays(user_items):
    model = Popularity()
    model.fit(user_items)
    counts = (user_items.toarray() > 0).sum(axis=0)
    np.testing.assert_array_equal(model.item_factors[:, 0], counts)
    ids, scores = model.recommend(
        3, user_items[3], N=N_ITEMS
    )  # user 3 has nothing: the whole chart
    np.testing.assert_array_equal(scores, np.sort(counts)[::-1])
    np.testing.assert_array_equal(counts[ids], scores)


def test_random_depends_on_seed_and_user_alone(user_items):
    first, second, other = Random(1), Random(1), Random(2)
    for model in (first, second, other):
        model.fit(user_items)
    whole = first.recommend(USERS, user_items, N=5)[0]
    part = second.recommend(USERS[10:20], user_items[10:20], N=5)[0]
    np.testing.assert_array_equal(whole[10:20], part)
    assert (other.recommend(USERS, user_items, N=5)[0] != whole).any()


def test_random_is_uniform():
    n_users, n_items = 20_000, 10
    nothing = csr_matrix((n_users, n_items), dtype=np.float32)
    model = Random(3)
    model.fit(nothing)
    ids, _ = model.recommend(np.arange(n_users), nothing, N=1)
    counts = np.bincount(ids[:, 0], minlength=n_items)
    expected = n_users / n_items
    assert ((counts - expected) ** 2 / expected).sum() < 33.7  # chi-square, 9 df, p = 1e-4


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


@pytest.mark.filterwarnings("ignore:Method expects CSR")
@pytest.mark.parametrize(
    ("weighting", "theirs"),
    [("cosine", CosineRecommender), ("tfidf", TFIDFRecommender), ("bm25", BM25Recommender)],
)
def test_item_knn_is_implicits(user_items, weighting, theirs):
    ours, reference = ItemKNN(K=8, weighting=weighting), theirs(K=8)
    ours.fit(user_items, show_progress=False)
    # In float64, as ours: in float32 implicit's square roots of counts are rounded.
    reference.fit(user_items.astype(np.float64), show_progress=False)
    assert abs(ours.similarity - reference.similarity).max() < 1e-12


@pytest.mark.parametrize("shrinkage", [0.0, 3.0, 50.0])
def test_item_knn_is_its_formula(user_items, shrinkage):
    model = ItemKNN(K=6, shrinkage=shrinkage)
    model.fit(user_items)
    X = user_items.toarray().astype(float)
    norms = np.linalg.norm(X, axis=0)
    dense = X.T @ X / (np.outer(norms, norms) + shrinkage)
    for item in range(N_ITEMS):
        row = model.similarity[item]
        np.testing.assert_allclose(np.sort(row.data), np.sort(dense[item])[-6:])
        np.testing.assert_allclose(row.data, dense[item, row.indices])


def test_the_number_of_threads_changes_no_similarity(user_items):
    one, two = ItemKNN(K=6, num_threads=1), ItemKNN(K=6, num_threads=2)
    one.fit(user_items)
    two.fit(user_items)
    assert (one.similarity != two.similarity).nnz == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weighting": "jaccard"}, "cosine, tfidf, bm25"),
        ({"K": 0}, "K must be 1 or more"),
        ({"shrinkage": -1}, "shrinkage 0 or more"),
        ({"weighting": "bm25", "shrinkage": 5}, "0 with bm25"),
    ],
)
def test_item_knn_refuses_what_it_does_not_know(arguments, message):
    with pytest.raises(ValueError, match=message):
        ItemKNN(**arguments)


def test_reasons_add_up_to_the_score(user_items):
    model = ItemKNN(K=N_ITEMS)
    model.fit(user_items, show_progress=False)
    ids, scores = model.recommend(0, user_items[0], N=3)
    for item, score in zip(ids, scores, strict=True):
        because, share = model.explain(user_items[0], item, N=N_ITEMS)
        assert set(because) <= set(user_items[0].indices)
        assert share.sum() == pytest.approx(1)
        values = user_items[0].toarray()[0]
        parts = [values[j] * model.similarity[j, item] for j in because]
        assert sum(parts) == pytest.approx(score)
        np.testing.assert_allclose(share, np.array(parts) / score)


def test_nothing_speaks_for_an_item_to_an_empty_profile(user_items):
    model = ItemKNN(K=5)
    model.fit(user_items, show_progress=False)
    ids, shares = model.explain(user_items[3], 0)
    assert len(ids) == len(shares) == 0


@pytest.mark.filterwarnings("ignore:Method expects CSR")
@pytest.mark.parametrize("liked", [True, False])
def test_item_knn_recommends_what_implicit_would(user_items, liked):
    ours, reference = ItemKNN(K=8), CosineRecommender(K=8)
    ours.fit(user_items)
    reference.fit(user_items, show_progress=False)
    ids, scores = ours.recommend(USERS, user_items, N=10, filter_already_liked_items=liked)
    _, theirs = reference.recommend(USERS, user_items, N=10, filter_already_liked_items=liked)
    for user in USERS:
        real = ids[user] >= 0
        np.testing.assert_allclose(scores[user, real], theirs[user, : real.sum()])
        dense = user_items[user].toarray()[0] @ ours.similarity.toarray()
        np.testing.assert_allclose(scores[user, real], dense[ids[user, real]])


def test_item_knn_ranks_equals_by_id():
    user_items = csr_matrix(np.ones((3, 6), dtype=np.float32))
    model = ItemKNN(K=6)
    model.fit(user_items)
    asked = csr_matrix(([1.0], ([0], [2])), shape=(1, 6), dtype=np.float32)
    ids, _ = model.recommend(0, asked, N=3)
    assert ids.tolist() == [0, 1, 3]


@pytest.mark.parametrize(
    ("rows", "arguments", "error", "message"),
    [
        (2, {}, ValueError, "1 row for every user"),
        (1, {"items": [99]}, IndexError, "not in the model"),
        (1, {"items": [1], "filter_items": [2]}, ValueError, "both filter_items and items"),
    ],
)
def test_item_knn_refuses_a_call_that_does_not_fit(user_items, rows, arguments, error, message):
    model = ItemKNN(K=6)
    model.fit(user_items)
    with pytest.raises(error, match=message):
        model.recommend(0, user_items[:rows], **arguments)


@pytest.mark.parametrize("weighting", ["cosine", "tfidf", "bm25"])
def test_sums_that_pass_through_zero_are_sums(weighting):
    """A user with every item has a weight below 0 by tf-idf, and stored zeros touch nothing."""
    rng = np.random.default_rng(5)
    dense = (rng.random((12, 9)) < 0.5).astype(np.float32)
    dense[0] = 1
    user_items = csr_matrix(dense)
    user_items.data[::7] = 0
    model = ItemKNN(K=9, weighting=weighting)
    model.fit(user_items)
    items = checked_user_items(user_items).T.tocsr().astype(np.float64)
    weighted = Weighting.of(items, weighting).apply(items).toarray()
    gram = weighted @ weighted.T
    if weighting != "bm25":
        gram /= np.outer(*[np.linalg.norm(weighted, axis=1)] * 2)
    np.testing.assert_allclose(model.similarity.toarray(), gram, atol=1e-12)
    _, scores = model.recommend(3, user_items[3], N=9, filter_already_liked_items=False)
    expected = user_items[3].toarray()[0] @ gram
    np.testing.assert_allclose(scores, np.sort(expected[expected > 0])[::-1], atol=1e-9)


def test_an_item_that_nobody_values_is_near_to_none():
    user_items = csr_matrix(np.eye(4, 4, dtype=np.float32))
    user_items.data[2] = 0
    model = ItemKNN(K=4)
    model.fit(user_items)
    np.testing.assert_array_equal(model.similarity.toarray(), np.diag([1.0, 1, 0, 1]))


def fitted(labels, user_items, shrinkage=10.0):
    model = ClusterPopularity(labels, shrinkage)
    model.fit(user_items)
    return model


def cluster_scores(dense, labels, shrinkage):
    """P(i | u), by its definition and one number at a time."""
    n_users, n_items = dense.shape
    users_of = [sum(dense[u, i] > 0 for u in range(n_users)) for i in range(n_items)]
    size = {c: sum(users_of[j] for j in range(n_items) if labels[j] == c) for c in set(labels)}
    scores = np.zeros((n_users, n_items))
    for u in range(n_users):
        of = {c: sum(dense[u, j] for j in range(n_items) if labels[j] == c) for c in size}
        for i in range(n_items):
            c = labels[i]
            overall = size[c] / sum(size.values())
            n_u = sum(of.values())
            share = (of[c] + shrinkage * overall) / (n_u + shrinkage) if n_u else overall
            scores[u, i] = share * users_of[i] / size[c]
    return scores


@pytest.mark.parametrize("shrinkage", [0.0, 2.5, 100.0])
def test_cluster_popularity_is_its_formula(user_items, labels, shrinkage):
    model = fitted(labels, user_items, shrinkage)
    expected = cluster_scores(user_items.toarray(), labels, shrinkage)
    np.testing.assert_allclose(model.user_factors @ model.item_factors.T, expected, rtol=1e-5)
    ids, scores = model.recommend(USERS, user_items, N=N_ITEMS, filter_already_liked_items=False)
    np.testing.assert_allclose(scores, -np.sort(-expected), rtol=1e-5)
    np.testing.assert_allclose(np.take_along_axis(expected, ids, 1), scores, rtol=1e-5)


def test_with_all_trust_in_the_prior_it_is_popularity(user_items, labels):
    chart = Popularity()
    chart.fit(user_items)
    expected, counts = chart.recommend(USERS, user_items, N=10)
    # Infinite: the same lists, whatever the order of ties. Large: ties may be broken.
    ids, _ = fitted(labels, user_items, np.inf).recommend(USERS, user_items, N=10)
    np.testing.assert_array_equal(ids, expected)
    ids, _ = fitted(labels, user_items, 1e9).recommend(USERS, user_items, N=10)
    np.testing.assert_array_equal(chart.item_factors[ids, 0], counts)


@pytest.mark.parametrize("label", [-1, 0, 7])
@pytest.mark.parametrize("shrinkage", [0.0, 10.0])
def test_with_one_cluster_it_is_popularity(user_items, label, shrinkage):
    chart = Popularity()
    chart.fit(user_items)
    model = fitted(np.full(N_ITEMS, label), user_items, shrinkage)
    np.testing.assert_array_equal(
        model.recommend(USERS, user_items, N=N_ITEMS)[0],
        chart.recommend(USERS, user_items, N=N_ITEMS)[0],
    )


weights = hnp.arrays(
    np.float32, (5, 8), elements=st.sampled_from([0.0, 0.0, 0.25, 1.0, 3.0, 500.0])
).filter(np.any)


@given(
    dense=weights,
    labels=hnp.arrays(np.int64, 8, elements=st.integers(-1, 4)),
    unseen=weights,
    shrinkage=st.one_of(st.floats(0, 1e6), st.just(np.inf)),
)
def test_the_scores_of_a_user_are_probabilities(dense, labels, unseen, shrinkage):
    """For users who were in training and who were not, with items that nobody had among theirs."""
    model = fitted(labels, csr_matrix(dense), shrinkage)
    new = model.recalculate_user(np.arange(5), csr_matrix(unseen))
    scores = np.vstack([model.user_factors, new]).astype(float) @ model.item_factors.T
    assert (scores >= 0).all()
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)


@given(numbers=st.permutations([0, 1, 2, 5, 9]))
def test_the_numbers_of_the_clusters_do_not_matter(user_items, labels, numbers):
    renamed = np.where(labels < 0, -1, np.array(numbers)[np.clip(labels, 0, 4)])
    asked = USERS, user_items, 12
    for theirs, ours in zip(
        fitted(labels, user_items).recommend(*asked),
        fitted(renamed, user_items).recommend(*asked),
        strict=True,
    ):
        np.testing.assert_array_equal(theirs, ours)


@pytest.mark.parametrize("shrinkage", [0.0, 10.0])
def test_a_user_without_items_gets_the_chart_of_all(user_items, labels, shrinkage):
    model = fitted(labels, user_items, shrinkage)
    counts = (user_items.toarray() > 0).sum(axis=0)
    ids, scores = model.recommend(3, user_items[3], N=N_ITEMS)
    np.testing.assert_array_equal(counts[ids], -np.sort(-counts))
    np.testing.assert_allclose(scores, counts[ids] / counts.sum(), rtol=1e-5)


def test_cluster_popularity_places_users_that_it_has_not_seen(user_items, labels):
    model = fitted(labels, user_items)
    again = model.recalculate_user(USERS, user_items)
    np.testing.assert_array_equal(again, model.user_factors)
    half = fitted(labels, user_items[:20])
    row = user_items[30]
    share = (row.toarray()[0] @ (labels == 2) + 10 * half.group_shares[2]) / (row.sum() + 10)
    lift = half.recalculate_user(30, row)[0, 2]
    assert lift * half.group_shares[2] == pytest.approx(share)
    one, _ = half.recommend(999, row, N=5, recalculate_user=True)
    many, _ = half.recommend(np.array([7, 999]), user_items[29:31], N=5, recalculate_user=True)
    np.testing.assert_array_equal(one, many[1])


def test_a_cluster_that_nobody_has_is_not_known_to_be_liked():
    model = fitted([0, 0, 1], csr_matrix(np.array([[2, 1, 0], [1, 0, 0]], dtype=np.float32)), 0)
    only_unheard = csr_matrix(np.array([[0, 0, 4]], dtype=np.float32))
    for N in (1, 3):
        _, scores = model.recommend(0, only_unheard, N=N, recalculate_user=True)
        np.testing.assert_allclose(scores[:2], [2 / 3, 1 / 3][:N])


def test_cluster_popularity_knows_similar_users_and_no_similar_items(user_items, labels):
    model = fitted(labels, user_items)
    ids, scores = model.similar_users(0, N=3)
    assert ids[0] == 0
    lifts = model.user_factors / np.linalg.norm(model.user_factors, axis=1, keepdims=True)
    np.testing.assert_allclose(scores, np.sort(lifts @ lifts[0])[::-1][:3], rtol=1e-5)
    with pytest.raises(NotImplementedError, match="beyond their labels"):
        model.similar_items(0)


def test_saved_and_loaded_it_places_new_users_the_same(user_items, labels, tmp_path):
    model = fitted(labels, user_items, 3.5)
    model.save(str(tmp_path / "model.npz"))
    again = ClusterPopularity.load(str(tmp_path / "model.npz"))
    assert again.shrinkage == 3.5
    np.testing.assert_array_equal(
        again.recalculate_user(USERS, user_items), model.recalculate_user(USERS, user_items)
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (None, r"labels have shape \(\), not \(30,\): one for each item"),
        (np.zeros(3, dtype=int), r"labels have shape \(3,\), not \(30,\)"),
        (np.zeros((N_ITEMS, 2), dtype=int), r"labels have shape \(30, 2\)"),
        (np.zeros(N_ITEMS), "must be whole numbers, not of type float64"),
        (np.full(N_ITEMS, -2), r"must be -1 \(no cluster\) or more, not -2"),
    ],
)
def test_cluster_popularity_refuses_labels_that_do_not_fit(user_items, wrong, message):
    with pytest.raises(ValueError, match=message):
        fitted(wrong, user_items)


@pytest.mark.parametrize("shrinkage", [-1, np.nan])
def test_cluster_popularity_refuses_a_shrinkage_below_0(shrinkage):
    with pytest.raises(ValueError, match="shrinkage must be 0 or more"):
        ClusterPopularity(shrinkage=shrinkage)


@pytest.mark.parametrize("weight", [-1, np.nan, np.inf])
def test_cluster_popularity_refuses_weights_that_are_none(user_items, labels, weight):
    wrong = user_items.copy()
    wrong.data[5] = weight
    with pytest.raises(ValueError, match="weights in user_items must be finite and 0 or more"):
        fitted(labels, wrong)
    with pytest.raises(ValueError, match="weights in user_items must be finite and 0 or more"):
        fitted(labels, user_items).recalculate_user(USERS, wrong)


def test_cluster_popularity_needs_an_item_that_someone_has(labels):
    with pytest.raises(ValueError, match="no user has an item"):
        fitted(labels, csr_matrix((4, N_ITEMS), dtype=np.float32))
