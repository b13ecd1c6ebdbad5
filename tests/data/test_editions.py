"""The upkeep of an edition, on a small simulated world."""

import hashlib
import json
import os
import shutil
from dataclasses import replace

import pytest

from nexttrack import project
from nexttrack.data import cleaning, editions, simulator
from nexttrack.data.dataset import table
from nexttrack.data.editions import ensure, fingerprint
from nexttrack.data.raw.sources import load_sources
from nexttrack.errors import UserError


@pytest.fixture
def made(monkeypatch):
    """What was made during a test: "simulated" and "cleaned", in order."""
    log = []

    def noted(word, work):
        return lambda *a, **k: (log.append(word), work(*a, **k))[1]

    monkeypatch.setattr(simulator, "write_sources", noted("simulated", simulator.write_sources))
    monkeypatch.setattr(cleaning, "clean", noted("cleaned", cleaning.clean))
    return log


def test_what_is_fresh_is_not_made_again(own, made):
    ensure()
    table("recordings")
    assert made == []


def test_the_sample_is_made_again_when_the_simulator_changes(own, made, monkeypatch):
    before = fingerprint()
    monkeypatch.setattr(editions, "SAMPLE", editions.SAMPLE | {"seed": 4})
    ensure()
    assert made == ["simulated", "cleaned"]
    assert fingerprint() != before
    ensure()
    assert made == ["simulated", "cleaned"]


def test_the_tables_are_made_again_when_the_cleaning_changes(own, made, monkeypatch):
    before = fingerprint()
    monkeypatch.setattr(cleaning, "code_hash", lambda: "other")
    ensure()
    assert made == ["cleaned"]
    assert fingerprint() == before


def test_raw_files_that_someone_simulated_are_kept(own, made):
    simulator.write_sources(project.raw_dir("sample"), **(editions.SAMPLE | {"seed": 5}))
    ensure()
    ensure()
    assert made == ["simulated", "cleaned"]  # the simulation is the one above


def test_what_cannot_be_written_is_said_before_it_is_made(own, made, monkeypatch):
    shutil.rmtree(own / "processed")
    monkeypatch.setattr(editions, "is_writable", lambda folder: False)
    with pytest.raises(UserError, match=r"/processed cannot be written to; set NEXTTRACK_DATA"):
        ensure()
    assert made == []


def test_the_published_edition_is_asked_for_in_vain_without_data(own, monkeypatch):
    monkeypatch.setenv("NEXTTRACK_EDITION", "published")
    with pytest.raises(UserError, match="run `make data`"):
        ensure()


def test_published_raw_files_are_cleaned_and_cleaned_again_when_they_change(own, made):
    raw = own / "raw" / "spotify-tracks"
    shutil.copytree(own / "raw-sample" / "spotify-tracks", raw)
    ensure("published")
    assert project.edition() == "published"
    ensure("published")
    assert made == ["cleaned"]
    before, rows = fingerprint(), len(table("recordings"))
    path = raw / "dataset.csv"
    text = path.read_text().splitlines(keepends=True)
    path.write_text("".join(text[: len(text) // 2]))
    assert len(table("recordings")) < rows
    assert made == ["cleaned", "cleaned"]
    assert fingerprint() != before


def test_data_are_the_books_own_by_the_checksums_of_every_source(own, monkeypatch):
    for name in ("spotify-tracks", "spotify-century", "lastfm-2k"):
        shutil.copytree(own / "raw-sample" / name, own / "raw" / name)
    every = list(load_sources())
    assert editions.unlike_the_book() == every
    raw = cleaning.read_made_from(project.processed_dir("published"))["raw"]
    books = {
        name: replace(
            source,
            files=tuple(
                replace(file, sha256=raw.get(f"{name}/{file.name}", {}).get("sha256"))
                for file in source.files
            ),
        )
        for name, source in load_sources().items()
    }
    monkeypatch.setattr(editions, "load_sources", lambda: books)
    assert editions.unlike_the_book() == ["playlists", "playlist-archive"]
    path = own / "raw" / "spotify-century" / "data_by_year.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    assert editions.unlike_the_book() == ["spotify-century", "playlists", "playlist-archive"]


def test_the_book_is_of_the_data_whose_checksums_the_sources_have():
    hashes = {
        f"{source.name}/{file.name}": file.sha256 or file.known_sha256
        for source in load_sources().values()
        for file in source.files
        if file.required
    }
    text = json.dumps(dict(sorted(hashes.items())), sort_keys=True)
    said = hashlib.sha256(text.encode()).hexdigest()[:12]
    assert f"fingerprint `{said}`" in (project.root() / "index.ipynb").read_text("utf-8")


def test_published_tables_without_raw_files_are_used_as_they_are(own, made):
    shutil.move(own / "processed" / "sample", own / "processed" / "published")
    assert len(table("recordings")) > 0
    assert made == []


def test_tables_left_aside_by_a_killed_run_are_put_back(own, made):
    shutil.move(own / "processed" / "sample", own / "processed" / ".published-old")
    assert len(table("recordings")) > 0
    assert project.edition() == "published"
    assert made == []


def test_the_fingerprint_follows_content_and_not_time_or_place(own):
    before = fingerprint()
    assert len(before) == 12
    for path in (own / "raw-sample").rglob("*.csv"):
        os.utime(path, (1, 1))
    assert fingerprint() == before
