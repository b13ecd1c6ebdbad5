"""Experiments with listeners: sizes, what looking costs, always-valid tests, interleaved lists."""

from nexttrack.experiments.always_valid import (
    always_valid_p_value,
    mean_interval,
    mean_p_value,
    preference_interval,
)
from nexttrack.experiments.design import (
    design_effect,
    detectable_difference,
    listeners_for_rates,
    sample_ratio_p,
)
from nexttrack.experiments.interleaving import (
    balanced,
    balanced_preference,
    preference,
    team_draft,
)
from nexttrack.experiments.sequential import (
    bounds,
    crossing_probability,
    expected_information,
    first_crossings,
    inflation,
    power,
)

__all__ = [
    "always_valid_p_value",
    "balanced",
    "balanced_preference",
    "bounds",
    "crossing_probability",
    "design_effect",
    "detectable_difference",
    "expected_information",
    "first_crossings",
    "inflation",
    "listeners_for_rates",
    "mean_interval",
    "mean_p_value",
    "power",
    "preference",
    "preference_interval",
    "sample_ratio_p",
    "team_draft",
]
