"""The comparison of popularity in clusters gives each model its settings and its control."""

import numpy as np
import pandas as pd
import pytest

from nexttrack.data.columns import AUDIO
from nexttrack.study.clusters import by_sound, cluster_comparison


@pytest.fixture
def tracks(monkeypatch):
    """Six items, the last without sound or genre; clusters by their number modulo 2."""
    labels = np.array([0, 1, 0, 1, 0, -1])
    for made in ("labels_of_items", "cells_of_items"):
        monkeypatch.setattr(by_sound, made, lambda tracks, ks: dict.fromkeys(ks, labels))
    columns = [*AUDIO, "mode", "duration_ms"]
    frame = pd.DataFrame(np.random.default_rng(0).random((6, len(columns))), columns=columns)
    frame.iloc[5] = np.nan
    genres = [np.array(["techno"]), np.array(["folk", "jazz"]), ["techno"], ["house"], [], None]
    return frame.assign(genres=pd.Series(genres, dtype=object))


def test_clusters_and_their_nulls_get_the_same_settings_and_each_can_be_made(tracks):
    found = cluster_comparison.cluster_models(tracks)
    of_clusters = ["Cluster popularity", "Shuffled clusters", "Random cells"]
    assert list(found) == ["Popularity", "Audio kNN", *of_clusters, "Genre popularity"]
    assert all(found[name].settings == found[of_clusters[0]].settings for name in of_clusters)
    for candidate in found.values():
        for setting in candidate.settings:
            candidate.make(**setting)


def test_the_control_has_clusters_of_the_same_sizes(tracks):
    found = cluster_comparison.cluster_models(tracks)
    setting = {"k": 50, "shrinkage": 30}
    labels = found["Cluster popularity"].make(**setting).labels
    shuffled = found["Shuffled clusters"].make(**setting).labels
    assert sorted(labels) == sorted(shuffled)
    np.testing.assert_array_equal(labels < 0, shuffled < 0)


def test_genres_group_items_by_the_first_and_unknown_ones_apart(tracks):
    make = cluster_comparison.cluster_models(tracks)["Genre popularity"].make
    by_genre, by_family = (make(k=k, shrinkage=3).labels for k in ("genre", "family"))
    np.testing.assert_array_equal(by_genre, [0, 1, 0, 2, -1, -1])
    assert by_family[0] == by_family[2] and list(by_family[4:]) == [-1, -1]
