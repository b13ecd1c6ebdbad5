"""Which models chapter 09 asks: single ones as chapter 08 tuned them, and those of both sides."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from nexttrack.data.dataset import Dataset
from nexttrack.evaluation.comparison import Candidate, grid
from nexttrack.features.names import names_incidence
from nexttrack.models import ContentIALS, ContentSoftmaxMF, Random, SameArtist, SideEASE
from nexttrack.study.cold_start.contents import content, kinds_of
from nexttrack.study.protocol import SEED
from nexttrack.study.search import as_tuned, tuned_settings

SINGLE = (
    *("Softmax MF", "Softmax MF, pooled", "iALS", "EASE, scaled", "RDLAE", "GF-CF"),
    *("RP3beta", "Item kNN", "Content kNN", "Same artist", "Audio kNN"),
)
"""Of chapter 08, those that take long first."""
BY_CONTENT = ("Content kNN", "Same artist", "Audio kNN")
"""Those of them that can rank an item that nobody has."""
BOTH = ("Softmax MF, content", "iALS, content", "EASE, content")
"""Models that learn from who has what and from content."""


def single(dataset: Dataset, names: Sequence[str] = SINGLE) -> dict[str, Candidate]:
    """Return models of chapter 08 for a data set, each with the settings chosen there."""
    settings = tuned_settings(dataset.name)
    return {
        name: Candidate(as_tuned(name, dataset))
        for name in names
        if name in settings and (name != "Same artist" or "artists" in dataset.tracks)
    }


def both(dataset: Dataset, names: Sequence[str] = BOTH) -> dict[str, Candidate]:
    """Return the models of both sides for a data set, with the settings that are tried.

    What they share with the model without content is set as that is in chapter 08.
    """
    settings, tracks = tuned_settings(dataset.name), dataset.tracks
    attributes = content(tracks, [kind for kind in kinds_of(tracks) if kind != "audio"])
    made = {
        "Softmax MF, content": Candidate(
            partial(
                *(ContentSoftmaxMF, content(tracks, kinds_of(tracks))),
                **settings["Softmax MF"] | {"random_state": SEED},
            ),
            grid(free_dropout=(0.3, 0.7)),
        ),
        "iALS, content": Candidate(
            partial(
                *(ContentIALS, content(tracks, kinds_of(tracks))),
                **settings["iALS"] | {"random_state": SEED},
            ),
            grid(prior_weight=(1.0, 10.0), content_regularization=(1.0, 10.0)),
        ),
        "EASE, content": Candidate(
            partial(
                SideEASE, attributes, regularization=settings["EASE"].get("regularization", 100.0)
            ),
            grid(side_weight=(0.3, 1.0, 3.0, 10.0)),
        ),
    }
    return {name: made[name] for name in names}


def by_kind(dataset: Dataset) -> dict[str, Candidate]:
    """Return iALS with one kind of content at a time, and with all, to be asked for new items."""
    settings = tuned_settings(dataset.name)["iALS"] | {"random_state": SEED}
    there = kinds_of(dataset.tracks)
    kinds = {kind: (kind,) for kind in there} | {"all": there}
    return {
        f"iALS, {name}": Candidate(
            partial(ContentIALS, content(dataset.tracks, of), **settings),
            grid(prior_weight=(10.0,), content_regularization=(1.0, 10.0)),
        )
        for name, of in kinds.items()
    }


def counts(dataset: Dataset) -> dict[str, Candidate]:
    """Return the plain rivals: chance, and how much a listener has by the same artist or genre."""
    made: dict[str, Callable[..., Any]] = {"Random": partial(Random, SEED)}
    for name, column in (("Same artist, count", "artists"), ("Same genre, count", "genres")):
        if column in dataset.tracks:
            made[name] = partial(SameArtist, names_incidence(dataset.tracks[column]), 0.0)
    return {name: Candidate(make) for name, make in made.items()}


def contenders(dataset: Dataset, kind: str) -> dict[str, Candidate]:
    """Return all models that a question of a kind is put to, those that take long first."""
    if kind != "cold":
        return both(dataset) | single(dataset)
    return both(dataset) | by_kind(dataset) | single(dataset, BY_CONTENT) | counts(dataset)
