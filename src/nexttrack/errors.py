"""The exceptions that a user is meant to read."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_OF_THE_MACHINE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)


class UserError(Exception):
    """Something the user can mend. Its text is one line: what, where, and what to do.

    The command line prints it after ``error:`` on standard error, without a traceback, and exits
    with code 1.
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(" ".join(message.split())))


def printable(text: str) -> str:
    """Return a text with whatever a terminal would act on, or could not print, as an escape.

    Messages show names and cells of the user's: ``\\x1b[2J`` in one is not to clear the screen.
    """
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


class NotThereError(UserError):
    """Data that nobody brought, or what is made of them by a command that nobody ran yet."""


@contextmanager
def in_one_line() -> Iterator[None]:
    """Let a ``UserError`` end the process with one line on standard error and exit code 1.

    So does a file that cannot be written or read, for want of space or of permission.
    """
    try:
        yield
    except UserError as error:
        print("error:", error, file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        if error.errno not in _OF_THE_MACHINE:
            raise
        where = f"{error.filename2 or error.filename or 'a file'}: {error.strerror}"
        print(f"error: {where}; make room or give the right to it, and try again", file=sys.stderr)
        sys.exit(1)
