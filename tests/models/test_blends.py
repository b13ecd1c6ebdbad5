"""A blend is the weighted sum of what its models say, on one scale."""

import io

import numpy as np
import pytest
import worlds
from scipy.sparse import csr_matrix
from worlds import N_ITEMS, USERS

from nexttrack.errors import UserError
from nexttrack.models import EASE, IALS, AudioKNN, Blend, ItemKNN, Popularity
from nexttrack.models.blends import combined, standardised


@pytest.fixture(scope="module")
def fitted(user_items):
    models = [ItemKNN(K=10), IALS(4), EASE(20.0)]
    for model in models:
        model.fit(user_items, show_progress=False)
    return models


def z_scores(model, user_items):
    """z-scores over what the user has not, users x items; NaN for what the user has."""
    if isinstance(model, ItemKNN):  # of which a list holds only what something speaks for
        scores = user_items.toarray() @ model.similarity.toarray()
    else:
        scores = worlds.all_scores(model, user_items.toarray())
    scores[user_items.toarray() > 0] = np.nan
    spread = np.nanstd(scores, axis=1, keepdims=True)
    return (scores - np.nanmean(scores, axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)


def test_scores_are_weighted_sums_of_z_scores(fitted, user_items):
    blend = Blend(fitted, [0.5, 0.2, 0.3])
    weighted = [w * z_scores(m, user_items) for w, m in zip(blend.weights, fitted, strict=True)]
    expected = sum(weighted)
    ids, scores = blend.recommend(USERS, user_items, N=N_ITEMS)
    for user in USERS:
        there = ids[user] >= 0
        left = np.isfinite(expected[user])
        assert there.sum() == left.sum()
        np.testing.assert_allclose(
            scores[user, there], expected[user, ids[user, there]], rtol=1e-4, atol=1e-4
        )
        assert (np.diff(scores[user, there]) <= 0).all()


def test_a_model_alone_ranks_as_it_does(fitted, user_items):
    for model in fitted[1:]:
        ids, _ = Blend([model]).recommend(USERS, user_items, N=10)
        np.testing.assert_array_equal(ids, model.recommend(USERS, user_items, N=10)[0])


def test_a_weight_of_zero_is_no_member(fitted, user_items):
    ids, scores = Blend(fitted, [1, 0, 2]).recommend(USERS, user_items)
    without = Blend([fitted[0], fitted[2]], [1, 2]).recommend(USERS, user_items)
    np.testing.assert_array_equal(ids, without[0])
    np.testing.assert_array_equal(scores, without[1])


def test_reciprocal_ranks_are_cormacks(fitted, user_items):
    ids, scores = Blend(fitted, scale="reciprocal ranks").recommend(5, user_items[5], N=4)
    lists = [m.recommend(5, user_items[5], N=N_ITEMS)[0].tolist() for m in fitted]
    for item, score in zip(ids, scores, strict=True):
        ranks = [found.index(item) + 1 for found in lists if item in found]
        assert score == pytest.approx(sum(1 / (60 + rank) for rank in ranks))


def test_with_candidates_what_is_not_named_is_as_low_as_the_last_named(fitted, user_items):
    ids, scores = Blend(fitted, candidates=5).recommend(USERS, user_items, N=N_ITEMS)
    parts = [standardised(model, USERS, user_items, candidates=5) for model in fitted]
    for user in (0, 8):
        named = {int(i) for part in parts for i in part.ids[user] if i >= 0}
        assert set(ids[user][ids[user] >= 0]) == named
        for item, score in zip(ids[user], scores[user], strict=True):
            if item >= 0:
                of_models = [
                    part.values[user][part.ids[user] == item].sum()
                    if item in part.ids[user]
                    else part.floor[user]
                    for part in parts
                ]
                assert score == pytest.approx(sum(of_models), abs=1e-5)
    all_of_them = Blend(fitted, candidates=N_ITEMS).recommend(USERS, user_items, N=7)
    np.testing.assert_array_equal(
        all_of_them[0], Blend(fitted).recommend(USERS, user_items, N=7)[0]
    )


def test_an_item_without_sound_has_the_mean_of_sound(user_items):
    sound = AudioKNN(worlds.audio())
    sound.fit(user_items)
    part = standardised(sound, np.array([0]), user_items[:1])
    silent = np.setdiff1d(np.arange(N_ITEMS), part.ids[0])
    assert {5, 9} & set(silent)
    assert part.floor[0] == 0
    named = part.ids[0] >= 0
    assert part.values[0, named].mean() == pytest.approx(0, abs=1e-5)
    assert part.values[0, named].std() == pytest.approx(1, abs=1e-5)


def test_it_fits_its_models(user_items):
    blend = Blend([ItemKNN(K=5), Popularity()], [0.7, 0.3])
    assert blend.n_items is None
    with pytest.raises(ValueError, match="Blend is not fitted"):
        blend.recommend(0, user_items[0])
    blend.fit(user_items, show_progress=False)
    assert blend.n_items == N_ITEMS


def test_saved_and_loaded_its_models_are_there(fitted, user_items, tmp_path):
    blend = Blend(fitted, [0.5, 0.2, 0.3], candidates=20)
    blend.save(tmp_path / "blend")
    loaded = Blend.load(tmp_path / "blend.npz")
    assert [type(model) for model in loaded.models] == [type(model) for model in fitted]
    for left, right in zip(
        *(model.recommend(USERS, user_items, N=8) for model in (blend, loaded)), strict=True
    ):
        np.testing.assert_array_equal(left, right)


def test_a_file_whose_parts_do_not_fit_is_refused(fitted, tmp_path):
    Blend(fitted).save(tmp_path / "blend.npz")
    with np.load(tmp_path / "blend.npz") as file:
        parts = dict(file)
    for changes, message in (
        ({"sizes": parts["sizes"] + 1}, "not as long as it says"),
        ({"names": np.array(["Oracle"] * 3)}, "no model is called Oracle"),
        ({"weights": np.array([1.0, 2.0])}, "2 weights for 3 models"),
    ):
        with io.BytesIO() as file:
            np.savez(file, **parts | changes)
            file.seek(0)
            with pytest.raises(UserError, match=message):
                Blend.load(file)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([ItemKNN()], [1, 2]), "2 weights for 1 models"),
        (([ItemKNN()], [-1]), "weights must be 0 or more"),
        (([ItemKNN()], [0]), "not all 0"),
        (([ItemKNN()], [np.nan]), "finite"),
        (([ItemKNN()], None, "logits"), "scale must be one of z-scores, reciprocal ranks"),
        (([ItemKNN()], None, "z-scores", 0), "candidates must be 1 or more"),
    ],
)
def test_settings_that_are_none_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Blend(*arguments)


def test_models_of_two_catalogues_are_no_blend(fitted, user_items):
    other = Popularity()
    other.fit(user_items[:, :20])
    with pytest.raises(ValueError, match=r"know \[20, 30\] items"):
        Blend([fitted[0], other]).recommend(0, user_items[0])


def test_of_equal_sums_the_smaller_position_comes_first():
    part = standardised(*_popular())
    ids, _ = combined([part, part], [1.0, 1.0], 4)
    assert ids[0].tolist() == [1, 0, 2, 3]


def _popular():
    user_items = csr_matrix(np.array([[0, 0, 0, 0, 1], [0, 1, 0, 0, 0]], dtype=np.float32))
    model = Popularity()
    model.fit(user_items)
    return model, np.array([0]), user_items[:1]
