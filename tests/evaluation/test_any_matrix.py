"""One call compares models on any matrix: the test is looked at once, and chooses nothing."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from nexttrack.evaluation import any_matrix
from nexttrack.evaluation.any_matrix import DENSE_ITEMS, compare, tunables
from nexttrack.evaluation.comparison import Candidate
from nexttrack.evaluation.splits import weak_generalization
from nexttrack.models import ItemKNN, Popularity
from nexttrack.models.space import Range

FEW = ("Item kNN", "Popularity")


@pytest.fixture(scope="module")
def user_items():
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 2, 80)
    chance = np.where((np.arange(40) < 20) == (kind[:, None] == 0), 0.6, 0.03)
    return csr_matrix((rng.random((80, 40)) < chance).astype("f4"))


@pytest.fixture(scope="module")
def found(user_items, tmp_path_factory):
    path = tmp_path_factory.mktemp("best") / "best.npz"
    return compare(user_items, seed=1, models=FEW, metric="NDCG@5", save=path), path


def test_the_best_of_validation_is_fitted_on_all_and_saved(user_items, found):
    comparison, path = found
    assert comparison.best == "Item kNN"
    again = ItemKNN(**comparison.settings["Item kNN"])
    again.fit(user_items, show_progress=False)
    for model in (comparison.model, ItemKNN.load(path)):
        assert (model.similarity != again.similarity).nnz == 0


def test_the_table_has_means_and_paired_differences_to_the_best(found):
    comparison, _ = found
    table, scores = comparison.table(), comparison.scores
    means = scores.groupby("model")["NDCG@5"].mean()
    np.testing.assert_allclose(table["mean"], means[table.index])
    assert list(table.index) == ["Item kNN", "Popularity"]
    less = means["Item kNN"] - means["Popularity"]
    assert table.loc["Popularity", "less"] == pytest.approx(less)
    assert table.loc["Popularity", "less_low"] < less < table.loc["Popularity", "less_high"]
    assert table.loc["Popularity", "p_holm"] < 0.05
    assert np.isnan(table.loc["Item kNN", "less"])
    assert json.loads(table.loc["Item kNN", "settings"]) == comparison.settings["Item kNN"]
    assert "best on validation: Item kNN" in str(comparison)


def test_the_test_is_looked_at_once_and_chooses_nothing(user_items, found, monkeypatch):
    asked = []
    once = any_matrix.evaluate_models
    monkeypatch.setattr(
        any_matrix,
        "evaluate_models",
        lambda *given, **more: asked.append(1) or once(*given, **more),
    )
    split = weak_generalization(user_items, seed=1)
    out = split.test_out.copy()
    out.data[: out.indptr[40]] = 0  # half of the users are not asked about
    other = compare(
        user_items, seed=1, models=FEW, metric="NDCG@5", split=replace(split, test_out=out)
    )
    assert asked == [1]
    timeless = [name for name in other.trials if name != "seconds"]
    assert other.trials[timeless].equals(found[0].trials[timeless])
    assert other.settings == found[0].settings
    assert other.scores["user"].min() >= 40


def test_times_are_cut_where_most_interactions_are_before(user_items):
    times = user_items.copy()
    times.data = np.random.default_rng(1).random(times.nnz).astype("f4")
    comparison = compare(user_items, seed=1, models="Popularity", times=times)
    late = times.copy()
    late.data = (times.data >= np.quantile(times.data, 0.8)).astype("f4")
    assert comparison.scores["user"].nunique() == np.count_nonzero(late.sum(axis=1))


def test_own_candidates_are_searched_in_their_space(user_items):
    own = {
        "near": Candidate(ItemKNN, space={"K": Range(2, 6, whole=True)}),
        "pop": Candidate(Popularity),
    }
    comparison = compare(user_items, seed=1, models=own)
    tried = [json.loads(one).get("K", 4) for one in comparison.trials["settings"][1:]]
    assert set(comparison.settings) == {"near", "pop"}
    assert all(2 <= k <= 20 for k in tried)


def test_all_default_models_take_any_matrix(user_items):
    for name, candidate in tunables(40).items():
        model = candidate.make()
        model.fit(user_items, show_progress=False)
        assert len(model.recommend(0, user_items[0], N=3)[0]) == 3, name
    assert set(tunables(DENSE_ITEMS)) - set(tunables(DENSE_ITEMS + 1)) == {"EASE", "SLIM"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"metric": "NDGC@10"}, "there is no metric 'NDGC'; known: NDCG, "),
        ({"metric": "NDCG"}, "cut-off of metric 'NDCG' must be a whole number of 1 or more"),
        ({"models": ["item knn"]}, "'item knn'; known: Item kNN, "),
        ({"models": {}}, "models must be names or a dict of Candidate"),
        ({"models": {"x": ItemKNN}}, "models must be names or a dict of Candidate"),
        ({"seed": None}, "seed must be a whole number of 0 or more, not None"),
        ({"budget": 0}, "budget must be a whole number of 1 or more, not 0"),
        ({"times": [1, 2]}, "times must be a sparse matrix"),
    ],
)
def test_wrong_input_is_said_before_anything_is_fitted(user_items, given, says):
    with pytest.raises(ValueError, match=says):
        compare(user_items, **{"seed": 1, **given})


def test_a_matrix_of_too_few_items_a_user_says_so():
    with pytest.raises(ValueError, match="nobody can be asked; a user takes 5 items"):
        compare(csr_matrix(np.eye(6)), seed=0)
