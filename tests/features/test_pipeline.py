"""The default pipeline: dense, named, deaf to held-out rows, and clear about bad input."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler

from nexttrack.features import GenreEmbedding, GenreMultiHot, NormalScores, audio_pipeline

KINDS = [
    {},
    {"fold_tempo": True, "genres": "embedding", "artists": True},
    {"genres": "multi-hot", "raw": True, "artists": True},
    {"scaling": "normal", "fold_tempo": True, "genres": "embedding", "artists": True},
]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


def made(kind):
    pipeline = audio_pipeline(**kind)
    if kind.get("genres") == "embedding":  # the made world has four genres
        pipeline.set_params(genres__n_components=3)
    return pipeline


def learnt(estimator):
    """Every array and number that fitting left anywhere within an estimator."""
    if isinstance(estimator, BaseEstimator):
        found = {k: v for k, v in vars(estimator).items() if k.endswith("_") and k[0] != "_"}
        return {name: learnt(value) for name, value in found.items()}
    if isinstance(estimator, list | tuple):
        return [learnt(value) for value in estimator]
    if isinstance(estimator, dict):
        return {name: learnt(value) for name, value in estimator.items()}
    return estimator


def learnt_by_steps(pipeline):
    def steps(estimator):
        if hasattr(estimator, "transformers_"):
            return [steps(step) for _, step, _ in estimator.transformers_]
        if hasattr(estimator, "steps"):
            return [steps(step) for _, step in estimator.steps]
        return learnt(estimator)

    return steps(pipeline)


@every_kind
def test_the_matrix_is_dense_float_and_named(recordings, kind):
    pipeline = made(kind).set_output(transform="pandas")
    X = pipeline.fit_transform(recordings.set_index(recordings.index + 7))
    assert (X.dtypes == np.float64).all()
    assert np.isfinite(X).all(axis=None)
    assert list(X.columns) == list(pipeline.get_feature_names_out())
    assert X.columns.is_unique
    assert list(X.index) == list(recordings.index + 7)
    assert_allclose(made(kind).fit_transform(recordings), X)


def test_the_names_say_what_the_columns_are(recordings):
    names = set(made(KINDS[1]).fit(recordings).get_feature_names_out())
    assert {"energy", "missingindicator_valence", "tempo_cos", "key_x", "genres_svd0"} <= names
    assert {"time_signature_4.0", "time_signature_nan", "artist_mean_tempo"} <= names
    assert "title" not in names


@every_kind
def test_nothing_leaks_from_held_out_rows(recordings, kind):
    train, held_out = recordings[:80], recordings[80:]
    shaken = held_out.assign(
        energy=1000.0,
        tempo=1.0,
        valence=np.nan,
        artists=pd.Series([["artist 0"]] * len(held_out), index=held_out.index),
        genres=pd.Series([["polka"]] * len(held_out), index=held_out.index),
    )
    one, other = made(kind).fit(train), made(kind).fit(train)
    before = learnt_by_steps(one)
    one.transform(held_out)
    other.transform(shaken)
    np.testing.assert_equal(learnt_by_steps(one), before)
    np.testing.assert_equal(learnt_by_steps(other), before)
    # Rows are worked on one by one: whatever comes along, a training row gives the same numbers.
    expected = one.transform(train)
    for companion in (held_out, shaken):
        assert_array_equal(one.transform(pd.concat([train, companion]))[:80], expected)
    assert_allclose(made(kind).fit_transform(train), expected)


def test_what_was_learnt_is_learnt_from_training_rows(recordings):
    """The test of leaks can fail: other training rows give other attributes."""
    one, other = made(KINDS[1]).fit(recordings[:80]), made(KINDS[1]).fit(recordings)
    with pytest.raises(AssertionError):
        np.testing.assert_equal(learnt_by_steps(one), learnt_by_steps(other))


def test_it_works_in_cross_validation_with_artists_apart(recordings):
    model = make_pipeline(audio_pipeline(artists=True), KNeighborsRegressor())
    groups = recordings["artists"].str[0]
    y = recordings["energy"]
    scores = cross_val_score(clone(model), recordings, y, groups=groups, cv=GroupKFold(3))
    assert np.isfinite(scores).all()


def test_scaling_is_scikit_learns_robust_scaler(recordings):
    X = audio_pipeline().set_output(transform="pandas").fit_transform(recordings)
    decibels = np.maximum(recordings[["loudness"]] + 60, 0)
    assert_allclose(X[["loudness"]], RobustScaler().fit_transform(decibels), atol=1e-12)


def test_normal_scaling_is_normal_scores_of_what_is_known(recordings):
    X = audio_pipeline(scaling="normal").set_output(transform="pandas").fit_transform(recordings)
    names = ["energy", "valence", "tempo"]
    scores = NormalScores().fit_transform(recordings[names])
    assert_allclose(X[names], np.nan_to_num(scores, nan=0.0))
    assert_array_equal(X["missingindicator_valence"], recordings["valence"].isna())


def test_genres_are_encoded_as_by_the_transformers(recordings):
    n = len(made({}).fit(recordings).get_feature_names_out())
    for kind, alone in (("multi-hot", GenreMultiHot()), ("embedding", GenreEmbedding(3))):
        X = made({"genres": kind}).fit_transform(recordings)
        assert_array_equal(X[:, n:], alone.fit_transform(recordings["genres"]))


def test_sentinels_of_raw_columns_count_as_missing(recordings):
    columns = ["danceability", "speechiness", "valence", "tempo", "time_signature"]
    raw = recordings.assign(**recordings[columns].fillna(0))
    for kind in KINDS:
        pipeline, of_raw = made({**kind, "raw": False}), made({**kind, "raw": True})
        assert_array_equal(of_raw.fit_transform(raw), pipeline.fit_transform(recordings))


def test_no_key_is_an_error_but_in_raw_columns(recordings):
    keyless = recordings.assign(key=-1)
    with pytest.raises(ValueError, match="pitch class"):
        audio_pipeline().fit(keyless)
    X = audio_pipeline(raw=True).set_output(transform="pandas").fit_transform(keyless)
    assert (X[["key_x", "key_y"]] == 0).all(axis=None)


AUDIO = (
    "energy acousticness instrumentalness liveness danceability speechiness valence loudness "
    "tempo key mode time_signature duration_ms"
)


@every_kind
def test_a_row_of_nan_is_a_row_in_the_middle(recordings, kind):
    pipeline = made(kind).set_output(transform="pandas").fit(recordings)
    names = AUDIO.split()
    empty = recordings[:1].assign(**dict.fromkeys(names, np.nan), genres=None, artists=None)
    row = pipeline.transform(empty).iloc[0]
    assert np.isfinite(row).all()
    assert (row[["energy", "loudness", "duration_ms", "key_x", "key_y"]] == 0).all()
    assert (row[[name for name in row.index if name.startswith("missing")]] == 1).all()
    assert row["time_signature_nan"] == 1


@every_kind
def test_a_constant_or_unknown_column_is_no_trouble(recordings, kind):
    pipeline = made(kind).set_output(transform="pandas")
    X = pipeline.fit_transform(recordings.assign(energy=0.3, duration_ms=200_000))
    assert_allclose(X[["energy", "duration_ms"]], 0, atol=1e-12)
    if not kind.get("artists"):
        assert_array_equal(
            pipeline.fit_transform(recordings.assign(liveness=np.nan))["liveness"], 0
        )


def test_a_time_signature_not_seen_is_a_row_of_zeros(recordings):
    pipeline = audio_pipeline().set_output(transform="pandas").fit(recordings)
    X = pipeline.transform(recordings[:3].assign(time_signature=7.0))
    assert_array_equal(X.filter(like="time_signature"), 0)


@pytest.mark.parametrize("name", AUDIO.split())
def test_an_infinity_is_one_clear_line(recordings, name):
    spoilt = recordings.assign(**{name: recordings[name].astype(float)})
    spoilt.loc[3, name] = np.inf
    pipeline = audio_pipeline()
    for work in (pipeline.fit, pipeline.fit(recordings).transform):
        with pytest.raises(ValueError, match="infinity") as caught:
            work(spoilt)
        assert "\n" not in str(caught.value)


def test_wrong_column_names_are_one_clear_line(recordings):
    renamed = recordings.rename(columns={"tempo": "bpm"})
    with pytest.raises(ValueError, match=r"not columns of the dataframe: .'tempo'"):
        audio_pipeline().fit(renamed)
    with pytest.raises(ValueError, match=r"columns are missing: .'tempo'") as caught:
        audio_pipeline().fit(recordings).transform(renamed)
    assert "\n" not in str(caught.value)


def test_another_encoding_of_genres_is_an_error():
    with pytest.raises(ValueError, match="multi-hot or embedding, not 'hash'"):
        audio_pipeline(genres="hash")


def test_another_scaling_is_an_error():
    with pytest.raises(ValueError, match="robust or normal, not 'none'"):
        audio_pipeline(scaling="none")
