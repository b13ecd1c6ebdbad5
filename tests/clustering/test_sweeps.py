"""One figure chooses a setting, another judges it, and null data choose for themselves."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

from nexttrack.clustering import choose_and_judge, correlated_columns, sweep


def by_number(rows, seed):
    return {k: KMeans(k, n_init=3, random_state=seed).fit_predict(rows) for k in (2, 4, 6)}


def test_a_sweep_gives_the_silhouette_and_the_agreement_of_draws(mixture):
    rows, truth = mixture
    found = sweep(rows, by_number, seed=5, n_draws=4)
    assert adjusted_rand_score(truth, found.labels[4]) > 0.98
    assert found.figures["n_clusters"].tolist() == [2, 4, 6]
    expected = silhouette_score(rows, found.labels[4])
    assert found.figures.loc[4, "silhouette"] == pytest.approx(expected)
    assert found.figures["rand"].idxmax() == found.figures["silhouette"].idxmax() == 4
    assert found.figures.loc[4, "rand"] > 0.95 > 0.9 > found.figures.loc[6, "rand"]
    pd.testing.assert_frame_equal(sweep(rows, by_number, seed=5, n_draws=4).figures, found.figures)


def test_a_draw_is_held_against_the_rows_drawn(mixture):
    rows, seen = mixture[0], []

    def halves(drawn, seed):
        seen.append(drawn)
        return {"by x": (drawn[:, 0] > np.median(drawn[:, 0])).astype(int)}

    found = sweep(rows, halves, seed=2, n_draws=1, share=0.25)
    of_all = (seen[1][:, 0] > np.median(rows[:, 0])).astype(int)
    again = (seen[1][:, 0] > np.median(seen[1][:, 0])).astype(int)
    assert len(seen[1]) == 60
    assert found.figures.loc["by x", "rand"] == adjusted_rand_score(of_all, again) < 1


@pytest.mark.parametrize("label", [0, -1])
def test_to_leave_all_rows_together_is_not_stable(mixture, label):
    found = sweep(mixture[0], lambda rows, seed: {1: np.full(len(rows), label)}, seed=0, n_draws=2)
    assert found.figures.loc[1, ["silhouette", "rand"]].tolist() == [0, 0]
    assert found.figures.loc[1, "unclustered"] == -label


def table(*rows):
    return pd.DataFrame(rows, columns=[2, 5, 9])


def test_the_choice_is_by_excess_and_each_copy_chooses():
    # The silhouette falls with the number in all; that of the data falls less, at 5 least.
    chooses = table([0.5, 0.4, 0.2], [0.5, 0.2, 0.1], [0.4, 0.2, 0.2], [0.6, 0.2, 0.1])
    judges = table([0.9, 0.8, 0.3], [0.9, 0.4, 0.3], [0.9, 0.4, 0.9], [1.0, 0.4, 0.3])
    found = choose_and_judge(chooses, judges)
    assert (found.setting, found.observed) == (5, 0.8)
    np.testing.assert_allclose(found.null, [0.4] * 3)
    # One of four beside three that are alike is 3 / sqrt(3) of their standard deviations above.
    assert found.excess == pytest.approx(3**0.5)
    # The copies chose 2, 9 and 2. The second of them is as far above its mean as the data.
    np.testing.assert_allclose(found.null_excess, [-(3**-0.5), 3**0.5, 3**0.5])


def test_figures_that_are_the_same_in_all_are_no_excess():
    same = table(*[[0.0, 0.0, 0.0]] * 4)
    found = choose_and_judge(same, same)
    assert (found.excess, found.p_value) == (0, 1)


def test_a_mixture_stands_out_and_a_cloud_does_not(mixture, correlated):
    for rows, stands_out in ((mixture[0], True), (correlated, False)):
        copies = [rows, *(correlated_columns(rows, seed=s) for s in range(9))]
        found = [sweep(one, by_number, seed=0, n_draws=2).figures for one in copies]
        chooses, judges = (
            pd.DataFrame([one[name] for one in found]).reset_index(drop=True)
            for name in ("silhouette", "rand")
        )
        assert (choose_and_judge(chooses, judges).p_value == 0.1) == stands_out


def test_p_values_of_null_data_are_uniform():
    # Four settings to choose from, and the choice does not lower the p-value.
    rng = np.random.default_rng(0)
    found = []
    for _ in range(300):
        chooses, judges = (pd.DataFrame(rng.normal(size=(20, 4))) for _ in range(2))
        found.append(choose_and_judge(chooses + judges, judges).p_value)
    assert np.mean(np.array(found) <= 0.1) == pytest.approx(0.1, abs=0.04)


def test_what_cannot_be_judged_is_refused(mixture):
    one = table([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="same rows and settings"):
        choose_and_judge(one, one[[2, 5]])
    for bad in (one.iloc[:1], one.assign(**{"2": np.nan})):
        with pytest.raises(ValueError, match="at least one copy are needed, without NaN"):
            choose_and_judge(bad, bad)
    for arguments in ({"n_draws": 0}, {"share": 1.0}):
        with pytest.raises(ValueError, match="n_draws must be 1 or more, and share"):
            sweep(mixture[0], by_number, seed=0, **arguments)
