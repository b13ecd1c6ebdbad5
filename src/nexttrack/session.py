"""Does somebody sit before the notebook that this process is the kernel of?"""

import os

_SESSION = "JPY_SESSION_NAME"


def experimenting() -> bool:
    """Tell whether a Jupyter server started this process for a notebook that somebody opened.

    It names the notebook in the environment of the kernel; nbclient, nbval and ``nexttrack book
    execute`` do not (:func:`unattended`).
    """
    return bool(os.environ.get(_SESSION))


def unattended(environment: dict[str, str]) -> dict[str, str]:
    """Return an environment for kernels before which nobody sits, started from a notebook too."""
    return {name: value for name, value in environment.items() if name != _SESSION}
