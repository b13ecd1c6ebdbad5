"""Files and folders are in place whole or not at all, and nothing is left beside them."""

from pathlib import Path

import pytest

from nexttrack import files


def folder(path, text):
    path.mkdir()
    (path / "file").write_text(text)
    return path


@pytest.fixture
def disk_is_full(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)


def test_a_file_is_written_and_written_over(tmp_path):
    path = tmp_path / "new" / "a.txt"
    for content in (b"one", b"two"):
        files.write_file(path, content)
        assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_a_file_keeps_its_mode(tmp_path):
    path = tmp_path / "run"
    path.write_text("one")
    path.chmod(0o755)
    files.write_file(path, b"two")
    assert path.stat().st_mode & 0o777 == 0o755


def test_a_full_disk_leaves_the_old_file(tmp_path, disk_is_full):
    path = tmp_path / "a.txt"
    path.write_text("one")
    with pytest.raises(OSError, match="No space"):
        files.write_file(path, b"two")
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_takes_the_place_of_the_old(tmp_path):
    target = folder(tmp_path / "target", "one")
    files.replace_folder(folder(tmp_path / "new", "two"), target)
    assert (target / "file").read_text() == "two"
    assert list(tmp_path.iterdir()) == [target]


def test_what_was_there_is_kept_where_that_is_asked_for(tmp_path):
    target, kept = folder(tmp_path / "target", "one"), tmp_path / "kept" / "target"
    for text, before in (("two", "one"), ("three", "two")):
        files.replace_folder(folder(tmp_path / "new", text), target, keep=kept)
        assert ((target / "file").read_text(), (kept / "file").read_text()) == (text, before)
    # Killed after the renames, and before the old one was put away.
    target.rename(files.old_name(target))
    folder(target, "four")
    files.restore_folder(target, keep=kept)
    assert ((target / "file").read_text(), (kept / "file").read_text()) == ("four", "three")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "target"]


def test_a_renaming_that_fails_is_undone(tmp_path):
    target = folder(tmp_path / "target", "one")
    with pytest.raises(FileNotFoundError):
        files.replace_folder(tmp_path / "nowhere", target)
    assert (target / "file").read_text() == "one"
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_kill_between_the_renames_leaves_is_mended(tmp_path):
    target = folder(tmp_path / "target", "one")
    target.rename(files.old_name(target))
    files.restore_folder(target)
    assert (target / "file").read_text() == "one"
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_kill_after_the_renames_leaves_is_cleared(tmp_path):
    target = folder(tmp_path / "target", "two")
    folder(files.old_name(target), "one")
    files.restore_folder(target)
    assert (target / "file").read_text() == "two"
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_is_removed_and_not_what_it_leads_to(tmp_path):
    kept = folder(tmp_path / "kept", "one")
    link = tmp_path / "link"
    link.symlink_to(kept)
    files.remove(link)
    files.remove(Path(tmp_path / "nothing"))
    assert list(tmp_path.iterdir()) == [kept]


def test_a_folder_can_be_written_where_what_is_there_of_its_way_can(tmp_path):
    (tmp_path / "file").touch()
    assert files.is_writable(tmp_path) and files.is_writable(tmp_path / "new" / "folder")
    assert not files.is_writable(tmp_path / "file" / "folder")
