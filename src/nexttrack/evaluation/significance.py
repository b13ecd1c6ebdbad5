"""Which differences between models are more than chance: tests over users, all pairs corrected.

The unit is the user: each has one value for each model, so models are compared in pairs.
"""

from itertools import combinations

import numpy as np
import pandas as pd
from numba import njit
from scipy import stats

from nexttrack.evaluation.bootstrap import bootstrap_means, by_user, interval
from nexttrack.kernels.chunks import in_chunks
from nexttrack.kernels.streams import STEP, mix, start_of, stream


def randomization_test(differences: np.ndarray, *, n_draws: int = 10_000, seed: int) -> np.ndarray:
    """Test whether the mean paired difference is 0, by turning signs at random (Fisher 1935).

    If two models are alike, a user's two values could as well be exchanged. The two-sided p-value,
    ``(1 + draws at least as far from 0) / (1 + draws)``, is never 0 (Phipson & Smyth 2010).

    Args:
        differences: float array of users, or of users x pairs of models: one value minus the other.
        n_draws: number of random draws; a user's sign is the same for all columns of a draw.
        seed: the seed, a whole number of at least 0.

    Returns:
        float64 array with one p-value for each column. It does not depend on the number of threads.

    Raises:
        ValueError: if there is no user, or a value is not finite.
    """
    start, differences = start_of(seed), by_user(differences, "differences")
    sums = np.zeros((n_draws, differences.shape[1]))
    in_chunks(lambda first, last: _turn_signs(first, last, differences, start, sums), n_draws)
    seen = np.abs(differences.sum(axis=0))
    # Sums of the same numbers in another order differ by rounding; they are as far from 0.
    slack = 1e-9 * np.abs(differences).sum(axis=0)
    return (1 + (np.abs(sums) >= seen - slack).sum(axis=0)) / (1 + n_draws)


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


def equivalence_test(differences: np.ndarray, margin: float) -> float:
    """Test whether a mean paired difference lies within a margin: two one-sided t-tests.

    The larger of their p-values (Schuirmann 1987): small if the models are equivalent, that is
    differ by less than ``margin`` in either direction.

    Raises:
        ValueError: if the margin is not above 0, or there are fewer than two users.
    """
    if not margin > 0:
        raise ValueError("margin must be above 0")
    n = len(differences)
    if n < 2:
        raise ValueError("an equivalence test takes two users or more")
    mean, error = np.mean(differences), np.std(differences, ddof=1) / np.sqrt(n)
    if error == 0:
        return float(abs(mean) >= margin)
    return float(stats.t.sf((margin - abs(mean)) / error, n - 1))


def effect_sizes(differences: np.ndarray) -> tuple[float, float]:
    """Return how large a difference is beside how much users differ.

    Returns:
        (d, superiority): the mean difference in its standard deviations over users (Cohen 1988,
        d_z; 0 if nobody differs), and the share of users better off, those without a difference
        counted half (Vargha & Delaney 2000, for pairs).
    """
    spread = np.std(differences, ddof=1) if len(differences) > 1 else 0.0
    d = float(np.mean(differences) / spread) if spread > 0 else 0.0
    return d, float(np.mean(differences > 0) + np.mean(differences == 0) / 2)


def compare_pairs(
    values: pd.DataFrame, *, margin: float, seed: int, n_draws: int = 10_000
) -> pd.DataFrame:
    """Compare every pair of models.

    Args:
        values: one row for each user, one column for each model, finite.
        margin: differences below it are of no use to anybody, in the unit of the values.
        seed: the seed of bootstrap and randomisation.
        n_draws: draws of each.

    Returns:
        One row for each pair, the better first: ``model``, ``other``, ``difference`` (mean),
        ``low``, ``high`` (95 %, paired bootstrap), ``p`` (randomisation test), ``p_holm``, ``d``,
        ``superiority`` (see :func:`effect_sizes`), ``p_equivalence`` and ``p_equivalence_holm``.
    """
    order = values.mean().sort_values(ascending=False, kind="stable").index
    pairs = list(combinations(order, 2))
    differences = np.column_stack([values[a] - values[b] for a, b in pairs])
    means = bootstrap_means(values[order].to_numpy(), n_draws=n_draws, seed=seed)
    means = pd.DataFrame(means, columns=order)
    low, high = interval(np.column_stack([means[a] - means[b] for a, b in pairs]))
    table = pd.DataFrame(pairs, columns=["model", "other"])
    table["difference"], table["low"], table["high"] = differences.mean(axis=0), low, high
    table["p"] = randomization_test(differences, n_draws=n_draws, seed=seed)
    table["p_holm"] = holm(table["p"])
    table[["d", "superiority"]] = [effect_sizes(column) for column in differences.T]
    table["p_equivalence"] = [equivalence_test(column, margin) for column in differences.T]
    table["p_equivalence_holm"] = holm(table["p_equivalence"])
    return table


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


@njit(nogil=True, cache=True)
def _turn_signs(first, last, differences, start, sums):
    """Fill in the sums of the draws first..last; each number gives the signs of 64 users."""
    n_users, n_columns = differences.shape
    for draw in range(first, last):
        state = stream(start, draw)
        bits = np.uint64(0)
        for user in range(n_users):
            if user % 64 == 0:
                state += STEP
                bits = mix(state)
            sign = 1.0 - 2.0 * np.float64(bits & np.uint64(1))
            bits >>= np.uint64(1)
            for column in range(n_columns):
                sums[draw, column] += sign * differences[user, column]
