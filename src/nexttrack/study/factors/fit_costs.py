"""What models cost to fit and to ask, as ``make bench`` measured it: what chapter 07 shows."""

import pandas as pd

from nexttrack.study.results import bench_table


def fit_costs() -> pd.DataFrame:
    """Return ``results/model-costs.csv`` with ``seconds`` (of the processor) and ``memory`` (MB).

    Seconds are those to fit and to recommend to every user; memory is beyond what the process held
    before. ``fingerprint`` is that of the data which were fitted.

    Raises:
        UserError: if it was not measured.
    """
    costs = bench_table("model-costs.csv", "bench")
    return costs.assign(
        seconds=costs["fit_seconds"] + costs["recommend_seconds"],
        memory=(costs["peak_mb"] - costs["start_mb"]).clip(lower=1),
    )
