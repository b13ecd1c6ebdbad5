"""A claim holds on the book's data or fails; on a simulated world and other data it is marked."""

import pytest

from nexttrack.book import claims


def test_a_claim_that_holds_is_shown_as_written(monkeypatch, shown):
    monkeypatch.setenv("NEXTTRACK_EDITION", "published")
    claims.claim("A beats B.", True)
    assert shown == ["A beats B."]


def test_a_claim_that_no_longer_holds_fails_on_the_books_own_data(monkeypatch, shown):
    monkeypatch.setenv("NEXTTRACK_EDITION", "published")
    monkeypatch.setattr(claims, "unlike_the_book", list)
    with pytest.raises(AssertionError, match="no longer support: A beats B"):
        claims.claim("A beats B.", False)
    assert not shown


@pytest.mark.parametrize(("holds", "verdict"), [(True, "holds"), (False, "does not hold")])
def test_on_the_sample_the_sentence_is_marked(monkeypatch, shown, holds, verdict):
    monkeypatch.setenv("NEXTTRACK_EDITION", "sample")
    claims.claim("A beats B.", holds)
    assert shown == [f"A beats B. *[In this simulated world the statement {verdict}.]*"]


def test_on_other_data_a_claim_that_does_not_hold_is_marked_and_one_that_holds_is_not(
    monkeypatch, shown
):
    monkeypatch.setenv("NEXTTRACK_EDITION", "published")
    monkeypatch.setattr(claims, "unlike_the_book", lambda: ["playlists"])
    claims.claim("A beats B.", False)
    claims.claim("B beats C.", True)
    marked = "*[In these data, which are not the book's, the statement does not hold.]*"
    assert shown == [f"A beats B. {marked}", "B beats C."]


def test_negative_numbers_get_a_minus_sign_and_names_keep_their_hyphen(shown):
    claims.say(f"lastfm-2k: {-0.71:.2f} ({-15:d} to {3:+d}), 2019-05-01")
    assert shown == ["lastfm-2k: −0.71 (−15 to +3), 2019-05-01"]
