# For type checkers and editors: what __init__.py loads when it is first used.
from nexttrack.models.audio import AudioKNN
from nexttrack.models.baselines import Popularity, Random, RecentPopularity
from nexttrack.models.clusters import ClusterPopularity
from nexttrack.models.content import ContentKNN
from nexttrack.models.decompositions import NMF, PureSVD
from nexttrack.models.ials import IALS
from nexttrack.models.linear import EASE, SLIM
from nexttrack.models.logistic_factors import BPR, LogisticMF
from nexttrack.models.neighbours import ItemKNN, RP3beta, UserKNN
from nexttrack.models.sessions import MarkovChain, RecentContentKNN, RecentItemKNN, SessionKNN

__all__ = [
    "BPR",
    "EASE",
    "IALS",
    "NMF",
    "SLIM",
    "AudioKNN",
    "ClusterPopularity",
    "ContentKNN",
    "ItemKNN",
    "LogisticMF",
    "MarkovChain",
    "Popularity",
    "PureSVD",
    "RP3beta",
    "Random",
    "RecentContentKNN",
    "RecentItemKNN",
    "RecentPopularity",
    "SessionKNN",
    "UserKNN",
]
