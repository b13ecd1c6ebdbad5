# For type checkers and editors: what __init__.py loads when it is first used.
from nexttrack.models.audio import AudioKNN
from nexttrack.models.baselines import Popularity, Random, RecentPopularity, SameArtist
from nexttrack.models.blends import Blend
from nexttrack.models.clusters import ClusterPopularity
from nexttrack.models.content import ContentKNN
from nexttrack.models.decompositions import NMF, PureSVD
from nexttrack.models.graph_filters import GFCF
from nexttrack.models.ials import IALS
from nexttrack.models.learned_sound import LearnedSoundKNN
from nexttrack.models.linear import EASE, RDLAE, RLAE
from nexttrack.models.logistic_factors import BPR, LogisticMF
from nexttrack.models.neighbours import ItemKNN, RP3beta, UserKNN
from nexttrack.models.sessions import MarkovChain, RecentContentKNN, RecentItemKNN, SessionKNN
from nexttrack.models.side_information import ContentIALS, ContentSoftmaxMF, SideEASE
from nexttrack.models.slim import SLIM
from nexttrack.models.softmax_factors import SoftmaxMF

__all__ = [
    "BPR",
    "EASE",
    "GFCF",
    "IALS",
    "NMF",
    "RDLAE",
    "RLAE",
    "SLIM",
    "AudioKNN",
    "Blend",
    "ClusterPopularity",
    "ContentIALS",
    "ContentKNN",
    "ContentSoftmaxMF",
    "ItemKNN",
    "LearnedSoundKNN",
    "LogisticMF",
    "MarkovChain",
    "Popularity",
    "PureSVD",
    "RP3beta",
    "Random",
    "RecentContentKNN",
    "RecentItemKNN",
    "RecentPopularity",
    "SameArtist",
    "SessionKNN",
    "SideEASE",
    "SoftmaxMF",
    "UserKNN",
]
