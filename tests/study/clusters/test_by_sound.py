"""The study of chapter 05 on a small made catalogue, of which the clusters are known."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_score

from nexttrack.study import sound_space
from nexttrack.study.clusters import by_sound, projections

N = 360
KIND = np.arange(N) % 3


@pytest.fixture
def study(recordings, monkeypatch, tmp_path):
    """The study with the made catalogue in the place of the edition's."""
    for module in (by_sound, projections, sound_space):
        monkeypatch.setattr(module, "table", lambda name: {"recordings": recordings}[name])
    monkeypatch.setattr("nexttrack.study.kept.fingerprint", lambda: "made")
    monkeypatch.setattr("nexttrack.cache.cache_dir", lambda: tmp_path)
    spent = by_sound.Effort(4_000, range(2, 6), 4, 2, 2, 3)
    monkeypatch.setattr(by_sound, "effort", lambda: spent)
    monkeypatch.setattr(projections, "effort", lambda: spent)
    monkeypatch.setattr(by_sound, "LEAST_ROWS", (10, 40))
    return by_sound


def test_an_unknown_method_is_refused():
    with pytest.raises(KeyError, match="k-medians"):
        by_sound.estimator("k-medians")


def test_the_whole_study_finds_the_three_kinds(study, recordings):
    scores, gaps = study.choices()
    settings = study.settings_by_rule(scores)
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
    places, quality = projections.maps()
    assert list(quality["map"]) == ["PCA", "t-SNE", "UMAP", "UMAP of null data"]
    assert (places.groupby("map").size() == N).all()
    assert (quality.set_index("map").loc[["t-SNE", "UMAP"], "trustworthiness"] > 0.9).all()
    apart = {
        name: silhouette_score(at[["x", "y"]], KIND[at["row"]])
        for name, at in places.groupby("map")
    }
    assert min(apart["PCA"], apart["t-SNE"], apart["UMAP"]) > 0.5
    assert abs(apart["UMAP of null data"]) < 0.1


def test_where_a_rule_finds_nothing_the_least_setting_stands():
    scores = pd.Series([np.nan, np.nan], index=[10, 40])
    found = by_sound._scores("HDBSCAN", "silhouette", scores, None)
    assert by_sound.settings_by_rule(found).to_dict() == {"HDBSCAN": 10}
