"""From which difference on models differ enough to matter: why this margin, and others beside it.

For chapter 08. The reasons come from validation, before the test is opened.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import stats

from nexttrack.evaluation.evaluator import fit_and_evaluate
from nexttrack.evaluation.significance import with_tests
from nexttrack.parallel import in_processes, on_one_thread
from nexttrack.study.comparison.fits_on_splits import DRAWS, TEST, splits
from nexttrack.study.comparison.tuned_comparison import MARGIN, load, models
from nexttrack.study.kept import kept
from nexttrack.study.search import COMPARED, METRIC, N, trials, tuned_settings

MARGINS = (MARGIN / 2, MARGIN, 2 * MARGIN)
"""Shares of the best model's figure."""
POWER = 0.8


def reasons(name: str) -> pd.DataFrame:
    """Tell what a difference of the margin would be beside, on the validation part of a data set.

    The model that was best on validation is asked again on the validation part of each draw of the
    split, with the settings that it has; where time is cut there is one.

    Args:
        name: one of :data:`nexttrack.study.search.DATASETS`.

    Returns:
        One row: ``data``, ``model``, ``mean`` of NDCG@10, ``range`` from the worst draw to the best
        as a share of it (NaN for one draw), and ``listeners``: how many an experiment takes in each
        of two groups to see a difference of :data:`MARGIN` four times in five.
    """
    tried = trials(name)
    tried = tried[tried["model"].isin(COMPARED)]
    model = str(tried.loc[tried["value"].idxmax(), "model"])
    values = _validated(name, model, tuned_settings(name)[model])
    by_draw = values.groupby("draw")["NDCG@10"]
    means, mean = by_draw.mean(), by_draw.mean().mean()
    row = {
        "data": name,
        "model": model,
        "mean": mean,
        "range": (means.max() - means.min()) / mean if len(means) > 1 else np.nan,
        "listeners": listeners_needed(MARGIN * mean, float(np.sqrt(by_draw.var().mean()))),
    }
    return pd.DataFrame([row])


def listeners_needed(difference: float, spread: float, power: float = POWER) -> int:
    """Return how many users each of two groups needs for a difference of their means to be seen.

    ``2 (z_0.975 + z_power)^2 (spread / difference)^2`` (Cohen 1988, chapter 2), of a two-sided test
    at 5 %.

    Args:
        difference: of the means, above 0.
        spread: standard deviation over users.
        power: chance that the test sees it.
    """
    z = stats.norm.ppf(0.975) + stats.norm.ppf(power)
    return int(np.ceil(2 * (z * spread / difference) ** 2))


def with_margin(
    pairs: pd.DataFrame, of_models: pd.DataFrame, share: float = MARGIN
) -> pd.DataFrame:
    """Test the pairs of a data set with a margin that is a share of the best model's mean.

    Args:
        pairs: of :func:`nexttrack.study.comparison.other_splits.stored_tables`.
        of_models: its models.
        share: of the best mean.

    Returns:
        See :func:`nexttrack.evaluation.significance.with_tests`.
    """
    return with_tests(pairs, share * of_models["mean"].max())


def sensitivity(
    pairs: pd.DataFrame, of_models: pd.DataFrame, shares: Iterable[float] = MARGINS
) -> pd.DataFrame:
    """Tell which pairs of a data set are equivalent with other margins.

    Args:
        pairs, of_models: see :func:`with_margin`.
        shares: margins, as shares of the best model's mean.

    Returns:
        One row for each margin: ``margin`` (the share), ``pairs`` (how many are equivalent at 5 %
        after Holm), ``of`` (how many there are), and ``equivalent to the best``: the names of
        models that are, by their means; "none" if none is.
    """
    best = of_models.loc[of_models["mean"].idxmax(), "model"]
    rows = []
    for share in shares:
        found = with_margin(pairs, of_models, share)
        alike = found[found["p_equivalence_holm"] < 0.05]
        names = alike.sort_values("difference").loc[alike["model"] == best, "other"]
        rows.append((share, len(alike), len(found), ", ".join(names) or "none"))
    return pd.DataFrame(rows, columns=["margin", "pairs", "of", "equivalent to the best"])


@kept
def _validated(name: str, model: str, settings: dict) -> pd.DataFrame:
    dataset = load(name)
    make = models(dataset, {model: settings})[model]
    parts = splits(dataset)
    drawn = [part for part in (TEST, *(f"draw {seed}" for seed in DRAWS)) if part in parts]
    tasks = [(parts[part],) for part in drawn]
    tables = in_processes(_on_validation, (make,), tasks, f"Validation of {name}")
    return pd.concat(dict(zip(drawn, tables, strict=True)), names=["draw"]).reset_index()


def _on_validation(make, split) -> pd.DataFrame:
    scores, _ = fit_and_evaluate(
        on_one_thread(make()), split(), "validation", {"NDCG@10": METRIC}, N=N
    )
    return scores
