"""What content is worth in plays: the same questions for every number of them."""

import numpy as np
import pandas as pd
import pytest

from nexttrack.study.cold_start.plays import COLLABORATIVE, crossing, means, revealed, worth


def test_so_many_users_of_each_item_are_put_back_and_the_same_asked(made):
    dataset = made("lastfm-2k")
    parts = revealed(dataset, 3, seed=1)
    all_of_them = dataset.binary()
    for n in (0, 1, 3):
        train = parts.train(n)
        counts = np.bincount(train.indices, minlength=50)
        assert (counts[parts.items] == n).all()
        others = np.setdiff1d(np.arange(50), parts.items)
        assert (train[:, others] != all_of_them[:, others]).nnz == 0
        assert train.multiply(parts.wanted).nnz == 0
    assert (
        parts.reserved + parts.wanted != all_of_them.multiply(parts.wanted + parts.reserved)
    ).nnz == 0
    assert (parts.train(3) != parts.rest + parts.reserved).nnz == 0
    assert (revealed(dataset, 3, seed=1).place != parts.place).nnz == 0
    assert (revealed(dataset, 3, seed=2).place != parts.place).nnz > 0


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.1, 0.0), (0.2, 0.0), (0.4, 1.0), (0.3, np.sqrt(2) - 1), (0.5, 3.0), (0.6, np.inf)],
)
def test_a_curve_reaches_a_value_between_the_numbers_that_were_measured(value, expected):
    found = crossing([0, 1, 3], np.array([0.2, 0.4, 0.5]), value)
    assert found == pytest.approx(expected)


def test_content_is_worth_as_many_plays_as_it_takes():
    rng = np.random.default_rng(0)
    rows = []
    curves = dict(zip(COLLABORATIVE, ([0, 0.2, 0.3], [0, 0.3, 0.5], [0, 0.1, 0.2]), strict=True))
    curves |= {"EASE, content": [0.6, 0.7, 0.8]}
    content = {"Audio kNN": [0.15], "Same artist, count": [0.3]}
    noise = rng.normal(0, 0.05, 300)
    for model, curve in (curves | content).items():
        for plays, value in zip((0, 1, 3), curve, strict=False):
            frame = {"user": np.arange(300), "NDCG@10": value + noise}
            rows.append(pd.DataFrame(frame).assign(model=model, plays=plays))
    scores = pd.concat(rows)
    found = worth(scores, seed=1).set_index("content")
    assert list(found.index) == ["audio", "artist", "all"]
    assert set(found["collaborative"]) == {COLLABORATIVE[1]}
    assert found.loc["artist", "plays"] == pytest.approx(1)
    assert found.loc["audio", "plays"] == pytest.approx(np.sqrt(2) - 1)
    assert np.isinf(found.loc["all", "plays"])
    table = means(scores, seed=1).set_index(["model", "plays"])
    assert (table["low"] <= table["mean"]).all()
    assert len(table) == 14
