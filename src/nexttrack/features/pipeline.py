"""From the columns of `recordings` to one dense matrix."""

from collections.abc import Callable

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, RobustScaler

from nexttrack.features.artists import ArtistProfile
from nexttrack.features.audio import LogDuration, Loudness, SentinelsAsMissing, TempoOctaves
from nexttrack.features.genres import GenreEmbedding, GenreMultiHot
from nexttrack.features.key import CircleOfFifths
from nexttrack.features.normal_scores import NormalScores

SHARES = ["energy", "acousticness", "instrumentalness", "liveness"]
# 0 in a raw file says that nothing was measured.
SHARES_WITH_SENTINEL = ["danceability", "speechiness", "valence"]
OF_ARTISTS = ["artists", "genres", *SHARES, *SHARES_WITH_SENTINEL]
OF_ARTISTS += ["loudness", "tempo", "duration_ms"]


def audio_pipeline(
    *,
    scaling: str = "robust",
    fold_tempo: bool = False,
    genres: str | None = None,
    artists: bool = False,
    raw: bool = False,
) -> ColumnTransformer:
    """Make the default transformer of recordings, to be fitted on training rows.

    Every quantity goes to an axis where a distance means something, what is measured is scaled, and
    gaps are filled with the middle of the training rows, with a column that says where they were.
    With the scaling "robust" a column is centred at its median and divided by its interquartile
    range (:class:`sklearn.preprocessing.RobustScaler`; a constant column is only centred). With
    "normal" it becomes :class:`NormalScores`, so that no long tail rules a distance. Points on a
    circle keep their scale, and an unknown one is at the centre, equally far from all. Time
    signatures are one column each and not a number: a waltz (3) is not between a rare 1 and the
    common 4. One not seen in ``fit`` is a row of zeros, and an unknown one has its own column if
    ``fit`` has seen an unknown one.

    Args:
        scaling: "robust" or "normal".
        fold_tempo: put tempo on the circle of one octave instead of the line.
        genres: None, "multi-hot" or "embedding": also encode the column ``genres``. A genre not
            seen in ``fit`` counts as none; the embedding has 8 numbers.
        artists: also give the artists' profiles, from ``artists``, ``genres`` and the audio columns
            but key, mode and time signature, on the same axes and scaled likewise; tempo always on
            the line. Its inner steps hand DataFrames on: no ``set_output`` but "pandas" with it.
        raw: the columns are those of a raw file, where a tempo, danceability, speechiness, valence
            or time signature of 0, or a key of -1, says "unknown".

    Returns:
        :class:`sklearn.compose.ColumnTransformer` of a DataFrame with the columns of `recordings`
        to float64 of rows x features without NaN, named after them. It raises ValueError for a
        missing column, an infinity, a negative tempo or duration, or a key or mode that is none.

    Raises:
        ValueError: for another value of ``scaling`` or ``genres``.
    """
    scaled = _scaling(scaling)
    sentinels = [SentinelsAsMissing()] if raw else []
    tempo = [TempoOctaves(fold=fold_tempo), _at_centre() if fold_tempo else scaled()]
    key = CircleOfFifths(handle_unknown="missing" if raw else "error")
    metre = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    steps = [
        ("shares", scaled(), SHARES),
        ("shares_with_sentinel", make_pipeline(*sentinels, scaled()), SHARES_WITH_SENTINEL),
        ("loudness", make_pipeline(Loudness(), scaled()), ["loudness"]),
        ("tempo", make_pipeline(*sentinels, *tempo), ["tempo"]),
        ("duration", make_pipeline(LogDuration(), scaled()), ["duration_ms"]),
        ("key", make_pipeline(key, _at_centre()), ["key", "mode"]),
        ("time_signature", make_pipeline(*sentinels, metre), ["time_signature"]),
    ]
    if genres is not None:
        steps.append(("genres", _encoder(genres), ["genres"]))
    if artists:
        scaler = RobustScaler() if scaling == "robust" else NormalScores()
        profile = make_pipeline(_on_axes(sentinels), ArtistProfile(), scaler)
        steps.append(("artists", profile, OF_ARTISTS))
    return ColumnTransformer(steps, verbose_feature_names_out=False)


def _scaling(scaling: str) -> Callable[[], Pipeline]:
    scalings = {"robust": _robust, "normal": _normal}
    if scaling not in scalings:
        raise ValueError(f"scaling is robust or normal, not {scaling!r}")
    return scalings[scaling]


def _encoder(genres: str) -> GenreMultiHot | GenreEmbedding:
    encoders = {"multi-hot": GenreMultiHot, "embedding": GenreEmbedding}
    if genres not in encoders:
        raise ValueError(f"genres is None, multi-hot or embedding, not {genres!r}")
    return encoders[genres](handle_unknown="ignore")


def _robust():
    """Fill gaps with the median, say where they were, centre and divide by the middle half."""
    return make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        RobustScaler(),
    )


def _normal():
    """Rank what is known, put gaps at 0, the middle of the ranks, and say where they were."""
    fill = SimpleImputer(
        strategy="constant", fill_value=0.0, add_indicator=True, keep_empty_features=True
    )
    return make_pipeline(NormalScores(), fill)


def _at_centre():
    """Put unknown points at the centre of their circle."""
    return SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True)


def _on_axes(sentinels):
    """Take an artist's tracks to the axes on which their mean is taken; a DataFrame comes out."""
    known = make_pipeline(*sentinels) if sentinels else "passthrough"
    axes = ColumnTransformer(
        [
            ("as_they_are", "passthrough", ["artists", "genres", *SHARES]),
            ("shares_with_sentinel", known, SHARES_WITH_SENTINEL),
            ("loudness", Loudness(), ["loudness"]),
            ("tempo", TempoOctaves(), ["tempo"]),
            ("duration", LogDuration(), ["duration_ms"]),
        ],
        verbose_feature_names_out=False,
    )
    return axes.set_output(transform="pandas")
