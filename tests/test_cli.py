"""The command line, before any of its commands."""

import os
import subprocess
import sys

SHOW = """import sys
from nexttrack import cli
cli.app = lambda: print(sys.getfilesystemencoding(), sys.argv[1:])
cli.main()"""


def test_paths_are_utf8_whatever_the_locale_is():
    outside = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-c", SHOW, "é", "b c"]
    done = subprocess.run(command, env=outside, capture_output=True, check=True)
    assert done.stdout.decode() == "utf-8 ['é', 'b c']\n", done.stderr
