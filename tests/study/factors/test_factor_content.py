"""What factors know: made factors that know a feature, half of it, or nothing."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict

from nexttrack.data.columns import AUDIO_AND_DURATION
from nexttrack.data.dataset import Dataset
from nexttrack.study.factors import factor_content
from nexttrack.study.factors.factor_content import (
    decades,
    explained,
    folds_of,
    leading_items,
    rotation,
    strongest_correlation,
)

N = 400


@pytest.fixture(scope="module")
def made():
    """Ten factors, a feature that is a sum of two, one with as much noise, and pure noise."""
    rng = np.random.default_rng(1)
    factors = rng.normal(size=(N, 10))
    known = factors[:, 0] - factors[:, 3]
    noise = rng.normal(size=(2, N))
    half = known / known.std() + noise[0] / noise[0].std()
    return factors, pd.DataFrame({"known": known, "half": half, "noise": noise[1]})


@pytest.fixture(scope="module")
def folds():
    return list(KFold(5, shuffle=True, random_state=0).split(np.zeros(N)))


def test_what_factors_know_is_found_and_noise_is_not(made, folds):
    found = explained(*made, folds, seed=1).set_index("feature")
    assert found.loc["known", "r2"] > 0.99
    assert 0.4 < found.loc["half", "r2"] < 0.6
    assert found.loc["half", "low"] < found.loc["half", "r2"] < found.loc["half", "high"]
    assert found.loc["noise", "r2"] < 0.03
    assert (found["permuted"] < 0.1).all()


def test_it_is_the_cross_validated_r2_of_a_regression(made, folds, monkeypatch):
    factors, targets = made
    monkeypatch.setattr(factor_content, "RIDGES", np.array([1e-6]))
    found = explained(factors, targets, folds, seed=1).set_index("feature")
    for name, column in targets.items():
        predicted = cross_val_predict(LinearRegression(), factors, column, cv=folds)
        assert found.loc[name, "r2"] == pytest.approx(r2_score(column, predicted), abs=1e-6)


def test_a_rotation_keeps_scores_and_what_is_explained(made, folds):
    factors, targets = made
    R = rotation(factors, seed=2)
    np.testing.assert_allclose(R @ R.T, np.eye(10), atol=1e-12)
    turned = explained(factors @ R, targets, folds, seed=1)
    # Factors are standardised one by one before the regression, so it is the same but for that.
    np.testing.assert_allclose(
        turned["r2"], explained(factors, targets, folds, seed=1)["r2"], atol=0.01
    )
    before = strongest_correlation(factors, factors[:, 0], seed=1)
    after = strongest_correlation(factors @ R, factors[:, 0], seed=1)
    assert before["largest"] == pytest.approx(1)
    assert after["largest"] < 0.9


def test_the_largest_correlation_is_numpys_and_by_chance_it_is_small(made):
    factors, targets = made
    found = strongest_correlation(factors, targets["half"].to_numpy(), seed=3)
    table = np.corrcoef(np.column_stack([factors, targets["half"]]), rowvar=False)[-1, :-1]
    assert found["largest"] == pytest.approx(np.abs(table).max())
    assert 0.05 < found["permuted"] < 0.25  # of the largest of ten, for 400 items
    constant = np.column_stack([factors, np.ones(N)])
    again = strongest_correlation(constant, targets["half"].to_numpy(), seed=3)
    assert again["largest"] == pytest.approx(found["largest"])


def test_decades_are_the_mean_of_the_tags_that_say_one(monkeypatch):
    tags = [(1, "80s"), (1, "1990s"), (2, "00s"), (2, "rock"), (3, "80s music"), (4, "2010s")]
    frame = pd.DataFrame(tags, columns=["artist_id", "tag"])
    monkeypatch.setattr(factor_content, "table", lambda name: frame)
    found = decades(pd.Series([4, 3, 2, 1]))
    np.testing.assert_array_equal(found, [2010, np.nan, 2000, 1985])


def test_recordings_of_an_artist_stay_together():
    artists = pd.Series([[f"artist {i % 7}"] for i in range(50)])
    for train, test in folds_of(pd.DataFrame({"artists": artists})):
        assert not set(artists[train].str[0]) & set(artists[test].str[0])
    tested = np.concatenate([test for _, test in folds_of(pd.DataFrame({"x": range(50)}))])
    assert sorted(tested) == list(range(50))


def test_leading_items_and_the_tag_that_fits(monkeypatch):
    tags = pd.DataFrame(
        [(a, a, "loud" if a < 30 else "soft") for a in range(60)]
        + [(7, a, "mine") for a in range(30)],  # a fit as good, from one listener
        columns=["user_id", "artist_id", "tag"],
    )
    monkeypatch.setattr(factor_content, "table", lambda name: tags)
    factors = np.zeros((60, 2))
    factors[30:, 0], factors[:30, 1] = np.arange(30) + 1, 1
    tracks = pd.DataFrame({"artist_id": range(60), "label": [f"a{i}" for i in range(60)]})
    found = leading_items(factors, tracks, n_factors=2, n_items=2)
    assert found["tag"].tolist() == ["soft", "loud"]
    assert found["items"].tolist() == ["a59, a58", "a0, a1"]
    assert found["correlation"].iloc[1] == pytest.approx(1, abs=1e-3)


def test_a_model_is_asked_about_sound_genre_and_audience(monkeypatch):
    rng = np.random.default_rng(4)
    n_users, n_items = 150, 300
    tracks = pd.DataFrame(rng.random((n_items, 10)), columns=list(AUDIO_AND_DURATION))
    tracks["loudness"] *= -10
    tracks["key"], tracks["mode"], tracks["time_signature"] = 1.0, 0.0, 4.0
    tracks["genres"] = [["techno"] if i % 2 else ["folk"] for i in range(n_items)]
    tracks["artists"] = [[f"artist {i % 60}"] for i in range(n_items)]
    alike = np.arange(n_users)[:, None] % 2 == np.arange(n_items) % 2
    user_items = csr_matrix((alike & (rng.random(alike.shape) < 0.4)).astype(np.float32))
    dataset = Dataset(
        "thinned-playlists", tracks, user_items, np.arange(n_users), np.arange(n_items)
    )
    monkeypatch.setattr(factor_content.Dataset, "load", lambda name: dataset)
    monkeypatch.setattr(factor_content, "FACTORS", 4)
    ials = {"factors": 4, "regularization": 0.01, "unobserved_weight": 0.1}
    monkeypatch.setattr(factor_content, "MODELS", ("iALS", "PureSVD"))
    best = {"iALS": ials, "PureSVD": {}}
    found = factor_content.heard.__wrapped__("thinned-playlists", best)
    assert set(found["kind"]) == {"sound", "genre", "audience"}
    genre = found[found["kind"] == "genre"]
    assert (genre["r2"] > 0.9).all()  # half of the users have folk alone, the others techno
    named = found[found["model"] == factor_content.GENRE_NAMES]
    assert set(named["kind"]) == {"sound"}
    assert (named["r2"] < 0.1).all()  # their sound is drawn at random
