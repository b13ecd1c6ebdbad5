"""The page of a map: whole in itself, with colours that readers can tell apart."""

import functools
import itertools
import json
import re

import numpy as np
import pytest
from bs4 import BeautifulSoup

from nexttrack.apps.sound_map.map_page import COLOURS, MANY, about, page
from nexttrack.book.figures import PALETTE

# Two-colour vision, Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


@pytest.fixture
def content(make_map):
    """Return a function that makes the content of a map."""
    return functools.partial(make_map, n=30, most=20)


def test_a_page_holds_its_scripts_and_may_load_nothing(content):
    html = page(content())
    inside = BeautifulSoup(html, "html.parser")
    assert [tag for tag in inside.find_all(["script", "img", "iframe"]) if tag.get("src")] == []
    assert inside.find_all("link") == []
    policy = inside.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'; script-src 'unsafe-inline'")
    assert "http" not in policy
    assert inside.html["lang"] == "en"
    assert "needs JavaScript" in inside.noscript.get_text()


def test_a_page_holds_the_content_whatever_names_it_has(to_map, content):
    recordings = to_map(30)["recordings"]
    recordings["title"] = "</script><script>alert(1)</script> <!-- {{ title }} & “é”"
    made = content(recordings=recordings)
    inside = BeautifulSoup(page(made), "html.parser")
    assert json.loads(inside.find(id="content").string) == made
    assert "alert(1)" not in "".join(s.text for s in inside.find_all("script", {"type": None}))


def test_every_control_has_a_name(content):
    inside = BeautifulSoup(page(content()), "html.parser")
    for control in inside.find_all(["select", "input"]):
        assert control.find_parent("label").get_text(strip=True), control
    for button in inside.find_all("button"):
        assert (button.get("aria-label") or button.get_text()).strip(), button


def test_it_says_what_it_shows(content):
    assert about(content()).startswith("The 20 most popular of 30 recordings; the grey ground")
    assert about(content(most=None)).startswith("All 30 recordings. ")
    assert about(content()).endswith("The published edition, data fingerprint 0123456789ab.")
    assert "Simulated, not real: the sample edition" in about(content(edition="sample"))


def test_many_recordings_are_drawn_by_webgl(content):
    few, many = page(content()), page(content(n=MANY + 1, most=None))
    assert '"output_backend": "webgl"' not in few
    assert '"output_backend": "webgl"' in many
    assert len(many) > len(few)


def test_the_same_content_gives_the_same_page(content):
    assert page(content()) == page(content())


def test_content_of_another_version_is_refused(content):
    with pytest.raises(ValueError, match="stored in format 0, not 1; execute its chapter again"):
        page(content() | {"format": 0})


def oklab(colour: str, vision: np.ndarray) -> np.ndarray:
    """Return a colour as readers with a vision see it, in OKLab (Ottosson 2020)."""
    channels = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    to_cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return to_lab @ np.cbrt(to_cones @ np.clip(vision @ linear, 0, 1))


def closest(colours) -> float:
    """Return the smallest distance of two colours, for the vision to which they are closest."""
    return min(
        float(np.linalg.norm(oklab(one, np.array(v)) - oklab(other, np.array(v))))
        for v in VISION.values()
        for one, other in itertools.combinations(colours, 2)
    )


def test_colours_begin_with_the_palette_and_are_as_far_apart():
    assert COLOURS[: len(PALETTE)] == PALETTE
    assert all(re.fullmatch("#[0-9A-F]{6}", colour) for colour in COLOURS)
    assert closest(COLOURS) >= closest(PALETTE)
