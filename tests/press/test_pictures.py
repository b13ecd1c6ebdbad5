"""A picture is as stored if it looks the same: not if its colours changed, or a curve moved."""

from base64 import b64encode
from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
import pytest

from nexttrack.book.figures import PALETTE, STYLE, figure
from nexttrack.press.pictures import drawing, looks, seen_to_differ


def plot(kind="line", colour=PALETTE[0], moved=0.0, form="png", **style):
    """A small plot as a notebook stores it."""
    x = np.linspace(0, 1, 12)
    with plt.rc_context({**STYLE, **style}):
        _, ax = figure(height=2.5)
        if kind == "line":
            ax.plot(x, x**2 + moved, color=colour)
            ax.plot(x, 1 - x, color=PALETTE[2])
        elif kind == "dots":
            ax.plot(x, x**2 + moved, "o", color=colour)
        else:
            ax.bar(x, x**2 + 0.2 + moved, width=0.05, color=colour)
        ax.set(ylim=(-0.2, 1.4), xlabel="share of users", ylabel="NDCG@10")
        file = BytesIO()
        plt.savefig(file, format=form, bbox_inches="tight")
        plt.close()
    return b64encode(file.getvalue()).decode() if form == "png" else file.getvalue().decode()


every_kind = pytest.mark.parametrize("kind", ["line", "dots", "bars"])
SMOOTHED = [
    {"text.antialiased": False, "patch.antialiased": False},
    {"text.hinting": "none"},
    {"text.hinting": "force_autohint"},
]


@every_kind
@pytest.mark.parametrize("style", SMOOTHED, ids=str)
def test_other_smoothing_is_the_same_picture(kind, style):
    stored, new = plot(kind), plot(kind, **style)
    assert stored != new
    assert seen_to_differ(stored, new) == ""


@every_kind
@pytest.mark.parametrize("colour", [PALETTE[1], PALETTE[4]], ids=["orange", "light blue"])
def test_another_colour_is_seen(kind, colour):
    assert "another look in" in seen_to_differ(plot(kind), plot(kind, colour))


@every_kind
@pytest.mark.parametrize("moved", [0.02, -0.1])
def test_a_curve_that_moved_is_seen_and_where(kind, moved):
    seen = seen_to_differ(plot(kind), plot(kind, moved=moved))
    assert "% down and" in seen
    assert seen_to_differ(plot(kind), plot(kind, moved=moved), tolerance=1.0) == ""


def test_another_size_is_seen():
    seen = seen_to_differ(plot(), plot(**{"savefig.dpi": 100}))
    assert " points in place of " in seen


def test_what_is_no_picture_is_said():
    with pytest.raises(ValueError, match="not a PNG"):
        seen_to_differ(plot(), "AAAA")


def test_a_hash_is_the_means_of_squares():
    halves = np.concatenate([np.zeros((4, 8, 3)), np.ones((4, 8, 3))])
    assert looks(halves, (2, 1))[:, 0, 0].tolist() == [0, 1]
    assert looks(halves, (1, 2)).tolist() == [[[0.5] * 3] * 2]


def test_drawings_are_compared_without_names_that_change():
    style = {"svg.hashsalt": None}
    stored, new = plot(form="svg", **style), plot(form="svg", **style)
    assert stored != new
    assert drawing(stored) == drawing(new)
    assert drawing(stored) != drawing(plot(colour=PALETTE[1], form="svg"))
