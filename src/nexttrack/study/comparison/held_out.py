"""What there is to be found on the test part of a data set, and what is known of it beforehand."""

import numpy as np
import pandas as pd

from nexttrack.study.protocol import task


def known_of_answers(name: str) -> pd.DataFrame:
    """Say what is known of the items that are held out for the test, before anybody has them.

    Args:
        name: of a data set.

    Returns:
        One row for each group that is reported apart, indexed by ``group``: ``users`` who are
        asked about, ``pairs`` that are held out, and the shares of these whose item has a
        ``genre``, has ``audio`` features, and is ``new``: nobody has it in what models learn from.
    """
    asked = task(name, first_users=True)
    tracks, parts, users = asked.dataset.tracks, asked.split, asked.users
    out = parts.test_out[users]
    group = asked.group(pd.Series(users)).to_numpy()
    facts = {
        "genre": tracks["genres"].map(len).to_numpy() > 0,
        "audio": tracks["energy"].notna().to_numpy(),
        "new": np.diff(parts.test_train.tocsc().indptr) == 0,
    }
    pairs = pd.DataFrame({fact: has[out.indices] for fact, has in facts.items()})
    by_group = pairs.groupby(np.repeat(group, np.diff(out.indptr)), sort=False)
    counts = pd.DataFrame({"users": pd.Series(group).value_counts(), "pairs": by_group.size()})
    return counts.join(by_group.mean()).rename_axis("group")
