"""Splits and starts: which there are, and that a fit is what the evaluator says."""

import pytest

from nexttrack.evaluation.evaluator import fit_and_evaluate
from nexttrack.study import protocol
from nexttrack.study.comparison import tuned_comparison
from nexttrack.study.comparison.fits_on_splits import TEST, scores, seeds_on, splits
from nexttrack.study.search import METRIC, N

SETTINGS = {"PureSVD": {"factors": 4}, "Random": {}, "Popularity": {}}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lastfm-2k", ["draw 1", "draw 2", "draw 3", "draw 4", "new users"]),
        ("playlists", ["draw 1", "draw 2", "draw 3", "draw 4", "new users", "new artists"]),
        ("lastfm-2k-tags", ["cut at 50%", "cut at 60%", "cut at 70%"]),
    ],
)
def test_which_splits_there_are(made, name, expected):
    dataset = made(name)
    main = protocol.split(dataset)
    parts = {name: make() for name, make in splits(dataset).items()}
    assert list(parts) == [TEST, *expected]
    assert (parts.pop(TEST).test_out != main.test_out).nnz == 0
    for split in parts.values():
        assert split.test_out.nnz > 0
        assert (split.test_out != main.test_out).nnz > 0


def test_each_draw_has_a_seed_of_its_own_and_the_test_has_all():
    assert seeds_on(TEST) == (0, 1, 2, 3, 4)
    assert [seeds_on(f"draw {k}") for k in (1, 4)] == [(1,), (4,)]
    assert seeds_on("new users") == seeds_on("cut at 50%") == (0,)


def test_a_fit_is_what_the_evaluator_says_with_its_seed(made, in_this_process):
    dataset = made("playlists")
    parts = splits(dataset)["draw 2"]()
    found = scores(dataset, parts, SETTINGS, (0, 2))
    fits = found.groupby(["model", "seed"])["NDCG@10"].apply(list)
    assert list(fits.index) == [
        ("Popularity", 0),
        *(("PureSVD", 0), ("PureSVD", 2)),
        *(("Random", 0), ("Random", 2)),
    ]
    for (name, seed), values in fits.items():
        model = tuned_comparison.models(dataset, SETTINGS)[name]()
        if seed:
            model.random_state += seed
        direct, _ = fit_and_evaluate(model, parts, "test", {"is": METRIC}, N=N)
        assert values == direct["is"].tolist()
    assert fits["Random", 0] != fits["Random", 2]
