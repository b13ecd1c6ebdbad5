"""Draws in proportion to weights, many at a time."""

import numpy as np


class WithinGroup:
    """Draws members of groups in proportion to weight, in O(log n) for each draw."""

    def __init__(self, group: np.ndarray, member: np.ndarray, weight: np.ndarray, n_groups: int):
        order = np.argsort(group, kind="stable")
        self.member = member[order]
        self.total = np.bincount(group, weight, n_groups)
        share = (weight / self.total[group])[order]
        self._last = np.bincount(group, minlength=n_groups).cumsum() - 1
        running = np.cumsum(share)
        before = np.r_[0.0, running[self._last]][group[order]]
        self._cumulative = group[order] + (running - before)

    def draw(self, groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        found = np.searchsorted(self._cumulative, groups + rng.random(len(groups)), side="right")
        return self.member[np.minimum(found, self._last[groups])]


def draw_columns(shares: np.ndarray, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw, for each entry of `row`, a column in proportion to that row of `shares`."""
    cumulative = np.cumsum(shares, axis=1)
    cumulative /= cumulative[:, -1:]
    flat = (cumulative + np.arange(len(shares))[:, None]).ravel()
    found = np.searchsorted(flat, row + rng.random(len(row)), side="right")
    return np.minimum(found - row * shares.shape[1], shares.shape[1] - 1)
