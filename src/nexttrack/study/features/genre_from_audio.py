"""How well the genre of a recording is told from how it sounds, by artists not heard before."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

from nexttrack.data.dataset import table
from nexttrack.evaluation.folds import artist_folds
from nexttrack.features import audio_pipeline, genre_families
from nexttrack.parallel import in_processes
from nexttrack.study.kept import kept

SEED = 20_260_402
N_TOP = 5


class ByFamily(ClassifierMixin, BaseEstimator):
    """A classifier of many classes by the chain rule: first the family, then the class within it.

    ``P(class | x) = P(family | x) P(class | family, x)``, as in Morin & Bengio (2005, AISTATS) for
    words. Boosting fits a tree for each class in each round; here most of the trees see the rows of
    one family only.

    Args:
        family_model: classifier of families with ``predict_proba``.
        class_model: classifier of the classes of a family, cloned for each.
        families: family of each class, a Series indexed by class.

    Attributes:
        classes_: sorted.

    Raises:
        ValueError: in ``fit``, if a class has no family.
    """

    def __init__(self, family_model, class_model, families):
        self.family_model = family_model
        self.class_model = class_model
        self.families = families

    def fit(self, X, y, sample_weight=None):
        """Fit the model of families on all rows, and one for each family on its rows."""
        y = np.asarray(y)
        weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
        self.classes_, code = np.unique(y, return_inverse=True)
        strange = [name for name in self.classes_ if name not in self.families.index]
        if strange:
            raise ValueError(f"{strange[0]!r} has no family")
        family = self.families.loc[self.classes_].to_numpy().astype(str)[code]
        self.family_model_ = clone(self.family_model)
        self.class_models_ = {}
        for name in np.unique(family):
            rows = family == name
            members = np.unique(code[rows])
            model = None  # nothing to tell apart
            if len(members) > 1:
                model = clone(self.class_model)
                model.fit(X[rows], code[rows], sample_weight=weight[rows])
            self.class_models_[name] = members, model
        if len(self.class_models_) == 1:
            raise ValueError("all classes are of one family; fit class_model alone")
        self.family_model_.fit(X, family, sample_weight=weight)
        return self

    def predict_proba(self, X):
        """Return float64 of rows x classes."""
        check_is_fitted(self)
        of_families = self.family_model_.predict_proba(X)
        result = np.empty((len(X), len(self.classes_)))
        for place, name in enumerate(self.family_model_.classes_):
            members, model = self.class_models_[name]
            within = 1.0 if model is None else model.predict_proba(X)
            result[:, members] = of_families[:, [place]] * within
        return result

    def predict(self, X):
        """Return the most probable class of each row."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def classifiers() -> dict[str, object]:
    """Return the classifiers that are compared, unfitted.

    The rounds of boosting are as many as fit the chapter's time; they were not tuned.
    """

    def boosting(rounds, step, leaves):
        return HistGradientBoostingClassifier(
            max_iter=rounds,
            learning_rate=step,
            max_leaf_nodes=leaves,
            max_bins=63,
            early_stopping=False,
            random_state=SEED,
        )

    return {
        "most frequent": DummyClassifier(strategy="prior"),
        "logistic regression": LogisticRegression(max_iter=300, tol=1e-3),
        "gradient boosting": ByFamily(
            boosting(30, 0.15, 15), boosting(15, 0.2, 8), genre_families()
        ),
    }


@kept
def predict_genres(n_splits: int = 5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predict the genre of every recording from its sound, each by models that heard others.

    Takes about a minute and a half; the result is kept until the code or the data change.

    Returns:
        (predictions, folds). Predictions have one row for each model and recording, see
        :func:`predict_fold`; folds have ``fold``, ``n_train``, ``n_test`` and
        ``n_left_out``, the training rows left out for sharing a guest with the test rows.
    """
    recordings = table("recordings")
    folds = artist_folds(recordings["artists"], n_splits)
    tasks = [
        (name, model, fold, train, test)
        for name, model in classifiers().items()
        for fold, (train, test) in enumerate(folds)
    ]
    used = recordings.drop(columns=["track_ids", "title", "album_name"])
    predictions = in_processes(predict_fold, (used,), tasks)
    sizes = [
        {
            "fold": fold,
            "n_train": len(train),
            "n_test": len(test),
            "n_left_out": len(recordings) - len(test) - len(train),
        }
        for fold, (train, test) in enumerate(folds)
    ]
    return pd.concat(predictions, ignore_index=True), pd.DataFrame(sizes)


def predict_fold(
    recordings: pd.DataFrame,
    name: str,
    model: object,
    fold: int,
    train: np.ndarray,
    test: np.ndarray,
) -> pd.DataFrame:
    """Fit a classifier on training rows and judge what it says of test rows.

    A recording of n genres is trained on n times, once with each, with weight 1/n.

    Returns:
        As :func:`judged`, with ``model`` and ``fold``.
    """
    features = audio_pipeline(scaling="normal")
    known = features.fit_transform(recordings.iloc[train])
    genres = recordings["genres"].iloc[train]
    n_genres = genres.str.len().to_numpy()
    row = np.repeat(np.arange(len(train)), n_genres)
    labels = np.concatenate(genres.to_numpy()).astype(str)
    model.fit(known[row], labels, sample_weight=1 / n_genres[row])
    probability = model.predict_proba(features.transform(recordings.iloc[test]))
    judgement = judged(probability, model.classes_, recordings["genres"].iloc[test])
    return judgement.assign(model=name, fold=fold)


def judged(probability: np.ndarray, classes: np.ndarray, genres: pd.Series) -> pd.DataFrame:
    """Judge probabilities of genres by the genres that recordings have.

    Args:
        probability: rows x classes.
        classes: names of the classes.
        genres: a list of genres for each row, its index the recordings.

    Returns:
        One row each: ``recording``, ``predicted`` (the most probable genre), ``probability`` (of
        it), ``hit`` and ``hit_5`` (whether the first, and one of the first five, is a genre of the
        recording) and ``share``: 1/n where the first is one of the n genres, else 0. A draw from
        the recording's genres gives the predicted one with that probability.
    """
    top = np.argsort(-probability, axis=1, kind="stable")[:, :N_TOP]
    found = np.array(
        [[name in of_row for name in classes[row]] for row, of_row in zip(top, genres, strict=True)]
    )
    return pd.DataFrame(
        {
            "recording": genres.index,
            "predicted": classes[top[:, 0]].astype(str),
            "probability": np.take_along_axis(probability, top[:, :1], axis=1)[:, 0],
            "hit": found[:, 0],
            "hit_5": found.any(axis=1),
            "share": found[:, 0] / genres.str.len().to_numpy(),
        }
    )


def accuracy_of_folds(predictions: pd.DataFrame, folds: pd.DataFrame) -> pd.DataFrame:
    """Return ``hit`` and ``hit_5`` of each model and fold, with the sizes of the folds."""
    means = predictions.groupby(["model", "fold"], sort=False)[["hit", "hit_5"]].mean()
    return means.reset_index().merge(folds, on="fold")


def family_confusion(
    genres: pd.Series, predicted: pd.Series, families: pd.Series | None = None
) -> pd.DataFrame:
    """Count recordings by the family that they have and the family of the predicted genre.

    Args:
        genres: a list of genres for each row; a row of n genres counts 1/n for each.
        predicted: a genre for each row.
        families: family of each genre; by default those of :func:`genre_families`.

    Returns:
        Families x families, of the rows and of the predictions; the sum is the number of rows.
    """
    families = genre_families() if families is None else families
    pairs = pd.DataFrame(
        {
            "genre": genres.to_numpy(),
            "predicted": families.loc[predicted].to_numpy(),
            "weight": 1 / genres.str.len().to_numpy(),
        }
    ).explode("genre")
    pairs["family"] = families.loc[pairs["genre"]].to_numpy()
    counts = pairs.pivot_table(
        index="family", columns="predicted", values="weight", aggfunc="sum", fill_value=0.0
    )
    names = sorted(families.unique())
    return counts.reindex(index=names, columns=names, fill_value=0.0)
