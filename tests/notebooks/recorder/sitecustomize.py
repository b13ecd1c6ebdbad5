"""Python loads this at its start: record the files that a process opens under some folders.

``$RECORD_UNDER`` names the folders, ``$RECORD_TO`` the file that gets a line for each opening.
"""

import os
import sys

if "RECORD_TO" in os.environ:
    folders = tuple(os.environ["RECORD_UNDER"].split(os.pathsep))
    record = os.open(os.environ["RECORD_TO"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def on_event(event, arguments):
        if event == "open" and isinstance(arguments[0], str):
            path = os.path.abspath(arguments[0])  # noqa: PTH100 (Path.resolve opens files)
            # Numba keeps what it compiled beside the code, as Python does.
            code = path.endswith(".py") or "__pycache__" in path
            if path.startswith(folders) and not code:
                os.write(record, (path + "\n").encode())

    sys.addaudithook(on_event)
