"""What chapter 08 measures of lists, and what it costs in accuracy to have more of it.

What is measured beyond accuracy needs more than the lists: how popular items were in training, how
they sound, of which genre they are. ``ListMeasures`` holds this for a data set.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial

import numpy as np
import pandas as pd

from nexttrack.data.columns import AUDIO
from nexttrack.evaluation import beyond_accuracy as beyond
from nexttrack.evaluation import metrics, reranking, strata
from nexttrack.evaluation.bootstrap import bootstrap_means, interval
from nexttrack.evaluation.evaluator import Metric
from nexttrack.evaluation.ranked_lists import RankedLists
from nexttrack.features.names import names_incidence
from nexttrack.models.audio import scaled_features, unit_length
from nexttrack.study.comparison.tuned_comparison import SEED, Answers, answers
from nexttrack.study.kept import kept

K = 10
"""Length of the lists that the measures beyond accuracy look at."""
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7)
"""Of what is wanted beside relevance, in re-ranking."""


@kept
def frontiers(name: str, models: Sequence[str]) -> pd.DataFrame:
    """Return :meth:`ListMeasures.frontiers` of some models on a data set; kept.

    Args:
        name: one of :data:`nexttrack.study.comparison.tuned_comparison.DATASETS`.
        models: names of models.
    """
    return ListMeasures(answers(name)).frontiers(models)


class ListMeasures:
    """What is measured of lists on a data set.

    Args:
        answered: what the models said on the data set; "Popularity" is among them.
    """

    def __init__(self, answered: Answers):
        self._answers = answered

    @property
    def beyond_accuracy(self) -> dict[str, Metric]:
        """Return measures of the first ten that do not look at what is relevant."""
        expected = self._answers.lists["Popularity"].ids[:, :K]
        popularity = {"k": K, "popularity": self._popularity}
        return {
            "popularity": partial(beyond.mean_popularity_at_k, **popularity),
            "long tail": partial(
                beyond.long_tail_share_at_k, k=K, is_tail=beyond.long_tail(self._popularity)
            ),
            "novelty": partial(beyond.novelty_at_k, **popularity, n_users=self._n_users),
            "diversity, sound": partial(
                beyond.intra_list_diversity_at_k, k=K, features=self._sound
            ),
            "diversity, genre": partial(
                beyond.intra_list_diversity_at_k, k=K, features=self._genres
            ),
            "miscalibration": partial(beyond.miscalibration_at_k, k=K, genres=self._genres),
            "unexpectedness": partial(beyond.unexpectedness_at_k, k=K, expected=expected),
        }

    def of_the_catalogue(self) -> pd.DataFrame:
        """Return what all first tens of a model are together.

        Returns:
            ``coverage``: how much of the catalogue is in any; ``Gini``: how unevenly; ``lift``: how
            much more popular they are than the profiles, all users in one group; indexed by
            ``model``.
        """
        exposures = {
            model: beyond.exposure_at_k(lists, K) for model, lists in self._answers.lists.items()
        }
        table = {
            "coverage": {model: beyond.coverage(shown) for model, shown in exposures.items()},
            "Gini": {model: beyond.gini(shown) for model, shown in exposures.items()},
            "lift": {
                model: beyond.popularity_lift_at_k(lists, K, self._popularity).loc["all", "lift"]
                for model, lists in self._answers.lists.items()
            },
        }
        return pd.DataFrame(table).rename_axis("model")

    def by_taste(self) -> pd.DataFrame:
        """Return the popularity lift of each model for users with niche, diverse and popular taste.

        Returns:
            One row for each model and group of
            :func:`nexttrack.evaluation.strata.taste_groups`: the columns of
            :func:`nexttrack.evaluation.beyond_accuracy.popularity_lift_at_k`, indexed by ``model``
            and ``group``.
        """
        tables = {}
        for model, lists in self._answers.lists.items():
            taste = strata.taste_groups(lists.seen, self._popularity)
            tables[model] = beyond.popularity_lift_at_k(lists, K, self._popularity, taste)
        return pd.concat(tables, names=["model"])

    def frontiers(self, models: Iterable[str]) -> pd.DataFrame:
        """Re-rank the first 100 of some models with rising weights of something else.

        Args:
            models: names of models.

        Returns:
            One row for each model, wish (``novelty``, ``diversity, sound``, ``miscalibration``) and
            weight: ``NDCG@10`` with ``low`` and ``high`` (95 %, bootstrap over users), and
            ``wanted``: the mean of what is wished for over the users who have a value.
        """
        rows = []
        for model in models:
            lists = self._answers.lists[model]
            for wish, rerank in self._rerankers.items():
                for weight in WEIGHTS:
                    again = RankedLists(rerank(lists, weight), lists.relevant, lists.seen)
                    ndcg = metrics.ndcg_at_k(again, K)
                    low, high = interval(bootstrap_means(ndcg, n_draws=2_000, seed=SEED))
                    wanted = np.nanmean(self.beyond_accuracy[wish](again))
                    rows.append((model, wish, weight, ndcg.mean(), low[0], high[0], wanted))
        columns = ["model", "wish", "weight", "NDCG@10", "low", "high", "wanted"]
        return pd.DataFrame(rows, columns=columns)

    def by_stratum(self, models: Iterable[str]) -> pd.DataFrame:
        """Measure models for thirds of the users, and for parts of the catalogue.

        Users are divided by the ``mainstreaminess`` of their profile and by ``profile size``, where
        its values tell them apart; items by ``item popularity``, in parts with equal shares of all
        interactions.

        Args:
            models: names of models.

        Returns:
            One row for each way to divide (``what``), model and ``part`` (low, middle, high): how
            many ``users`` have a value, its ``mean``, ``low`` and ``high`` (95 %, bootstrap over
            users). The value is NDCG@10 for users, Recall@20 among the part for items.
        """
        users, seen = self._answers.users, self._answers.split.test_in
        sizes = np.diff(seen.indptr)[users].astype(np.float64)
        thirds = {"mainstreaminess": strata.quantile_groups(strata.mainstreaminess(seen)[users])}
        if len(np.unique(np.quantile(sizes, [1 / 3, 2 / 3, 1]))) == 3:
            thirds["profile size"] = strata.quantile_groups(sizes)
        part_of = strata.popularity_groups(self._popularity)
        rows = []
        for model in models:
            lists = self._answers.lists[model]
            ndcg = metrics.ndcg_at_k(lists, K)
            recall = strata.recall_by_items(lists, 2 * K, part_of)
            for part in strata.THIRDS:
                values = {what: ndcg[third == part] for what, third in thirds.items()}
                values["item popularity"] = recall[part].dropna().to_numpy()
                for what, found in values.items():
                    low, high = interval(bootstrap_means(found, n_draws=2_000, seed=SEED))
                    rows.append((what, model, part, len(found), found.mean(), low[0], high[0]))
        columns = ["what", "model", "part", "users", "mean", "low", "high"]
        return pd.DataFrame(rows, columns=columns)

    @property
    def _rerankers(self) -> dict[str, Callable[[RankedLists, float], np.ndarray]]:
        def novel(lists, weight):
            return reranking.less_popular(lists.ids, K, weight, self._popularity)

        def diverse(lists, weight):
            return reranking.more_diverse(lists.ids, K, weight, self._sound)

        def calibrated(lists, weight):
            return reranking.calibrated(lists.ids, K, weight, self._genres, lists.seen)

        return {"novelty": novel, "diversity, sound": diverse, "miscalibration": calibrated}

    @cached_property
    def _popularity(self) -> np.ndarray:
        return beyond.popularity(self._answers.split.test_train)

    @property
    def _n_users(self) -> int:
        return self._answers.split.test_train.shape[0]

    @cached_property
    def _sound(self) -> np.ndarray:
        tracks = self._answers.dataset.tracks
        features = tracks[list(AUDIO)].to_numpy(dtype=np.float64)
        return unit_length(scaled_features(features, len(tracks), "z-scores")[0])

    @cached_property
    def _genres(self) -> np.ndarray:
        incidence = names_incidence(self._answers.dataset.tracks["genres"]).toarray()
        n = incidence.sum(axis=1, keepdims=True)
        return np.divide(incidence, n, out=np.zeros(incidence.shape), where=n > 0)
