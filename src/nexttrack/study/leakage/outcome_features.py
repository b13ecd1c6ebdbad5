"""Features that are known only after the play, in a simulated world whose truth is known.

In every round each listener meets one track and likes it or not. The chance is a logistic function
of what is known beforehand and of how good the track is:

    P(like) = 1 / (1 + exp(-(a + w . x + q_track))),  x ~ N(0, I), q_track ~ N(0, spread^2).

How much of a track is played follows from whether it is liked. A classifier that is given it, or
the like rate of the track with this very play in it, learns to read the outcome.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.special import expit
from scipy.stats import beta, norm, rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nexttrack.evaluation.metrics import ndcg_at_k
from nexttrack.evaluation.ranked_lists import RankedLists
from nexttrack.study.kept import kept
from nexttrack.study.leakage.leakage import SEED, K

LISTENERS, TRACKS, ROUNDS, LEARNED = 2_000, 4_000, 60, 40
"""Size of the world: classifiers learn from the first 40 rounds, the other 20 are ranked."""
INTERCEPT, QUALITY = -1.0, 0.7
WEIGHTS = np.array([0.8, -0.5, 0.3])
LIKED, NOT_LIKED = (4.0, 1.5), (1.5, 2.0)
"""Parameters of the beta distributions of the share of a track that is played."""
PRIOR = 5.0  # plays with the mean rate that each track's like rate begins with
WAYS = ("before the play", "with the share played", "with this play in the like rate")


@dataclass(frozen=True, eq=False)
class Plays:
    """What happened; arrays of listeners x rounds.

    Attributes:
        x: what is known of listener and track beforehand, listeners x rounds x features.
        track: which track was met.
        chance: the true chance of a like.
        liked: whether it was liked.
        played: share of the track that was played, known afterwards.
        rate_before: like rate of the track in the rounds before.
        rate_after: like rate of the track in all rounds, this play among them.
    """

    x: np.ndarray
    track: np.ndarray
    chance: np.ndarray
    liked: np.ndarray
    played: np.ndarray
    rate_before: np.ndarray
    rate_after: np.ndarray


def simulate(
    n_listeners: int = LISTENERS, n_tracks: int = TRACKS, n_rounds: int = ROUNDS, *, seed: int
) -> Plays:
    """Draw a world. Tracks are met by popularity: the n-th most popular 1 / sqrt(n) as often."""
    rng = np.random.default_rng(seed)
    shape = (n_listeners, n_rounds)
    popularity = 1 / np.sqrt(np.arange(1, n_tracks + 1))
    track = rng.choice(n_tracks, shape, p=popularity / popularity.sum())
    x = rng.normal(size=(*shape, len(WEIGHTS)))
    quality = rng.normal(scale=QUALITY, size=n_tracks)
    chance = expit(INTERCEPT + x @ WEIGHTS + quality[track])
    liked = rng.random(shape) < chance
    played = np.where(liked, rng.beta(*LIKED, shape), rng.beta(*NOT_LIKED, shape))
    before, after = like_rates(track, liked, n_tracks)
    return Plays(x, track, chance, liked, played, before, after)


def like_rates(
    track: np.ndarray, liked: np.ndarray, n_tracks: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the like rate of each track met: of the rounds before, and of all rounds.

    Rates are drawn to the mean of all likes as if ``PRIOR`` plays with it had come first; only the
    first of the two may be known before the play.

    Args:
        track, liked: listeners x rounds.
        n_tracks: number of tracks.
    """
    likes, plays = np.zeros(n_tracks), np.zeros(n_tracks)
    before = np.empty(track.shape)
    mean = liked.mean()
    for round_ in range(track.shape[1]):
        met = track[:, round_]
        before[:, round_] = (likes[met] + PRIOR * mean) / (plays[met] + PRIOR)
        likes += np.bincount(met, liked[:, round_], minlength=n_tracks)
        plays += np.bincount(met, minlength=n_tracks)
    return before, ((likes + PRIOR * mean) / (plays + PRIOR))[track]


@kept
def rank_plays() -> pd.DataFrame:
    """Rank each listener's last plays by classifiers with and without such features; kept.

    Returns:
        One row for each ``way``, ``when`` and listener with a like and a dislike: ``user``, NDCG@10
        and AUC (``ndcg``, ``auc``). When is "offline", with the feature as the file has it, or "in
        service", with what is known at the time. The way "true chances" ranks by the true chance:
        before the play nobody can know more.
    """
    return measure(simulate(seed=SEED), LEARNED)


def measure(world: Plays, n_learned: int) -> pd.DataFrame:
    """Fit a logistic regression for each of ``WAYS`` on early rounds and rank the later ones.

    In service the share played is not known yet and stands at its mean, and the like rate is that
    of the rounds before.

    Args:
        world: what happened.
        n_learned: rounds to learn from; the others are ranked, each listener's on their own.

    Returns:
        As :func:`rank_plays`.
    """
    learned, asked = slice(None, n_learned), slice(n_learned, None)
    mean_played = np.full_like(world.played, world.played[:, learned].mean())
    offline = {
        WAYS[0]: [world.rate_before],
        WAYS[1]: [world.rate_before, world.played],
        WAYS[2]: [world.rate_after],
    }
    in_service = {
        WAYS[0]: [world.rate_before],
        WAYS[1]: [world.rate_before, mean_played],
        WAYS[2]: [world.rate_before],
    }
    liked = world.liked[:, asked]
    tables = [_scored(world.chance[:, asked], liked).assign(way="true chances", when="offline")]
    for way in WAYS:
        model = make_pipeline(StandardScaler(), LogisticRegression())
        model.fit(_columns(world, offline[way], learned), world.liked[:, learned].ravel())
        for when, features in (("offline", offline), ("in service", in_service)):
            score = model.decision_function(_columns(world, features[way], asked))
            tables.append(_scored(score.reshape(liked.shape), liked).assign(way=way, when=when))
    return pd.concat(tables, ignore_index=True)


def _columns(world: Plays, more: list[np.ndarray], rounds: slice) -> np.ndarray:
    known = [world.x[:, rounds].reshape(-1, world.x.shape[2])]
    return np.column_stack([*known, *(feature[:, rounds].ravel() for feature in more)])


def _scored(score: np.ndarray, liked: np.ndarray) -> pd.DataFrame:
    """Return NDCG@10 and AUC of each listener who has both a like and a dislike."""
    users = np.flatnonzero(liked.any(axis=1) & ~liked.all(axis=1))
    score, liked = score[users], liked[users]
    order = np.argsort(-score, axis=1, kind="stable")
    lists = RankedLists(order[:, :K], csr_matrix(liked.astype(np.float32)))
    return pd.DataFrame({"user": users, "ndcg": ndcg_at_k(lists, K), "auc": auc(score, liked)})


def auc(score: np.ndarray, liked: np.ndarray) -> np.ndarray:
    """Return for each row the chance that a liked entry scores above one that is not, ties half.

    By ranks (Mann & Whitney 1947); NaN where all or none are liked.
    """
    rank = rankdata(score, axis=1)
    n, n_liked = liked.shape[1], liked.sum(axis=1)
    wins = (rank * liked).sum(axis=1) - n_liked * (n_liked + 1) / 2
    pairs = n_liked * (n - n_liked)
    return np.divide(wins, pairs, out=np.full(len(liked), np.nan), where=pairs > 0)


def best_auc(played: bool, n_chances: int = 2_000, n_shares: int = 400) -> float:
    """Return the AUC of the best ranking there is, by the formulas of this world, without chance.

    Before the play that is the ranking by the true chance of a like. Once the share played is
    known, its log-likelihood ratio adds to the log-odds. The normal distribution of log-odds is
    cut into pieces of equal weight, the share played into pieces of equal length.

    Args:
        played: whether the share played is known.
        n_chances, n_shares: numbers of pieces.
    """
    spread = np.sqrt(np.sum(WEIGHTS**2) + QUALITY**2)
    odds = norm.ppf((np.arange(n_chances) + 0.5) / n_chances, INTERCEPT, spread)
    weight_liked, weight_not = expit(odds), expit(-odds)
    if played:
        share = (np.arange(n_shares) + 0.5) / n_shares
        liked, not_liked = beta.pdf(share, *LIKED), beta.pdf(share, *NOT_LIKED)
        odds = np.add.outer(odds, np.log(liked / not_liked)).ravel()
        weight_liked = np.outer(weight_liked, liked).ravel()
        weight_not = np.outer(weight_not, not_liked).ravel()
    order = np.argsort(odds, kind="stable")
    weight_liked, weight_not = weight_liked[order], weight_not[order]
    below = np.cumsum(weight_not) - weight_not / 2
    return float(weight_liked @ below / (weight_liked.sum() * weight_not.sum()))
