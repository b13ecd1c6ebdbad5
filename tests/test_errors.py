"""What a user can mend ends a command with one line; a fault of ours keeps its traceback."""

import errno

import pytest

from nexttrack.errors import UserError, in_one_line


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
