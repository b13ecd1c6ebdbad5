"""Blends are put together on validation alone, and every model answers the same questions."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest

from nexttrack.evaluation.comparison import Candidate
from nexttrack.models import EASE, ItemKNN, Popularity, SideEASE
from nexttrack.models.blends import Standardised
from nexttrack.study.cold_start import blending, both
from nexttrack.study.cold_start.blending import BLEND, joined
from nexttrack.study.cold_start.contents import content
from nexttrack.study.cold_start.tasks import asked


def said(*lists):
    ids = np.array(lists, dtype=np.int32)
    values = np.tile(np.linspace(1, 0, ids.shape[1], dtype=np.float32), (len(ids), 1))
    return Standardised(ids, values, np.zeros(len(ids), dtype=np.float32))


def test_a_member_joins_only_if_it_adds():
    """User 0 wants item 0, user 1 item 1: each model knows one of them, the third neither."""
    models = {
        "first": said([0, 2, 3], [2, 3, 4]),
        "second": said([5, 6, 7], [1, 2, 3]),
        "third": said([6, 7, 5], [6, 7, 5]),
    }

    def value(one):
        ids = one.ids if isinstance(one, Standardised) else one
        return sum(
            1 / (1 + row.tolist().index(wanted)) if wanted in row else 0
            for row, wanted in zip(ids, (0, 1), strict=True)
        )

    members = joined(models, value)
    assert members["model"].tolist() == ["first", "second"]
    assert members["weight"].sum() == pytest.approx(1)
    assert members["validation"].is_monotonic_increasing
    assert members["validation"].tolist()[0] == 1


@pytest.fixture
def question(made, monkeypatch):
    dataset = made("whole-playlists")

    def contenders(dataset, kind):
        attributes = content(dataset.tracks, ["genres", "artists"])
        return {
            "EASE, content": Candidate(
                partial(SideEASE, attributes), [{"side_weight": 1.0}, {"side_weight": 5.0}]
            ),
            "Item kNN": Candidate(partial(ItemKNN, K=50)),
            "GF-CF": Candidate(EASE),
            "Audio kNN": Candidate(Popularity),
        }

    class Loaded:
        def __init__(self):
            self.dataset = dataset

    monkeypatch.setattr("nexttrack.study.cold_start.tasks.task", lambda *a, **k: Loaded())
    monkeypatch.setattr(blending, "contenders", contenders)
    monkeypatch.setattr(
        blending,
        "in_processes",
        lambda work, shared, tasks, label: [work(*shared, *task) for task in tasks],
    )


@pytest.mark.parametrize("kind", ["weak", "strong", "cold"])
def test_all_models_and_the_blend_are_asked_about_the_same_users(question, kind):
    trials, scores, members = blending.measured.__wrapped__("whole-playlists", kind)
    assert trials.groupby("model")["chosen"].sum().eq(1).all()
    best = trials.loc[trials.groupby("model")["validation"].idxmax(), "model"]
    assert set(trials.loc[trials["chosen"], "model"]) == set(best)
    assert set(scores["model"]) == {BLEND, "EASE, content", "Item kNN", "GF-CF", "Audio kNN"}
    users = scores.groupby("model")["user"].apply(list)
    assert all(found == users.iloc[0] for found in users)
    assert scores["NDCG@10"].between(0, 1).all()
    first = members["model"].iloc[0]
    assert trials.loc[trials["chosen"] & (trials["model"] == first), "validation"].item() == (
        trials["validation"].max()
    )
    parts = asked("whole-playlists", kind).split
    if kind == "cold":
        assert scores.loc[scores["model"] == "Item kNN", "NDCG@10"].eq(0).all()
        assert parts.test_items is not None


def test_the_table_holds_models_against_the_best_single_one(monkeypatch):
    rng = np.random.default_rng(0)
    users = np.arange(80)
    base = rng.random(80)
    values = {
        "iALS": base,
        "Item kNN": base - 0.1,
        "EASE, content": base + 0.2 + rng.normal(0, 0.1, 80),
        BLEND: base + rng.normal(0, 0.1, 80),
        "iALS, audio": base + 9,
    }
    scores = pd.concat(
        [pd.DataFrame({"model": m, "user": users, "NDCG@10": v}) for m, v in values.items()]
    )
    trials = pd.DataFrame(
        {"model": [m for m in values if m != BLEND], "settings": "{}", "chosen": True}
    )
    members = pd.DataFrame({"model": ["iALS", "Item kNN"], "weight": [0.9, 0.1]})
    monkeypatch.setattr(both, "measured", lambda name, kind: (trials, scores, members))
    found = both.table()
    assert len(found) == 9 * 5
    assert set(found["best single"]) == {"iALS"}
    rows = found.set_index("model").groupby(level=0).first()
    assert rows.loc["iALS", "difference"] == 0
    assert rows.loc["EASE, content", "low"] > 0.1
    assert rows.loc["EASE, content", "p_holm"] < 1e-6
    assert rows.loc[BLEND, "p_holm"] > 0.05
    assert np.isnan(rows.loc["Item kNN", "p_holm"])
    assert json.loads(rows.loc[BLEND, "settings"]) == {"iALS": 0.9, "Item kNN": 0.1}
