"""Genres: the same as other people's encoders, and unknown genres."""

from importlib import resources

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import MultiLabelBinarizer

from nexttrack.features import GenreEmbedding, GenreMultiHot, genre_families

NAMES = ["ambient", "jazz", "rock", "tango"]
rows = st.lists(st.lists(st.sampled_from(NAMES)), min_size=1, max_size=12).filter(any)
BOTH = [GenreMultiHot(), GenreEmbedding(2)]


@given(rows)
def test_multi_hot_is_scikit_learns_binarizer(lists):
    ours, theirs = GenreMultiHot().fit(lists), MultiLabelBinarizer().fit(lists)
    X = ours.transform(lists)
    assert_array_equal(X, theirs.transform(lists))
    assert_array_equal(ours.genres_, theirs.classes_)
    assert ours.inverse_transform(X) == theirs.inverse_transform(X)
    assert ours.inverse_transform(X) == [tuple(sorted(set(row))) for row in lists]


def test_embedding_is_scikit_learns_svd_of_the_cosine_incidence(recordings):
    embedding = GenreEmbedding(3).fit(recordings["genres"])
    M = MultiLabelBinarizer().fit_transform(recordings["genres"]).astype(float)
    svd = TruncatedSVD(3, algorithm="arpack").fit(csr_matrix(M / np.sqrt(M.sum(axis=0))))
    theirs = svd.components_.T * svd.singular_values_
    assert_allclose(np.abs(embedding.vectors_), np.abs(theirs), atol=1e-9)
    assert_allclose(embedding.vectors_ @ embedding.vectors_.T, theirs @ theirs.T, atol=1e-9)


@given(rows)
def test_all_components_give_back_the_co_occurrence(lists):
    M = MultiLabelBinarizer().fit_transform(lists).astype(float)
    vectors = GenreEmbedding(M.shape[1]).fit(lists).vectors_
    n = M.sum(axis=0)
    assert_allclose(vectors @ vectors.T, M.T @ M / np.sqrt(np.outer(n, n)), atol=1e-7)


def test_genres_found_together_are_close():
    lists = [["samba", "bossa"]] * 5 + [["metal", "grind"]] * 4 + [["samba"], ["metal"]]
    vectors = dict(zip("bgms", GenreEmbedding(2).fit(lists).vectors_, strict=True))
    assert vectors["b"] @ vectors["s"] > 0.8
    assert abs(vectors["b"] @ vectors["m"]) < 1e-9


def test_a_row_is_the_mean_of_its_genres():
    lists = [["a", "b"], ["a"], ["b", "c"], []]
    embedding = GenreEmbedding(2).fit(lists)
    a, b, c = embedding.vectors_
    assert_allclose(embedding.transform(lists), [(a + b) / 2, a, (b + c) / 2, 0 * a], atol=1e-12)


@pytest.mark.parametrize("transformer", BOTH, ids=repr)
def test_an_unknown_genre_is_an_error_or_no_genre(transformer):
    train = [["a", "b"], ["b"]]
    with pytest.raises(ValueError, match="not seen in fit: polka"):
        clone(transformer).fit(train).transform([["a", "polka"]])
    ignoring = clone(transformer).set_params(handle_unknown="ignore").fit(train)
    assert_array_equal(ignoring.transform([["a", "polka"]]), ignoring.transform([["a"]]))
    assert_array_equal(ignoring.transform([["polka"]]), [[0, 0]])


@pytest.mark.parametrize("transformer", BOTH, ids=repr)
def test_rows_without_genres_are_zeros(transformer):
    X = pd.Series([["a"], None, np.nan, [], ["b"]], dtype=object)
    assert_array_equal(clone(transformer).fit_transform(X)[1:4], 0)


@pytest.mark.parametrize("transformer", BOTH, ids=repr)
def test_names_index_and_shapes_of_input(transformer):
    X = pd.DataFrame({"genres": [["a"], ["b", "a"]]}, index=[5, 6])
    fitted = clone(transformer).set_output(transform="pandas").fit(X)
    out = fitted.transform(X)
    ends = ["a", "b"] if isinstance(transformer, GenreMultiHot) else ["svd0", "svd1"]
    assert list(out.columns) == [f"genres_{end}" for end in ends]
    assert list(out.index) == [5, 6]
    as_array = np.empty((2, 1), dtype=object)
    as_array[:, 0] = X["genres"]
    for same in (X["genres"], X["genres"].tolist(), as_array):
        assert_array_equal(fitted.transform(same), out)
    with pytest.raises(ValueError, match="named 'styles', in fit it was 'genres'"):
        fitted.transform(X.rename(columns={"genres": "styles"}))


@pytest.mark.parametrize("transformer", BOTH, ids=repr)
@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[], []], "no row has a genre"),
        (["rock", "pop"], "row 0 is 'rock', not a list"),
        ([["a", "b"], 3.5], "row 1 is 3.5, not a list"),
        (pd.DataFrame({"a": [[]], "b": [[]]}), "not 2 columns"),
    ],
)
def test_bad_input_is_one_clear_line(transformer, X, message):
    with pytest.raises(ValueError, match=message) as caught:
        clone(transformer).fit(X)
    assert "\n" not in str(caught.value)


def test_parameters_and_state_are_checked():
    with pytest.raises(ValueError, match="from 1 to the 2 genres, not 3"):
        GenreEmbedding(3).fit([["a", "b"]])
    with pytest.raises(ValueError, match="handle_unknown is"):
        GenreMultiHot(handle_unknown="guess").fit([["a"]])
    with pytest.raises(ValueError, match="rows x 1 genres"):
        GenreMultiHot().fit([["a"]]).inverse_transform([[1, 0]])
    for transformer in BOTH:
        with pytest.raises(NotFittedError):
            clone(transformer).transform([["a"]])


def test_every_genre_has_one_family():
    families = genre_families()
    assert families.index.is_unique
    assert families.notna().all()
    # The simulator's table has a row for each genre of the real catalogue.
    with (resources.files("nexttrack.data.simulator") / "audio_by_genre.csv").open() as file:
        simulated = pd.read_csv(file, usecols=["genre"])["genre"]
    assert set(families.index) == set(simulated)
    assert families.loc["black-metal"] == "metal & hardcore"
    assert families.value_counts().min() >= 2
