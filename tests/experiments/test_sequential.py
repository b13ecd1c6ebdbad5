"""Group-sequential bounds against printed tables, SAS, SciPy and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nexttrack.experiments.sequential import (
    KINDS,
    bounds,
    crossing_probability,
    expected_information,
    first_crossings,
    inflation,
    information,
    power,
)

PRINTED = 5.001e-4  # three decimals

TABLE = {
    "pocock": {2: [2.178] * 2, 3: [2.290] * 3, 4: [2.361] * 4, 5: [2.413] * 5},
    "obrien-fleming": {
        2: [2.797, 1.977],
        3: [3.471, 2.454, 2.004],
        4: [4.049, 2.863, 2.338, 2.024],
        5: [4.562, 3.226, 2.634, 2.281, 2.040],
    },
    "lan-demets-obrien-fleming": {
        2: [2.963, 1.969],
        3: [3.710, 2.511, 1.993],
        4: [4.333, 2.963, 2.359, 2.014],
        5: [4.877, 3.357, 2.680, 2.290, 2.031],
    },
    "lan-demets-pocock": {
        2: [2.157, 2.201],
        3: [2.279, 2.295, 2.296],
        4: [2.368, 2.368, 2.358, 2.350],
        5: [2.438, 2.427, 2.410, 2.397, 2.386],
    },
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("looks", [2, 3, 4, 5])
def test_bounds_are_those_of_printed_tables(kind, looks):
    found = bounds(looks, 0.05, kind)
    # Tables round 2.28948 to 2.289 and 2.290, and 2.33746 to 2.337 and 2.338.
    np.testing.assert_allclose(found, TABLE[kind][looks], rtol=0, atol=6e-4)


def test_bounds_are_those_of_jennison_and_turnbull():
    """Tables 2.1 and 2.3 of their book."""
    pocock = {(6, 0.05): 2.453, (8, 0.05): 2.512, (10, 0.05): 2.555, (20, 0.05): 2.672}
    pocock |= {(5, 0.01): 2.986, (2, 0.01): 2.772, (5, 0.1): 2.122, (2, 0.1): 1.875}
    for (looks, alpha), bound in pocock.items():
        assert bounds(looks, alpha)[0] == pytest.approx(bound, abs=PRINTED)
    last = {1: 1.960, 6: 2.053, 8: 2.072, 10: 2.087, 20: 2.126}
    for looks, bound in last.items():
        assert bounds(looks, 0.05, "obrien-fleming")[-1] == pytest.approx(bound, abs=PRINTED)


PEEKING = {2: 0.083, 3: 0.107, 4: 0.126, 5: 0.142, 10: 0.193, 20: 0.248, 50: 0.320, 100: 0.374}


@pytest.mark.parametrize(("looks", "error"), PEEKING.items())
def test_peeking_at_a_bound_for_one_look_errs_as_often_as_printed(looks, error):
    assert crossing_probability([1.96] * looks) == pytest.approx(error, abs=PRINTED)


@pytest.mark.parametrize(
    ("looks", "pocock", "obrien_fleming"),
    [(2, 1.110, 1.008), (3, 1.166, 1.017), (4, 1.202, 1.024), (5, 1.229, 1.028)],
)
def test_tests_with_looks_are_larger_by_what_is_printed(looks, pocock, obrien_fleming):
    assert inflation(bounds(looks)) == pytest.approx(pocock, abs=PRINTED)
    found = inflation(bounds(looks, kind="obrien-fleming"))
    assert found == pytest.approx(obrien_fleming, abs=PRINTED)


def test_sizes_are_those_of_sas():
    """SAS/STAT, the SEQDESIGN procedure, "Creating Two-Sided Pocock and O'Brien-Fleming Designs".

    Four looks, power .9: the largest and the expected size, as parts of that of one look.
    """
    found = bounds(4)
    largest = inflation(found, 0.9)
    drift = np.sqrt(largest) * (stats.norm.ppf(0.975) + stats.norm.ppf(0.9))
    assert largest == pytest.approx(1.183143, abs=2e-6)
    assert largest * expected_information(found, 0) == pytest.approx(1.156074, abs=2e-6)
    assert largest * expected_information(found, drift) == pytest.approx(0.6974805, abs=1e-6)
    assert power(found, drift) == pytest.approx(0.9, abs=1e-8)


@pytest.mark.parametrize("drift", [0.0, 2.5])
@pytest.mark.parametrize("fractions", [[0.3, 1.0], [0.2, 0.5, 0.6, 1.0]])
def test_crossing_is_what_the_normal_distribution_says(fractions, drift):
    fractions = np.array(fractions)
    found = bounds(fractions, 0.05, "obrien-fleming")
    covariance = np.sqrt(
        np.minimum.outer(fractions, fractions) / np.maximum.outer(fractions, fractions)
    )
    joint = stats.multivariate_normal(
        drift * np.sqrt(fractions), covariance, seed=1, maxpts=400_000, abseps=1e-8
    )
    inside = joint.cdf(found, lower_limit=-found)
    assert crossing_probability(found, fractions, drift) == pytest.approx(1 - inside, abs=2e-6)


@pytest.mark.parametrize("drift", [0.0, -3.0])
def test_crossing_is_what_walks_do(drift):
    rng, looks, n = np.random.default_rng(3), 12, 100_000
    steps = rng.normal(drift / looks, looks**-0.5, size=(n, looks))
    z = steps.cumsum(axis=1) / np.sqrt(information(looks))
    found = bounds(looks, 0.1, "lan-demets-pocock")
    beyond = np.abs(z) >= found
    first = np.where(beyond.any(axis=1), beyond.argmax(axis=1), looks)
    shares = np.bincount(first, minlength=looks + 1)[:looks] / n
    np.testing.assert_allclose(
        first_crossings(found, drift=drift), shares, atol=4 * (0.25 / n) ** 0.5
    )
    at = np.append(information(looks), 1.0)[first]
    assert expected_information(found, drift) == pytest.approx(at.mean(), abs=4 * at.std() / n**0.5)
    sides = np.sign(z[np.arange(n), np.minimum(first, looks - 1)])
    right = (beyond.any(axis=1) & (sides == np.sign(drift or 1))).mean()
    assert power(found, drift) == pytest.approx(right, abs=4 * (0.25 / n) ** 0.5)


@pytest.mark.parametrize("kind", KINDS)
def test_two_hundred_looks_err_as_planned(kind):
    assert crossing_probability(bounds(200, 0.05, kind)) == pytest.approx(0.05, abs=1e-9)


looks_of_all_kinds = st.integers(1, 30) | st.lists(
    st.integers(1, 999), min_size=0, max_size=8, unique=True
).map(lambda thousandths: [*(t / 1000 for t in sorted(thousandths)), 1.0])


@given(looks_of_all_kinds, st.floats(1e-6, 0.5), st.sampled_from(KINDS))
@settings(deadline=None, max_examples=60)
def test_bounds_err_as_planned_whenever_one_looks(looks, alpha, kind):
    found = bounds(looks, alpha, kind)
    assert crossing_probability(found, looks) == pytest.approx(alpha, rel=1e-6)
    assert found[-1] >= -stats.norm.ppf(alpha / 2) - 1e-6
    assert 0 < expected_information(found, 1.0, looks) <= 1


@given(looks_of_all_kinds, st.floats(0.3, 0.99))
@settings(deadline=None, max_examples=30)
def test_an_inflated_test_has_its_power(looks, wanted):
    found = bounds(looks)
    drift = np.sqrt(inflation(found, wanted, looks)) * (1.959964 + stats.norm.ppf(wanted))
    assert power(found, drift, looks) == pytest.approx(wanted, abs=1e-6)
    assert power(found, -drift, looks) == pytest.approx(wanted, abs=1e-6)


def test_a_spending_look_hangs_on_earlier_ones_only():
    early = bounds([0.2, 0.4, 1.0], kind="lan-demets-obrien-fleming")
    late = bounds([0.2, 0.4, 0.8, 0.9, 1.0], kind="lan-demets-obrien-fleming")
    np.testing.assert_allclose(early[:2], late[:2], rtol=1e-9)


def test_large_effects_and_bounds_that_are_never_or_always_reached():
    assert crossing_probability([2.0] * 200, drift=40.0) == 1.0
    assert crossing_probability([np.inf] * 3) == 0.0
    assert crossing_probability([0.0, 1.0]) == 1.0
    assert expected_information([np.inf, np.inf], 3.0) == 1.0


@pytest.mark.parametrize(
    ("looks", "message"),
    [
        (0, "from 1 to 1,000, not 0"),
        (1001, "from 1 to 1,000"),
        (2.5, "list of numbers, not 2.5"),
        (True, "not True"),
        ("weekly", "not 'weekly'"),
        ([], "increase from above 0 to 1"),
        ([0.5, 0.5, 1], r"not \[0.5, 0.5, 1\]"),
        ([0.9, 0.5, 1], "increase"),
        ([0, 1], "increase"),
        ([0.5, 0.9], "increase"),
        ([0.5, float("nan"), 1], "increase"),
        ([0.5, 0.50001, 1], "0.0001 of the information apart"),
    ],
)
def test_looks_that_are_none_are_refused(looks, message):
    with pytest.raises(ValueError, match=message):
        bounds(looks)


@pytest.mark.parametrize("alpha", [0, 1, -0.1, 5, float("nan"), "5 %", None])
def test_an_alpha_that_is_none_is_refused(alpha):
    with pytest.raises(ValueError, match=r"^alpha "):
        bounds(3, alpha)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match=r"kind is one of pocock, .*, not 'haybittle'"):
        bounds(3, kind="haybittle")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: crossing_probability([]), "one number from 0 for each look"),
        (lambda: crossing_probability([2, -2]), "one number from 0"),
        (lambda: crossing_probability([2, np.nan]), "one number from 0"),
        (lambda: crossing_probability(2), "bounds are a list of numbers, not 2"),
        (lambda: crossing_probability([2, 2], 3), "2 bounds for 3 looks"),
        (lambda: crossing_probability([2], drift=np.inf), "drift is a finite number"),
        (lambda: inflation([2.2, 2.2], 1.0), "power"),
        (lambda: inflation([2.2, 2.2], 0.01), "power"),
        (lambda: inflation([np.inf, np.inf]), "reached with chance 0"),
        (lambda: inflation([0, 2]), "reached with chance 1"),
    ],
)
def test_bounds_and_drifts_that_are_none_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
