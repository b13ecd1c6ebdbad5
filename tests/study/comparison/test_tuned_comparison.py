"""The comparison on the test part: what is kept equals what the evaluator says, group by group."""

import pandas as pd
import pytest

from nexttrack.evaluation.evaluator import fit_and_evaluate
from nexttrack.study import protocol
from nexttrack.study.comparison import tuned_comparison
from nexttrack.study.comparison.tuned_comparison import METRIC, N

SETTINGS = {
    "Item kNN": {"K": 20, "weighting": "cosine", "shrinkage": 1.0},
    "PureSVD": {"factors": 4},
    "Popularity": {},
    "Random": {},
}


@pytest.fixture
def compared(tmp_path, monkeypatch, made):
    """The comparison on made data, in a folder of its own, with settings that are given."""
    monkeypatch.setattr("nexttrack.cache.cache_dir", lambda: tmp_path)
    monkeypatch.setattr("nexttrack.study.kept.fingerprint", lambda: "of these data")
    monkeypatch.setattr("nexttrack.data.dataset.Dataset.load", made)
    monkeypatch.setattr(tuned_comparison, "tuned_settings", lambda name: SETTINGS)
    return tuned_comparison


@pytest.mark.parametrize("name", ["playlists", "lastfm-2k-tags"])
def test_the_lists_are_those_that_the_evaluator_would_measure(compared, made, name):
    answers = compared.answers(name)
    scores = answers.scores({"NDCG@10": METRIC})
    dataset = made(name)
    for model, make in compared.models(dataset, SETTINGS).items():
        direct, _ = fit_and_evaluate(make(), protocol.split(dataset), "test", {"is": METRIC}, N=N)
        ours = scores[scores["model"] == model].set_index("user")["NDCG@10"]
        pd.testing.assert_series_equal(ours, direct["is"], check_names=False)
    assert set(scores["model"]) == set(SETTINGS)


def test_users_are_reported_by_part_of_the_playlists(compared, made):
    answers = compared.answers("playlists")
    parts = made("playlists").parts[answers.users]
    assert answers.group.tolist() == [f"playlists, {part}" for part in parts]
    assert set(compared.answers("lastfm-2k").group) == {"lastfm-2k"}


def test_what_is_kept_is_not_made_again_until_the_settings_change(compared, monkeypatch):
    first = compared.answers("lastfm-2k")
    calls = []
    monkeypatch.setattr(
        compared, "in_processes", lambda *arguments: calls.append(arguments) or 1 / 0
    )
    again = compared.answers("lastfm-2k")
    for model, lists in first.lists.items():
        assert (again.lists[model].ids == lists.ids).all()
    assert calls == []
    monkeypatch.setattr(
        compared, "tuned_settings", lambda name: SETTINGS | {"PureSVD": {"factors": 5}}
    )
    with pytest.raises(ZeroDivisionError):
        compared.answers("lastfm-2k")


def test_the_share_is_that_of_the_pairs_before_the_test(made):
    dataset = made("playlist-archive")
    for share in (0.5, 0.7):
        parts = protocol.cut(dataset, share)
        assert parts.test_in.nnz / dataset.user_items.nnz == pytest.approx(share, abs=0.01)
        before = parts.validation_in.nnz / dataset.user_items.nnz
        assert before == pytest.approx(share - protocol.HELD_OUT, abs=0.01)
