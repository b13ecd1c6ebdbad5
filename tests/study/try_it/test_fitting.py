"""The models of the page are those of the package, and JavaScript computes what Python does."""

import json
import subprocess
from pathlib import Path

import numpy as np
import playwright
import pytest
from implicit.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from nexttrack.apps.try_it import page
from nexttrack.study.try_it.container import pack, unpack
from nexttrack.study.try_it.fitting import item_factors, known_by_items, recommenders

NODE = Path(playwright.__file__).parent / "driver" / "node"
HERE = Path(__file__).parent


def rows(profiles, n):
    indptr = np.cumsum([0, *(len(one["items"]) for one in profiles)])
    weights = np.concatenate([one["weights"] for one in profiles]).astype(np.float32)
    items = np.concatenate([one["items"] for one in profiles])
    return csr_matrix((weights, items, indptr), shape=(len(profiles), n))


@pytest.fixture(scope="module")
def profiles(page_model):
    meta, arrays = page_model
    rng = np.random.default_rng(2)
    pools = (np.arange(meta["n"]), arrays["listed"].astype(int))
    made = []
    for k in range(1_000):
        items = np.sort(rng.choice(pools[k % 2], rng.integers(1, 15), replace=False))
        weights = rng.uniform(0.5, 5, len(items)).astype(np.float32)
        made.append({"items": items.tolist(), "weights": weights.tolist()})
    return made


@pytest.fixture(scope="module")
def answers(page_model, profiles, tmp_path_factory):
    """What the page's modules answer."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "model").write_bytes(pack(*page_model))
    (folder / "profiles").write_text(json.dumps(profiles))
    command = [NODE, HERE / "answers.mjs", page.HERE, folder / "model", folder / "profiles"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ["popular", "sound", "neighbours", "factors", "hybrid"])
def test_the_page_recommends_what_python_does(name, page_model, profiles, answers):
    meta, arrays = page_model
    model = recommenders(meta, arrays)[name]
    user_items = rows(profiles, meta["n"])
    ids, scores = model.recommend(np.arange(len(profiles)), user_items, N=20, recalculate_user=True)
    for row, answer in enumerate(answers):
        there = ids[row] >= 0
        theirs = np.array(answer[name]["items"][:20])
        if name == "sound" and not there.any():  # nothing of the profile has a sound
            assert not len(theirs) or not np.any(answer[name]["scores"])
            continue
        assert len(theirs) == there.sum()
        if name == "popular":
            popularity = arrays["popularity"]
            np.testing.assert_array_equal(popularity[theirs], popularity[ids[row]])
            continue
        mine, given = scores[row, there], np.array(answer[name]["scores"][:20])
        np.testing.assert_allclose(given, mine, rtol=1e-5, atol=1e-6)
        unlike = theirs != ids[row, there]
        # Only scores that are equal in float32 may change places.
        np.testing.assert_allclose(given[unlike], mine[unlike], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["sound", "neighbours", "factors", "hybrid"])
def test_what_songs_add_sums_to_the_score(name, answers):
    n = 0
    for one in (answer[name] for answer in answers):
        for parts, shift, score in zip(one["parts"], one["shifts"], one["scores"], strict=False):
            assert sum(parts) - shift == pytest.approx(score, abs=1e-6)
            n += any(parts)
    assert n > 1_500


def test_a_user_is_placed_where_implicit_places_them(page_model, profiles):
    meta, arrays = page_model
    Y = item_factors(meta, arrays)
    plain = dict(meta["ials"], alpha=3.0, unobserved_weight=1.0, frequency_exponent=0.0)
    ours = known_by_items(Y, plain)
    with threadpool_limits(1, user_api="blas"):  # as implicit wants it
        theirs = AlternatingLeastSquares(
            factors=Y.shape[1],
            regularization=plain["regularization"] / plain["frequency_scale"],
            alpha=3.0,
            use_cg=False,
        )
    theirs.item_factors = Y
    user_items = rows(profiles, meta["n"])
    users = np.arange(len(profiles))
    np.testing.assert_allclose(
        ours.recalculate_user(users, user_items),
        theirs.recalculate_user(users, user_items),
        atol=1e-4,
    )


def test_what_no_playlist_has_is_placed_by_its_content(page_model):
    meta, arrays = page_model
    factors = item_factors(meta, arrays)
    learned = np.zeros(meta["n"], dtype=bool)
    learned[arrays["listed"]] = True
    assert 0 < learned.sum() < meta["n"]
    assert (np.linalg.norm(factors[~learned], axis=1) > 0).mean() > 0.9


def test_a_block_holds_all_that_the_models_need(page_model):
    again = recommenders(*unpack(pack(*page_model)))
    assert list(again) == page_model[0]["models"]


def test_without_playlists_there_are_popularity_and_sound(page_model):
    meta, arrays = page_model
    kept = ("audio", "popularity", "titles")
    found = recommenders({**meta, "models": ["popular", "sound"]}, {k: arrays[k] for k in kept})
    assert list(found) == ["popular", "sound"]
