"""A chapter says which data it ran on."""

import pandas as pd
import pytest

from nexttrack.book import edition


@pytest.fixture(autouse=True)
def data(monkeypatch):
    monkeypatch.setattr(edition, "ensure", lambda: None)
    monkeypatch.setattr(edition, "unlike_the_book", list)
    monkeypatch.setattr(edition, "missing_sources", lambda: ["playlists"])
    monkeypatch.setattr(edition, "fingerprint", lambda edition: "0123abcd")


def test_the_sample_edition_has_a_banner(monkeypatch, shown):
    monkeypatch.setenv("NEXTTRACK_EDITION", "sample")
    edition.start()
    assert len(shown) == 1 and "simulated world" in shown[0]


def test_the_published_edition_has_none(monkeypatch, shown):
    monkeypatch.setenv("NEXTTRACK_EDITION", "published")
    edition.start()
    assert shown == []


def test_other_data_have_a_banner_of_their_own_and_no_edition_of_the_book(monkeypatch, shown):
    monkeypatch.setenv("NEXTTRACK_EDITION", "published")
    monkeypatch.setattr(edition, "unlike_the_book", lambda: ["playlists", "lastfm-2k"])
    edition.start()
    assert len(shown) == 1
    said = "**Not there: playlists.** Of other files than the book's: lastfm-2k. Numbers are of"
    assert said in " ".join(shown[0].split())
    assert "**other data**" in edition.colophon().data
    assert "published" not in edition.colophon().data


def test_stored_measurements_of_other_data_are_said_to_be_so(monkeypatch, shown):
    monkeypatch.setenv("NEXTTRACK_EDITION", "published")
    edition.measured_on(pd.Series(["0123abcd", "0123abcd"]), "Costs")
    assert shown == []
    edition.measured_on(pd.Series(["0123abcd", "4567cdef"]), "Costs")
    assert len(shown) == 1 and "`4567cdef`" in shown[0]


def test_the_colophon_names_edition_data_and_versions(monkeypatch):
    monkeypatch.setenv("NEXTTRACK_EDITION", "sample")
    text = edition.colophon().data
    assert "**sample** edition" in text and "`0123abcd`" in text
    for package in edition.PACKAGES:
        assert f"{package} " in text
