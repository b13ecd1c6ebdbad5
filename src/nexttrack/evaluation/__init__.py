"""Offline evaluation: splits, metrics, the evaluator, intervals."""

from nexttrack.evaluation.bootstrap import bootstrap_means, interval
from nexttrack.evaluation.comparison import (
    METRICS,
    Candidate,
    choose,
    difference,
    grid,
    measure,
    summarise,
)
from nexttrack.evaluation.evaluator import evaluate, top_n
from nexttrack.evaluation.metrics import ndcg_at_k, recall_at_k
from nexttrack.evaluation.splits import Split, weak_generalization
from nexttrack.evaluation.sweeps import curve_table, sweep

__all__ = [
    "METRICS",
    "Candidate",
    "Split",
    "bootstrap_means",
    "choose",
    "curve_table",
    "difference",
    "evaluate",
    "grid",
    "interval",
    "measure",
    "ndcg_at_k",
    "recall_at_k",
    "summarise",
    "sweep",
    "top_n",
    "weak_generalization",
]
