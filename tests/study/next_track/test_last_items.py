"""The comparison of chapter 14 on a small made world of ordered lists."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from nexttrack import project
from nexttrack.data.dataset import Dataset
from nexttrack.study.next_track import last_items


@pytest.fixture
def ordered(monkeypatch):
    """Forty lists that go through the items in a circle from where they start."""
    monkeypatch.setattr(project, "edition", lambda: "sample")
    n_lists, n_items, length = 40, 30, 12
    start = np.random.default_rng(0).integers(n_items, size=n_lists)
    item = (start[:, None] + np.arange(length)) % n_items
    row = np.repeat(np.arange(n_lists), length)
    user_items = csr_matrix((np.ones(row.size, "f4"), (row, item.ravel())))
    positions = np.zeros(user_items.shape, dtype=int)
    positions[row, item.ravel()] = np.tile(np.arange(length), n_lists) + 100
    user_items.sort_indices()
    tracks = pd.DataFrame({"artists": [[f"artist {i % 10}"] for i in range(n_items)]})
    made = Dataset(
        "whole-playlists",
        tracks,
        user_items,
        np.arange(n_lists),
        np.arange(n_items),
        positions=positions[row, user_items.indices],
    )
    monkeypatch.setattr(Dataset, "load", lambda name: made)
    return made


def test_without_order_the_same_is_known_and_the_same_asked(ordered):
    parts = last_items.split(1)
    mixed, ones = last_items.shuffled(parts, 3), last_items.unordered(parts)
    for other in (mixed, ones):
        for name in ("validation_in", "validation_out", "test_in", "test_out"):
            left, right = getattr(parts, name), getattr(other, name)
            assert ((left > 0) != (right > 0)).nnz == 0
    assert (mixed.test_out != parts.test_out).nnz == 0
    for row in range(3):
        assert sorted(mixed.test_in[row].data) == sorted(parts.test_in[row].data)
    assert (mixed.test_in != parts.test_in).nnz > 0.5 * parts.test_in.nnz
    assert set(ones.test_in.data) == {1.0}
    assert (last_items.shuffled(parts, 3).test_in != mixed.test_in).nnz == 0


def test_a_chain_knows_the_circle_and_a_mixed_one_does_not(ordered):
    settings = {"Markov chain": {}, "Popularity": {}}
    found = last_items.tested.__wrapped__(1, settings)
    assert set(found["model"]) == {"Markov chain", "Popularity"}
    assert found.groupby("model")["user"].nunique().eq(40).all()
    chain = found[found["model"] == "Markov chain"]
    assert chain["MRR@10"].mean() > 0.9
    without = last_items.tested_without_order.__wrapped__(1, {"Markov chain": {}})
    assert without["MRR@10"].mean() < 0.5 * chain["MRR@10"].mean()


def test_settings_are_chosen_on_validation_and_the_first_of_equals_is_taken(ordered, monkeypatch):
    made = last_items._contenders()
    few = {name: made[name] for name in ("Sequential rules", "Item kNN")}
    monkeypatch.setattr(last_items, "_contenders", lambda: few)
    trials = last_items.validated.__wrapped__(1)
    assert trials.groupby("model").size().to_dict() == {"Sequential rules": 2, "Item kNN": 2}
    assert set(last_items.validated.__wrapped__(1, False)["model"]) == {"Sequential rules"}
    table = pd.DataFrame(
        {"model": list("aab"), "settings": ['{"x": 1}', '{"x": 2}', "{}"], "NDCG@10": [0.3] * 3}
    )
    assert last_items.best(table) == {"a": {"x": 1}, "b": {}}
