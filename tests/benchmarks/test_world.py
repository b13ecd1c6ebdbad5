"""The world that is timed, at a small size: what it holds, how it is cut, how it is kept."""

import numpy as np
import pytest

from benchmarks.world import BenchWorld, bench_world
from nexttrack import project
from nexttrack.data.simulator import World


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        root = tmp_path_factory.mktemp("clone")
        patched.setattr(project, "root", lambda: root)
        return BenchWorld.load(bench_world(n_users=300, n_items=400, sessions=8))


def pairs(world):
    users, items = world.user_items.nonzero()
    return set(zip(users.tolist(), items.tolist(), strict=True))


def test_it_is_what_the_simulator_s_listeners_played(world):
    log = list(World(400, 300, seed=1, sessions=8).blocks())
    played = [(block.listener[block.played], block.track[block.played]) for block in log]
    expected = {
        pair for users, items in played for pair in zip(users.tolist(), items.tolist(), strict=True)
    }
    assert pairs(world) == expected
    assert world.user_items.has_sorted_indices
    assert world.user_items.dtype == np.float32
    assert (world.user_items.data == 1).all()
    assert len(world.days) == world.user_items.nnz
    assert world.days.dtype == np.dtype("datetime64[D]")
    assert world.sound.shape == (400, 9)


def test_groups_of_items_fit_the_items(world):
    incidence = world.genre_incidence()
    assert incidence.shape == (400, 114)
    assert (incidence[np.arange(400), world.genres[:, 0]] == 1).all()
    families = world.families()
    assert np.unique(families).tolist() == list(range(13))
    same_genre = world.genres[:, 0] == world.genres[7, 0]
    assert (families[same_genre] == families[7]).all()


def test_fewer_users_are_the_first(world):
    part = world.of_users(100)
    assert pairs(part) == {(user, item) for user, item in pairs(world) if user < 100}
    assert len(part.days) == part.user_items.nnz


@pytest.mark.parametrize("cut", ["of_items", "of_most_played"])
def test_fewer_items_keep_what_is_known_of_them(world, cut):
    part = getattr(world, cut)(60)
    assert part.user_items.shape == (300, 60)
    assert len(part.days) == part.user_items.nnz
    place = {tuple(row): item for item, row in enumerate(world.sound)}
    items = [place[tuple(row)] for row in part.sound]
    assert (part.user_items.toarray() == world.user_items.toarray()[:, items]).all()
    assert (part.genres == world.genres[items]).all()
    days = np.full(world.user_items.shape, np.datetime64("NaT", "D"))
    days[world.user_items.nonzero()] = world.days
    assert (days[:, items][part.user_items.nonzero()] == part.days).all()


def test_the_most_played_items_are_taken(world):
    plays = np.sort(world.user_items.sum(axis=0).A1)[::-1]
    assert world.of_most_played(60).user_items.nnz == plays[:60].sum()


def test_fewer_interactions_keep_the_shape_and_are_among_more(world):
    fewer, more = world.of_interactions(200), world.of_interactions(900)
    assert fewer.user_items.shape == world.user_items.shape
    assert (fewer.user_items.nnz, more.user_items.nnz) == (200, 900)
    assert pairs(fewer) < pairs(more) < pairs(world)


def test_it_is_made_once(tmp_path, monkeypatch):
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    path = bench_world(n_users=20, n_items=120, sessions=2)
    before = path.stat().st_mtime_ns
    assert bench_world(n_users=20, n_items=120, sessions=2) == path
    assert path.stat().st_mtime_ns == before
    assert bench_world(n_users=21, n_items=120, sessions=2) != path
    assert sorted(p.name for p in path.parent.iterdir()) == sorted(
        p.name for p in path.parent.glob("world-*.npz")
    )
