"""Recommenders. All have implicit's interface, and work wherever implicit's own models do."""

from nexttrack.models.audio import AudioKNN
from nexttrack.models.baselines import Popularity, Random
from nexttrack.models.clusters import ClusterPopularity
from nexttrack.models.neighbours import ItemKNN

__all__ = ["AudioKNN", "ClusterPopularity", "ItemKNN", "Popularity", "Random"]
