"""Every model as it is tried: how it is made for a small world, and what it should reach there."""

from dataclasses import dataclass

import numpy as np
import worlds
from scipy.sparse import csr_matrix

from nexttrack.models import (
    BPR,
    EASE,
    GFCF,
    IALS,
    NMF,
    RDLAE,
    RLAE,
    SLIM,
    AudioKNN,
    Blend,
    ClusterPopularity,
    ContentIALS,
    ContentKNN,
    ContentSoftmaxMF,
    ItemKNN,
    LearnedSoundKNN,
    LogisticMF,
    MarkovChain,
    Popularity,
    PureSVD,
    Random,
    RecentContentKNN,
    RecentItemKNN,
    RecentPopularity,
    RP3beta,
    SameArtist,
    SessionKNN,
    SideEASE,
    SoftmaxMF,
    UserKNN,
)


@dataclass(frozen=True)
class Trial:
    """How a model is made for a world, and what it should reach there.

    Attributes:
        make: called with (number of items, cluster of each item, features, matrix it is fitted on).
        ndcg: range of NDCG@10 on ``worlds.tastes``.
        knows_tastes: whether it can tell one user from another; if not, it is not asked to.
        knows_by_factors: whether it knows users by factors, so that one who was not in training
            needs ``recalculate_user``; to the others a user is the row of the call.
    """

    make: object
    ndcg: tuple[float, float]
    knows_tastes: bool = True
    knows_by_factors: bool = False


def _days(matrix):
    days = matrix.astype(np.int32)
    days.data = np.random.default_rng(4).integers(15_000, 20_000, days.nnz).astype(np.int32)
    return days


TRIALS = {
    "Random": Trial(lambda n, kind, x, m: Random(7), (0.04, 0.08), False),
    "Popularity": Trial(lambda n, kind, x, m: Popularity(), (0.39, 0.45), False, True),
    "RecentPopularity": Trial(
        lambda n, kind, x, m: RecentPopularity(_days(m), 1000), (0.39, 0.45), False, True
    ),
    "ClusterPopularity": Trial(
        lambda n, kind, x, m: ClusterPopularity(kind), (0.56, 0.62), True, True
    ),
    "SameArtist": Trial(lambda n, kind, x, m: SameArtist(_one_hot(kind)), (0.56, 0.62)),
    "AudioKNN": Trial(lambda n, kind, x, m: AudioKNN(x), (0.14, 0.20), True, True),
    "AudioKNN, kernel": Trial(
        lambda n, kind, x, m: AudioKNN(x, "z-scores", "euclidean", 3.0),
        (0.05, 0.20),
        True,
        True,
    ),
    # Two kinds are told apart by two factors; four kinds are not.
    "LearnedSoundKNN": Trial(
        lambda n, kind, x, m: LearnedSoundKNN(x, factors=2, regularization=0.01),
        (0.06, 0.10),
        True,
        True,
    ),
    "ContentKNN": Trial(lambda n, kind, x, m: ContentKNN(x, profile="max"), (0.08, 0.12)),
    "ContentKNN, sum": Trial(
        lambda n, kind, x, m: ContentKNN(x, _one_hot(kind), profile="sum"), (0.23, 0.29)
    ),
    "ItemKNN": Trial(lambda n, kind, x, m: ItemKNN(K=n), (0.49, 0.55)),
    "UserKNN": Trial(lambda n, kind, x, m: UserKNN(K=40), (0.48, 0.54)),
    "RP3beta": Trial(lambda n, kind, x, m: RP3beta(K=n, beta=0.2), (0.48, 0.54)),
    "EASE": Trial(lambda n, kind, x, m: EASE(20.0), (0.40, 0.46)),
    "RLAE": Trial(lambda n, kind, x, m: RLAE(20.0), (0.40, 0.46)),
    "RDLAE": Trial(lambda n, kind, x, m: RDLAE(20.0), (0.45, 0.51)),
    "GFCF": Trial(lambda n, kind, x, m: GFCF(4), (0.50, 0.56)),
    "IALS": Trial(lambda n, kind, x, m: IALS(8, regularization=1.0), (0.41, 0.47), True, True),
    "BPR": Trial(
        lambda n, kind, x, m: BPR(8, regularization=0.1, iterations=30), (0.35, 0.44), True, True
    ),
    "LogisticMF": Trial(lambda n, kind, x, m: LogisticMF(8), (0.27, 0.36), True, True),
    "PureSVD": Trial(lambda n, kind, x, m: PureSVD(4), (0.46, 0.54), True, True),
    "NMF": Trial(lambda n, kind, x, m: NMF(4), (0.46, 0.55), True, True),
    "SoftmaxMF": Trial(lambda n, kind, x, m: SoftmaxMF(8), (0.32, 0.39), True, True),
    "SoftmaxMF, pooled": Trial(
        lambda n, kind, x, m: SoftmaxMF(8, user_side="pooled"), (0.47, 0.55), True, True
    ),
    "SideEASE": Trial(lambda n, kind, x, m: SideEASE(_one_hot(kind), 20.0, 20.0), (0.4, 0.46)),
    "ContentIALS": Trial(
        lambda n, kind, x, m: ContentIALS(_one_hot(kind), 3.0, factors=8, regularization=1.0),
        (0.41, 0.60),
        True,
        True,
    ),
    "ContentSoftmaxMF": Trial(
        lambda n, kind, x, m: ContentSoftmaxMF(_one_hot(kind), factors=8), (0.32, 0.6), True, True
    ),
    "Blend": Trial(
        lambda n, kind, x, m: Blend([ItemKNN(K=n), EASE(20.0)], [0.7, 0.3]), (0.45, 0.55)
    ),
    # Their values are moments: in a row of ones nothing comes before anything.
    "MarkovChain": Trial(lambda n, kind, x, m: MarkovChain(3, 2.0, 0.5), (-0.01, 0.01), False),
    "RecentItemKNN": Trial(lambda n, kind, x, m: RecentItemKNN(K=n), (0.49, 0.55)),
    "RecentContentKNN": Trial(
        lambda n, kind, x, m: RecentContentKNN(_one_hot(kind), n), (0.2, 0.26)
    ),
    "SessionKNN": Trial(lambda n, kind, x, m: SessionKNN(40, 5.0, 5.0), (0.48, 0.54)),
    "SLIM": Trial(lambda n, kind, x, m: SLIM(0.1, 5.0), (0.40, 0.46)),
}
NO_SIMILAR_ITEMS = {
    *("Random", "Popularity", "RecentPopularity", "ClusterPopularity", "UserKNN"),
    *("MarkovChain", "SessionKNN", "Blend"),
}


def _one_hot(kind):
    kind = np.asarray(kind) - min(kind)
    return csr_matrix((np.ones(len(kind), dtype=np.float32), (np.arange(len(kind)), kind)))


def made(name, user_items, kind=None, features=None):
    n_items = user_items.shape[1]
    kind = worlds.clusters(n_items) if kind is None else kind
    features = worlds.audio(n_items) if features is None else features
    return TRIALS[name].make(n_items, kind, features, csr_matrix(user_items))


def fitted(name, user_items, kind=None, features=None):
    model = made(name, user_items, kind, features)
    model.fit(csr_matrix(user_items), show_progress=False)
    return model
