"""Settings are checked by one rule, from what a class declares: made, changed, or inherited."""

import inspect

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from nexttrack import models
from nexttrack.models import EASE, ContentIALS, ItemKNN, SessionKNN
from nexttrack.models.settings import declared

MODELS = [getattr(models, name) for name in models.__all__]
EYE = csr_matrix(np.eye(4, dtype=np.float32))


@pytest.mark.parametrize("model", MODELS)
def test_every_number_of_every_model_refuses_what_is_none(model):
    """None is a seed that differs each time; NaN passes most comparisons."""
    for name in declared(model).keys() & inspect.signature(model).parameters.keys():
        for wrong in ("many", [1], np.nan):
            if declared(model)[name] == {str} and wrong == "many":
                continue
            with pytest.raises(ValueError, match=f"{model.__name__}: {name} must be .*, not "):
                model(**{name: wrong})


@pytest.mark.parametrize("wrong", [10.5, 10.0, 0, -1, True, None])
def test_a_number_of_neighbours_is_whole_and_above_0(wrong):
    says = rf"ItemKNN: K must be a whole number of 1 or more, not {wrong}"
    with pytest.raises(ValueError, match=says):
        ItemKNN(wrong)
    with pytest.raises(ValueError, match=says):
        ItemKNN(K=wrong)


def test_what_is_strength_is_finite_and_not_negative():
    for wrong in (-1, np.inf):
        with pytest.raises(ValueError, match="EASE: regularization must be finite and 0 or more"):
            EASE(wrong)
    assert SessionKNN(half_life=np.inf).half_life == np.inf


def test_numbers_of_numpy_are_numbers():
    assert ItemKNN(K=np.int64(3), shrinkage=np.float32(1)).K == 3


def test_settings_that_are_passed_on_are_checked_too():
    with pytest.raises(ValueError, match="ContentIALS: factors must be a whole number"):
        ContentIALS(factors=2.5)


@pytest.mark.parametrize(("name", "wrong"), [("K", 2.5), ("K", -3), ("weighting", "bm52")])
def test_a_setting_changed_since_is_checked_in_fit(name, wrong):
    model = ItemKNN()
    setattr(model, name, wrong)
    with pytest.raises(ValueError, match=name):
        model.fit(EYE, show_progress=False)
