"""Pictures compared as a reader sees them: by what each of their small squares looks like."""

import re
from base64 import b64decode
from io import BytesIO
from itertools import pairwise

import numpy as np
from matplotlib.image import imread

SQUARE = 12  # points: a figure of the book's width has about 75 squares from side to side
# Of the range of a colour. Other smoothing of letters and marks changes a square by 0.08 at most, a
# thin line that leaves a square by 0.25, a line that is light blue and no longer blue by 0.12.
TOLERANCE = 0.1
SIZES_APART = 0.02  # what a longer or shorter label at the edge may make of a picture's size
_NAMES = re.compile(r'((?<=id=")|(?<=href="#)|(?<=url\(#))[^")]*|<dc:date>.*?</dc:date>')


def looks(points: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Return the perceptual hash of a picture: the mean of each colour in each of its squares.

    Args:
        points: rows x columns x colours.
        grid: into how many rows and columns of squares it is cut.

    Returns:
        The means, rows x columns of squares x colours.
    """
    return _means(_means(points, grid[0]).swapaxes(0, 1), grid[1]).swapaxes(0, 1)


def seen_to_differ(stored: str, new: str, tolerance: float = TOLERANCE) -> str:
    """Return in words how a picture differs to the eye from the stored one, or nothing.

    Args:
        stored, new: PNGs in base64, as a notebook stores them.
        tolerance: how far the mean of a colour in a square may be from the stored one, from 0 to 1.

    Raises:
        ValueError: if one is no PNG.
    """
    if stored == new:
        return ""
    before, after = _points(stored), _points(new)
    sizes = np.array([before.shape[:2], after.shape[:2]])
    if (np.abs(sizes[1] / sizes[0] - 1) > SIZES_APART).any():
        (rows, columns), (new_rows, new_columns) = sizes
        return f"{new_columns} x {new_rows} points in place of {columns} x {rows}"
    grid = tuple(max(1, round(side / SQUARE)) for side in sizes[0])
    apart = np.abs(looks(after, grid) - looks(before, grid)).max(axis=2)
    if apart.max() <= tolerance:
        return ""
    row, column = np.unravel_index(apart.argmax(), apart.shape)
    return (
        f"another look in {(apart > tolerance).sum()} of {apart.size} squares, the most by "
        f"{apart.max():.2f}, {row / grid[0]:.0%} down and {column / grid[1]:.0%} across"
    )


def drawing(svg: str) -> str:
    """Return the text of an SVG without the names and the date that change with each run."""
    return _NAMES.sub("", svg)


def _points(png: str) -> np.ndarray:
    """Return rows x columns x red, green and blue, from 0 to 1, white where nothing is painted."""
    try:
        points = np.atleast_3d(imread(BytesIO(b64decode(png)), format="png")).astype(float)
    except (OSError, SyntaxError) as error:
        raise ValueError(f"not a PNG: {error}") from None
    if points.shape[2] in (2, 4):  # the last says how much is painted
        points = points[:, :, :-1] * points[:, :, -1:] + 1 - points[:, :, -1:]
    return np.broadcast_to(points, (*points.shape[:2], 3))


def _means(rows: np.ndarray, bands: int) -> np.ndarray:
    """Return the means over the rows in each of some bands of equal height."""
    cuts = np.linspace(0, len(rows), min(bands, len(rows)) + 1).round().astype(int)
    return np.stack([rows[a:b].mean(axis=0) for a, b in pairwise(cuts)])
