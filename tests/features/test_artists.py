"""Artist profiles: the formula, its limits, artists not seen, and bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from nexttrack.features import ArtistProfile


def tracks(rows, name="energy"):
    """Make a table of (artists, genres, value); a string stands for artists of one letter each."""
    artists, genres, values = zip(*rows, strict=True)
    lists = {"artists": [list(a) for a in artists], "genres": [list(g) for g in genres]}
    return pd.DataFrame({**lists, name: np.array(values, dtype=float)})


WORLD = tracks(
    [
        ("a", "r", 1.0),
        ("a", "r", 2.0),
        ("a", "r", 6.0),
        ("b", "r", 9.0),
        ("b", "r", 11.0),
        ("c", "j", 20.0),
        ("c", "j", 24.0),
        ("d", "j", 30.0),
    ]
)


def test_the_formula_in_pandas():
    """The estimate worked out again, with groups instead of matrices."""
    table = WORLD.assign(artist=WORLD["artists"].str[0], genre=WORLD["genres"].str[0])
    by_artist = table.groupby("artist")["energy"]
    n, m, ss = by_artist.size(), by_artist.mean(), by_artist.var(ddof=0) * by_artist.size()
    genre_of = table.groupby("artist")["genre"].first()
    g = genre_of.map(table.groupby("genre")["energy"].mean())
    v = ss.sum() / (n - 1).sum()
    t = max(0, ((n * (m - g) ** 2).sum() - len(n) * v) / n.sum())
    w = genre_of.map(ss.groupby(genre_of).sum() / (n - 1).groupby(genre_of).sum())
    assert t > 0
    profile = ArtistProfile(prior_df=3).fit(WORLD)
    assert_array_equal(profile.artists_, n.index)
    assert_allclose(profile.artist_means_[:, 0], (n * t * m + v * g) / (n * t + v))
    assert_allclose(profile.artist_spreads_[:, 0], np.sqrt((3 * w + ss) / (3 + n - 1)))


def test_fewer_tracks_are_shrunk_more():
    rng = np.random.default_rng(5)
    rows = [([f"x{i}"], "r", value) for i in range(30) for value in rng.normal(i, 4, 6)]
    few = [(["few"], "r", 40.0)]
    many = [(["many"], "r", 40.0 + step) for step in np.linspace(-2, 2, 40)]
    profile = ArtistProfile().fit(tracks(rows + few + many))
    mean = dict(zip(profile.artists_, profile.artist_means_[:, 0], strict=True))
    genre = profile.genre_means_[0, 0]
    assert genre < mean["few"] < mean["many"] < 40


def test_artists_who_do_not_differ_are_all_their_genre():
    rng = np.random.default_rng(6)
    rows = [([f"x{i}"], "r", value) for i in range(5) for value in rng.permutation([1.0, 2.0, 3.0])]
    profile = ArtistProfile().fit(tracks(rows))
    assert_allclose(profile.artist_means_, 2)


@given(st.floats(0.1, 10), st.floats(-100, 100))
def test_profiles_follow_the_unit_of_the_feature(scale, shift):
    before = ArtistProfile().fit_transform(WORLD)
    after = ArtistProfile().fit_transform(WORLD.assign(energy=WORLD["energy"] * scale + shift))
    assert_allclose(after[:, 0], before[:, 0] * scale + shift, rtol=1e-9, atol=1e-9)
    assert_allclose(after[:, 1], before[:, 1] * scale, rtol=1e-9, atol=1e-9)


def test_an_artist_not_seen_has_the_profile_of_the_genre_and_without_one_of_all():
    profile = ArtistProfile().fit(WORLD)
    X = tracks([("new", "j", 0), ("", "r", 0), ("new", "?", 0), ("", "", 0), ("new", "rj", 0)])
    j, r, everything = (profile.genre_means_[i, 0] for i in range(3))
    assert_allclose((j, r), (74 / 3, 29 / 5))
    assert_allclose(everything, WORLD["energy"].mean())
    out = profile.transform(X)
    assert_allclose(out[:, 0], [j, r, everything, everything, (j + r) / 2])
    variances = profile.genre_variances_[:, 0]
    expected = [variances[0], variances[1], variances[2], variances[2], variances[:2].mean()]
    assert_allclose(out[:, 1], np.sqrt(expected))


def test_a_track_by_several_artists_has_the_mean_of_their_profiles():
    profile = ArtistProfile().fit(WORLD)
    a, c, new, ac, a_new = profile.transform(
        tracks([(names, "r", 0) for names in ("a", "c", "n", "ac", "an")])
    )
    assert_allclose(ac, (a + c) / 2)
    assert_allclose(a_new, (a + new) / 2)


def test_a_track_counts_for_each_of_its_artists():
    together = ArtistProfile().fit(tracks([("ab", "r", 1.0), ("ab", "r", 5.0), ("c", "r", 9.0)]))
    assert_array_equal(together.artist_means_[0], together.artist_means_[1])
    assert_array_equal(together.artist_spreads_[0], together.artist_spreads_[1])


def test_unknown_values_count_for_nothing():
    gaps = tracks([("a", "r", np.nan), ("c", "j", np.nan), ("new", "j", np.nan)])
    with_gaps = ArtistProfile().fit(pd.concat([WORLD, gaps]))
    assert_allclose(with_gaps.transform(WORLD), ArtistProfile().fit_transform(WORLD))
    j = with_gaps.genre_means_[0]
    assert_allclose(with_gaps.transform(gaps)[2, 0], j)  # one track, but of unknown energy


def test_a_constant_feature_has_its_value_and_no_spread():
    out = ArtistProfile().fit_transform(WORLD.assign(energy=0.3))
    assert_allclose(out, [[0.3, 0]] * len(WORLD), atol=1e-12)


def test_if_no_artist_has_two_tracks_the_spread_is_that_of_all():
    lonely = tracks([("a", "r", 1.0), ("b", "r", 2.0), ("c", "r", 6.0)])
    profile = ArtistProfile().fit(lonely)
    assert_allclose(profile.artist_spreads_[:, 0], lonely["energy"].std(ddof=0))


def test_training_rows_without_artists_leave_the_genres():
    nameless = WORLD.assign(artists=[[]] * len(WORLD))
    profile = ArtistProfile().fit(nameless)
    assert len(profile.artists_) == 0
    out = profile.transform(WORLD)
    assert_allclose(out[:, 0], [5.8] * 5 + [74 / 3] * 3)
    assert_allclose(out[:, 1], WORLD["energy"].std(ddof=0))


def test_genres_whose_values_are_all_unknown_have_the_mean_of_all():
    gaps = tracks([("z", "u", np.nan), ("z", "u", np.nan)])
    profile = ArtistProfile().fit(pd.concat([WORLD, gaps]))
    out = profile.transform(gaps)
    assert_allclose(out[:, 0], WORLD["energy"].mean())


def test_names_index_and_clone(recordings):
    columns = ["artists", "genres", "energy", "tempo"]
    X = recordings[columns].set_index(np.arange(len(recordings)) + 10)
    profile = clone(ArtistProfile(prior_df=2).set_output(transform="pandas"))
    out = profile.fit_transform(X)
    means, spreads = ["artist_mean_energy", "artist_mean_tempo"], ["artist_spread_energy"]
    assert list(out.columns) == [*means, *spreads, "artist_spread_tempo"]
    assert list(out.index) == list(X.index)
    assert out.notna().all(axis=None)
    pd.testing.assert_frame_equal(profile.transform(X[columns[::-1]]), out)
    with pytest.raises(ValueError, match="input_features"):
        profile.get_feature_names_out(["energy"])
    with pytest.raises(NotFittedError):
        ArtistProfile().transform(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[1.0]], "X is a DataFrame, not list"),
        (WORLD.drop(columns="genres"), "no column 'genres'"),
        (WORLD.assign(energy=np.inf), "column 'energy' has an infinity"),
        (WORLD.assign(energy="loud"), "column 'energy' holds str, not numbers"),
        (WORLD.assign(energy=np.nan), "no row has a known energy"),
        (WORLD.assign(artists="a"), "row 0 is 'a', not a list of names"),
    ],
)
def test_bad_input_is_one_clear_line(X, message):
    with pytest.raises(ValueError, match=message) as caught:
        ArtistProfile().fit(X)
    assert "\n" not in str(caught.value)


def test_columns_missing_in_transform_and_bad_parameters_are_errors():
    with pytest.raises(ValueError, match="no column 'energy', which fit had"):
        ArtistProfile().fit(WORLD).transform(WORLD.drop(columns="energy"))
    with pytest.raises(ValueError, match="'energy' has an infinity"):
        ArtistProfile().fit(WORLD).transform(WORLD.assign(energy=-np.inf))
    with pytest.raises(ValueError, match="prior_df is above 0"):
        ArtistProfile(prior_df=0).fit(WORLD)
