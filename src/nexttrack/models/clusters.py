"""Recommend what is popular in the clusters that a user listens to."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix

from nexttrack.models.factor_model import FactorModel
from nexttrack.models.inputs import checked_user_items
from nexttrack.models.model_file import check_array


class ClusterPopularity(FactorModel):
    """Popularity within clusters of items, weighted by the user's share of each cluster.

    The score is a probability, the aspect model (Hofmann 1999, UAI) with clusters that are given::

        P(i | u) = sum over clusters c of P(c | u) P(i | c)
        P(i | c) = n_i / (sum of n_j over items j of c),  n_i the number of users who have item i
        P(c | u) = (n_uc + m p_c) / (n_u + m)

    ``n_uc`` is the sum of the user's weights in cluster c, ``n_u`` that in all, and ``p_c`` the
    share of c among all pairs of user and item, each counted as one. ``m`` is the shrinkage: the
    posterior mean under a Dirichlet prior of that strength (Zhai & Lafferty 2004, TOIS 22(2)), in
    the unit of the weights. With m infinite every user gets what :class:`Popularity` gives, with
    m = 0 the user's own shares alone count. A user without items gets ``p_c`` whatever m is.

    As factors, the score is P(i) times the lift ``P(c | u) / p_c`` of the item's cluster: where
    lifts are the same, items with the same number of users have the same score to the last bit.

    Items labelled -1 (the noise of HDBSCAN, or no known sound) form one more group, so that none is
    lost. The weights of items in a group that nobody had in ``fit`` are left out, as nothing is
    known to be popular there.

    ``fit`` raises a ValueError if there is not one label for each item.

    Items that score 0 come last and are not left out. Groups are columns of dense float32 factors:
    200 of them take 64 MB for 80,000 items, and scoring takes as long as with as many latent
    factors.

    Args:
        labels: the cluster of each item, whole numbers of at least -1. Which number stands for
            which cluster does not matter.
        shrinkage: m, at least 0; may be infinite.
        num_threads: threads for ranking; 0 for all cores. The result does not depend on it.

    Attributes:
        user_factors: the lifts P(c | u) / p_c, float32 of users x groups.
        item_factors: P(i), the item's share of all pairs of user and item, in the column of the
            item's group and else 0; float32 of items x groups. Items of group -1, if there are
            any, have the first column.
        item_groups: column of each item's group, int64 of items.
        group_shares: p_c, float64 of groups.

    Raises:
        ValueError: for a negative or NaN shrinkage.
    """

    _STATE = (
        "item_factors",
        "user_factors",
        "item_groups",
        "group_shares",
        "labels",
        "shrinkage",
    )
    _COMPARES = ("users",)  # of two items it knows only whether they share a cluster

    def __init__(
        self, labels: ArrayLike | None = None, shrinkage: float = 10.0, num_threads: int = 0
    ) -> None:
        super().__init__(num_threads=num_threads)
        if not shrinkage >= 0:
            raise ValueError(f"shrinkage must be 0 or more, not {shrinkage}")
        self.labels = labels
        self.shrinkage = shrinkage
        self.item_groups: Any = None
        self.group_shares: Any = None

    def _fit(self, user_items, show_progress, callback):
        n_items = user_items.shape[1]
        groups, self.item_groups = np.unique(
            _checked_labels(self.labels, n_items), return_inverse=True
        )
        users = np.bincount(user_items.indices, minlength=n_items)
        sizes = np.bincount(self.item_groups, weights=users)
        self.group_shares = sizes / sizes.sum()
        self.item_factors = np.zeros((n_items, len(groups)), dtype=np.float32)
        self.item_factors[np.arange(n_items), self.item_groups] = users / users.sum()
        self.user_factors = self.recalculate_user(np.arange(user_items.shape[0]), user_items)

    def _loaded(self):
        super()._loaded()
        check_array("item_groups", self.item_groups, (self.n_items,), np.int64)
        n_groups = self.item_factors.shape[1]
        check_array("group_shares", self.group_shares, (n_groups,), np.float64)
        if not ((self.item_groups >= 0) & (self.item_groups < n_groups)).all():
            raise ValueError(f"item_groups has one beyond the {n_groups} that there are")

    def recalculate_user(self, userid: ArrayLike, user_items: csr_matrix) -> np.ndarray:
        """Return the lifts of users, known or not, from their rows: float32 of users x groups.

        Raises:
            ValueError: if no user has an item, or a weight is negative, NaN or infinite.
        """
        user_items = checked_user_items(user_items, len(self.item_groups))
        known = (self.group_shares > 0)[self.item_groups].astype(np.float64)
        one_hot = csr_matrix(
            (known, self.item_groups, np.arange(len(known) + 1)),
            shape=(len(known), len(self.group_shares)),
        )
        in_group = (user_items @ one_hot).toarray()
        # Summed over items and not over groups: the last digit is then that of any numbering.
        total = (user_items @ known)[:, None]
        # A mean of the user's own lifts and of 1: an infinite shrinkage and an empty row need no
        # limit, and no rounding tells the groups apart where nothing else does.
        expected = total * self.group_shares
        own = np.divide(in_group, expected, out=np.zeros_like(in_group), where=expected > 0)
        trust = np.divide(total, total + self.shrinkage, out=np.zeros_like(total), where=total > 0)
        return (trust * own + (1 - trust)).astype(np.float32)


def _checked_labels(labels, n_items):
    labels = np.asarray(labels)
    if labels.shape != (n_items,):
        raise ValueError(
            f"labels have shape {labels.shape}, not ({n_items},): one for each item of user_items"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"labels must be whole numbers, not of type {labels.dtype}")
    if (labels < -1).any():
        raise ValueError(f"labels must be -1 (no cluster) or more, not {labels.min()}")
    return labels
