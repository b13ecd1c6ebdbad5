"""How the chapters measure: what they share, so that their figures can be compared."""

from dataclasses import replace

import numpy as np
from scipy.sparse import diags

from nexttrack.evaluation.splits import Split

SAMPLE_USERS = 600  # asked on the sample edition, which every test run goes through


def fewer_asked(split: Split, edition: str) -> Split:
    """Return a split in which, on the sample edition, only some users have something held out.

    Models learn from all users as before. On the published edition nothing changes.
    """
    users = np.flatnonzero(np.diff(split.validation_out.indptr))
    if edition != "sample" or len(users) <= SAMPLE_USERS:
        return split
    keep = np.zeros(split.validation_out.shape[0], dtype=np.float32)
    keep[users[np.linspace(0, len(users) - 1, SAMPLE_USERS).astype(int)]] = 1
    out = (diags(keep) @ split.validation_out).tocsr()
    out.eliminate_zeros()
    return replace(split, validation_out=out)
