"""Files of models: nothing is unpickled, nothing is half written, what is wrong is named."""

import numpy as np
import pytest
import trials
from scipy.sparse import csr_matrix
from sklearn.exceptions import NotFittedError

from nexttrack.errors import UserError
from nexttrack.models import ItemKNN, Popularity, UserKNN


@pytest.fixture
def kept(user_items, tmp_path):
    model = UserKNN(K=7, weighting="tfidf")
    model.fit(user_items)
    model.save(tmp_path / "model.npz")
    return tmp_path / "model.npz"


def changed(kept, **parts):
    with np.load(kept) as content:
        every = dict(content) | parts
    np.savez(kept, **{name: part for name, part in every.items() if part is not None})
    return kept


def test_settings_and_matrices_come_back(kept, user_items):
    model = UserKNN.load(kept)
    assert (model.K, model.weighting, model.shrinkage) == (7, "tfidf", 0.0)
    assert (model.user_items != user_items).nnz == 0


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"model": None}, "not a model of this package"),
        (
            {"model": np.array("ItemKNN")},
            "holds a model of kind ItemKNN; load it with ItemKNN.load",
        ),
        ({"version": np.array(99)}, "written by another version"),
        ({"K": None}, "damaged .*'K'"),
        ({"user_items.indices": np.full(341, 10**6, dtype=np.int32)}, "damaged"),
        ({"user_items.indptr": np.zeros(3, dtype=np.int32)}, "damaged"),
        ({"weighting": np.array([{"a": 1}], dtype=object)}, "not a model file, or damaged"),
    ],
)
def test_a_file_with_a_wrong_part_is_named(kept, parts, message):
    with pytest.raises(UserError, match=message) as error:
        UserKNN.load(changed(kept, **parts))
    assert str(kept) in str(error.value)
    assert "\n" not in str(error.value)


def with_nan(array):
    array = array.copy()
    array.flat[0] = np.nan
    return array


CRAFTED = [
    ("RP3beta", "similarity.data", with_nan, "similarity has values that are no finite numbers"),
    ("RP3beta", "similarity.data", np.float32, "similarity is float32, not float64"),
    (
        "RP3beta",
        "similarity.shape",
        lambda n: n + np.array([0, 1]),
        "similarity is not of size",
    ),
    ("UserKNN", "user_items.data", np.negative, "must be finite and 0 or more"),
    ("PureSVD", "item_factors", with_nan, "item_factors has values that are no finite numbers"),
    ("PureSVD", "user_factors", lambda factors: factors[:, 1:], "user_factors is not of size"),
    ("PureSVD", "item_factors", np.float64, "item_factors is float64, not float32"),
    ("PureSVD", "item_factors", lambda factors: factors[0], "item_factors is not of size"),
    ("IALS", "factors", lambda n: n * 0 + 2 * 10**9, "item_factors is not of size"),
    ("IALS", "factors", np.float64, "factors must be a whole number, not 8.0"),
    ("IALS", "iterations", lambda n: -n, "damaged"),
    ("BPR", "negatives", lambda drawn: drawn * 0 + 2 * 10**9, "an item beyond the"),
    ("LogisticMF", "negatives", lambda drawn: drawn * 0 - 1, "an item beyond the"),
    ("LogisticMF", "negatives", lambda drawn: drawn[:0], "negatives is not of size"),
    ("ClusterPopularity", "item_groups", lambda groups: groups + 99, "item_groups has one beyond"),
    ("AudioKNN", "known", lambda known: known[1:], "known is not of size"),
    ("AudioKNN", "metric", lambda metric: np.array("taxi"), "metric must be one of"),
    ("EASE", "tiles", with_nan, "tiles has values that are no finite numbers"),
    ("EASE", "n_items", lambda n: n + 0.0, "n_items must be a whole number"),
    ("RDLAE", "dropout", lambda share: share + 1, "dropout must be 0 or more and below 1"),
    ("GFCF", "item_users.data", np.negative, "item_users must be above 0"),
    ("GFCF", "item_vectors", lambda vectors: vectors[1:], "item_users is not of size"),
    ("Random", "n_items", lambda n: -n, "n_items must be a whole number of 0 or more"),
    ("Random", "n_items", lambda n: n.astype(object), "not a model file, or damaged"),
]


@pytest.mark.parametrize(("name", "part", "craft", "message"), CRAFTED)
def test_a_crafted_file_is_refused_in_one_line(name, part, craft, message, user_items, tmp_path):
    model = trials.fitted(name, user_items)
    model.save(tmp_path / "model")
    with np.load(tmp_path / "model.npz") as content:
        parts = dict(content)
    np.savez(tmp_path / "model", **(parts | {part: np.asarray(craft(parts[part]))}))
    with pytest.raises(UserError, match=message) as error:
        type(model).load(tmp_path / "model")
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.npz: No such file or directory"):
        UserKNN.load(tmp_path / "none")


def test_a_single_array_is_not_a_model(tmp_path):
    np.save(tmp_path / "array.npy", np.eye(2))
    (tmp_path / "array.npy").rename(tmp_path / "array.npz")
    with pytest.raises(UserError, match="not a model file, or damaged"):
        UserKNN.load(tmp_path / "array.npz")


def test_a_file_that_cannot_be_written_leaves_the_old_one(kept, monkeypatch):
    before = kept.read_bytes()
    model = UserKNN.load(kept)
    model.weighting = {"not": "kept"}
    with pytest.raises(TypeError, match="weighting is not made of numbers or texts"):
        model.save(kept)
    assert kept.read_bytes() == before
    assert [path.name for path in kept.parent.iterdir()] == ["model.npz"]


def test_a_model_that_was_not_fitted_is_not_kept(tmp_path):
    for model in (UserKNN(), ItemKNN(), Popularity()):
        with pytest.raises(NotFittedError, match="is not fitted; call fit first"):
            model.save(tmp_path / "model.npz")
    assert not list(tmp_path.iterdir())


def test_every_damage_of_a_small_file_is_one_line(tmp_path):
    """Each byte in turn: what is loaded is the model, or the error is ours."""
    model = Popularity()
    model.fit(csr_matrix(np.eye(2, dtype=np.float32)))
    path = tmp_path / "model.npz"
    model.save(path)
    content = path.read_bytes()
    for place in range(0, len(content), 3):
        path.write_bytes(content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :])
        try:
            again = Popularity.load(path)
        except UserError as error:
            assert "\n" not in str(error)
        else:
            np.testing.assert_array_equal(again.item_factors, model.item_factors)
