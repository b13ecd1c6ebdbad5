"""Genre from audio: the chain rule of families, weights of several genres, judgement, confusion."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from nexttrack.evaluation.folds import artist_folds
from nexttrack.study.features.genre_from_audio import (
    ByFamily,
    accuracy_of_folds,
    classifiers,
    family_confusion,
    judged,
    predict_fold,
)

FAMILIES = pd.Series(
    {"bop": "jazz", "swing": "jazz", "metal": "loud", "punk": "loud", "om": "calm"}
)


@pytest.fixture
def labelled():
    rng = np.random.default_rng(5)
    y = rng.choice(FAMILIES.index.to_numpy(), 400)
    place = {name: i for i, name in enumerate(FAMILIES.index)}
    X = rng.normal(size=(400, 2)) + 3 * np.array([[place[name], place[name] % 2] for name in y])
    return X, y


def test_probabilities_are_those_of_the_chain_rule(labelled):
    X, y = labelled
    model = ByFamily(LogisticRegression(), LogisticRegression(), FAMILIES).fit(X, y)
    probability = model.predict_proba(X)
    assert_allclose(probability.sum(axis=1), 1)
    assert_array_equal(model.classes_, sorted(FAMILIES.index))
    family = FAMILIES[y].to_numpy()
    of_family = LogisticRegression().fit(X, family)
    jazz = np.isin(y, ["bop", "swing"])
    within = LogisticRegression().fit(X[jazz], y[jazz])
    expected = of_family.predict_proba(X)[:, [list(of_family.classes_).index("jazz")]]
    assert_allclose(probability[:, [0, 4]], expected * within.predict_proba(X), rtol=1e-4)
    # A family of one class has nothing to tell apart.
    calm = of_family.predict_proba(X)[:, list(of_family.classes_).index("calm")]
    assert_allclose(probability[:, 2], calm)
    assert (model.predict(X) == y).mean() > 0.8


def test_weights_count_as_rows(labelled):
    X, y = labelled
    weight = np.random.default_rng(2).integers(1, 4, len(y))
    model = ByFamily(DummyClassifier(), DummyClassifier(), FAMILIES)
    weighted = clone(model).fit(X, y, sample_weight=weight).predict_proba(X)
    repeated = clone(model).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    assert_allclose(weighted, repeated.predict_proba(X))
    shares = pd.Series(weight).groupby(y).sum() / weight.sum()
    assert_allclose(weighted[0], shares)


def test_a_class_without_a_family_and_a_single_family_are_errors(labelled):
    X, y = labelled
    model = ByFamily(LogisticRegression(), LogisticRegression(), FAMILIES.drop("om"))
    with pytest.raises(ValueError, match="'om' has no family"):
        model.fit(X, y)
    loud = np.isin(y, ["metal", "punk"])
    with pytest.raises(ValueError, match="all classes are of one family"):
        model.fit(X[loud], y[loud])


def test_judgement_by_hand():
    classes = np.array(list("abcdefg"))
    probability = np.array(
        [
            [0.4, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05],
            [0.4, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05],
            [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.4],
        ]
    )
    genres = pd.Series([["a", "g"], ["e"], ["f"]], index=[7, 8, 9])
    frame = judged(probability, classes, genres)
    assert frame["recording"].tolist() == [7, 8, 9]
    assert frame["predicted"].tolist() == ["a", "a", "g"]
    assert_allclose(frame["probability"], 0.4)
    assert frame["hit"].tolist() == [True, False, False]
    assert frame["hit_5"].tolist() == [True, True, False]  # of equals, the first five
    assert_allclose(frame["share"], [0.5, 0, 0])


def test_a_genre_that_can_be_heard_is_told_for_artists_not_heard_before(recordings_of_genres):
    recordings = recordings_of_genres
    train, test = artist_folds(recordings["artists"], 3)[0]
    model = LogisticRegression(max_iter=300)
    frame = predict_fold(recordings, "logistic regression", model, 0, train, test)
    chance = predict_fold(recordings, "most frequent", DummyClassifier(), 0, train, test)
    assert frame["hit"].mean() > 0.8 > 0.5 > chance["hit"].mean()
    assert set(frame["recording"]) == set(test)
    assert (frame["fold"] == 0).all()
    folds = pd.DataFrame({"fold": [0], "n_train": [len(train)], "n_test": [len(test)]})
    scores = accuracy_of_folds(pd.concat([frame, chance]), folds).set_index("model")
    assert scores.loc["logistic regression", "hit"] == frame["hit"].mean()
    assert scores.loc["most frequent", "n_test"] == len(test)


def test_the_classifiers_can_be_fitted_and_give_the_same_twice(labelled):
    X, y = labelled
    model = classifiers()["gradient boosting"].set_params(families=FAMILIES)
    one, other = clone(model).fit(X, y), clone(model).fit(X, y)
    assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    assert (one.predict(X) == y).mean() > 0.8


def test_confusion_sums_to_the_rows_and_splits_a_row_over_its_genres():
    genres = pd.Series([["bop", "metal"], ["swing"], ["om"]], index=[4, 5, 6])
    predicted = pd.Series(["swing", "punk", "om"], index=[9, 8, 7])
    counts = family_confusion(genres, predicted, FAMILIES)
    assert list(counts.index) == list(counts.columns) == ["calm", "jazz", "loud"]
    assert_allclose(counts.to_numpy(), [[1, 0, 0], [0, 0.5, 1], [0, 0.5, 0]])
