"""Two rankers compared in one list: whose items the same listener clicks.

Each round shows one list made of both rankings, and the clicks say who won it. As the same
listener judges both, far fewer rounds decide than an A/B test needs (Chapelle et al. 2012, TOIS
30(1)). Rounds that are won and lost go to
:func:`nexttrack.experiments.always_valid.preference_interval`.
"""

from collections.abc import Hashable, Iterable, Sequence
from itertools import islice
from typing import TypeVar

import numpy as np

Item = TypeVar("Item", bound=Hashable)


def team_draft(
    a: Sequence[Item], b: Sequence[Item], n: int, rng: np.random.Generator
) -> tuple[list[Item], list[int]]:
    """Interleave two rankings as captains pick teams (Radlinski, Kurup & Joachims 2008, CIKM).

    Who has added fewer items, or whom the lot names if both have added as many, adds its best item
    that is not there yet. Neither is ever more than one item ahead, and either as likely: so the
    list ends where a ranking has no item left, or will have none for one outcome of the lot only.

    Args:
        a, b: rankings, the best first, no item twice; may be of unequal length.
        n: items to show, at most.
        rng: one number is drawn for each lot.

    Returns:
        (items, teams): the list, and for each of its items who added it, 0 for a and 1 for b.

    Raises:
        ValueError: if n is no whole number from 0, or a ranking has an item twice.
    """
    rankings, added = _rankings(a, b), dict[Item, int]()
    lead = 0
    while len(added) < _length(n):
        left = [_next_two(ranking, added) for ranking in rankings]
        if lead == 0:
            if not all(left) or _pairs(*left) != _pairs(*reversed(left)):
                break
            team = 0 if rng.random() < 0.5 else 1
        else:
            team = 1 if lead > 0 else 0
            if not left[team]:
                break
        added[left[team][0]] = team
        lead += -1 if team else 1
    return list(added), list(added.values())


def preference(teams: Sequence[int], clicked: Iterable[int]) -> int:
    """Return who won a round of team draft: 1 if a has more clicked items, -1 if b, else 0.

    Args:
        teams: of :func:`team_draft`.
        clicked: positions of the clicked items, from 0; one that is named twice counts once.

    Raises:
        ValueError: if a position is not in the list.
    """
    return _sign(sum(-1 if teams[at] else 1 for at in _positions(clicked, len(teams))))


def balanced(a: Sequence[Item], b: Sequence[Item], n: int, rng: np.random.Generator) -> list[Item]:
    """Interleave two rankings so that any top of the list is the tops of both (Joachims 2003).

    The lot names who begins each pair of turns. An item that is there already is passed over. The
    list ends where the one in turn has no item left.

    Args, errors: see :func:`team_draft`; one lot is drawn.

    Returns:
        The list. Clicks at random favour one of two rankings that differ by a shift (Radlinski et
        al. 2008); where that may matter, take :func:`team_draft`.
    """
    rankings, n = _rankings(a, b), _length(n)
    first = 0 if rng.random() < 0.5 else 1
    items: list[Item] = []
    turn = 0
    while len(items) < n and turn // 2 < len(rankings[(first + turn) % 2]):
        item = rankings[(first + turn) % 2][turn // 2]
        if item not in items:
            items.append(item)
        turn += 1
    return items


def balanced_preference(
    a: Sequence[Item], b: Sequence[Item], items: Sequence[Item], clicked: Iterable[int]
) -> int:
    """Return who won a round of :func:`balanced`: 1 if a did, -1 if b, 0 at a tie.

    Won has who ranks more of the clicked items among its first k, where k is the smallest for which
    the first k of one of them hold the lowest clicked item.

    Args:
        a, b: the rankings.
        items: of :func:`balanced`.
        clicked: positions of the clicked items, from 0.

    Raises:
        ValueError: if a position is not in the list, or an item of it in neither ranking.
    """
    rankings, positions = _rankings(a, b), _positions(clicked, len(items))
    if not positions:
        return 0
    lowest, hits = items[max(positions)], {items[at] for at in positions}
    ranks = [list(ranking).index(lowest) for ranking in rankings if lowest in ranking]
    if not ranks:
        raise ValueError(f"{lowest!r} is in the list and in neither ranking")
    of_a, of_b = (len(hits.intersection(ranking[: min(ranks) + 1])) for ranking in rankings)
    return _sign(of_a - of_b)


def _rankings(a: Sequence[Item], b: Sequence[Item]) -> tuple[Sequence[Item], Sequence[Item]]:
    for team, ranking in (("a", a), ("b", b)):
        if len(set(ranking)) < len(ranking):
            twice = next(item for at, item in enumerate(ranking) if item in ranking[:at])
            raise ValueError(f"ranking {team} has {twice!r} twice")
    return a, b


def _next_two(ranking: Sequence[Item], added: dict[Item, int]) -> list[Item]:
    return list(islice((item for item in ranking if item not in added), 2))


def _pairs(first: list[Item], second: list[Item]) -> bool:
    """Return whether the second has an item left once the first has added its own."""
    return any(item != first[0] for item in second)


def _length(n: int) -> int:
    if not isinstance(n, int | np.integer) or isinstance(n, bool) or n < 0:
        raise ValueError(f"n is a whole number from 0, not {n!r}")
    return int(n)


def _positions(clicked: Iterable[int], length: int) -> set[int]:
    found = set(clicked)
    outside = [at for at in found if at not in range(length)]
    if outside:
        raise ValueError(f"clicked position {outside[0]!r} is not in a list of {length}")
    return found


def _sign(lead: int) -> int:
    return (lead > 0) - (lead < 0)
