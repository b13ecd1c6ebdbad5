"""Which differences between models are more than chance: over users, draws of the split and seeds.

Each user has one value for each fit of a model, so models are compared in pairs. The same users are
asked in all draws: users and draws are *crossed*, and both are random.
"""

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from nexttrack.evaluation.bootstrap import by_user


def mean_over_draws(values: np.ndarray) -> tuple[float, float, float]:
    """Estimate a mean that is to hold for other users and for other draws of the split.

    Two-way random effects without replication, ``value = mean + user + draw + rest``. With the mean
    squares of the three, the variance of the mean of n users and D draws is ``(users + draws -
    rest) / (n D)`` (Searle, Casella & McCulloch 1992, chapter 4); of draws no less than of the rest
    is counted. Degrees of freedom are Satterthwaite's (1946), with all of the draws' mean square,
    so that few draws are not believed too much. Where a model has another seed in each draw, what
    seeds do is in what draws do.

    Args:
        values: float array of users x draws, or of users, who are then all that differs.

    Returns:
        (mean, standard error, degrees of freedom). The 95 % interval of :func:`t_interval` holds
        the mean in 94 to 98 of 100 cases with five draws, whatever part draws have.

    Raises:
        ValueError: if there are fewer than two users, or a value is not finite.
    """
    values = by_user(values, "values")
    n, n_draws = values.shape
    if n < 2:
        raise ValueError("how much users differ takes two users or more")
    mean, of_user, of_draw = values.mean(), values.mean(axis=1), values.mean(axis=0)
    users = n_draws * of_user.var(ddof=1)
    if n_draws == 1:
        return float(mean), float(np.sqrt(users / n)), n - 1.0
    draws = n * of_draw.var(ddof=1)
    rest = values - of_user[:, None] - of_draw + mean
    rest = (rest**2).sum() / ((n - 1) * (n_draws - 1))
    total = users + max(draws - rest, 0.0)
    if total == 0:
        return float(mean), 0.0, n - 1.0
    freedom = total**2 / (users**2 / (n - 1) + draws**2 / (n_draws - 1))
    return float(mean), float(np.sqrt(total / (n * n_draws))), float(freedom)


def t_interval(
    mean: ArrayLike, error: ArrayLike, freedom: ArrayLike, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Return (low, high) of means with their standard errors and degrees of freedom."""
    half = stats.t.ppf((1 + confidence) / 2, freedom) * np.asarray(error)
    return np.asarray(mean) - half, np.asarray(mean) + half


def difference_p(mean: ArrayLike, error: ArrayLike, freedom: ArrayLike) -> np.ndarray:
    """Return two-sided p-values of t-tests that means are 0: below 5 % if 0 is not in the interval.

    Where nothing varies, 1 for a mean of 0 and 0 for another.
    """
    mean, error = np.abs(np.asarray(mean, dtype=np.float64)), np.asarray(error, dtype=np.float64)
    t = np.divide(mean, error, out=np.where(mean > 0, np.inf, 0.0), where=error > 0)
    return 2 * stats.t.sf(t, freedom)


def equivalence_p(
    mean: ArrayLike, error: ArrayLike, freedom: ArrayLike, margin: float
) -> np.ndarray:
    """Return p-values of the hypotheses that means are at least a margin away from 0.

    The larger of two one-sided t-tests (Schuirmann 1987): small if models are equivalent, that is
    differ by less than ``margin`` in either direction.

    Raises:
        ValueError: if the margin is not above 0.
    """
    if not margin > 0:
        raise ValueError("margin must be above 0")
    inside = margin - np.abs(np.asarray(mean, dtype=np.float64))
    error = np.asarray(error, dtype=np.float64)
    t = np.divide(inside, error, out=np.where(inside > 0, np.inf, -np.inf), where=error > 0)
    return stats.t.sf(t, freedom)


def equivalence_test(differences: np.ndarray, margin: float) -> float:
    """Test whether a mean paired difference lies within a margin; see :func:`equivalence_p`.

    Args:
        differences: float array of users, or of users x draws.
        margin: in the unit of the differences.

    Raises:
        ValueError: if the margin is not above 0, or there are fewer than two users.
    """
    return float(equivalence_p(*mean_over_draws(differences), margin))


def holm(p_values: np.ndarray) -> np.ndarray:
    """Return p-values corrected for their number (Holm 1979, Scand. J. Stat. 6(2)).

    Those below alpha may all be called significant; the chance that any of them is so wrongly is
    at most alpha, however the tests depend on each other.
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    if not ((p_values >= 0) & (p_values <= 1)).all():
        raise ValueError("p-values lie between 0 and 1")
    order = np.argsort(p_values)
    steps = (len(p_values) - np.arange(len(p_values))) * p_values[order]
    corrected = np.empty_like(p_values)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return corrected


def effect_sizes(differences: np.ndarray) -> dict[str, float]:
    """Return how large a difference is beside how much users differ, and for whom it is one.

    Args:
        differences: float array of users, or of users x draws.

    Returns:
        ``d``: the mean difference in its standard deviations over the users of a draw (Cohen 1988,
        d_z; 0 if nobody differs). ``better``, ``worse`` and ``tied``: shares of the users, of all
        draws; they add up to 1.
    """
    differences = by_user(differences, "differences")
    spread = np.sqrt(differences.var(axis=0, ddof=1).mean()) if len(differences) > 1 else 0.0
    return {
        "d": float(differences.mean() / spread) if spread > 0 else 0.0,
        "better": float(np.mean(differences > 0)),
        "worse": float(np.mean(differences < 0)),
        "tied": float(np.mean(differences == 0)),
    }


def model_means(values: pd.DataFrame) -> pd.DataFrame:
    """Estimate the mean of each model.

    Args:
        values: one row for each user, finite. Columns are models, or have the levels ``model``,
            ``draw`` and ``seed``; the seeds of a draw are averaged. Where all models have the same
            one draw, seeds are what differs in its place.

    Returns:
        One row for each model, the best first: ``model``, ``draws``, ``mean``, ``error``, ``df``
        (see :func:`mean_over_draws`), ``low`` and ``high`` (95 %).
    """
    rows = []
    for model, (found, _) in _by_draw(values).items():
        mean, error, freedom = mean_over_draws(found)
        low, high = t_interval(mean, error, freedom)
        rows.append((model, found.shape[1], mean, error, freedom, low, high))
    table = pd.DataFrame(rows, columns=["model", "draws", "mean", "error", "df", "low", "high"])
    return table.sort_values("mean", ascending=False, kind="stable", ignore_index=True)


def compare_pairs(values: pd.DataFrame) -> pd.DataFrame:
    """Compare every pair of models.

    Args:
        values: see :func:`model_means`.

    Returns:
        One row for each pair, the better first: ``model``, ``other``, ``draws``, ``difference``
        (mean) with ``error`` and ``df`` (see :func:`mean_over_draws`), and the sizes of
        :func:`effect_sizes`; of several seeds of a draw, ``better`` and so on look at the first.

    Raises:
        ValueError: if two models have other draws.
    """
    found = _by_draw(values)
    order = sorted(found, key=lambda model: -found[model][0].mean())
    rows = []
    for model, other in combinations(order, 2):
        (ours, first), (theirs, others_first) = found[model], found[other]
        if ours.shape[1] != theirs.shape[1] and 1 not in (ours.shape[1], theirs.shape[1]):
            raise ValueError(f"{model} and {other} have not the same draws")
        mean, error, freedom = mean_over_draws(ours - theirs)
        known = {"model": model, "other": other, "draws": (ours - theirs).shape[1]}
        estimate = {"difference": mean, "error": error, "df": freedom}
        sizes = effect_sizes(first - others_first) | {"d": effect_sizes(ours - theirs)["d"]}
        rows.append(known | estimate | sizes)
    return pd.DataFrame(rows)


def with_tests(pairs: pd.DataFrame, margin: float) -> pd.DataFrame:
    """Test pairs of models: do they differ, and are they equivalent?

    Args:
        pairs: of :func:`compare_pairs`, all that are corrected together.
        margin: differences below it are of no use to anybody, in the unit of the values.

    Returns:
        The pairs with ``low`` and ``high`` (95 %, of each alone), ``p`` and ``p_holm`` (that they
        are alike), ``p_equivalence`` and ``p_equivalence_holm`` (that they differ by ``margin``).
    """
    mean, error, freedom = (pairs[name].to_numpy() for name in ("difference", "error", "df"))
    low, high = t_interval(mean, error, freedom)
    p = difference_p(mean, error, freedom)
    equivalence = equivalence_p(mean, error, freedom, margin)
    return pairs.assign(
        **{"low": low, "high": high, "p": p, "p_holm": holm(p)},
        **{"p_equivalence": equivalence, "p_equivalence_holm": holm(equivalence)},
    )


def _by_draw(values: pd.DataFrame) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return for each model its values, users x draws: means over seeds, and of the first seed."""
    if not isinstance(values.columns, pd.MultiIndex):
        columns = [(model, 0, 0) for model in values.columns]
        values = values.set_axis(pd.MultiIndex.from_tuples(columns), axis=1)
    level = 1 if len(values.columns.get_level_values(1).unique()) > 1 else 2
    found = {}
    for model in values.columns.get_level_values(0).unique():
        by_draw = values.loc[:, [model]].T.groupby(level=level, sort=False)
        found[model] = by_draw.mean().T.to_numpy(), by_draw.first().T.to_numpy()
    return found


def friedman_ranks(values: pd.DataFrame, alpha: float = 0.05) -> tuple[pd.Series, float, float]:
    """Rank models for each user, and say from which difference of mean ranks on two differ.

    Args:
        values: one row for each user, one column for each of at least three models; larger is
            better, of equal values each has the mean rank.
        alpha: chance of any false difference.

    Returns:
        (ranks, critical difference, p): the mean rank of each model, 1 the best; the critical
        difference of Nemenyi's test; the p-value of Friedman's test that all are alike (Demšar
        2006, JMLR 7, who has data sets where we have users).

    Raises:
        ValueError: if there are fewer than three models.
    """
    n_users, n_models = values.shape
    if n_models < 3:
        raise ValueError("Friedman's test compares three models or more")
    ranks = values.rank(axis=1, ascending=False).mean().sort_values(kind="stable")
    quantile = stats.studentized_range.ppf(1 - alpha, n_models, np.inf) / np.sqrt(2)
    critical = quantile * np.sqrt(n_models * (n_models + 1) / (6 * n_users))
    p = stats.friedmanchisquare(*values.to_numpy().T).pvalue
    return ranks, float(critical), float(p)


def rank_stability(means: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """Tell how far the order of models holds from one split or seed to the next.

    Args:
        means: one row for each split or seed, one column for each model, larger is better.

    Returns:
        (ranks, tau): how often each model (rows) had each rank (columns, from 1), as shares; and
        the mean of Kendall's tau-b over all pairs of rows, 1 if the order never changes.

    Raises:
        ValueError: if there are fewer than two rows.
    """
    if len(means) < 2:
        raise ValueError("stability takes two splits or seeds or more")
    ranks = means.rank(axis=1, ascending=False, method="first").astype(int)
    places = range(1, means.shape[1] + 1)
    shares = pd.DataFrame({place: (ranks == place).mean() for place in places})
    taus = [
        stats.kendalltau(one, other).statistic for one, other in combinations(means.to_numpy(), 2)
    ]
    return shares, float(np.mean(taus))
