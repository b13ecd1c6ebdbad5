"""The one exception that a user is meant to read."""


class UserError(Exception):
    """Something the user can mend. Its text is one line: what, where, and what to do.

    The command line prints it after ``error:`` on standard error, without a traceback, and exits
    with code 1.
    """

    def __init__(self, message: str):
        super().__init__(" ".join(message.split()))
