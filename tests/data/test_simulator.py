"""The simulated world: its statistics, its truth, its determinism, and the files made of it."""

import dataclasses
import hashlib
import json
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nexttrack import project
from nexttrack.data import simulator
from nexttrack.data.cleaning import clean
from nexttrack.data.raw.sources import load_sources
from nexttrack.data.raw.verify import inspect_source
from nexttrack.data.simulator import Taste, World, audio, raw_form
from nexttrack.data.simulator.catalogue import _ARTIST_SHARE
from nexttrack.data.simulator.world import BLOCK, FAVOURITES
from nexttrack.errors import UserError

REAL = project.raw_dir("published")
CUT_OFF = ("instrumentalness", "popularity")  # a share of the tracks is exactly 0


@pytest.fixture(scope="module")
def world():
    return World(n_tracks=3_000, n_listeners=2 * BLOCK + 40, seed=3, sessions=12)


@pytest.fixture(scope="module")
def log(world):
    """All exposures of the world, and the blocks that they came in."""
    blocks = list(world.blocks())
    return type(blocks[0])(
        **{
            field.name: np.concatenate([getattr(block, field.name) for block in blocks])
            for field in dataclasses.fields(blocks[0])
        }
    )


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "raw-sample"
    return simulator.write_sources(folder, n_tracks=3_000, n_listeners=300, seed=5)


@pytest.fixture(scope="module")
def planted(raw):
    return json.loads((raw / raw_form.PLANTED).read_text())


@pytest.fixture(scope="module")
def cleaned(raw):
    return clean(raw, raw.parent / "processed")


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# --- audio ---


def test_interactions_are_the_plays_of_the_log(world, log):
    plays, days = world.interactions()
    assert plays.shape == (world.n_listeners, world.n_tracks)
    assert plays.has_canonical_format
    frame = pd.DataFrame(
        {"user": log.listener, "item": log.track, "day": log.shown_at.astype("datetime64[D]")}
    )[log.played]
    expected = frame.groupby(["user", "item"])["day"].agg(["size", "min"]).reset_index()
    users, items = plays.nonzero()
    assert users.tolist() == expected["user"].tolist()
    assert items.tolist() == expected["item"].tolist()
    assert plays.data.tolist() == expected["size"].tolist()
    assert (days == expected["min"].to_numpy()).all()


def test_committed_statistics_are_those_of_the_real_data():
    dataset = REAL / "spotify-tracks" / "dataset.csv"
    if not dataset.exists():
        pytest.skip("the real spotify-tracks is not here")
    here = Path(audio.__file__).parent
    for table, name in zip(
        simulator.fit_audio_by_genre(dataset),
        ("audio_by_genre.csv", "audio_margins.csv"),
        strict=True,
    ):
        stored = pd.read_csv(here / name)
        pd.testing.assert_frame_equal(table, stored, check_dtype=False, rtol=1e-5, atol=2e-4)


def test_committed_statistics_are_small_and_consistent():
    here = Path(audio.__file__).parent
    assert sum(path.stat().st_size for path in here.glob("*.csv")) < 200_000
    sound = audio.load()
    assert len(sound.genres) == 114
    for shares in (sound.keys, sound.time_signatures):
        np.testing.assert_allclose(shares.sum(axis=1), 1, atol=2e-3)
    assert (np.diff(sound.quantiles, axis=1) >= 0).all()


def test_fit_ignores_duplicates_and_unknowns(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.random(60) for name in audio.SCORED})
    frame["tempo"] += 100
    frame["duration_ms"] += 1000
    frame["key"], frame["mode"], frame["time_signature"] = 3, 1, 4
    frame["explicit"], frame["track_genre"] = False, ["a"] * 30 + ["b"] * 30
    frame.to_csv(tmp_path / "clean.csv")
    broken = frame.iloc[:5].assign(tempo=0, danceability=0)
    pd.concat([frame, frame.iloc[:9], broken]).reset_index(drop=True).to_csv(tmp_path / "raw.csv")
    for one, other in zip(
        simulator.fit_audio_by_genre(tmp_path / "clean.csv"),
        simulator.fit_audio_by_genre(tmp_path / "raw.csv"),
        strict=True,
    ):
        pd.testing.assert_frame_equal(one, other)


@given(st.lists(st.floats(-2.3, 2.3), min_size=1, max_size=20))
def test_values_and_scores_are_inverse_where_the_catalogue_is_continuous(z):
    sound = audio.load()
    scores = np.tile(np.array(z)[:, None], (1, len(audio.SCORED)))
    again = sound.scores(sound.values(scores))
    smooth = [audio.SCORED.index(name) for name in ("danceability", "loudness", "duration_ms")]
    np.testing.assert_allclose(again[:, smooth], scores[:, smooth], atol=0.02)


def test_equal_values_share_a_score():
    score = audio.load().scores(np.zeros((2, len(audio.SCORED))))
    silent = audio.SCORED.index("instrumentalness")
    assert score[0, silent] == score[1, silent]
    assert -1.5 < score[0, silent] < -0.5  # the middle of the third that is exactly 0


@pytest.fixture(scope="module")
def large_catalogue():
    return World(n_tracks=114 * 300, n_listeners=1, seed=11).catalogue


def standard_errors(songs) -> np.ndarray:
    """Return the (G, F) standard error of a genre's mean score; an artist's tracks are alike."""
    sound = audio.load()
    genre = songs.genres[:, 0]
    variance = np.einsum("gij,gij->gi", sound.root, sound.root)
    n = np.bincount(genre)
    by_artist = np.bincount(songs.artist)
    pairs = np.bincount(songs.home, by_artist.astype(float) ** 2)
    factor = (1 - _ARTIST_SHARE) / n + _ARTIST_SHARE * pairs / n**2
    return np.sqrt(variance * factor[:, None])


def test_simulated_audio_has_the_committed_means(large_catalogue):
    songs = large_catalogue
    sound = audio.load()
    # From the values as written, not from the scores that they were drawn with.
    scores = sound.scores(songs.values)
    genre = songs.genres[:, 0]
    means = np.array([scores[genre == g].mean(axis=0) for g in range(len(sound.genres))])
    z = (means - sound.mean) / standard_errors(songs)
    # What has a share of exact zeros is normal only before it is cut off there.
    exact = [i for i, name in enumerate(audio.SCORED) if name not in CUT_OFF]
    assert np.abs(np.median(z[:, exact])) < 0.3
    assert np.mean(np.abs(z[:, exact]) < 3) > 0.97
    cut_off = [audio.SCORED.index(name) for name in CUT_OFF]
    assert np.abs(means - sound.mean)[:, cut_off].mean() < 0.15


def test_simulated_audio_has_the_committed_covariances(large_catalogue):
    songs = large_catalogue
    sound = audio.load()
    genre = songs.genres[:, 0]
    inverse = np.linalg.inv(sound.root)
    white = np.einsum("nij,nj->ni", inverse[genre], songs.scores - sound.mean[genre])
    np.testing.assert_allclose(np.cov(white, rowvar=False), np.eye(len(audio.SCORED)), atol=0.06)


def test_simulated_keys_and_modes_have_the_committed_shares(large_catalogue):
    songs = large_catalogue
    sound = audio.load()
    expected = sound.keys.mean(axis=0)
    found = np.bincount(songs.key, minlength=12) / songs.n_tracks
    np.testing.assert_allclose(found, expected, atol=5 * np.sqrt(0.1 / songs.n_tracks))
    assert abs(songs.mode.mean() - sound.modes.mean()) < 5 * np.sqrt(0.25 / songs.n_tracks)
    assert set(np.unique(songs.time_signature)) == set(audio.TIME_SIGNATURES)


def test_values_are_rounded_and_in_range(large_catalogue):
    songs = large_catalogue
    for name in ("danceability", "energy", "speechiness", "acousticness", "valence"):
        assert songs.feature(name).min() >= 0
        assert songs.feature(name).max() <= 1
    energy = songs.feature("energy")
    assert [float(f"{x:.3g}") for x in energy[:500]] == energy[:500].tolist()
    assert songs.popularity.min() == 0
    assert songs.popularity.max() <= 100


def test_an_artist_sounds_like_itself(large_catalogue):
    songs = large_catalogue
    own = songs.scores - audio.load().mean[songs.genres[:, 0]]
    same = np.flatnonzero(np.diff(songs.artist) == 0)
    energy = own[:, audio.SCORED.index("energy")]
    assert np.corrcoef(energy[same], energy[same + 1])[0, 1] > 0.3


# --- the world ---


def test_propensities_of_a_listener_sum_to_one(world):
    for listener in (0, 17, BLOCK, world.n_listeners - 1):
        shown = world.propensity(listener, np.arange(world.n_tracks))
        assert shown.sum() == pytest.approx(1, abs=1e-9)
        assert shown.min() > 0


def test_tracks_are_shown_as_often_as_their_propensity_says():
    one = World(n_tracks=200, n_listeners=1, seed=8, sessions=20_000)
    shown = one.exposures(0)
    chance = one.propensity(0, np.arange(one.n_tracks))
    assert len(shown) * chance.min() > 5
    count = np.bincount(shown.track, minlength=one.n_tracks)
    assert stats.chisquare(count, len(shown) * chance / chance.sum()).pvalue > 0.001
    # The same at each position: a slot's chance does not depend on the slots before it.
    last = np.bincount(shown.track[shown.position == 9], minlength=one.n_tracks)
    assert stats.chisquare(last, last.sum() * chance / chance.sum()).pvalue > 0.001


def test_consecutive_slots_are_independent():
    one = World(n_tracks=200, n_listeners=1, seed=8, sessions=20_000)
    shown = one.exposures(0)
    popular = one.catalogue.popularity[shown.track].astype(float)
    in_session = shown.session[1:] == shown.session[:-1]
    r = stats.pearsonr(popular[:-1][in_session], popular[1:][in_session])
    assert abs(r.statistic) < 4 / np.sqrt(in_session.sum())


def test_logged_propensity_and_probability_are_the_truth(world, log):
    some = slice(0, None, 97)
    np.testing.assert_allclose(
        world.propensity(log.listener[some], log.track[some]), log.propensity[some]
    )
    np.testing.assert_allclose(
        world.play_probability(log.listener[some], log.track[some]), log.probability[some]
    )


def test_plays_follow_their_probability(log):
    gap = log.played - log.probability
    error = np.sqrt(np.sum(log.probability * (1 - log.probability)))
    assert abs(gap.sum()) < 4 * error
    for low in np.arange(0, 1, 0.1):
        here = (log.probability >= low) & (log.probability < low + 0.1)
        spread = np.sqrt(np.sum(log.probability[here] * (1 - log.probability[here])))
        assert abs(gap[here].sum()) < 4 * spread


def test_inverse_propensity_estimates_another_policy_without_bias(world, log):
    """Value of showing every track equally often: known from the truth, estimated from the log."""
    everyone = np.arange(world.n_listeners)
    truth_of = world.play_probability(everyone[:, None], np.arange(world.n_tracks)).mean(axis=1)
    truth = truth_of[log.listener].mean()
    terms = log.played / log.propensity / world.n_tracks
    error = terms.std() / np.sqrt(len(log))
    assert abs(terms.mean() - truth) < 3.5 * error
    assert log.played.mean() - truth > 20 * error  # what the log shows is not what all tracks get


def test_weights_of_inverse_propensity_average_one(world, log):
    weights = 1 / log.propensity / world.n_tracks
    assert abs(weights.mean() - 1) < 4 * weights.std() / np.sqrt(len(log))


def only(**weight: float) -> World:
    nothing = dict.fromkeys(("audio", "genre", "artist", "scene", "popularity"), 0.0)
    taste = Taste(base=-1, **(nothing | weight))
    return World(n_tracks=2_000, n_listeners=60, seed=2, sessions=2, taste=taste)


def all_chances(world: World) -> np.ndarray:
    everyone = np.arange(world.n_listeners)
    return world.play_probability(everyone[:, None], np.arange(world.n_tracks))


def test_without_taste_all_tracks_are_equal():
    assert np.ptp(all_chances(only())) < 1e-12


def test_nearer_audio_is_played_more():
    w = only(audio=1.0)
    who, chance = w.listeners(0), all_chances(w)
    distance = ((w.catalogue.scores[:, :9] - who.sound[:, None]) ** 2).sum(axis=2)
    order = np.argsort(distance, axis=1)
    sorted_chance = np.take_along_axis(chance, order, axis=1)
    assert (np.diff(sorted_chance, axis=1) <= 1e-12).all()
    assert (sorted_chance[:, 0] > sorted_chance[:, -1]).all()


def test_liked_genres_are_played_more():
    w = only(genre=1.0)
    who, chance = w.listeners(0), all_chances(w)
    genre = w.catalogue.genres[:, 0]
    for row in range(w.n_listeners):
        liked, disliked = who.genre[row].argmax(), who.genre[row].argmin()
        alone = w.catalogue.genres[:, 1] == -1
        best = chance[row, alone & (genre == liked)]
        worst = chance[row, alone & (genre == disliked)]
        assert best.min() > worst.max()


def test_known_artists_are_played_more():
    w = only(artist=1.0)
    who, chance = w.listeners(0), all_chances(w)
    for row in range(w.n_listeners):
        known = np.isin(w.catalogue.artist, who.favourites[row])
        assert chance[row, known].min() > chance[row, ~known].max()


def test_the_own_scene_is_played_more():
    w = only(scene=1.0)
    who, chance = w.listeners(0), all_chances(w)
    match = who.scene @ w.catalogue.scene[w.catalogue.artist].T
    assert np.corrcoef(match.ravel(), chance.ravel())[0, 1] > 0.9


def test_the_mainstream_plays_hits_and_others_avoid_them():
    w = only(popularity=1.0)
    who, chance = w.listeners(0), all_chances(w)
    hits = w.catalogue.popularity > 60
    rare = w.catalogue.popularity < 20
    gain = chance[:, hits].mean(axis=1) - chance[:, rare].mean(axis=1)
    assert (gain[who.mainstream > 0.3] > 0).all()
    assert (gain[who.mainstream < 0.2] < 0).all()
    assert (who.mainstream < 0.2).any()


def test_favourites_are_artists_of_liked_tracks(world):
    who = world.listeners(0)
    assert who.favourites.shape == (BLOCK, FAVOURITES)
    home = world.catalogue.home[who.favourites]
    liked = np.take_along_axis(who.genre, home.astype(int), axis=1).mean()
    assert liked > 5 / len(audio.load().genres)


def test_sessions_start_in_order_and_saturdays_are_busy(log):
    assert (np.diff(log.listener) >= 0).all()
    first = log.position == 0
    starts = log.shown_at[first]
    same = np.diff(log.listener[first]) == 0
    assert (np.diff(starts)[same] >= np.timedelta64(0)).all()
    assert starts.min() >= np.datetime64("2022-01-01")
    assert starts.max() < np.datetime64("2024-01-01")
    weekday = (starts.astype("datetime64[D]").astype(int) + 3) % 7
    assert np.bincount(weekday)[5] > np.bincount(weekday)[0]


def equal(one, other) -> bool:
    return all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name))
        for field in dataclasses.fields(one)
    )


def test_a_block_is_the_same_alone_in_any_order_and_in_a_larger_world(world):
    in_order = list(world.blocks())
    fresh = World(n_tracks=3_000, n_listeners=world.n_listeners, seed=3, sessions=12)
    for block in reversed(range(world.n_blocks)):
        assert equal(fresh.exposures(block), in_order[block])
    larger = World(n_tracks=3_000, n_listeners=10 * BLOCK, seed=3, sessions=12)
    assert equal(larger.exposures(1), in_order[1])
    # The smaller world's last block is the beginning of the larger one's.
    last, whole = in_order[-1], larger.exposures(world.n_blocks - 1)
    np.testing.assert_array_equal(last.listener.max(), world.n_listeners - 1)
    assert equal(world.listeners(0), larger.listeners(0))
    assert len(whole) > len(last)


def test_another_seed_is_another_world(world):
    other = World(n_tracks=3_000, n_listeners=40, seed=4, sessions=12)
    assert not np.array_equal(other.catalogue.values, world.catalogue.values)
    assert not np.array_equal(other.listeners(0).sound, world.listeners(0).sound[:40])


def test_memory_does_not_grow_with_the_audience():
    def peak(n_listeners: int) -> int:
        w = World(n_tracks=1_000, n_listeners=n_listeners, seed=1, sessions=4)
        w.exposures(0)
        tracemalloc.start()
        for block in range(w.n_blocks):
            w.exposures(block)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(16 * BLOCK) < 1.3 * peak(6 * BLOCK)


def test_truth_broadcasts(world):
    listeners, tracks = np.array([1, BLOCK + 2]), np.arange(5)
    matrix = world.play_probability(listeners[:, None], tracks)
    assert matrix.shape == (2, 5)
    assert matrix[1, 3] == world.play_probability(BLOCK + 2, 3)
    assert ((matrix > 0) & (matrix < 1)).all()


@pytest.mark.parametrize(("listener", "track"), [(-1, 0), (10**6, 0), (0, -1), (0, 3_000)])
def test_truth_of_what_does_not_exist_is_an_error(world, listener, track):
    with pytest.raises(IndexError, match=r"outside 0\.\."):
        world.play_probability(listener, track)


@pytest.mark.parametrize("block", [-1, 3])
def test_a_block_that_does_not_exist_is_an_error(world, block):
    with pytest.raises(IndexError):
        world.exposures(block)


@pytest.mark.parametrize(
    "size", [{"n_tracks": 10}, {"n_listeners": 0}, {"sessions": 0}, {"slots": 0}]
)
def test_a_world_of_impossible_size_is_an_error(size):
    with pytest.raises(ValueError, match="n_"):
        World(**size)


# --- the raw files ---


def test_same_seed_same_bytes_other_seed_other_bytes(raw, tmp_path):
    again = simulator.write_sources(tmp_path / "again", 3_000, 300, seed=5)
    other = simulator.write_sources(tmp_path / "other", 3_000, 300, seed=6)
    first = hashes(raw)
    assert hashes(again) == first
    assert all(first[name] != digest for name, digest in hashes(other).items())


@pytest.mark.parametrize("source", load_sources().values(), ids=lambda source: source.name)
def test_files_keep_the_described_form(raw, source):
    """Everything that sources.toml asks, but the published files' row counts and checksums."""

    def of_any_size(file):
        members = tuple(map(of_any_size, file.members))
        return dataclasses.replace(file, rows=None, sha256=None, members=members)

    free = dataclasses.replace(source, files=tuple(map(of_any_size, source.files)))
    report = inspect_source(free, raw / source.name)
    assert not report.problems
    assert report.files


@pytest.mark.parametrize(
    "name",
    [
        "playlists/playlist_tracks.parquet",
        "playlists/tracks.parquet",
        "playlist-archive/events.parquet",
        "playlist-archive/tracks.parquet",
    ],
)
def test_parquet_schemas_are_the_real_ones(raw, name):
    if not (REAL / name).exists():
        pytest.skip(f"the real {name} is not here")
    real = pq.read_schema(REAL / name)
    assert pq.read_schema(raw / name).equals(real, check_metadata=False)


@pytest.mark.parametrize(
    "name",
    [
        "spotify-tracks/dataset.csv",
        "spotify-century/data_by_year.csv",
        "spotify-century/data_by_genres.csv",
    ],
)
def test_csv_forms_are_the_real_ones(raw, name):
    if not (REAL / name).exists():
        pytest.skip(f"the real {name} is not here")
    simulated, real = pd.read_csv(raw / name), pd.read_csv(REAL / name)
    assert list(simulated.columns) == list(real.columns)
    assert simulated.dtypes.tolist() == real.dtypes.tolist()
    with (raw / name).open("rb") as ours, (REAL / name).open("rb") as theirs:
        assert ours.readline() == theirs.readline()


def test_archive_members_are_the_real_ones(raw):
    name = "lastfm-2k/hetrec2011-lastfm-2k.zip"
    if not (REAL / name).exists():
        pytest.skip("the real lastfm-2k is not here")
    with zipfile.ZipFile(raw / name) as ours, zipfile.ZipFile(REAL / name) as theirs:
        assert set(ours.namelist()) == set(theirs.namelist())
        for member in set(ours.namelist()) - {"readme.txt"}:
            with ours.open(member) as one, theirs.open(member) as other:
                assert one.readline() == other.readline()


def test_planted_defects_are_in_the_tracks(raw, planted):
    rows = pd.read_csv(raw / "spotify-tracks" / "dataset.csv", index_col=0)
    counted = planted["spotify-tracks"]
    assert counted["rows"] == len(rows)
    assert counted["exact_duplicate_rows"] == rows.duplicated().sum() >= 3
    assert counted["rows_without_names"] == rows["artists"].isna().sum() == 1
    assert counted["distinct_ids"] == rows["track_id"].nunique()
    ids = rows.drop_duplicates(["track_id", "track_genre"])["track_id"].value_counts()
    assert counted["ids_under_several_genres"] == (ids > 1).sum() > 0
    for name, zeros in counted["zeros"].items():
        assert zeros == (rows[name] == 0).sum() > 0
    assert counted["loudness_above_zero"] == (rows["loudness"] > 0).sum() >= 5
    assert set(rows["track_genre"]) == set(audio.load().genres)


def test_cleaning_finds_what_was_planted(cleaned, planted):
    def n_rows(table):
        return pq.read_metadata(cleaned / f"{table}.parquet").num_rows

    assert n_rows("recordings") == planted["spotify-tracks"]["recordings"]
    assert n_rows("lastfm_listens") == planted["lastfm-2k"]["listens"]
    assert n_rows("lastfm_artists") == planted["lastfm-2k"]["artists"]
    assert n_rows("lastfm_friends") == planted["lastfm-2k"]["friend_pairs"]
    archive = planted["playlist-archive"]
    assert archive["new_under_another_id"] > 0
    assert n_rows("archive_additions") == archive["additions"] - archive["new_under_another_id"]
    items = pd.read_parquet(cleaned / "playlist_items.parquet")
    assert items.groupby("part")["playlist_id"].nunique().to_dict() == {
        "whole": planted["playlists"]["playlists_whole"],
        "thinned": planted["playlists"]["playlists_thinned"],
    }
    assert not items.duplicated(["playlist_id", "recording"]).any()


def test_cleaned_ledger_counts_what_was_planted(cleaned, planted):
    ledger = pd.read_parquet(cleaned / "ledger.parquet").set_index(["source", "name"])
    changed = ledger["rows_changed"].to_dict()
    tracks, listens = planted["spotify-tracks"], planted["lastfm-2k"]
    expected = {
        ("spotify-tracks", "Drop exact duplicates"): tracks["exact_duplicate_rows"],
        ("spotify-tracks", "One row per id"): tracks["ids_under_several_genres"],
        ("spotify-tracks", "Two popularities"): tracks["ids_with_two_popularities"],
        ("spotify-tracks", "Same artists and title"): tracks["ids_sharing_artists_and_title"],
        ("spotify-tracks", "Same feature vector"): tracks["ids_sharing_a_vector"],
        ("spotify-tracks", "One row per recording"): tracks["ids_merged"],
        ("spotify-tracks", "Zero tempo is unknown"): tracks["zeros"]["tempo"],
        ("playlists", "Drop repeated pairs"): planted["playlists"]["repeated_pairs"],
        ("lastfm-2k", "Drop impossible dates"): listens["taggings_before_2005"],
        ("lastfm-2k", "Drop tags of unknown artists"): listens["taggings_of_unknown_artists"],
    }
    assert {step: changed[step] for step in expected} == expected


def test_listens_are_truncated_and_skewed(cleaned):
    listens = pd.read_parquet(cleaned / "lastfm_listens.parquet")
    sizes = listens["user_id"].value_counts()
    assert sizes.max() == 50
    assert listens["plays"].mean() > 1.5 * listens["plays"].median()
    audience = listens["artist_id"].value_counts()
    assert audience.iloc[: len(audience) // 10].sum() > 0.3 * len(listens)


def test_audio_is_better_known_for_what_is_popular(cleaned):
    items = pd.read_parquet(cleaned / "playlist_items.parquet")
    tracks = pd.read_parquet(cleaned / "playlist_recordings.parquet").set_index("recording")
    of_tracks = tracks["has_audio"].mean()
    of_items = tracks["has_audio"].reindex(items["recording"]).mean()
    assert 0.3 < of_tracks < of_items < 1


def test_editors_add_on_fridays(cleaned):
    added = pd.read_parquet(cleaned / "archive_additions.parquet")
    dates = pd.to_datetime(added.loc[~added["left_censored"], "added"])
    assert dates.dt.dayofweek.value_counts().idxmax() == 4
    assert 0.05 < added["left_censored"].mean() < 0.9


def test_smallest_sources_can_be_cleaned(tmp_path):
    raw = simulator.write_sources(tmp_path / "raw", n_tracks=1_000, n_listeners=50, seed=9)
    assert (clean(raw, tmp_path / "processed") / "ledger.parquet").exists()


@pytest.mark.parametrize(("tracks", "listeners"), [(999, 50), (1_000, 49)])
def test_too_small_a_world_has_no_sources(tmp_path, tracks, listeners):
    with pytest.raises(UserError, match="at least"):
        simulator.write_sources(tmp_path / "raw", tracks, listeners)
    assert not (tmp_path / "raw").exists()


def test_what_the_simulator_did_not_write_is_not_replaced(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="did not write"):
        simulator.write_sources(raw, 1_000, 50)
    assert (raw / "mine.txt").read_text() == "mine"


def test_a_failed_run_leaves_the_old_files(tmp_path, monkeypatch):
    raw = simulator.write_sources(tmp_path / "raw", 1_000, 50, seed=1)
    before = hashes(raw)

    def disk_is_full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(raw_form, "_write_parquet", disk_is_full)
    with pytest.raises(UserError, match="No space left"):
        simulator.write_sources(raw, 1_000, 50, seed=2)
    assert hashes(raw) == before
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["raw"]


def test_a_new_run_replaces_the_old_files(tmp_path):
    raw = simulator.write_sources(tmp_path / "raw", 1_000, 50, seed=1)
    before = hashes(raw)
    simulator.write_sources(raw, 1_000, 50, seed=2)
    after = hashes(raw)
    assert before.keys() == after.keys()
    assert before != after
