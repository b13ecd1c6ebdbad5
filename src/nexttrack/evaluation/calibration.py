"""Whether a classifier that says 30 % is right in 30 % of the cases."""

import numpy as np
import pandas as pd


def reliability(confidence: np.ndarray, correct: np.ndarray, n_bins: int = 10) -> pd.DataFrame:
    """Return the reliability curve of a classifier's confidence in its answer.

    Answers are sorted by confidence and cut into bins of (nearly) equal numbers, so that every
    point of the curve rests on as many answers (Nguyen & O'Connor 2015, EMNLP). Equally confident
    answers are not torn apart: a bin may then be empty, and is left out.

    Args:
        confidence: the probability that the classifier gives its answer, rows.
        correct: how right the answer is, from 0 to 1, rows.
        n_bins: number of bins.

    Returns:
        A row for each bin, from the least to the most confident: ``confidence`` and ``accuracy``
        (means), ``n``.

    Raises:
        ValueError: if the two differ in length, there are none, or a number is NaN or infinite.
    """
    confidence, correct = np.asarray(confidence, np.float64), np.asarray(correct, np.float64)
    if len(confidence) != len(correct) or len(confidence) == 0:
        raise ValueError(f"{len(confidence)} confidences and {len(correct)} answers; want as many")
    if not (np.isfinite(confidence).all() and np.isfinite(correct).all()):
        raise ValueError("confidences and answers must be finite")
    edges = np.quantile(confidence, np.arange(1, n_bins) / n_bins)
    place = np.searchsorted(edges, confidence, side="left")
    frame = pd.DataFrame({"confidence": confidence, "accuracy": correct})
    groups = frame.groupby(place)
    return groups.mean().assign(n=groups.size()).reset_index(drop=True)


def expected_calibration_error(curve: pd.DataFrame) -> float:
    """Return the mean over answers of the gap between accuracy and confidence in their bin.

    ``ECE = sum over bins of n_b / n * |accuracy_b - confidence_b|`` (Guo et al. 2017, ICML,
    equation 3; theirs has bins of equal width).

    Args:
        curve: as :func:`reliability` returns it.
    """
    gap = (curve["accuracy"] - curve["confidence"]).abs()
    return float((gap * curve["n"]).sum() / curve["n"].sum())
