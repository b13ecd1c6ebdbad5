"""What five methods of clustering find at every setting, on the same recordings and on null data.

And what the rules of textbooks say of them. All that takes long is kept.
"""

import pandas as pd

from nexttrack.clustering.choice import choose_by_bic, choose_by_gap, choose_by_silhouette
from nexttrack.clustering.stability import correlated_columns
from nexttrack.clustering.sweeps import sweep
from nexttrack.data.dataset import table
from nexttrack.parallel import in_processes
from nexttrack.study.clusters.methods import METHODS, Effort, effort, estimator
from nexttrack.study.kept import kept
from nexttrack.study.sound_space import SEED, sample, sound

LONGEST = "UMAP + HDBSCAN"


def rows_to_judge() -> pd.DataFrame:
    """Return the recordings on which all methods are judged, as ten normal scores."""
    return sample(sound(table("recordings")), effort().rows)


def null_copy(rows: pd.DataFrame, copy: int) -> pd.DataFrame:
    """Return null data with the correlations of rows, by their number from 1; 0 gives the rows."""
    return correlated_columns(rows, seed=SEED + copy) if copy else rows


@kept
def sweeps() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what each method finds at each of its settings, on recordings and on null data.

    Returns:
        (figures, labels). ``figures``: one row for each ``method``, ``copy`` (0 for the recordings)
        and ``setting``, with the figures of :class:`nexttrack.clustering.sweeps.Sweep`. ``labels``:
        one row for each method, setting and row of the recordings: ``label``.
    """
    rows = rows_to_judge()
    longest_first = sorted(METHODS, key=lambda name: name != LONGEST)
    found = in_processes(_sweeps_of, (rows, effort()), [(name,) for name in longest_first])
    return tuple(pd.concat(frames, ignore_index=True) for frames in zip(*found, strict=True))


def _sweeps_of(rows: pd.DataFrame, spent: Effort, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    # All of a method in one process: the first call of UMAP compiles it for as long as ten fits.
    figures, labels = [], pd.DataFrame()
    for copy in range(spent.copies + 1):
        found = sweep(null_copy(rows, copy), METHODS[name], seed=SEED, n_draws=spent.draws)
        figures.append(found.figures.reset_index().assign(method=name, copy=copy))
        if not copy:
            labels = found.labels.melt(var_name="setting", value_name="label").assign(method=name)
    return pd.concat(figures), labels.astype({"setting": float})


@kept
def rules() -> pd.DataFrame:
    """Return the number of clusters by the rules of textbooks, on recordings and on null data.

    Returns:
        One row for each ``rule`` (silhouette and gap of k-means, BIC of the mixture) and ``copy``
        (0 for the recordings): ``number``.
    """
    spent = effort()
    tasks = [(copy,) for copy in range(spent.rule_copies + 1)]
    found = in_processes(_rules_on, (rows_to_judge(), spent), tasks)
    return pd.concat(found, ignore_index=True)


def _rules_on(rows: pd.DataFrame, spent: Effort, copy: int) -> pd.DataFrame:
    data, ks = null_copy(rows, copy), range(1, spent.ks + 1)
    kmeans, how = estimator("k-means"), {"seed": SEED, "num_threads": 1}
    numbers = {
        "silhouette": choose_by_silhouette(data, kmeans, ks[1:], sample=1_500, **how).chosen,
        "gap statistic": choose_by_gap(
            data, kmeans, ks[-1], n_references=spent.references, **how
        ).chosen,
        "BIC": choose_by_bic(data, estimator("Gaussian mixture"), ks, **how).chosen,
    }
    return pd.DataFrame(
        [{"rule": rule, "copy": copy, "number": number} for rule, number in numbers.items()]
    )
