"""Offline evaluation: splits, metrics, the evaluator, intervals."""

from nexttrack.evaluation.any_matrix import Comparison, compare, tunables
from nexttrack.evaluation.bootstrap import bootstrap_means, interval
from nexttrack.evaluation.comparison import (
    METRICS,
    Candidate,
    choose,
    difference,
    equivalence,
    grid,
    measure,
    summarise,
)
from nexttrack.evaluation.evaluator import evaluate, evaluate_models, fit_and_evaluate, top_n
from nexttrack.evaluation.metrics import (
    average_precision_at_k,
    clicks,
    hit_rate_at_k,
    named_metric,
    ndcg_at_k,
    precision_at_k,
    r_precision,
    r_precision_with_artists,
    recall_at_k,
    reciprocal_rank_at_k,
)
from nexttrack.evaluation.ordered_splits import last_k
from nexttrack.evaluation.ranked_lists import RankedLists
from nexttrack.evaluation.splits import (
    Split,
    artist_disjoint,
    cold_items,
    strong_generalization,
    timed,
    weak_generalization,
)
from nexttrack.evaluation.sweeps import curve_table, sweep

__all__ = [
    "METRICS",
    "Candidate",
    "Comparison",
    "RankedLists",
    "Split",
    "artist_disjoint",
    "average_precision_at_k",
    "bootstrap_means",
    "choose",
    "clicks",
    "cold_items",
    "compare",
    "curve_table",
    "difference",
    "equivalence",
    "evaluate",
    "evaluate_models",
    "fit_and_evaluate",
    "grid",
    "hit_rate_at_k",
    "interval",
    "last_k",
    "measure",
    "named_metric",
    "ndcg_at_k",
    "precision_at_k",
    "r_precision",
    "r_precision_with_artists",
    "recall_at_k",
    "reciprocal_rank_at_k",
    "strong_generalization",
    "summarise",
    "sweep",
    "timed",
    "top_n",
    "tunables",
    "weak_generalization",
]
