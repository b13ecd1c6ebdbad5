"""Further splits: which there are, what is measured on them, and when it is stale."""

import pandas as pd
import pytest

from nexttrack import project
from nexttrack.errors import UserError
from nexttrack.evaluation.evaluator import fit_and_evaluate
from nexttrack.study import protocol
from nexttrack.study.comparison import other_splits, tuned_comparison
from nexttrack.study.comparison.tuned_comparison import METRIC, N

SETTINGS = {"PureSVD": {"factors": 4}, "Popularity": {}}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lastfm-2k", ["draw 1", "draw 2", "draw 3", "draw 4", "new users"]),
        ("playlists", ["draw 1", "draw 2", "draw 3", "draw 4", "new users", "new artists"]),
        ("lastfm-2k-tags", ["cut at 50%", "cut at 60%", "cut at 70%"]),
    ],
)
def test_which_splits_there_are(made, name, expected):
    dataset = made(name)
    splits = dict(other_splits.further_splits(dataset))
    assert list(splits) == expected
    main = protocol.split(dataset)
    for split in splits.values():
        assert split.test_out.nnz > 0
        assert (split.test_out != main.test_out).nnz > 0


def test_a_row_is_what_the_evaluator_says(made):
    dataset = made("playlists")
    splits = dict(other_splits.further_splits(dataset))
    tables = pd.concat(other_splits.means_by_split(dataset, splits.items(), SETTINGS))
    assert tables.groupby("split", sort=False).size().to_dict() == dict.fromkeys(splits, 2)
    for row in tables.itertuples():
        model = tuned_comparison.models(dataset, SETTINGS)[row.model]()
        scores, _ = fit_and_evaluate(model, splits[row.split], "test", {"is": METRIC}, N=N)
        assert row.mean == pytest.approx(scores["is"].mean()) and row.users == len(scores)
        assert row.low <= row.mean <= row.high


def test_what_was_measured_with_other_settings_is_refused(tmp_path, monkeypatch, made):
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    monkeypatch.setattr(project, "edition", lambda: "published")
    monkeypatch.setattr("nexttrack.study.results.fingerprint", lambda: "of these data")
    monkeypatch.setattr(other_splits, "tuned_settings", lambda name: SETTINGS)
    with pytest.raises(UserError, match=r"not of lastfm-2k-tags .*run: make tune"):
        other_splits.stored_means("lastfm-2k-tags")
    dataset = made("lastfm-2k-tags")
    splits = other_splits.further_splits(dataset)
    rows = pd.concat(other_splits.means_by_split(dataset, splits, SETTINGS))
    (tmp_path / "results").mkdir()
    path = tmp_path / "results" / "other-splits.csv"
    rows.assign(fingerprint="of these data").to_csv(path, index=False)
    assert len(other_splits.stored_means("lastfm-2k-tags")) == len(rows)
    monkeypatch.setattr(other_splits, "tuned_settings", lambda name: SETTINGS | {"Random": {}})
    with pytest.raises(UserError, match="with the settings chosen now"):
        other_splits.stored_means("lastfm-2k-tags")
