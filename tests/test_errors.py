"""What a user is shown is one line, and can be printed; a fault of ours keeps its traceback."""

import errno

import pytest

from nexttrack.errors import UserError, in_one_line, printable


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UserError("give\n  a name"), "error: give a name\n"),
        (
            OSError(errno.EROFS, "Read-only file system", "/clone/_book"),
            "error: /clone/_book: Read-only file system; make room or give the right to it, "
            "and try again\n",
        ),
    ],
)
def test_what_can_be_mended_is_one_line(error, line, capsys):
    with pytest.raises(SystemExit) as ended, in_one_line():
        raise error
    assert ended.value.code == 1
    assert capsys.readouterr().err == line


@pytest.mark.parametrize("error", [KeyError("x"), FileNotFoundError(errno.ENOENT, "No such file")])
def test_what_cannot_stays_as_it_is(error):
    with pytest.raises(type(error)), in_one_line():
        raise error


def test_a_message_is_one_line_that_no_terminal_acts_on():
    error = UserError("a\nb :cat: spotify:local:A [red]\x1b[2J \udcff\ud800 é 歌")
    assert str(error) == r"a b :cat: spotify:local:A [red]\x1b[2J \udcff\ud800 é 歌"


def test_what_can_be_printed_stays_as_it_is():
    assert printable("naïve – “歌” 🎵") == "naïve – “歌” 🎵"
