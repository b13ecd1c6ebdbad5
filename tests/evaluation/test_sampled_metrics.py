"""Expected sampled metrics against sampling, and against what they are without it."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from nexttrack.evaluation.sampled_metrics import full_ranks, sampled_hit_rate, sampled_ndcg


def test_ranks_count_only_what_is_not_relevant():
    relevant = csr_matrix(np.array([[1, 0, 1, 0, 0, 1], [0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]]))
    rankings = np.array([[3, 2, 0, 1, 4, -1], [5, 4, 1, 0, 2, 3], [0, 1, 2, 3, 4, 5]])
    user, above, others = full_ranks(rankings, relevant)
    assert user.tolist() == [0, 0, 0, 1]
    # Item 0 stands below 3 (2 is relevant); 2 below 3; 5 is not ranked: below 3, 1 and 4.
    assert above.tolist() == [1, 1, 3, 2]
    assert others.tolist() == [3, 3, 3, 5]


@pytest.mark.parametrize(("above", "k"), [(0, 1), (30, 5), (200, 10), (499, 10)])
def test_expectations_are_those_of_sampling(above, k):
    rng = np.random.default_rng(above)
    drawn = np.array([(rng.permutation(500)[:100] < above).sum() for _ in range(20_000)])
    hit = drawn < k
    gain = hit / np.log2(drawn + 2)
    for expected, found in (
        (sampled_hit_rate(above, 500, k), hit),
        (sampled_ndcg(above, 500, k), gain),
    ):
        assert expected == pytest.approx(found.mean(), abs=5 * found.std() / 141 + 1e-9)


def test_with_all_others_drawn_nothing_is_sampled():
    above = np.arange(101)
    others = np.full(101, 100)
    np.testing.assert_allclose(sampled_hit_rate(above, others, 10), above < 10)
    np.testing.assert_allclose(
        sampled_ndcg(above, others, 10), np.where(above < 10, 1 / np.log2(above + 2), 0), atol=1e-12
    )


def test_sampling_flatters():
    above, others = np.array([50, 500]), np.array([10_000, 10_000])
    assert (sampled_hit_rate(above, others, 10) > [0.999, 0.95]).all()  # neither is in the first 10


@pytest.mark.parametrize("metric", [sampled_hit_rate, sampled_ndcg])
def test_what_cannot_be_drawn_is_refused(metric):
    with pytest.raises(ValueError, match="99 others are too few to draw 100 from"):
        metric(np.array([3, 3]), np.array([99, 500]), 10)
    with pytest.raises(ValueError, match="k must be 1 or more, not 0"):
        metric(np.array([3]), np.array([500]), 0)
