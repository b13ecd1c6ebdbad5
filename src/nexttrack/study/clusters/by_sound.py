"""Recordings clustered by how they sound, in five ways: the fits that chapter 05 shows.

How many clusters, and how stable they are, is settled on a sample of recordings; then all of them
are clustered. What takes long is kept (:mod:`nexttrack.study.kept`).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.cluster import HDBSCAN, AgglomerativeClustering, KMeans
from sklearn.mixture import GaussianMixture

from nexttrack.clustering.agreement import agreement_with_names
from nexttrack.clustering.checks import NoClusterError
from nexttrack.clustering.choice import (
    choose_by_bic,
    choose_by_gap,
    choose_by_silhouette,
    choose_by_stability,
    largest_stable,
)
from nexttrack.clustering.maps import UMAPThenHDBSCAN, umap_places
from nexttrack.clustering.seeds import seed_of, seeded, seeds_of
from nexttrack.clustering.stability import (
    Stability,
    agreement_over_seeds,
    cluster_stability,
)
from nexttrack.data.dataset import table
from nexttrack.parallel import in_processes, in_threads
from nexttrack.study.kept import kept
from nexttrack.study.protocol import on_sample
from nexttrack.study.sound_space import (
    SEED,
    WORLDS,
    sample,
    sample_size,
    sound,
    sound_of_items,
)


@dataclass(frozen=True)
class Effort:
    """How much is spent on the choice and the judgement of clusters.

    Attributes:
        small_sample: rows for the methods whose cost grows with the square; k-means and the mixture
            are judged on :func:`nexttrack.study.sound_space.sample_size` rows.
        ks: numbers of clusters that are tried.
        draws: of rows, for stability; with UMAP, which takes seconds, ``draws_of_maps``.
        gap_samples: samples on which the gap statistic is asked, with ``references`` each.
    """

    small_sample: int
    ks: range
    draws: int
    draws_of_maps: int
    gap_samples: int
    references: int


EFFORTS: dict[str, Effort] = {
    "published": Effort(4_000, range(2, 16), 10, 4, 5, 10),
    "sample": Effort(1_000, range(2, 9), 3, 2, 2, 3),  # every test run goes through it
}


def effort() -> Effort:
    """Return the effort on the edition at hand."""
    return EFFORTS["sample" if on_sample() else "published"]


LEAST_ROWS = (10, 20, 40, 80, 160, 320, 640)  # the smallest cluster of HDBSCAN, in the small sample


def estimator(method: str, setting: int = 2) -> BaseEstimator:
    """Return an unfitted estimator of a method.

    Args:
        method: k-means, Gaussian mixture, Ward, HDBSCAN, or UMAP + HDBSCAN.
        setting: the number of clusters or components; for the last two the fewest rows of a
            cluster.

    Raises:
        KeyError: for another method.
    """
    return {
        "k-means": lambda: KMeans(setting, n_init=4),
        # A third of all recordings have one and the same instrumentalness, 0. Without a floor under
        # the variances a component takes these alone, at whatever density one likes.
        "Gaussian mixture": lambda: GaussianMixture(setting, n_init=2, reg_covar=0.05),
        "Ward": lambda: AgglomerativeClustering(setting, linkage="ward"),
        "HDBSCAN": lambda: _hdbscan(setting),
        "UMAP + HDBSCAN": lambda: UMAPThenHDBSCAN(setting, min_samples=10),
    }[method]()


def _hdbscan(least_rows: int = 2) -> HDBSCAN:
    return HDBSCAN(min_cluster_size=least_rows, min_samples=10, copy=True)


METHODS = ("k-means", "Gaussian mixture", "Ward", "HDBSCAN", "UMAP + HDBSCAN")
ALL_ROWS = ("k-means", "Gaussian mixture", "HDBSCAN")  # those that cluster all rows, off the map
RULES = {
    "k-means": "stability",
    "Gaussian mixture": "BIC",
    "Ward": "silhouette",
    "HDBSCAN": "silhouette",
    "UMAP + HDBSCAN": "silhouette",
}


def rows_to_judge(method: str) -> int:
    """Return the size of the sample on which a method is judged."""
    return sample_size() if method in ("k-means", "Gaussian mixture") else effort().small_sample


def choices() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Choose the setting of each method, by its rule.

    All but the last are settled on samples. What HDBSCAN clusters after UMAP is a map: that of all
    recordings is made, and the silhouette is taken on the places of a sample. Where a rule finds no
    setting (no stable clusters, no density with two of them), the least one stands.

    Returns:
        (scores, gaps). ``scores``: one row for each method, rule and setting: ``score`` and
        ``chosen`` (by this rule). ``gaps``: the k of k-means that the gap statistic chooses on each
        of some samples: ``sample``, ``k``, ``at_edge``.
    """
    scores, gaps = _choices()
    on_map = _choice_on_map(_settings(settings_by_rule(scores), ALL_ROWS))
    return pd.concat([scores, on_map], ignore_index=True), gaps


def settings_by_rule(scores: pd.DataFrame) -> pd.Series:
    """Return the chosen setting of each method, by ``RULES``, from the scores of ``choices``."""
    by_rule = scores[scores["rule"] == scores["method"].map(RULES)]
    return by_rule[by_rule["chosen"]].set_index("method")["setting"]


@kept
def _choices() -> tuple[pd.DataFrame, pd.DataFrame]:
    rows, spent = sound(table("recordings")), effort()
    small = sample(rows, spent.small_sample)
    by_k = stability_by_k()
    by_k = by_k[by_k["world"] == "recordings"].set_index("k")
    mixtures = range(1, max(spent.ks) + 1)
    bic = choose_by_bic(
        sample(rows, sample_size()), estimator("Gaussian mixture"), mixtures, seed=SEED
    )
    ward = choose_by_silhouette(small, estimator("Ward"), spent.ks, seed=SEED)
    found = [
        _scores("k-means", "silhouette", by_k["silhouette"], int(by_k["silhouette"].idxmax())),
        _scores("k-means", "stability", by_k["jaccard"], largest_stable(by_k["jaccard"])),
        _scores("Gaussian mixture", "BIC", bic.scores["bic"], bic.chosen),
        _scores("Ward", "silhouette", ward.scores["silhouette"], ward.chosen),
    ]
    found.append(_choice_of_density("HDBSCAN", small))
    gaps = []
    for draw in range(spent.gap_samples):
        choice = choose_by_gap(
            sample(rows, spent.small_sample, draw),
            estimator("k-means"),
            max(spent.ks),
            seed=SEED,
            n_references=spent.references,
        )
        gaps.append({"sample": draw, "k": choice.chosen, "at_edge": choice.at_edge})
    return pd.concat(found, ignore_index=True), pd.DataFrame(gaps)


@kept
def _choice_on_map(settings: dict[str, int]) -> pd.DataFrame:
    return _choice_of_density(
        "UMAP + HDBSCAN", sample(_all_rows(settings)[["x", "y"]], effort().small_sample)
    )


def _choice_of_density(method: str, rows: pd.DataFrame) -> pd.DataFrame:
    choice = choose_by_silhouette(
        rows, _hdbscan(), LEAST_ROWS, seed=SEED, parameter="min_cluster_size"
    )
    return _scores(method, "silhouette", choice.scores["silhouette"], choice.chosen)


def _scores(method: str, rule: str, scores: pd.Series, chosen: int | None) -> pd.DataFrame:
    frame = scores.rename("score").rename_axis("setting").reset_index()
    chosen = frame["setting"].min() if chosen is None else chosen
    return frame.assign(chosen=frame["setting"] == chosen, method=method, rule=rule)


@kept
def stability_by_k() -> pd.DataFrame:
    """Return how stable k-means is on the sample and on null data of the same size.

    Returns:
        One row for each world (see ``WORLDS``) and k: ``world``, ``k``, ``rand`` (mean adjusted
        Rand index over bootstraps), ``jaccard`` (of the least stable cluster), ``silhouette``.
    """
    spent = effort()
    drawn = sample(sound(table("recordings")), sample_size())
    kmeans, parts = estimator("k-means"), []
    for name, make in WORLDS.items():
        rows = make(drawn, seed=SEED)
        stable = choose_by_stability(rows, kmeans, spent.ks, seed=SEED, n_draws=spent.draws).scores
        silhouette = choose_by_silhouette(rows, kmeans, spent.ks, seed=SEED).scores["silhouette"]
        parts.append(stable.assign(silhouette=silhouette, world=name))
    return pd.concat(parts).rename_axis("k").reset_index()


@kept
def judged(settings: Mapping[str, int]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Hold each method, with its setting, against other rows, other seeds and null data.

    Args:
        settings: the setting of each method (:func:`settings_by_rule`).

    Returns:
        (methods, clusters, seeds). ``methods``: one row for each method and world: ``n_clusters``,
        ``unclustered`` (share of rows), ``rand`` (mean adjusted Rand index over draws) and
        ``least`` (mean Jaccard of the least stable cluster), NaN where no row is in a cluster.
        ``clusters``: for each method on the recordings the table of :meth:`Stability.table`.
        ``seeds``: for each method with anything random the mean adjusted Rand index of fits to the
        recordings that differ in their seed, ``rand``.
    """
    every = sound(table("recordings"))
    # The longest first.
    jobs = sorted(_settings(settings).items(), key=lambda job: "UMAP" not in job[0])
    found = in_processes(
        _judge_all,
        (),
        [(method, setting, sample(every, rows_to_judge(method))) for method, setting in jobs],
    )
    return tuple(pd.concat(frames, ignore_index=True) for frames in zip(*found, strict=True))


def _judge_all(method: str, setting: int, rows: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    worlds, clusters, seeds = [], [], []
    for world, make in WORLDS.items():
        row, found = _judge(method, setting, make(rows, seed=SEED))
        worlds.append({"method": method, "world": world, **row})
        if world == "recordings" and found is not None:
            clusters.append(found.table().reset_index(names="cluster").assign(method=method))
    if seeds_of(model := estimator(method, setting)):
        threads = 1 if "UMAP" in method else 0
        again = agreement_over_seeds(rows, model, seed=SEED, n_seeds=4, num_threads=threads)
        seeds.append({"method": method, "rand": again.mean()})
    columns = ["cluster", "rows", "jaccard", "dissolved", "verdict", "method"]
    return (
        pd.DataFrame(worlds),
        pd.concat(clusters) if clusters else pd.DataFrame(columns=columns),
        pd.DataFrame(seeds, columns=["method", "rand"]),
    )


def _judge(method: str, setting: int, rows: pd.DataFrame) -> tuple[dict, Stability | None]:
    # numba's threads do not bear company, and a fit with UMAP takes seconds.
    spent = effort()
    few = {"num_threads": 1, "n_draws": spent.draws_of_maps}
    umap = few if "UMAP" in method else {"n_draws": spent.draws}
    # A row drawn twice is density to HDBSCAN.
    share = 0.5 if "HDBSCAN" in method else None
    try:
        found = cluster_stability(rows, estimator(method, setting), seed=SEED, share=share, **umap)
    except NoClusterError:
        unclustered = {"n_clusters": 0, "unclustered": 1.0, "rand": np.nan, "least": np.nan}
        return unclustered, None
    return {
        "n_clusters": found.jaccard.shape[1],
        "unclustered": float((found.labels < 0).mean()),
        "rand": found.rand.mean(),
        "least": found.jaccard.mean().min(),
    }, found


@kept
def clusters(settings: Mapping[str, int]) -> pd.DataFrame:
    """Cluster all recordings, and place them on a map.

    Ward needs all distances between rows, 26 GB for 80,000 (and SciPy copies them): it stays with
    the sample. The smallest cluster of HDBSCAN is as large a share of all rows as of the sample.

    Args:
        settings: the setting of each method (:func:`settings_by_rule`).

    Returns:
        One row a recording, in the order of the table: int64 labels (-1 for none) in a column for
        each method but Ward, and the places ``x`` and ``y`` that UMAP + HDBSCAN clusters.
    """
    every = _all_rows(_settings(settings, ALL_ROWS))
    places = every[["x", "y"]].to_numpy()
    least = _least_of_all(int(settings["UMAP + HDBSCAN"]), len(every))
    every.insert(3, "UMAP + HDBSCAN", _fit("HDBSCAN", least, places))
    return every


@kept
def _all_rows(settings: dict[str, int]) -> pd.DataFrame:
    rows = sound(table("recordings")).to_numpy()
    # Two processes: of all fits the first two take the longest, and neither has use for two cores.
    least = _least_of_all(settings["HDBSCAN"], len(rows))
    by_density, places, *by_centre = _side_by_side(
        partial(_fit, "HDBSCAN", least, rows),
        partial(umap_places, rows, seed=SEED, min_dist=0.0),
        partial(_fit, "k-means", settings["k-means"], rows),
        partial(_fit, "Gaussian mixture", settings["Gaussian mixture"], rows),
    )
    labels = dict(zip(ALL_ROWS, [*by_centre, by_density], strict=True))
    return pd.DataFrame(labels).assign(x=places[:, 0], y=places[:, 1])


def _side_by_side(*fits: Callable) -> list:
    return in_processes(lambda fit: fit(), (), [(fit,) for fit in fits])


def _least_of_all(least_rows: int, n_rows: int) -> int:
    """Return the least rows of a cluster among all that are as large a share as in the sample."""
    return round(least_rows * n_rows / min(n_rows, effort().small_sample))


def _settings(settings: Mapping[str, int], methods: Collection[str] = METHODS) -> dict[str, int]:
    return {method: int(settings[method]) for method in methods}


def _fit(method: str, setting: int, rows: np.ndarray) -> np.ndarray:
    model = seeded(estimator(method, setting), seed_of(SEED))
    return in_threads(model.fit_predict, [rows], 1)[0].astype(np.int64)


def labels_of_items(tracks: pd.DataFrame, ks: Iterable[int]) -> dict[int, np.ndarray]:
    """Return the cluster of each item by k-means on all recordings, for each number of clusters.

    Args:
        tracks: see :func:`nexttrack.study.sound_space.sound_of_items`.
        ks: numbers of clusters.

    Returns:
        For each k an int64 array of items; -1 where the sound is unknown.
    """
    rows = sound(table("recordings")).to_numpy()
    known, items = sound_of_items(tracks)

    def labelled(k: int) -> np.ndarray:
        model = seeded(estimator("k-means", k), seed_of(SEED)).fit(rows)
        labels = np.full(len(tracks), -1)
        if len(known):
            labels[known] = model.predict(items)
        return labels

    ks = list(ks)
    return dict(zip(ks, in_threads(labelled, ks), strict=True))


@kept
def agreement(settings: Mapping[str, int]) -> pd.DataFrame:
    """Return how far the clusters of all recordings agree with genres and lead artists.

    Returns:
        One row for each method and name: ``method``, ``names`` (genre or artist), ``ami``.
    """
    recordings = table("recordings")
    labels = clusters(settings).drop(columns=["x", "y"])
    names = {"genre": recordings["genres"], "artist": recordings["artists"].str[0]}
    rows = []
    for method in labels:
        for kind, named in names.items():
            found = (
                agreement_with_names(labels[method], named, seed=SEED, n_draws=5).ami
                if (labels[method] >= 0).any()
                else np.nan
            )
            rows.append({"method": method, "names": kind, "ami": found})
    return pd.DataFrame(rows)
