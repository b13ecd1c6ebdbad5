"""Popularity from audio: a planted leak shows, importance finds what matters, columns are named."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression

from nexttrack.features import audio_pipeline
from nexttrack.study.features.popularity_from_audio import (
    columns_of_quantities,
    compare_splits,
    permutation_drops,
)


def test_a_leak_by_artist_shows_in_the_random_split_and_not_with_artists_apart(
    recordings_of_genres,
):
    models = {
        "mean": DummyRegressor(),
        "gradient boosting": HistGradientBoostingRegressor(
            min_samples_leaf=3, early_stopping=False, random_state=0
        ),
    }
    features = {"audio": {}, "+ artist profile": {"artists": True}}
    scores, drops = compare_splits(recordings_of_genres, features, models, 3, 2, seed=1)
    assert len(scores) == 2 * 2 * 2 * 3
    r2 = scores.groupby(["split", "features", "model"])["r2"].mean()
    for name in features:
        # Popularity is the artist's alone, and sound tells artists apart but not what they are.
        assert r2["artists apart", name, "gradient boosting"] < 0.1
        assert r2["rows at random", name, "gradient boosting"] > 0.4
    assert (r2.xs("mean", level="model") <= 0).all()
    sizes = scores.groupby(["split", "fold"])["n_train"].first().unstack("split")
    assert (sizes["artists apart"] == sizes["rows at random"]).all()
    assert drops["features"].unique().tolist() == ["audio"]
    assert len(drops) == 3 * 2 * drops["quantity"].nunique()


@pytest.fixture
def linear():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(4000, 3))
    return X, X @ [2.0, 1.0, 0.0] + rng.normal(size=4000)


def test_importance_of_a_line_is_twice_the_explained_variance(linear):
    X, y = linear
    model = LinearRegression().fit(X, y)
    columns = {"first": [0], "second": [1], "nothing": [2]}
    drops = permutation_drops(model, X, y, columns, n_repeats=20, seed=0)
    mean = drops.groupby("quantity")["drop"].mean()
    # Shuffling x adds 2 b^2 var(x) to the squared error: b^2 each for what is lost and brought in.
    assert_allclose(mean["first"], 2 * 4 / np.var(y), rtol=0.05)
    assert_allclose(mean["second"], 2 * 1 / np.var(y), rtol=0.05)
    assert_allclose(mean["nothing"], 0, atol=0.002)
    theirs = permutation_importance(model, X, y, n_repeats=20, random_state=0)
    assert_allclose(mean[["first", "second"]], theirs.importances_mean[:2], rtol=0.05)


def test_columns_of_a_quantity_move_together():
    rng = np.random.default_rng(4)
    angle = rng.uniform(0, 2 * np.pi, 2000)
    X = np.column_stack([np.cos(angle), np.sin(angle)])

    class Radius:
        def predict(self, X):
            return np.hypot(*X.T) + 0.01 * np.arange(len(X))

    y = Radius().predict(X)
    apart = permutation_drops(Radius(), X, y, {"x": [0]}, n_repeats=3, seed=0)
    together = permutation_drops(Radius(), X, y, {"point": [0, 1]}, n_repeats=3, seed=0)
    assert (apart["drop"] > 1e-4).all()
    assert_allclose(together["drop"], 0, atol=1e-12)


def test_every_column_of_the_pipeline_belongs_to_a_quantity(recordings_of_genres):
    pipeline = audio_pipeline(scaling="normal", genres="embedding").set_params(
        genres__n_components=2
    )
    gaps = recordings_of_genres.copy()
    gaps.loc[3, ["valence", "tempo", "time_signature"]] = np.nan
    names = pipeline.fit(gaps).get_feature_names_out()
    found = columns_of_quantities(pd.Index(names))
    assert sorted(place for places in found.values() for place in places) == list(range(len(names)))
    assert set(found) == {
        *("danceability", "energy", "speechiness", "acousticness", "instrumentalness"),
        *("liveness", "valence", "loudness", "tempo", "duration"),
        *("key and mode", "time signature", "genre"),
    }
    assert len(found["key and mode"]) == 2
    assert len(found["valence"]) == 2
    assert len(found["genre"]) == 2
