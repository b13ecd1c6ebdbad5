"""Each model of the book is made as it is set, and has one colour in every chapter."""

import pytest

import nexttrack.book as book
from nexttrack.evaluation import top_n
from nexttrack.study.registry import MODELS


@pytest.mark.parametrize("name", ["lastfm-2k", "playlists"])
@pytest.mark.parametrize("model", ["EASE", "iALS", "Item kNN", "Audio kNN", "Popularity"])
def test_as_it_is_set_it_learns_and_answers(made, name, model):
    dataset = made(name)
    user_items = dataset.binary()
    fitted = MODELS[model].as_set_on(dataset)()
    fitted.fit(user_items, show_progress=False)
    assert top_n(fitted, user_items, [0, 1], 5).shape == (2, 5)


def test_playlists_have_settings_of_their_own(made):
    on_artists, on_playlists = (
        MODELS["Item kNN"].as_set_on(made(name))() for name in ("lastfm-2k-tags", "playlists")
    )
    assert (on_artists.K, on_artists.shrinkage) == (400, 5)
    assert (on_playlists.K, on_playlists.shrinkage) == (400, 20)


def test_bm25_has_no_shrinkage():
    for name in ("User kNN", "Item kNN"):
        assert MODELS[name].make(K=5, weighting="bm25", shrinkage=3.0).shrinkage == 0
        assert MODELS[name].make(K=5, weighting="tfidf", shrinkage=3.0).shrinkage == 3


def test_the_book_draws_a_model_in_its_colour():
    assert {name: entry.colour for name, entry in MODELS.items()} == book.MODELS
    compared = ("BPR", "SLIM", "Logistic MF", "NMF", "iALS", "EASE", "User kNN", "Item kNN")
    assert len({MODELS[name].colour for name in compared}) == len(compared)
