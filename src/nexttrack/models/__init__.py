"""Recommenders. All have implicit's interface, and work wherever implicit's own models do.

implicit's own tests of recommenders run on each of them. What they do otherwise:

| implicit | here |
|---|---|
| with `items=`, what a user has already comes last | what is filtered is in no list |
| `fit` warns of a matrix that is not CSR | it is taken as it is: the result is the same |
| a model that was not fitted can be saved | there is nothing to keep: it says so |
| every model compares items | chance, popularity, clusters, chains and users' neighbours cannot |
| an item without users is similar to none | content is similar whoever has it |
| the withheld item of a user's kind comes first | chance and popularity know no tastes |
| values are weights | to the models of `sessions` they are moments: see there |
| BPR and LogisticMF place no new user | they do, at the optimum, which the fit's last step is not |
| a known user is the same again when recalculated | not with `SoftmaxMF` and content: see there |
| a list that ends early is filled with item 0 or the last item | with -1 |
| a boolean mask is read as positions 0 and 1 | as a mask for `items` and the like, else refused |
| `callback` is ignored or refused | called after iterations, refused where there are none |
| NaN, infinity, negative weights are taken | refused, in `fit` and `recommend` |

The same name is not always the same setting:

| here | implicit | what differs |
|---|---|---|
| `IALS(alpha=)` | `AlternatingLeastSquares` | stands against an unobserved weight of 0.03, not 1 |
| `IALS(regularization=)` | `AlternatingLeastSquares` | a mean; it grows with a row's frequency |
| `IALS.from_implicit(...)` | `AlternatingLeastSquares` | nothing but the start |
| `BPR(num_threads=)`, `LogisticMF` | the same | for ranking only; `fit_threads` is for fitting |
| `BPR(regularization=)`, `LogisticMF` | the same | must be above 0 |
| `ItemKNN(weighting="bm25")` | `BM25Recommender` | K1 and B are its defaults, 1.2 and 0.75 |
| `RP3beta(alpha=)` | none | a power, not a confidence |

Defaults differ: 64 factors for 100 (`LogisticMF` 32 for 30), and a learning rate of 0.05 for 0.01
in `BPR`.

The names below are loaded when they are first used, each with what it needs and no more.
"""

from importlib import import_module

_HOMES = {
    "BPR": "models.logistic_factors",
    "EASE": "models.linear",
    "GFCF": "models.graph_filters",
    "IALS": "models.ials",
    "NMF": "models.decompositions",
    "SLIM": "models.slim",
    "AudioKNN": "models.audio",
    "Blend": "models.blends",
    "ClusterPopularity": "models.clusters",
    "ContentIALS": "models.side_information",
    "ContentKNN": "models.content",
    "ContentSoftmaxMF": "models.side_information",
    "ItemKNN": "models.neighbours",
    "LearnedSoundKNN": "models.learned_sound",
    "LogisticMF": "models.logistic_factors",
    "MarkovChain": "models.sessions",
    "Popularity": "models.baselines",
    "PureSVD": "models.decompositions",
    "RDLAE": "models.linear",
    "RLAE": "models.linear",
    "RP3beta": "models.neighbours",
    "Random": "models.baselines",
    "RecentContentKNN": "models.sessions",
    "RecentItemKNN": "models.sessions",
    "RecentPopularity": "models.baselines",
    "SameArtist": "models.baselines",
    "SessionKNN": "models.sessions",
    "SideEASE": "models.side_information",
    "SoftmaxMF": "models.softmax_factors",
    "UserKNN": "models.neighbours",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"nexttrack.{_HOMES[name]}"), name)
