"""How far neighbours get: by sound, by content and by who plays it, over their settings."""

import json
from functools import partial

import numpy as np
import pandas as pd

from nexttrack.data.columns import AUDIO
from nexttrack.evaluation.comparison import Candidate, grid
from nexttrack.evaluation.sweeps import curve_table, sweep
from nexttrack.models import ContentKNN
from nexttrack.models.content import artists_and_genres
from nexttrack.study.kept import kept
from nexttrack.study.protocol import task
from nexttrack.study.registry import MODELS

SEED = 20_260_106
METRIC = "NDCG@10"
KS = (10, 30, 100, 300, 1000)
# In the unit of the norms: those of tf-idf rows are some ten times as long.
SHRINKAGE = {"cosine": (0, 10, 30, 100), "tfidf": (0, 300, 1000, 3000), "bm25": (0,)}
DRAWS = 2_000  # for curves of some two hundred points; intervals of results have 10,000


def neighbour_models(tracks: pd.DataFrame) -> dict[str, Candidate]:
    """Return popularity and the models of neighbours, each with the settings of its curves.

    Args:
        tracks: items x columns with audio features, ``genres`` and, for recordings, ``artists``.
    """
    sound = tracks[list(AUDIO)].to_numpy(dtype=np.float64)
    names = ["genres", *(["artists", "all"] if "artists" in tracks else ["all"])]

    def content(compared, K, profile):
        # Of what is compared, sound has a third and names the rest; the two kinds of names share.
        share = {"genres": 0.0, "artists": 1.0}.get(compared, 0.5)
        attributes = None if compared == "sound" else artists_and_genres(tracks, share)
        features = sound if compared in ("sound", "all") else None
        return ContentKNN(features, attributes, attribute_weight=2 / 3, K=K, profile=profile)

    # By the maximum the first 20 do not depend on K, as long as K is not below the profile's items.
    by_content = [
        *grid(compared=["sound", *names], profile=["sum"], K=[20, 100]),
        *grid(compared=["sound", *names], profile=["max"], K=[100]),
    ]
    by_users = [
        setting
        for weighting, shrinkages in SHRINKAGE.items()
        for setting in grid(weighting=[weighting], shrinkage=shrinkages, K=KS)
    ]
    return {
        "Content kNN": Candidate(content, by_content),
        "User kNN": Candidate(MODELS["User kNN"].make, by_users),
        "Item kNN": Candidate(MODELS["Item kNN"].make, by_users),
        "RP3beta": Candidate(
            MODELS["RP3beta"].make,
            grid(alpha=[0.5, 1.0, 1.5], beta=[0.0, 0.1, 0.2, 0.3, 0.4], K=[100, 400]),
        ),
        "Audio kNN": Candidate(partial(MODELS["Audio kNN"].make, tracks)),
        "Popularity": Candidate(MODELS["Popularity"].make),
    }


@kept
def play(name: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Measure all settings on the validation part of a data set; takes a minute, and is kept.

    Args:
        name: one of ``protocol.DATASETS``.

    Returns:
        (curves, scores, chosen). ``curves``: the rows of
        :func:`nexttrack.evaluation.sweeps.curve_table` for each ``group`` of users, with
        popularity as the reference. ``scores`` and ``chosen``: see :func:`by_halves`; scores have
        a column ``group`` too.
    """
    asked = task(name)
    scores, _ = sweep(neighbour_models(asked.dataset.tracks), asked.asked)
    group = asked.group(scores["user"])
    curves = {
        name: curve_table(part, METRIC, ("Popularity", {}), seed=SEED, n_draws=DRAWS)
        for name, part in scores.groupby(group, sort=False)
    }
    by_half, chosen = by_halves(scores, METRIC)
    by_half["group"] = asked.group(by_half["user"])
    curves = pd.concat(curves, names=["group"]).reset_index("group")
    return curves.reset_index(drop=True), by_half, chosen


def by_halves(scores: pd.DataFrame, metric: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure each model with a setting that was chosen on other users.

    The best of many settings looks better on the users it was chosen on than on others. So the
    users are divided in two, and each half is measured with the setting that is best on the other.

    Args:
        scores: what :func:`nexttrack.evaluation.sweeps.sweep` returns.
        metric: name of the column to choose by.

    Returns:
        (scores, chosen). ``scores``: one row for each model and user, ``model``, ``user`` and the
        metrics. ``chosen``: one row for each model and half: ``model``, ``half`` (the users who are
        measured: those at even or odd places), ``settings`` (JSON).
    """
    users = np.unique(scores["user"])
    even = pd.Series(np.arange(len(users)) % 2 == 0, index=users)
    in_even = scores["user"].map(even).to_numpy()
    parts, chosen = [], []
    for model, rows in scores.groupby("model", sort=False, observed=True):
        settings = rows["settings"].astype("str")
        half = in_even[rows.index]
        for measured, name in ((half, "even"), (~half, "odd")):
            best = rows[~measured].groupby(settings[~measured], sort=False)[metric].mean().idxmax()
            chosen.append({"model": str(model), "half": name, "settings": best})
            parts.append(rows[measured & (settings == best).to_numpy()])
    found = pd.concat(parts).drop(columns="settings").astype({"model": "str"})
    return found.reset_index(drop=True), pd.DataFrame(chosen)


def points(curves: pd.DataFrame, **settings: object) -> pd.DataFrame:
    """Return the points of curves whose settings have these values, e.g. ``model="Item kNN"``."""
    kept = np.ones(len(curves), dtype=bool)
    for name, value in settings.items():
        kept &= (curves[name] == value).to_numpy()
    return curves[kept]


def in_words(settings: str) -> str:
    """Return settings (JSON) as text, such as ``K 100, shrinkage 20``."""
    return ", ".join(f"{name} {value}" for name, value in json.loads(settings).items())
