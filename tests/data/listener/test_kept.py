import json

import pyarrow.parquet as pq
import pytest
from listener_exports import exported_files, extended_history, written

from nexttrack.data.listener import kept as kept_module
from nexttrack.data.listener.kept import keep, load
from nexttrack.errors import UserError
from nexttrack.files import old_name


@pytest.fixture
def files(tmp_path):
    folder = written(exported_files(), tmp_path / "given")
    paths = [p for p in sorted(folder.rglob("*.*")) if p.name != "Userdata.json"]
    return [(path, path.name) for path in paths]


def test_importing_again_adds_nothing_and_what_is_new_is_added(files, tmp_path):
    own = tmp_path / "listener"
    first = keep([file for file in files if file[1] == "StreamingHistory_music_0.json"], own)
    assert (first.new_plays, first.n_files) == (60, 1)
    whole = keep(files, own)
    # The sixty plays of the account's history are the first of the extended one.
    assert (len(whole.plays), whole.new_plays, len(whole.likes)) == (200, 140, 12)
    assert all(play.track_id for play in whole.plays)
    before = (own / "plays.parquet").read_bytes()
    again = keep(files, own)
    assert (again.new_plays, again.new_likes) == (0, 0)
    assert (again.plays, again.likes) == (whole.plays, whole.likes)
    assert (own / "plays.parquet").read_bytes() == before
    assert load(own) == (whole.plays, whole.likes)


def test_the_order_of_files_makes_no_difference(files, tmp_path):
    one, other = keep(files, tmp_path / "a"), keep(files[::-1], tmp_path / "b")
    assert {play[:5] for play in one.plays} == {play[:5] for play in other.plays}
    assert set(one.likes) == set(other.likes)


def test_tables_have_types_and_nobody_else_may_read_them(files, tmp_path):
    keep(files, tmp_path / "listener")
    schema = pq.read_schema(tmp_path / "listener" / "plays.parquet")
    assert str(schema.field("time").type) == "timestamp[ms, tz=UTC]"
    assert (tmp_path / "listener").stat().st_mode & 0o077 == 0


def test_a_bad_file_costs_only_itself(files, tmp_path):
    bad = tmp_path / "StreamingHistory9.json"
    bad.write_bytes(b'[{"endTime":')
    done = keep([(bad, "bad"), *files], tmp_path / "listener")
    assert done.left_out[0] == "bad: cut short, or no JSON; ask Spotify for the export again"
    assert len(done.plays) == 200


def test_nothing_is_lost_where_writing_fails(files, tmp_path, monkeypatch):
    own = tmp_path / "listener"
    before = keep(files, own)
    more = tmp_path / "more.json"
    more.write_text(json.dumps(extended_history(230)))

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept_module.pq, "write_table", full)
    with pytest.raises(OSError, match="No space"):
        keep([(more, "more")], own)
    monkeypatch.undo()
    assert load(own) == (before.plays, before.likes)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    own.rename(old_name(own))  # as a process leaves it that is killed between two renames
    assert load(own) == (before.plays, before.likes)
    assert keep([(more, "more")], own).new_plays == 30


def test_a_damaged_table_of_ours_is_said(files, tmp_path):
    own = tmp_path / "listener"
    keep(files, own)
    (own / "plays.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(UserError, match=r"plays.parquet cannot be read; remove .*listener and"):
        keep(files, own)
    assert (own / "plays.parquet").read_bytes() == b"PAR1 no"
