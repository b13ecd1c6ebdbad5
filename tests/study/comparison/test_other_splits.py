"""Further splits: which there are, what is measured on them, and when it is stale."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from nexttrack import project
from nexttrack.cli import app
from nexttrack.dependencies import Code
from nexttrack.errors import UserError
from nexttrack.evaluation.significance import mean_over_draws
from nexttrack.study.comparison import fits_on_splits, other_splits
from nexttrack.study.comparison.fits_on_splits import TEST, kept_scores, seeds_on
from nexttrack.study.comparison.other_splits import spread_of_means

SETTINGS = {"PureSVD": {"factors": 4}, "Random": {}, "Popularity": {}}


@pytest.fixture
def root(tmp_path, monkeypatch, made, in_this_process):
    """A folder of its own, for made data and settings that are given."""
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    monkeypatch.setattr("nexttrack.cache.cache_dir", lambda: tmp_path / "kept")
    for where in ("results", "kept"):
        monkeypatch.setattr(f"nexttrack.study.{where}.fingerprint", lambda: "of these data")
    monkeypatch.setattr("nexttrack.data.dataset.Dataset.load", made)
    monkeypatch.setattr(other_splits, "tuned_settings", lambda name: SETTINGS)
    return tmp_path


def test_pairs_are_compared_over_users_draws_and_seeds(root):
    means, models, pairs = other_splits.measured("lastfm-2k", draws=(1, 2))
    assert means.groupby("split", sort=False)["model"].size().to_dict() == {
        TEST: 7,
        **dict.fromkeys(["draw 1", "draw 2", "new users"], 3),
    }
    assert len(pairs) == 3 and set(pairs["draws"]) == set(models["draws"]) == {3}
    found = {
        part: kept_scores("lastfm-2k", part, SETTINGS, list(seeds_on(part, (1, 2))))
        for part in (TEST, "draw 1", "draw 2")
    }

    def values(model):
        return np.column_stack(
            [
                rows[rows["model"] == model].groupby("user")["NDCG@10"].mean()
                for rows in found.values()
            ]
        )

    for row in pairs.itertuples():
        expected = mean_over_draws(values(row.model) - values(row.other))
        assert (row.difference, row.error, row.df) == pytest.approx(expected, abs=1e-6)
        assert row.difference >= 0


def test_where_time_is_cut_seeds_are_what_differs(root):
    means, models, _ = other_splits.measured("lastfm-2k-tags")
    assert models.set_index("model")["draws"].to_dict() == {
        "Popularity": 1,
        "PureSVD": 5,
        "Random": 5,
    }
    spread = spread_of_means(means).loc["lastfm-2k-tags"]
    by_seed = means[(means["split"] == TEST) & (means["model"] == "Random")]["mean"]
    assert spread.loc["Random", "seeds"] == pytest.approx(by_seed.std())
    assert np.isnan(spread.loc["Popularity", "seeds"]) and spread["draws"].isna().all()


def test_what_is_kept_is_not_fitted_again_and_other_data_stay(root, monkeypatch):
    result = CliRunner().invoke(app, ["other-splits", "lastfm-2k"])
    assert result.exit_code == 0, result.output
    first = {file: (root / "results" / file).read_text() for file in other_splits.FILES.values()}
    monkeypatch.setattr(fits_on_splits, "in_processes", lambda *arguments: 1 / 0)
    assert CliRunner().invoke(app, ["other-splits", "lastfm-2k"]).exit_code == 0
    for file, text in first.items():
        assert (root / "results" / file).read_text() == text


def test_what_is_kept_does_not_hang_on_the_tables_that_are_made_of_it(tmp_path):
    (tmp_path / "results").mkdir()
    for file in other_splits.FILES.values():
        (tmp_path / "results" / file).touch()
    code, made_of_it = Code(root=tmp_path), set(other_splits.FILES.values())
    for module, expected in ((fits_on_splits, set()), (other_splits, made_of_it)):
        assert code.of_module(module.__name__).results & made_of_it == expected


def test_a_command_for_one_data_set_leaves_the_rows_of_others(root):
    for name in ("lastfm-2k-tags", "playlist-archive"):
        assert CliRunner().invoke(app, ["other-splits", name]).exit_code == 0
    for file in other_splits.FILES.values():
        rows = pd.read_csv(root / "results" / file)
        assert rows["data"].unique().tolist() == ["lastfm-2k-tags", "playlist-archive"]
    result = CliRunner().invoke(app, ["other-splits", "spotify"])
    assert isinstance(result.exception, UserError)


def test_what_was_measured_with_other_settings_is_refused(root, monkeypatch):
    monkeypatch.setattr(project, "edition", lambda: "published")
    with pytest.raises(UserError, match=r"not of lastfm-2k-tags .*run: make tune"):
        other_splits.stored_tables("lastfm-2k-tags")
    tables = other_splits.measured("lastfm-2k-tags")
    (root / "results").mkdir()
    for file, rows in zip(other_splits.FILES.values(), tables, strict=True):
        path = root / "results" / file
        rows.assign(fingerprint="of these data").to_csv(path, index=False)
    for rows, stored in zip(tables, other_splits.stored_tables("lastfm-2k-tags"), strict=True):
        pd.testing.assert_frame_equal(stored.drop(columns="fingerprint"), rows)
    monkeypatch.setattr(other_splits, "tuned_settings", lambda name: {"Random": {}})
    with pytest.raises(UserError, match="with the settings chosen now"):
        other_splits.stored_tables("lastfm-2k-tags")
