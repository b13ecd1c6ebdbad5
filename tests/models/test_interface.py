"""What every recommender must do, whichever it is: implicit's interface, tried on all of them."""

import ast
import io
import subprocess
import sys
from importlib import resources

import numpy as np
import pytest
import worlds
from scipy.sparse import coo_matrix, csr_array, csr_matrix
from sklearn.exceptions import NotFittedError
from trials import TRIALS, fitted, made
from worlds import N_ITEMS, N_USERS, USERS

import nexttrack.models
from nexttrack.errors import UserError
from nexttrack.evaluation.evaluator import top_n
from nexttrack.evaluation.metrics import ndcg_at_k
from nexttrack.evaluation.ranked_lists import RankedLists
from nexttrack.models import Blend, Popularity, Random


@pytest.fixture(params=TRIALS, scope="module")
def name(request):
    return request.param


@pytest.fixture(scope="module")
def model(name, user_items):
    return fitted(name, user_items)


def test_type_checkers_are_told_of_the_models_that_there_are():
    stub = resources.files("nexttrack.models").joinpath("__init__.pyi").read_text(encoding="utf-8")
    homes = {
        (name.name, node.module.removeprefix("nexttrack."))
        for node in ast.parse(stub).body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    assert homes == set(nexttrack.models._HOMES.items())
    with pytest.raises(AttributeError, match="has no attribute 'Oracle'"):
        nexttrack.models.Oracle  # noqa: B018


@pytest.mark.parametrize("module", ["pandas", "sklearn", "numba"])
def test_who_imports_the_models_waits_for_what_they_use_and_no_more(module):
    told = "from nexttrack.models import ItemKNN, IALS" if module != "numba" else ""
    code = f"import sys, nexttrack.models\n{told}\nprint({module!r} in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


def test_every_model_is_tried():
    tried = {trial.split(",")[0] for trial in TRIALS}
    assert tried == set(nexttrack.models.__all__)


@pytest.mark.parametrize("name", [name for name in TRIALS if TRIALS[name].knows_tastes])
def test_the_one_item_of_the_kind_that_a_user_lacks_comes_first(name):
    board = worlds.checker_board(50)
    kind = np.arange(50) % 2
    noise = np.random.default_rng(0).normal(scale=0.01, size=(50, 3))
    features = noise + np.where(kind[:, None] == 0, [1.0, -1.0, 0.5], [-1.0, 1.0, -0.5])
    model = fitted(name, board, kind, features)
    ids, _ = model.recommend(np.arange(50), board, N=1)
    np.testing.assert_array_equal(ids[:, 0], np.arange(50))


def test_it_finds_what_was_held_out_as_well_as_it_should(name):
    seen, held_out, kind = worlds.tastes()
    centres = np.random.default_rng(5).normal(size=(kind.max() + 1, 6))
    features = centres[kind] + np.random.default_rng(6).normal(size=(len(kind), 6))
    model = fitted(name, seen, kind, features)
    ids = top_n(model, seen, np.arange(seen.shape[0]), N=10)
    low, high = TRIALS[name].ndcg
    assert low < ndcg_at_k(RankedLists(ids, held_out), 10).mean() < high


def test_a_list_holds_no_item_twice_and_none_that_the_user_has(model, user_items):
    ids, _ = model.recommend(USERS, user_items, N=8)
    for user, row in enumerate(ids):
        real = row[row >= 0]
        assert len(set(real)) == len(real)
        assert not set(real) & set(user_items[user].indices)


def test_a_list_ends_where_there_is_no_more_to_say(model, user_items):
    ids, scores = model.recommend(USERS, user_items, N=N_ITEMS + 20)
    assert ids.shape == scores.shape == (N_USERS, N_ITEMS + 20)
    assert (ids[:, N_ITEMS:] == -1).all()
    for user, row in enumerate(ids):
        real = row >= 0
        assert (np.diff(real.astype(int)) <= 0).all()
        assert not set(row[real]) & set(user_items[user].indices)
        assert (scores[user, ~real] == -np.finfo(np.float32).max).all()


def test_an_empty_list_is_asked_for_and_given(model, user_items):
    ids, scores = model.recommend(USERS, user_items, N=0)
    assert ids.shape == scores.shape == (N_USERS, 0)
    assert len(model.recommend(0, user_items[0], N=0)[0]) == 0


def test_a_batch_gives_what_single_calls_give(model, user_items):
    ids, scores = model.recommend(USERS, user_items, N=6)
    for user in (0, 3, 17):
        one, one_scores = model.recommend(user, user_items[user], N=6)
        n = len(one)
        np.testing.assert_array_equal(one, ids[user, :n])
        np.testing.assert_allclose(one_scores, scores[user, :n], rtol=1e-5)
        assert (ids[user, n:] == -1).all()


def test_users_may_come_in_any_order_and_more_than_once(model, user_items):
    ids, _ = model.recommend(USERS, user_items, N=6)
    asked = np.array([20, 3, 20, 7])
    some, _ = model.recommend(asked, user_items[asked], N=6)
    np.testing.assert_array_equal(some, ids[asked])


def test_nobody_asked_nothing_given(model, user_items):
    ids, scores = model.recommend(np.arange(0), user_items[:0], N=4)
    assert ids.shape == scores.shape == (0, 4)


def test_scores_never_rise_along_a_list(model, user_items):
    _, scores = model.recommend(USERS, user_items, N=8)
    assert (np.diff(scores, axis=1) <= 1e-6).all()


def test_filtered_items_do_not_come_back(model, user_items):
    ids, _ = model.recommend(USERS, user_items, N=N_ITEMS, filter_items=[0, 1, 2])
    assert not np.isin(ids, [0, 1, 2]).any()


def test_only_the_asked_items_are_ranked(model, user_items):
    ids, _ = model.recommend(
        USERS, user_items, N=6, items=[20, 4, 11, 21], filter_already_liked_items=False
    )
    assert (ids[:, 4:] == -1).all()
    everything, _ = model.recommend(USERS, user_items, N=N_ITEMS, filter_already_liked_items=False)
    for row, all_of in zip(ids, everything, strict=True):
        ranked = [item for item in all_of if item in (4, 11, 20, 21)]
        rest = sorted({4, 11, 20, 21} - set(ranked))  # for which nothing speaks
        if type(model) in (Random, Blend):  # which deal anew, and compare with what may be listed
            assert set(row[:4]) == {4, 11, 20, 21}
        else:
            np.testing.assert_array_equal(row[:4], ranked + rest)


def test_own_items_are_ranked_when_they_are_not_filtered(model, user_items):
    ids, _ = model.recommend(USERS, user_items, N=N_ITEMS, filter_already_liked_items=False)
    assert np.isin(user_items[0].indices, ids[0]).any()


@pytest.mark.parametrize("name", sorted(set(TRIALS) - {"Random"}))  # it deals by the number
def test_a_user_who_was_not_in_training_gets_what_a_twin_gets(name, user_items):
    model = fitted(name, user_items)
    known, _ = model.recommend(17, user_items[17], N=6, recalculate_user=True)
    new, _ = model.recommend(9_999, user_items[17], N=6, recalculate_user=True)
    many, _ = model.recommend(np.array([5, 9_999]), user_items[[5, 17]], N=6, recalculate_user=True)
    np.testing.assert_array_equal(known, new)
    np.testing.assert_array_equal(many[1][: len(new)], new)
    empty, _ = model.recommend(
        np.array([9_999]), csr_matrix((1, N_ITEMS)), N=6, recalculate_user=True
    )
    assert empty.shape == (1, 6)


@pytest.mark.parametrize("name", [name for name in TRIALS if TRIALS[name].knows_by_factors])
def test_a_user_who_is_not_known_is_said_so(name, user_items):
    model = fitted(name, user_items)
    with pytest.raises(IndexError, match="recalculate_user=True"):
        model.recommend(9_999, user_items[17])


@pytest.mark.parametrize(
    "change", [np.float64, np.int64, np.int32, coo_matrix, csr_array, "csc", "unsorted"]
)
def test_the_type_of_the_matrix_does_not_matter(name, user_items, change):
    if change == "csc":
        other = user_items.tocsc()
    elif change == "unsorted":
        rows = np.split(np.arange(user_items.nnz), user_items.indptr[1:-1])
        backwards = np.concatenate([row[::-1] for row in rows])
        parts = user_items.data[backwards], user_items.indices[backwards], user_items.indptr
        other = csr_matrix(parts, shape=user_items.shape)
        before = other.indices.copy()
    else:
        other = (
            change(user_items) if change in (coo_matrix, csr_array) else user_items.astype(change)
        )
    model, again = fitted(name, user_items), made(name, user_items)
    again.fit(other, show_progress=False)
    if change == "unsorted":
        np.testing.assert_array_equal(other.indices, before)
    np.testing.assert_array_equal(
        model.recommend(USERS, user_items, N=6)[0], again.recommend(USERS, user_items, N=6)[0]
    )


def test_fitting_changes_nothing_in_the_matrix(name, user_items):
    copy = user_items.copy()
    copy.data[::5] = 0
    before = copy.copy()
    made(name, user_items).fit(copy, show_progress=False)
    np.testing.assert_array_equal(copy.data, before.data)
    np.testing.assert_array_equal(copy.indptr, before.indptr)


def test_the_same_seed_gives_the_same(name, user_items):
    one, two = fitted(name, user_items), fitted(name, user_items)
    for left, right in zip(
        one.recommend(USERS, user_items), two.recommend(USERS, user_items), strict=True
    ):
        np.testing.assert_array_equal(left, right)


def test_the_number_of_threads_changes_no_list(name, user_items):
    one, two = made(name, user_items), made(name, user_items)
    one.num_threads, two.num_threads = 1, 2
    for model in (one, two):
        model.fit(user_items, show_progress=False)
    np.testing.assert_array_equal(
        one.recommend(USERS, user_items)[0], two.recommend(USERS, user_items)[0]
    )


def test_a_model_can_be_fitted_again(name, user_items):
    model, other = fitted(name, user_items), made(name, user_items)
    half = user_items.copy()
    half.data[half.nnz // 2 :] = 0
    other.fit(half, show_progress=False)
    other.fit(user_items, show_progress=False)
    np.testing.assert_array_equal(
        model.recommend(USERS, user_items)[0], other.recommend(USERS, user_items)[0]
    )


@pytest.mark.parametrize("weight", [-1, np.nan, np.inf])
def test_weights_that_are_none_are_named(name, user_items, weight):
    wrong = user_items.copy()
    wrong.data[user_items.indptr[4]] = weight
    item = user_items.indices[user_items.indptr[4]]
    with pytest.raises(ValueError, match=rf"finite and 0 or more, not .* \(user 4, item {item}\)"):
        made(name, user_items).fit(wrong)


def test_there_must_be_something_to_learn_from(name, user_items):
    nothing = csr_matrix(user_items.shape, dtype=np.float32)
    with pytest.raises(ValueError, match="no user has an item"):
        made(name, user_items).fit(nothing)
    stored = user_items.copy()
    stored.data[:] = 0
    with pytest.raises(ValueError, match="no user has an item"):
        made(name, user_items).fit(stored)


def test_an_array_is_not_a_matrix_of_users_and_items(name, user_items):
    with pytest.raises(ValueError, match="must be a sparse matrix of users x items, not ndarray"):
        made(name, user_items).fit(user_items.toarray())


def test_an_item_that_nobody_has_and_a_user_who_has_all_do_no_harm(name, user_items):
    changed = user_items.toarray()
    changed[:, 7] = 0
    changed[11] = 1
    changed[11, 7] = 0
    model = fitted(name, csr_matrix(changed))
    ids, scores = model.recommend(USERS, csr_matrix(changed), N=N_ITEMS)
    assert np.isfinite(scores).all()
    assert set(ids[11]) <= {7, -1}


@pytest.mark.parametrize(
    ("rows", "arguments", "error", "message"),
    [
        (2, {}, ValueError, "1 row for every user"),
        (1, {"items": [99]}, IndexError, "not in the model"),
        (1, {"items": [-1]}, IndexError, "not in the model"),
        (1, {"filter_items": [99]}, IndexError, "not in the model"),
        (1, {"items": [1], "filter_items": [2]}, ValueError, "both filter_items and items"),
        (1, {"N": -1}, ValueError, "N must be a whole number of 0 or more, not -1"),
        (1, {"N": True}, ValueError, "N must be a whole number of 0 or more, not True"),
        (1, {"N": 2.5}, ValueError, "N must be a whole number of 0 or more, not 2.5"),
    ],
)
def test_a_call_that_does_not_fit_is_refused(model, user_items, rows, arguments, error, message):
    with pytest.raises(error, match=message):
        model.recommend(0, user_items[:rows], **arguments)


def test_a_model_that_was_not_fitted_says_so(name, user_items):
    with pytest.raises(NotFittedError, match="is not fitted; call fit first"):
        made(name, user_items).recommend(0, user_items[0])


def test_a_catalogue_of_another_size_is_refused(model, user_items):
    with pytest.raises(ValueError, match="user_items has 29 items, the model 30"):
        model.recommend(0, user_items[:1, :29])
    for wrong in (user_items[:1].tocoo(), user_items[:1].tocsc(), user_items[:1].toarray()):
        with pytest.raises(ValueError, match="must be a CSR matrix"):
            model.recommend(0, wrong)


def test_similar_ones_come_after_itself_or_the_model_says_that_it_knows_none(model):
    for what, ask, n in (
        ("items", model.similar_items, N_ITEMS),
        ("users", model.similar_users, N_USERS),
    ):
        if what not in model._COMPARES:
            with pytest.raises(NotImplementedError, match=f"no similarity between {what}"):
                ask(1)
            continue
        ids, scores = ask(1, N=5)
        assert ids[0] == 1
        assert len(ids) == len(set(ids)) > 1
        assert (np.diff(scores[1:]) <= 1e-6).all()
        batch, _ = ask(np.array([1, 2, 3, 5]), N=n + 2)
        assert batch[:, 0].tolist() == [1, 2, 3, 5]
        assert (batch[:, n:] == -1).all()
        np.testing.assert_array_equal(batch[0][: len(ids)], ids)
        assert 1 not in ask(1, n, **{f"filter_{what}": [1]})[0]
        only, _ = ask(np.array([1, 4]), 5, **{what: [9, 2, 1]})
        assert only[0].tolist()[0] == 1
        assert [sorted(row) for row in only[:, :3]] == [[1, 2, 9], [1, 2, 9]]
        assert (only[:, 3:] == -1).all()
        assert ask(1, 0)[0].size == 0
        with pytest.raises(IndexError, match=f"{n} in {what[:-1]}id is not in the model"):
            ask(n)


NO_REASONS = {
    *("Random", "Popularity", "RecentPopularity", "ClusterPopularity", "UserKNN", "SessionKNN"),
    *("BPR", "LogisticMF", "NMF", "SoftmaxMF", "AudioKNN, kernel", "Blend", "ContentSoftmaxMF"),
}


def test_reasons_add_up_to_the_score_or_the_model_says_that_it_has_none(name, model, user_items):
    if name in NO_REASONS:
        with pytest.raises(NotImplementedError, match="score"):
            model.explain(0, user_items, 1)
        return
    ids, scores = model.recommend(USERS, user_items, N=N_ITEMS, recalculate_user=True)
    explained = 0
    for user in (0, 3, 11):  # user 3 has nothing
        row, weights = user_items[user], None
        for item, score in zip(ids[user], scores[user], strict=True):
            if item < 0:
                break
            total, contributions, weights = model.explain(user, row, item, weights, N=N_ITEMS)
            parts = [part for _, part in contributions]
            assert total == pytest.approx(score, rel=1e-6, abs=1e-6)
            assert sum(parts) == pytest.approx(total)
            assert parts == sorted(parts, reverse=True)
            assert {one for one, _ in contributions} <= set(row.indices)
            of_all = model.explain(user, user_items, item, N=2)
            assert of_all[:2] == (total, contributions[:2])
            explained += len(parts)
    assert explained > 0 or name == "MarkovChain"  # in a row of ones nothing comes before anything


def test_an_item_without_reasons_and_wrong_questions(name, model, user_items):
    if name in NO_REASONS:
        return
    assert model.explain(3, user_items, 1)[:2] == (0.0, [])
    for arguments, error in (
        ((len(USERS), user_items, 1), IndexError),
        ((0, user_items, N_ITEMS), IndexError),
        ((0, user_items[:, 1:], 1), ValueError),
        ((0, user_items, 1, None, -1), ValueError),
    ):
        with pytest.raises(error):
            model.explain(*arguments)


@pytest.mark.parametrize("ask", ["similar_items", "similar_users"])
def test_a_model_that_was_not_fitted_has_no_similar_ones(name, user_items, ask):
    model = made(name, user_items)
    with pytest.raises((NotFittedError, NotImplementedError), match=r"not fitted|no similarity"):
        getattr(model, ask)(0)


def test_a_callback_is_called_after_each_iteration_or_refused(name, user_items):
    model, calls = made(name, user_items), []
    if not model._ITERATES:
        with pytest.raises(NotImplementedError, match="has no iterations"):
            model.fit(user_items, show_progress=False, callback=print)
        return
    model.iterations = 3
    model.fit(user_items, show_progress=False, callback=lambda *told: calls.append(told))
    assert [told[0] for told in calls] == [0, 1, 2]
    assert all(seconds >= 0 for _, seconds, *_ in calls)


def test_items_may_be_a_mask_and_come_twice_and_in_any_order(model, user_items):
    mask = np.zeros(N_ITEMS, dtype=bool)
    mask[[20, 4, 11]] = True
    for option in ("items", "filter_items"):
        expected = model.recommend(USERS, user_items, N=8, **{option: [4, 11, 20]})
        for same in (mask, mask.tolist(), [20, 4, 11, 4], np.array([20, 11, 4], dtype=np.uint8)):
            found = model.recommend(USERS, user_items, N=8, **{option: same})
            np.testing.assert_array_equal(found[0], expected[0])
    everything = model.recommend(USERS, user_items, N=8, filter_items=[])
    np.testing.assert_array_equal(everything[0], model.recommend(USERS, user_items, N=8)[0])


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (np.ones(2, dtype=bool), ValueError, "is a mask"),
        ([1.0, 2.0], ValueError, "must be positions, whole numbers from 0, not float64"),
        (["a", "b"], ValueError, "must be positions, whole numbers from 0"),
        ([[1, 2]], ValueError, "has 2 dimensions"),
        ([0, -1], IndexError, "-1 in .* is not in the model"),
        ([None, 1], ValueError, "must be positions"),
    ],
)
def test_positions_that_are_none_are_named(user_items, wrong, error, message):
    model = fitted("Popularity", user_items)
    for name in ("items", "filter_items", "userid", "itemid", "users", "filter_users"):
        with pytest.raises(error, match=message) as raised:
            if name == "userid":
                model.recommend(wrong, user_items[:2])
            elif name in ("items", "filter_items"):
                model.recommend([0, 1], user_items[:2], **{name: wrong})
            elif name == "itemid":
                fitted("ItemKNN", user_items).similar_items(wrong)
            else:
                fitted("UserKNN", user_items).similar_users([0, 1], **{name: wrong})
        assert name in str(raised.value)


@pytest.mark.parametrize("weight", [-1, np.nan, np.inf])
def test_weights_that_are_none_are_named_when_lists_are_asked_for(model, user_items, weight):
    wrong = user_items[:6].copy()
    wrong.data[wrong.indptr[4]] = weight
    with pytest.raises(ValueError, match=r"finite and 0 or more, not .* \(user 4, item"):
        model.recommend(USERS[:6], wrong, N=3)


def test_a_stored_zero_and_a_pair_stored_twice_are_what_they_say(model, user_items):
    expected = model.recommend(USERS, user_items, N=6)
    parts = user_items.tocoo()
    rows, columns = np.append(parts.row, [2, 2]), np.append(parts.col, np.arange(N_ITEMS)[-2:])
    stored = coo_matrix((np.append(parts.data, [0, 0]), (rows, columns)), user_items.shape)
    halves = user_items * 0.5
    indptr = 2 * user_items.indptr
    twice = csr_matrix((N_USERS, N_ITEMS), dtype=np.float32)
    twice.indices, twice.data = np.repeat(user_items.indices, 2), np.repeat(halves.data, 2)
    twice.indptr = indptr
    for same in (stored.tocsr(), twice, csr_array(user_items)):
        found = model.recommend(USERS, same, N=6)
        np.testing.assert_array_equal(found[0], expected[0])


def test_nothing_need_be_known_of_users_by_factors_whose_items_are_not_filtered(name, model):
    options = {"N": 4, "filter_already_liked_items": False}
    if TRIALS[name].knows_by_factors or name == "Random":
        assert model.recommend([0, 5], None, **options)[0].shape == (2, 4)
        with pytest.raises(ValueError, match="user_items must be a CSR matrix"):
            model.recommend([0, 5], None, N=4)
    else:
        with pytest.raises(ValueError, match="user_items must be a CSR matrix"):
            model.recommend([0, 5], None, **options)


def test_read_only_arrays_do_as_others(name, user_items):
    locked = user_items.copy()
    features, kind = worlds.audio(), worlds.clusters()
    for array in (locked.data, locked.indices, locked.indptr, features, kind):
        array.flags.writeable = False
    model = fitted(name, user_items)
    again = made(name, user_items, kind, features)
    again.fit(locked, show_progress=False)
    np.testing.assert_array_equal(
        model.recommend(USERS, user_items, N=6)[0], again.recommend(USERS, locked, N=6)[0]
    )


def test_a_list_may_be_as_long_as_a_number(model, user_items):
    ids, _ = model.recommend(np.int64(0), user_items[0], N=2**40)
    assert len(set(ids)) == len(ids) <= N_ITEMS
    np.testing.assert_array_equal(ids, model.recommend(0, user_items[0], N=np.int8(N_ITEMS))[0])


def test_saved_and_loaded_it_is_the_same(model, user_items, tmp_path):
    model.save(str(tmp_path / "model"))
    kept = tmp_path / "model.npz"
    open_file = io.BytesIO()
    model.save(open_file)
    open_file.seek(0)
    for again in (type(model).load(str(kept)), type(model).load(kept), type(model).load(open_file)):
        for recalculate in (False, True):
            asked = {"N": 5, "recalculate_user": recalculate}
            for left, right in zip(
                again.recommend(USERS, user_items, **asked),
                model.recommend(USERS, user_items, **asked),
                strict=True,
            ):
                np.testing.assert_array_equal(left, right)


def test_a_file_of_another_model_or_a_broken_one_is_named(model, tmp_path):
    kept = tmp_path / "model.npz"
    model.save(kept)
    other = Popularity if type(model) is not Popularity else Random
    with pytest.raises(UserError, match=rf"holds a model of kind {type(model).__name__}"):
        other.load(kept)
    content = kept.read_bytes()
    for broken in (b"", b"no model", content[:-40], content[: len(content) // 2]):
        kept.write_bytes(broken)
        with pytest.raises(UserError, match=r"model\.npz: not a model file, or damaged"):
            type(model).load(kept)
