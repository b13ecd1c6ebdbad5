"""Five methods of clustering under one procedure: the silhouette chooses, stability judges.

Both as the excess over null data, each of which chooses for itself.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from nexttrack.clustering.agreement import agreement_with_names
from nexttrack.clustering.stability import random_cells
from nexttrack.clustering.sweeps import choose_and_judge
from nexttrack.data.dataset import table
from nexttrack.parallel import in_processes
from nexttrack.study.clusters.methods import METHODS, effort
from nexttrack.study.clusters.sweeps import rows_to_judge, sweeps
from nexttrack.study.kept import kept
from nexttrack.study.sound_space import SEED

FIGURES = ("silhouette", "rand")


def judged(figures: pd.DataFrame) -> pd.DataFrame:
    """Choose the setting of each method by the silhouette, and judge it by stability.

    Args:
        figures: of :func:`sweeps`.

    Returns:
        One row for each method: ``setting``, ``n_clusters``, ``unclustered``; for each of
        ``FIGURES`` that of the recordings, and the mean of null data at the same setting with
        ``_null``; ``excess`` and ``greatest``, the excess in stability (in standard deviations) and
        the greatest of any null data; ``p_value``.
    """
    rows = []
    for method in METHODS:
        part = figures[figures["method"] == method]
        silhouette, rand = (
            part.pivot(index="copy", columns="setting", values=name) for name in FIGURES
        )
        found = choose_and_judge(silhouette, rand)
        at = part[(part["copy"] == 0) & (part["setting"] == found.setting)].iloc[0]
        rows.append(
            {
                "method": method,
                "setting": found.setting,
                "n_clusters": int(at["n_clusters"]),
                "unclustered": at["unclustered"],
                "silhouette": at["silhouette"],
                "silhouette_null": silhouette.loc[1:, found.setting].mean(),
                "rand": found.observed,
                "rand_null": found.null.mean(),
                "excess": found.excess,
                "greatest": found.null_excess.max(),
                "p_value": found.p_value,
            }
        )
    return pd.DataFrame(rows)


@kept
def agreement(settings: Mapping[str, float]) -> pd.DataFrame:
    """Return how far clusters agree with genres and lead artists, and how far arbitrary cells do.

    Null are cells around recordings drawn at random, as many as there are clusters, without the
    rows that are in no cluster: any division by sound agrees with genres to some degree.

    Args:
        settings: of each method.

    Returns:
        One row for each ``method`` and ``names`` (genre or artist): ``ami``, the adjusted mutual
        information; ``cells``, the mean of the cells; ``greatest``, the greatest of them.
    """
    rows, labels = rows_to_judge(), sweeps()[1]
    recordings = table("recordings").loc[rows.index]
    names = {"genre": recordings["genres"], "artist": recordings["artists"].str[0]}
    tasks = []
    for method, setting in settings.items():
        of_setting = (labels["method"] == method) & np.isclose(labels["setting"], setting)
        tasks.append((method, labels.loc[of_setting, "label"].to_numpy()))
    found = in_processes(_agreement_of, (rows, names, effort().copies), tasks)
    return pd.concat(found, ignore_index=True)


def _agreement_of(
    rows: pd.DataFrame, names: dict[str, pd.Series], copies: int, method: str, labels: np.ndarray
) -> pd.DataFrame:
    n_clusters = len(np.unique(labels[labels >= 0]))
    if n_clusters == 0:
        return pd.DataFrame()
    cells = []
    for copy in range(1, copies + 1):
        cell = random_cells(rows, n_clusters, seed=SEED + copy)
        cells.append(np.where(labels < 0, -1, cell))
    kinds = []
    for kind, named in names.items():
        given = named.tolist()
        mine, *others = (
            agreement_with_names(one, given, seed=SEED, n_draws=3).ami for one in (labels, *cells)
        )
        kinds.append(
            {
                "method": method,
                "names": kind,
                "ami": mine,
                "cells": np.mean(others),
                "greatest": np.max(others),
            }
        )
    return pd.DataFrame(kinds)
