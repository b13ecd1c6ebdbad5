"""A chapter says which data it ran on."""

import pytest

from nexttrack.book import edition


@pytest.fixture(autouse=True)
def data(monkeypatch):
    monkeypatch.setattr(edition, "ensure", lambda: None)
    monkeypatch.setattr(edition, "fingerprint", lambda edition: "0123abcd")


def test_the_sample_edition_has_a_banner(monkeypatch, shown):
    monkeypatch.setenv("NEXTTRACK_EDITION", "sample")
    edition.start()
    assert len(shown) == 1 and "simulated world" in shown[0]


def test_the_published_edition_has_none(monkeypatch, shown):
    monkeypatch.setenv("NEXTTRACK_EDITION", "published")
    edition.start()
    assert shown == []


def test_the_colophon_names_edition_data_and_versions(monkeypatch):
    monkeypatch.setenv("NEXTTRACK_EDITION", "sample")
    text = edition.colophon().data
    assert "**sample** edition" in text and "`0123abcd`" in text
    for package in edition.PACKAGES:
        assert f"{package} " in text
