"""The study of chapter 05 on a small made catalogue, of which the clusters are known."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from nexttrack.data.columns import AUDIO_AND_DURATION
from nexttrack.study.clusters import by_sound

N = 360
KIND = np.arange(N) % 3


@pytest.fixture(scope="module")
def recordings():
    """Three kinds of recordings, far apart in every feature, one genre and 20 artists each."""
    rng = np.random.default_rng(0)
    shares = [*AUDIO_AND_DURATION[:7]]
    levels = rng.permuted(np.tile([0.15, 0.5, 0.85], (len(shares), 1)), axis=1)
    frame = pd.DataFrame(
        {
            s: level[KIND] + rng.uniform(-0.08, 0.08, N)
            for s, level in zip(shares, levels, strict=True)
        }
    )
    return frame.assign(
        loudness=np.array([-20.0, -10.0, -5.0])[KIND] + rng.normal(size=N),
        tempo=np.array([80.0, 120.0, 170.0])[KIND] + rng.normal(size=N),
        duration_ms=np.array([1e5, 2e5, 4e5])[KIND] * rng.uniform(0.9, 1.1, N),
        key=rng.integers(12, size=N),
        mode=rng.integers(2, size=N),
        time_signature=4.0,
        genres=[[["techno"], ["folk"], ["jazz", "folk"]][k] for k in KIND],
        artists=[[f"artist {k}-{i % 20}"] for i, k in enumerate(KIND)],
    )


@pytest.fixture
def study(recordings, monkeypatch, tmp_path):
    """The study with the made catalogue in the place of the edition's."""
    monkeypatch.setattr(by_sound, "table", lambda name: {"recordings": recordings}[name])
    monkeypatch.setattr("nexttrack.study.kept.fingerprint", lambda: "made")
    monkeypatch.setattr("nexttrack.cache.cache_dir", lambda: tmp_path)
    spent = by_sound.Effort(10_000, 4_000, range(2, 6), 4, 2, 2, 3)
    monkeypatch.setattr(by_sound, "effort", lambda: spent)
    monkeypatch.setattr(by_sound, "LEAST_ROWS", (10, 40))
    return by_sound


def test_sound_is_normal_scores_without_key(recordings):
    sound = by_sound.sound(recordings)
    assert list(sound) == list(AUDIO_AND_DURATION)
    np.testing.assert_allclose(sound.mean(), 0, atol=0.02)
    np.testing.assert_allclose(sound.std(), 1, atol=0.05)


def test_a_sample_keeps_order_and_positions():
    rows = pd.DataFrame({"a": np.arange(50)})
    drawn = by_sound.sample(rows, 20)
    assert len(drawn) == 20
    assert drawn.index.is_monotonic_increasing
    assert (drawn["a"] == drawn.index).all()
    assert not drawn.equals(by_sound.sample(rows, 20, draw=1))
    assert by_sound.sample(rows, 60) is rows


def test_an_unknown_method_is_refused():
    with pytest.raises(KeyError, match="k-medians"):
        by_sound.estimator("k-medians")


def test_the_whole_study_finds_the_three_kinds(study, recordings):
    scores, gaps = study.choices()
    settings = study.chosen(scores)
    assert list(settings.index) == list(study.METHODS)
    assert settings[["k-means", "Gaussian mixture", "Ward"]].tolist() == [3, 3, 3]
    assert gaps["k"].tolist() == [3] * 2

    methods, clusters, seeds = study.judged(settings)
    at_hand = methods[methods["world"] == "recordings"].set_index("method")
    assert (at_hand["n_clusters"] == 3).all()
    assert (at_hand["rand"] > 0.95).all()
    permuted = methods[methods["world"] == "columns permuted"].set_index("method")
    assert (permuted.loc["k-means", "rand"] < at_hand.loc["k-means", "rand"] - 0.1).all()
    assert set(seeds["method"]) == {"k-means", "Gaussian mixture", "UMAP + HDBSCAN"}
    assert (clusters["verdict"] == "highly stable").all()

    every = study.clusters(settings)
    for method in ("k-means", "Gaussian mixture", "UMAP + HDBSCAN"):
        assert adjusted_rand_score(KIND, every[method]) > 0.95
    ami = study.agreement(settings).pivot(index="method", columns="names", values="ami")
    assert (ami.loc["k-means", "genre"] > ami.loc["k-means", "artist"]) and (ami > 0.3).all().all()

    labels = study.labels_of_items(recordings.iloc[::2].assign(tempo=np.nan, energy=0.5), [3])
    assert (labels[3] == -1).all()
    labels = study.labels_of_items(recordings.iloc[::2], [2, 3])
    assert adjusted_rand_score(KIND[::2], labels[3]) == 1
    assert set(labels[2]) == {0, 1}


def test_maps_come_with_their_quality(study):
    places, quality = study.maps()
    assert list(quality["map"]) == ["PCA", "t-SNE", "UMAP", "UMAP of null data"]
    assert (places.groupby("map").size() == N).all()
    assert (quality.set_index("map").loc[["t-SNE", "UMAP"], "trustworthiness"] > 0.9).all()


def test_where_a_rule_finds_nothing_the_least_setting_stands():
    scores = pd.Series([np.nan, np.nan], index=[10, 40])
    found = by_sound._scores("HDBSCAN", "silhouette", scores, None)
    assert by_sound.chosen(found).to_dict() == {"HDBSCAN": 10}
