"""The study of chapter 05 on a small made catalogue, of which the clusters are known."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score, silhouette_score

from nexttrack.study import sound_space
from nexttrack.study.clusters import by_sound, islands, judgement, methods, projections, sweeps

N = 360
KIND = np.arange(N) % 3
SPENT = methods.Effort(400, 4, 2, 5, 1, 2, 400, 2)


@pytest.fixture
def study(recordings, monkeypatch, tmp_path):
    """The study with the made catalogue in the place of the edition's."""
    for module in (by_sound, islands, judgement, sound_space, sweeps):
        monkeypatch.setattr(module, "table", lambda name: {"recordings": recordings}[name])
    monkeypatch.setattr("nexttrack.study.kept.fingerprint", lambda: "made")
    monkeypatch.setattr("nexttrack.cache.cache_dir", lambda: tmp_path)
    for module in (by_sound, islands, judgement, sweeps):
        monkeypatch.setattr(module, "effort", lambda: SPENT)


def test_an_unknown_method_is_refused():
    with pytest.raises(KeyError, match="k-medians"):
        methods.estimator("k-medians")


def test_one_tree_gives_the_clusters_of_ward_at_every_number(study):
    rows = np.random.default_rng(1).normal(size=(150, 3))
    found = methods.METHODS["Ward"](rows, 0)
    for k, labels in found.items():
        theirs = AgglomerativeClustering(k, linkage="ward").fit_predict(rows)
        assert adjusted_rand_score(labels, theirs) == 1
        assert set(labels) == set(range(k))


def test_the_five_methods_find_the_three_kinds_and_null_data_have_none(study):
    figures, labels = sweeps.sweeps()
    found = judgement.judged(figures).set_index("method")
    assert list(found.index) == list(methods.METHODS)
    assert (found["n_clusters"] == 3).all()
    assert (found["rand"] > 0.9).all()
    assert (found["p_value"] == 1 / (1 + SPENT.copies)).all()
    assert (found["excess"] > found["greatest"]).all()
    assert set(figures["copy"]) == set(range(SPENT.copies + 1))
    ward = labels[(labels["method"] == "Ward") & (labels["setting"] == 3)]
    assert adjusted_rand_score(KIND, ward["label"]) == 1

    ami = judgement.agreement(found["setting"])
    genre, artist = (ami[ami["names"] == name].set_index("method") for name in ("genre", "artist"))
    assert (genre["ami"] > artist["ami"]).all() and (artist["ami"] > 0.3).all()
    assert (genre.loc["k-means", "ami"] > genre.loc["k-means", "cells"] + 0.05).all()


def test_the_rules_are_asked_on_null_data_too(study):
    numbers = sweeps.rules().pivot(index="rule", columns="copy", values="number")
    assert numbers[0].to_dict() == {"silhouette": 3, "gap statistic": 3, "BIC": 3}
    assert set(numbers.columns) == {0, 1}


def test_all_recordings_are_clustered_and_their_clusters_return(study, recordings):
    every = by_sound.clusters(3)
    assert adjusted_rand_score(KIND, every["cluster"]) == 1
    assert silhouette_score(every[["x", "y"]], KIND) > 0.7
    returning = by_sound.returning(3)
    of_data = returning[returning["copy"] == 0].set_index("cluster")["rows"]
    assert of_data.to_dict() == every["cluster"].value_counts().to_dict()
    jaccard = returning.groupby("copy")["jaccard"].min()
    assert jaccard[0] > 0.95 > jaccard[1]

    silent = recordings.iloc[::2].assign(tempo=np.nan, energy=0.5)
    for of_items in (by_sound.labels_of_items, by_sound.cells_of_items):
        assert (of_items(silent, [3])[3] == -1).all()
    labels = by_sound.labels_of_items(recordings.iloc[::2], [2, 3])
    assert adjusted_rand_score(KIND[::2], labels[3]) == 1
    assert set(labels[2]) == {0, 1}
    cells = by_sound.cells_of_items(recordings.iloc[::2], [9])[9]
    assert 3 < len(set(cells)) <= 9


def test_islands_are_looked_for_from_every_seed_and_on_null_data(study, monkeypatch):
    monkeypatch.setattr(islands, "SHARES", (0.2, 0.1))
    maps, genres = islands.islands()
    assert maps.groupby("world").size().to_dict() == {"null": 2, "recordings": 2}
    of_data = maps[maps["world"] == "recordings"]
    assert (of_data["islands"] == 2).all() and (of_data["off"] > 0.6).all()
    # Which of the three is the continent is chance; folk has two thirds.
    best = genres.groupby("map")["dice"].max()
    assert (best > 0.75).all()
    assert (genres.groupby("map")["dealt"].max() < best - 0.1).all()


def test_the_largest_cluster_is_no_island():
    labels = np.array([0, 0, 0, 0, 1, 1, 2, -1])
    names = csr_matrix(np.array([[1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 0]]).T)
    np.testing.assert_allclose(islands.best_island(labels, names), [0, 4 / 5])
    np.testing.assert_allclose(islands.best_island(np.zeros(8, dtype=int), names), [0, 0])
    np.testing.assert_allclose(islands.best_island(np.full(8, -1), names), [0, 0])


def test_maps_come_with_their_quality(study):
    places, quality = projections.maps()
    assert places.groupby(["map", "world"]).size().tolist() == [N] * 6
    good = quality.set_index(["map", "world"])["trustworthiness"]
    assert good["t-SNE", "recordings"] > 0.9 and good["UMAP", "recordings"] > 0.9
    apart = {
        name: silhouette_score(at[["x", "y"]], KIND[at["row"]])
        for name, at in places.groupby(["map", "world"])
    }
    for name in ("PCA", "t-SNE", "UMAP"):
        assert apart[name, "recordings"] > 0.5 > 0.1 > abs(apart[name, "null"])
