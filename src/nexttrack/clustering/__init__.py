"""Clusters: how many, how stable, against null data and names, what they are, and maps.

The methods themselves are scikit-learn's and are called as they are; here is what it takes to
judge their results.
"""

from nexttrack.clustering.agreement import Agreement, agreement_with_names
from nexttrack.clustering.choice import (
    Choice,
    choose_by_bic,
    choose_by_gap,
    choose_by_silhouette,
    mean_silhouette,
)
from nexttrack.clustering.maps import (
    MapQuality,
    continuity,
    map_quality,
    umap_places,
)
from nexttrack.clustering.profiles import (
    WORDS,
    Profiles,
    cluster_names,
    cluster_profiles,
    medoids,
    typical,
)
from nexttrack.clustering.stability import (
    NullComparison,
    Stability,
    against_null,
    agreement_over_seeds,
    best_jaccard,
    cluster_stability,
    correlated_columns,
    permuted_columns,
    random_cells,
)
from nexttrack.clustering.sweeps import Judgement, Sweep, choose_and_judge, sweep

__all__ = [
    "WORDS",
    "Agreement",
    "Choice",
    "Judgement",
    "MapQuality",
    "NullComparison",
    "Profiles",
    "Stability",
    "Sweep",
    "against_null",
    "agreement_over_seeds",
    "agreement_with_names",
    "best_jaccard",
    "choose_and_judge",
    "choose_by_bic",
    "choose_by_gap",
    "choose_by_silhouette",
    "cluster_names",
    "cluster_profiles",
    "cluster_stability",
    "continuity",
    "correlated_columns",
    "map_quality",
    "mean_silhouette",
    "medoids",
    "permuted_columns",
    "random_cells",
    "sweep",
    "typical",
    "umap_places",
]
