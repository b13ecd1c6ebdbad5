"""The three questions that models are asked: known items, new listeners, new items."""

from dataclasses import dataclass, replace

import numpy as np

from nexttrack.data.dataset import Dataset
from nexttrack.evaluation.splits import Split, cold_items, strong_generalization
from nexttrack.study.cold_start.pairs import only
from nexttrack.study.protocol import SEED, split, task

DATASETS = ("lastfm-2k", "whole-playlists", "thinned-playlists")
KINDS = ("weak", "strong", "cold")
"""Known listeners; listeners whom the models have not learned from; items that nobody had in what
they have learned from. In the first two only items are ranked that somebody had there: an item of
a catalogue that nobody had is there only because it is held out, which gives it away."""
NEW = 0.2
"""Share of the items that are new in the test, and of others that are in validation."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A data set with a split of one kind.

    Attributes:
        dataset: the data; of the sample edition, the first users.
        split: how they are divided.
    """

    dataset: Dataset
    split: Split


def asked(name: str, kind: str) -> Asked:
    """Return a data set of the edition at hand, divided for one of :data:`KINDS`."""
    dataset = task(name, first_users=True).dataset
    if kind == "weak":
        return Asked(dataset, among_known(split(dataset)))
    if kind == "strong":
        return Asked(dataset, among_known(strong_generalization(dataset.binary(), seed=SEED)))
    return Asked(
        dataset, cold_items(dataset.binary(), seed=SEED, test_share=NEW, validation_share=NEW)
    )


def among_known(parts: Split) -> Split:
    """Return a split in which only items are ranked, and found, that somebody has in training."""
    changes = {}
    for part in ("validation", "test"):
        train, out = getattr(parts, f"{part}_train"), getattr(parts, f"{part}_out")
        known = np.bincount(train.indices, minlength=train.shape[1]) > 0
        changes[f"{part}_items"] = np.flatnonzero(known)
        changes[f"{part}_out"] = only(out, known[out.indices])
    return replace(parts, **changes)


def users_of(parts: Split, part: str) -> np.ndarray:
    """Return positions of the users with something to be found in a part of a split."""
    return np.flatnonzero(np.diff(getattr(parts, f"{part}_out").indptr))
