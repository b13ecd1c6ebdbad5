"""What chapter 14 compares: the same number of settings each, from their spaces, and no other."""

import numpy as np
import pandas as pd
import pytest

from nexttrack.models.space import OneOf, Range
from nexttrack.study.next_track.contenders import (
    N_TRIALS,
    UNORDERED_OF,
    Contender,
    artists_of,
    contenders,
    to_try,
)

TRACKS = pd.DataFrame({"artists": [["a"], ["b", "a"], None, ["c"]]})


def test_all_that_have_settings_have_as_many_trials_within_their_space():
    made = contenders(artists_of(TRACKS))
    for name, candidate in to_try(made).items():
        space = made[name].space
        assert len(candidate.settings) == (N_TRIALS if space else 1)
        assert candidate.settings[0] == made[name].start
        for settings in candidate.settings:
            candidate.make(**settings)
        for settings in candidate.settings[1:]:
            assert set(settings) == set(space)
            for key, range_ in space.items():
                assert range_.low <= settings[key] <= range_.high
                assert isinstance(settings[key], int) == range_.whole
        drawn = [tuple(settings.values()) for settings in candidate.settings[1:]]
        assert len(set(drawn)) == len(drawn)


def test_a_models_draws_depend_on_no_other_model():
    made = contenders(artists_of(TRACKS))
    alone = to_try({"STAN": made["STAN"]})["STAN"].settings
    assert alone == to_try(made)["STAN"].settings
    assert to_try(made, 3)["STAN"].settings == alone[:3]


def test_draws_on_a_log_scale_have_the_middle_of_it():
    space = {"x": Range(0.01, 100, log=True), "n": Range(1, 9, whole=True)}
    settings = to_try({"m": Contender(dict, True, {}, space)}, 400)["m"].settings[1:]
    assert np.median([one["x"] for one in settings]) == pytest.approx(1, rel=0.8)
    assert {one["n"] for one in settings} == set(range(1, 10))
    with pytest.raises(TypeError, match="k: only ranges are drawn from"):
        to_try({"m": Contender(dict, True, {}, {"k": OneOf(("a", "b"))})})


def test_a_model_that_reads_the_order_is_named_with_one_that_does_not():
    made = contenders(artists_of(TRACKS))
    for name, other in UNORDERED_OF.items():
        assert made[name].reads_order
        assert not made[other].reads_order


def test_artists_are_an_incidence():
    assert artists_of(TRACKS).toarray().tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 0, 1]]
