"""Re-ranking against greedy choices written out, and against what it promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from nexttrack.evaluation import RankedLists
from nexttrack.evaluation.beyond_accuracy import (
    intra_list_diversity_at_k,
    mean_popularity_at_k,
    miscalibration_at_k,
)
from nexttrack.evaluation.reranking import calibrated, less_popular, more_diverse

N_ITEMS, C = 40, 15


class CandidateLists:
    """Candidates of three users, some lists short, and what the items are."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.candidates = np.full((3, C), -1)
        for row in self.candidates:
            n = rng.integers(0, C + 1)
            row[:n] = rng.permutation(N_ITEMS)[:n]
        self.features = rng.normal(size=(N_ITEMS, 3))
        self.features[rng.random(N_ITEMS) < 0.1] = np.nan
        self.genres = rng.dirichlet(np.full(4, 0.4), N_ITEMS)
        self.genres[rng.random(N_ITEMS) < 0.2] = 0
        self.popularity = rng.random(N_ITEMS) ** 3
        self.seen = csr_matrix(rng.random((3, N_ITEMS)) < 0.2, dtype=np.float32)

    def rerankings(self, k, weight):
        yield less_popular(self.candidates, k, weight, self.popularity)
        yield more_diverse(self.candidates, k, weight, self.features)
        yield calibrated(self.candidates, k, weight, self.genres, self.seen)


worlds = st.integers(0, 10**6).map(CandidateLists)


@given(worlds, st.integers(1, C))
def test_a_weight_of_0_leaves_the_list_as_it_is(world, k):
    for lists in world.rerankings(k, 0.0):
        np.testing.assert_array_equal(lists, world.candidates[:, :k])


@given(worlds, st.integers(1, C), st.floats(0, 1))
def test_candidates_are_chosen_once_and_padding_comes_last(world, k, weight):
    for lists in world.rerankings(k, weight):
        for row, offered in zip(lists, world.candidates, strict=True):
            n = min(k, (offered >= 0).sum())
            assert (row[n:] == -1).all() and len(set(row[:n])) == n
            assert set(row[:n]) <= set(offered)


@settings(max_examples=40)
@given(worlds, st.floats(0, 1))
def test_diversity_is_the_greedy_choice(world, weight):
    units = world.features / np.linalg.norm(world.features, axis=1, keepdims=True)
    cosines = np.nan_to_num(units @ units.T)
    lists = more_diverse(world.candidates, 6, weight, world.features)
    for row, offered in zip(lists, world.candidates, strict=True):
        rest, chosen = [c for c in range(C) if offered[c] >= 0], []
        while rest and len(chosen) < 6:
            near = [max((cosines[offered[c], item] for item in chosen), default=0.0) for c in rest]
            values = (1 - weight) * (1 - np.array(rest) / C) - weight * np.array(near)
            assert values[rest.index(list(offered).index(row[len(chosen)]))] == pytest.approx(
                values.max()
            )
            chosen.append(row[len(chosen)])
            rest.remove(list(offered).index(chosen[-1]))


@settings(max_examples=40)
@given(worlds, st.floats(0, 1))
def test_calibration_is_the_greedy_choice(world, weight):
    lists = calibrated(world.candidates, 5, weight, world.genres, world.seen)
    none = csr_matrix((1, N_ITEMS))
    for user, (row, offered) in enumerate(zip(lists, world.candidates, strict=True)):
        rest, chosen = [c for c in range(C) if offered[c] >= 0], []
        while rest and len(chosen) < 5:
            values = []
            for c in rest:
                tried = RankedLists(np.array([[*chosen, offered[c]]]), none, world.seen[[user]])
                far = miscalibration_at_k(tried, len(chosen) + 1, world.genres)[0]
                profile = world.genres[world.seen[user].indices]
                if np.isnan(far):  # no genre in the list yet, or none in the profile
                    far = -np.log(0.01) if profile.any() else 0.0
                values.append((1 - weight) * (1 - c / C) - weight * far)
            picked = list(offered).index(row[len(chosen)])
            assert values[rest.index(picked)] == pytest.approx(max(values))
            chosen.append(row[len(chosen)])
            rest.remove(picked)


def test_each_reaches_what_it_is_for():
    rng = np.random.default_rng(0)
    candidates = np.stack([rng.permutation(N_ITEMS)[:30] for _ in range(50)])
    world = CandidateLists(1)
    world.genres[world.genres.sum(axis=1) == 0] = 0.25
    world.features = np.nan_to_num(world.features, nan=0.5)
    seen = csr_matrix(rng.random((50, N_ITEMS)) < 0.2, dtype=np.float32)

    def mean_of(metric, lists):
        return metric(RankedLists(lists, csr_matrix((50, N_ITEMS)), seen)).mean()

    frontiers = {
        "popularity": [
            -mean_of(
                lambda x: mean_popularity_at_k(x, 10, world.popularity),
                less_popular(candidates, 10, weight, world.popularity),
            )
            for weight in (0, 0.5, 1)
        ],
        "diversity": [
            mean_of(
                lambda x: intra_list_diversity_at_k(x, 10, world.features),
                more_diverse(candidates, 10, weight, world.features),
            )
            for weight in (0, 0.5, 0.9)
        ],
        "calibration": [
            -mean_of(
                lambda x: miscalibration_at_k(x, 10, world.genres),
                calibrated(candidates, 10, weight, world.genres, seen),
            )
            for weight in (0, 0.5, 0.9)
        ],
    }
    for name, values in frontiers.items():
        assert values[0] < values[1] <= values[2] + 1e-9, name


def test_what_cannot_be_is_refused():
    candidates = np.array([[1, 2, 3]])
    with pytest.raises(ValueError, match="k is 4, but there are 3 candidates"):
        less_popular(candidates, 4, 0.5, np.ones(5))
    with pytest.raises(ValueError, match=r"weight must be between 0 and 1, not 1\.5"):
        more_diverse(candidates, 2, 1.5, np.ones((5, 2)))
    with pytest.raises(ValueError, match=r"seen must be of 1 lists x 5 items, not \(2, 5\)"):
        calibrated(candidates, 2, 0.5, np.ones((5, 1)), csr_matrix((2, 5)))
