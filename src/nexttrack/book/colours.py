"""A recommender has one colour through all chapters."""

from nexttrack.study import registry

MODELS = {name: entry.colour for name, entry in registry.MODELS.items()}
