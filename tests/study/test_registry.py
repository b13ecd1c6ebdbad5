"""Each model of the book is made as it is set, and has one colour in every chapter."""

import pytest

import nexttrack.book as book
from nexttrack.study import registry
from nexttrack.study.registry import MODELS


@pytest.mark.parametrize("model", MODELS)
def test_what_is_known_of_a_model_is_in_the_words_of_its_class(made, model):
    entry = MODELS[model]
    if entry.make is registry._popular_in:
        return  # which takes groupings of the items
    if model == "iALS as it comes":
        return  # implicit's, which warns of BLAS in two threads
    for settings in entry.known:
        entry.on(made("playlist-archive"))(**settings)
        assert not entry.space or set(settings) <= {*entry.space, "factors"}


def test_bm25_has_no_shrinkage():
    for name in ("User kNN", "Item kNN"):
        assert MODELS[name].make(K=5, weighting="bm25", shrinkage=3.0).shrinkage == 0
        assert MODELS[name].make(K=5, weighting="tfidf", shrinkage=3.0).shrinkage == 3


def test_the_book_draws_a_model_in_its_colour():
    assert {name: entry.colour for name, entry in MODELS.items()} == book.MODELS
    compared = ("BPR", "SLIM", "Logistic MF", "NMF", "iALS", "EASE", "User kNN", "Item kNN")
    assert len({MODELS[name].colour for name in compared}) == len(compared)
