"""Settings of every test."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from scipy.sparse import csr_matrix

from nexttrack import project
from nexttrack.apps.sound_map.sound_maps import map_content
from nexttrack.data.columns import AUDIO, SHARES
from nexttrack.data.dataset import Dataset
from nexttrack.press.preview.pages import render_preview
from nexttrack.study.try_it.catalogue import Catalogue
from nexttrack.study.try_it.page_models import models_of

# What a shell says of colours, or sets for other work, is not what tests are about.
for name in ("FORCE_COLOR", "NO_COLOR", "MATPLOTLIBRC", "PYTHONSTARTUP"):
    os.environ.pop(name, None)

# As hypothesis would have it (on CI the same cases each time), but no machine is too slow.
usual = settings.get_profile(settings.get_current_profile_name())
settings.register_profile("patient", parent=usual, deadline=None)
settings.load_profile("patient")


COMPILE_UMAP = {"test_fits.py", "test_maps.py", "test_by_sound.py"}


def pytest_collection_modifyitems(items):
    """Run side by side (``-n``) whole modules, which share fixtures; but each chapter on its own.

    Modules that compile UMAP share a process. What takes longest comes first: chapters, then these.
    """

    def group(item):
        if "sample_edition[" in item.nodeid:
            return 0, item.nodeid
        return (1, "UMAP") if item.path.name in COMPILE_UMAP else (2, item.path.as_posix())

    items.sort(key=lambda item: group(item)[0])
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)[1]))


@pytest.fixture(scope="session")
def to_map():
    """Return a function that makes up recordings to map: what ``book.sound_map`` takes, by name."""
    genres, names = ["techno", "folk", "jazz"], ["low energy", "high energy", "high tempo"]

    def make(n: int = 60, seed: int = 1) -> dict:
        rng = np.random.default_rng(seed)
        kind = rng.integers(3, size=n)
        recordings = pd.DataFrame(
            {
                "title": [f"Title {i}" for i in range(n)],
                "artists": [[f"Artist {i % 7}", "Guest"] for i in range(n)],
                "genres": [[genres[k], "other"] for k in kind],
                "popularity": rng.integers(0, 100, size=n),
            }
        )
        features = rng.normal(kind[:, None], size=(n, 2)).round(2)
        return {
            "recordings": recordings,
            "places": np.column_stack([4 * kind, kind**2]) + rng.normal(size=(n, 2)),
            "clusters": [names[k] for k in kind],
            "features": pd.DataFrame(features, columns=["energy", "tempo_bpm"]),
            "families": {"techno": "electronic", "folk": "acoustic", "jazz": "acoustic"},
        }

    return make


@pytest.fixture(scope="session")
def make_map(to_map):
    """Return a function that makes the content of a map of made-up recordings."""

    def make(n=60, seed=1, *, most=1_000, edition="published", **changes) -> dict:
        given = to_map(n, seed) | changes
        return map_content(**given, edition=edition, fingerprint="0123456789ab", most=most)

    return make


@pytest.fixture(scope="session")
def stored_book(tmp_path_factory) -> Path:
    """Return the pages of the stored book: those in ``$NEXTTRACK_BOOK``, or made by the preview."""
    if given := os.environ.get("NEXTTRACK_BOOK"):
        return Path(given)
    output = tmp_path_factory.mktemp("pages") / "_book"
    render_preview(project.root(), output)
    return output


@pytest.fixture(scope="session")
def program():
    """Return a function that writes a shell script that can be run."""

    def write(path: Path, script: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return write


@pytest.fixture(scope="session")
def made():
    """Return a function that makes a data set of 60 users and 50 items, of one of the four kinds.

    With artists, dates and parts where the real one has them.
    """

    def make(name: str) -> Dataset:
        rng = np.random.default_rng(5)
        user_items = csr_matrix(rng.random((60, 50)) < 0.25, dtype=np.float32)
        tracks = pd.DataFrame(rng.random((50, 11)), columns=[*AUDIO, "mode", "duration_ms"])
        tracks["genres"] = [[f"genre {i % 4}"] for i in range(50)]
        if not name.startswith("lastfm"):
            tracks["artists"] = [[f"artist {i % 9}"] for i in range(50)]
        dates = None
        if name in ("lastfm-2k-tags", "playlist-archive"):
            dates = rng.integers(18_000, 20_000, user_items.nnz).astype("datetime64[D]")
        parts = np.repeat(["thinned", "whole"], 30) if name == "playlists" else None
        return Dataset(name, tracks, user_items, np.arange(60), np.arange(50), dates, parts)

    return make


@pytest.fixture(scope="session")
def page_model():
    """Return the models of the page for 400 made recordings and 150 made playlists: meta, arrays.

    Every tenth recording has no sound, every third is in no playlist; playlists keep to a genre.
    """
    rng = np.random.default_rng(8)
    n = 400
    genre = rng.integers(6, size=n)
    features = rng.normal(genre[:, None] % 3, size=(n, len(AUDIO)))
    features[::10] = np.nan
    made = pd.DataFrame(features, columns=list(AUDIO))
    made["title"] = [f"Song {i}" for i in range(n)]
    made.loc[1, "title"] = '<img src=x onerror="document.title=1">'
    made.loc[2, "title"] = "\u202etset a\u202c " + "long " * 2_000
    made["artists"] = [[f"Artist {i % 60}", *(["Ásgeir"] if i % 7 == 0 else [])] for i in range(n)]
    made["genres"] = [[f"genre {g}"] for g in genre]
    made["popularity"] = np.sort(rng.integers(0, 100, n))[::-1]
    likes = rng.integers(6, size=150)
    chance = np.where(likes[:, None] == genre, 0.3, 0.01) * (np.arange(n) % 3 > 0)
    playlists = csr_matrix(rng.random((150, n)) < chance, dtype=np.float32)
    catalogue = Catalogue(made, made.iloc[:0], playlists)
    kind = {"features": AUDIO, "steps": 255, "factors": 16, "neighbours": 20}
    meta, arrays = models_of(catalogue, kind, ials={"iterations": 5}, item_knn={"shrinkage": 5})
    return meta | {"fingerprint": "0123456789ab", "about": "Made for a test."}, arrays


@pytest.fixture
def recordings():
    """Made recordings, with the columns and gaps of the processed table."""
    genres = ["ambient", "jazz", "rock", "tango"]
    rng = np.random.default_rng(3)
    n = 120
    made = {name: rng.random(n) for name in SHARES}
    made["loudness"] = rng.normal(-9, 5, n)
    made["tempo"] = rng.uniform(60, 200, n)
    made["key"] = rng.integers(0, 12, n).astype(np.int8)
    made["mode"] = rng.integers(0, 2, n).astype(np.int8)
    made["time_signature"] = rng.choice([3.0, 4.0, 5.0], n)
    made["duration_ms"] = rng.integers(60_000, 600_000, n).astype(np.int32)
    table = pd.DataFrame(made)
    for name in ("danceability", "speechiness", "valence", "tempo", "time_signature"):
        table.loc[rng.choice(n, 6, replace=False), name] = np.nan
    artist = rng.integers(0, 25, n)
    table["artists"] = [np.array([f"artist {i}"], dtype=object) for i in artist]
    table["genres"] = [
        np.array(sorted({genres[i % 4], genres[rng.integers(4)]}), dtype=object) for i in artist
    ]
    table["title"] = [f"title {i}" for i in range(n)]
    return table
