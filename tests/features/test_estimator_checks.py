"""scikit-learn's own checks of what a transformer is.

GenreMultiHot, GenreEmbedding and ArtistProfile are left out: the checks feed matrices of numbers,
and their rows are lists of names. What the checks ask is tested in their own files.
"""

import pytest
from sklearn.utils.estimator_checks import check_estimator

from nexttrack.features import (
    CircleOfFifths,
    LogDuration,
    Loudness,
    NormalScores,
    SentinelsAsMissing,
    TempoOctaves,
)


@pytest.mark.parametrize(
    "transformer",
    [
        CircleOfFifths(),
        LogDuration(),
        Loudness(),
        NormalScores(),
        SentinelsAsMissing(),
        TempoOctaves(),
        TempoOctaves(fold=True),
    ],
    ids=repr,
)
def test_scikit_learns_checks_pass(transformer):
    results = check_estimator(transformer, on_skip=None)
    passed = {result["check_name"] for result in results if result["status"] == "passed"}
    skipped = {result["check_name"] for result in results if result["status"] == "skipped"}
    assert "check_transformer_general" in passed
    assert skipped <= {"check_array_api_input"}  # asks for a setting of the environment
