"""Interleaved lists: whole, fair, and without a favourite where rankers are alike."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexttrack.experiments.interleaving import (
    balanced,
    balanced_preference,
    preference,
    team_draft,
)


class Lots:
    """Draws that are given; how many were wanted is counted."""

    def __init__(self, draws):
        self.draws, self.used = draws, 0

    def random(self):
        self.used += 1
        return 0.25 if self.draws[self.used - 1] else 0.75


def every_draft(a, b, n):
    """Yield all lists that the lots may give, each with its chance."""
    for draws in product([True, False], repeat=n):
        yield team_draft(a, b, n, Lots(draws))


rankings = st.lists(st.integers(0, 12), max_size=9, unique=True)


@given(rankings, rankings, st.integers(0, 20), st.integers(0, 99))
def test_a_draft_shows_the_best_of_both_and_none_twice(a, b, n, seed):
    items, teams = team_draft(a, b, n, np.random.default_rng(seed))
    assert len(items) == len(teams) <= n
    assert len(set(items)) == len(items)
    for team, ranking in enumerate((a, b)):
        own = [item for item, by in zip(items, teams, strict=True) if by == team]
        assert own == [item for item in ranking if item in own]
        for at, item in enumerate(items):
            if teams[at] == team:  # what it ranks higher is there already
                assert set(ranking[: ranking.index(item)]) <= set(items[:at])
    for length in range(len(items) + 1):
        assert abs(teams[:length].count(0) - teams[:length].count(1)) <= 1


@given(rankings, st.integers(0, 5), st.sets(st.integers(0, 4)))
def test_rankers_that_are_alike_tie_over_the_lots_whatever_is_clicked(ranking, n, clicked):
    drafts = list(every_draft(ranking, ranking, n))
    assert {tuple(items) for items, _ in drafts} == {tuple(ranking[:n])}
    seen = [at for at in clicked if at < min(n, len(ranking))]
    assert sum(preference(teams, seen) for _, teams in drafts) == 0


@given(rankings, rankings, st.integers(0, 5))
def test_who_ranks_is_forgotten_by_a_draft(a, b, n):
    one = sorted((items, teams) for items, teams in every_draft(a, b, n))
    other = sorted((items, [1 - team for team in teams]) for items, teams in every_draft(b, a, n))
    assert one == other


@given(rankings, rankings, st.integers(0, 5))
def test_clicks_that_look_at_nothing_favour_nobody(a, b, n):
    total = sum(teams.count(0) - teams.count(1) for _, teams in every_draft(a, b, n))
    assert total == 0


def test_a_draft_by_hand():
    """The teams of figure 1 in the paper, in small."""
    items, teams = team_draft("abcd", "bead", 4, Lots([True, False]))
    assert (items, teams) == (["a", "b", "e", "c"], [0, 1, 1, 0])
    assert preference(teams, [1, 2]) == -1
    assert preference(teams, [0, 3, 3]) == 1
    assert preference(teams, [0, 1]) == preference(teams, []) == 0


def test_a_short_ranking_ends_the_draft_and_not_the_fairness():
    for items, teams in every_draft([1], [2, 3, 4], 4):
        assert sorted(items) == [1, 2]
        assert sorted(teams) == [0, 1]
    assert team_draft([], [1, 2], 2, Lots([])) == ([], [])
    assert team_draft([1, 2], [3], 0, Lots([])) == ([], [])


@given(rankings, rankings, st.integers(0, 20), st.booleans())
def test_every_top_of_a_balanced_list_is_the_tops_of_both(a, b, n, lot):
    items = balanced(a, b, n, Lots([lot]))
    assert len(set(items)) == len(items) <= n
    for length in range(len(items) + 1):
        tops = [set(a[:i]) | set(b[:j]) for i in range(10) for j in (i - 1, i, i + 1) if j >= 0]
        assert set(items[:length]) in tops


@given(rankings, st.integers(0, 9), st.booleans(), st.sets(st.integers(0, 8)))
def test_rankers_that_are_alike_tie_in_each_balanced_list(ranking, n, lot, clicked):
    items = balanced(ranking, ranking, n, Lots([lot]))
    assert items == ranking[:n]
    seen = [at for at in clicked if at < len(items)]
    assert balanced_preference(ranking, ranking, items, seen) == 0


def test_balanced_lists_have_the_fault_that_is_known_of_them_and_drafts_have_not():
    """Radlinski et al. 2008: of two rankings a shift apart one wins clicks at random."""
    a, b = "abcd", "bcda"
    of_balanced = [
        balanced_preference(a, b, items, [at])
        for items in (balanced(a, b, 4, Lots([lot])) for lot in (True, False))
        for at in range(4)
    ]
    assert sum(of_balanced) < -2
    drafts = list(every_draft(a, b, 4))
    assert sum(preference(teams, [at]) for _, teams in drafts for at in range(4)) == 0


def test_a_balanced_round_by_hand():
    a, b = "abcde", "cabfg"
    items = balanced(a, b, 5, Lots([True]))
    assert items == ["a", "c", "b", "d", "f"]
    # The lowest click, on "b", is second in a: the first two of both are judged.
    assert balanced_preference(a, b, items, [0, 2]) == 1
    assert balanced_preference(a, b, items, [1]) == -1
    assert balanced_preference(a, b, items, [0, 1, 2]) == 0
    assert balanced_preference(a, b, items, []) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: team_draft([1, 1], [2], 2, Lots([])), "ranking a has 1 twice"),
        (lambda: balanced([1], [2, 3, 2], 2, Lots([])), "ranking b has 2 twice"),
        (lambda: team_draft([1], [2], -1, Lots([])), "n is a whole number from 0, not -1"),
        (lambda: team_draft([1], [2], 2.0, Lots([])), "n is a whole number from 0, not 2.0"),
        (lambda: preference([0, 1], [2]), "clicked position 2 is not in a list of 2"),
        (lambda: preference([0, 1], [-1]), "clicked position -1"),
        (lambda: balanced_preference([1], [2], [3], [0]), "3 is in the list and in neither"),
    ],
)
def test_what_is_no_round_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
