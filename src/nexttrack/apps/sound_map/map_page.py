"""The page of a map of recordings: Bokeh, everything inlined, nothing loaded from anywhere.

It is made from what :func:`nexttrack.apps.sound_map.sound_maps.map_content` puts together, and
imports Bokeh and what comes with it only: the step after rendering runs this file with whichever
Python has Bokeh, the content on standard input and the page on standard output.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
from bokeh.embed import json_item
from bokeh.models import HoverTool, LinearColorMapper, PanTool, TapTool, WheelZoomTool
from bokeh.palettes import viridis
from bokeh.plotting import figure
from bokeh.resources import Resources
from jinja2 import Environment
from markupsafe import Markup

HERE = Path(__file__).parent
FORMAT = 1  # of the content; another number is content of another version of this code
# The book's palette, and six tones more. No two are closer than the closest two of the palette, for
# readers with normal vision and with each kind of two-colour vision (a test measures it).
COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00",
    "#661100", "#332288", "#8B4513", "#225555", "#ECE133", "#99DDFF",
)  # fmt: skip
GREY = "#9A9A9A"
FAINT = "#C4C4C4"  # what is not of the one group that a reader looks at
GROUND = ("#F3F3F3", "#ECECEC", "#E5E5E5", "#DEDEDE", "#D7D7D7", "#D0D0D0")
MANY = 5_000  # points: from here on WebGL draws them, and smaller
TOOLTIP = """
<div style="max-width: 15rem; font: 13px/1.35 system-ui, sans-serif; color: #22272e">
  <div style="font-weight: 600">@title</div><div>@artists</div>
  <div>@cluster; @genre</div><div>@note</div>
</div>"""


def page(content: dict) -> str:
    """Return the HTML page of a map.

    Args:
        content: what :func:`nexttrack.apps.sound_map.sound_maps.map_content` returns.

    Raises:
        ValueError: if the content is of another version of this code.
    """
    if content.get("format") != FORMAT:
        raise ValueError(
            f"the map is stored in format {content.get('format')}, not {FORMAT}; "
            "execute its chapter again"
        )
    many = len(content["recordings"]) > MANY
    components = ["bokeh", "bokeh-gl"] if many else ["bokeh"]
    drawing = {
        "item": _item(_figure(content.get("density"), many)),
        "colours": COLOURS,
        "grey": GREY,
        "faint": FAINT,
        "scale": viridis(101),  # one colour for each percentile
        "alpha": "99" if many else "D0",
        "size": _size(many),
    }
    template = Environment(autoescape=True).from_string(_theme("sound-map.html"))
    return template.render(
        title="Map of recordings by how they sound",
        about=about(content),
        content=_json(content),
        drawing=_json(drawing),
        bokeh=[Markup(js) for js in Resources(mode="inline", components=components).js_raw],
        behaviour=Markup(_theme("sound-map.js")),
    )


def about(content: dict) -> str:
    """Return the sentences under a map: what it shows, and what it was made from."""
    shown, total = len(content["recordings"]), content["total"]
    what = (
        f"All {total:,} recordings."
        if shown == total
        else f"The {shown:,} most popular of {total:,} recordings; the grey ground is stronger "
        "where more of all recordings lie."
    )
    simulated = "Simulated, not real: the " if content["edition"] == "sample" else "The "
    return (
        f"{what} Near on the map is alike in sound; directions and wide distances mean little. "
        f"{simulated}{content['edition']} edition, data fingerprint {content['fingerprint']}."
    )


def _item(plot: figure) -> dict:
    """Return a figure as Bokeh embeds it, with ids that begin anew: the same map, the same page.

    Bokeh's own ids count on from one figure of a process to the next.
    """
    ids: dict[str, str] = {}
    text = json.dumps(json_item(plot))
    return json.loads(
        re.sub(r'"p\d{4,}"', lambda m: ids.setdefault(m[0], f'"p{1000 + len(ids)}"'), text)
    )


def _figure(density: dict | None, many: bool) -> figure:
    """Return a figure without recordings, which the page's script puts in."""
    plot = figure(
        name="map",
        sizing_mode="stretch_both",
        output_backend="webgl" if many else "canvas",
        toolbar_location=None,
        tools=[],
        x_range=(0, 1),
        y_range=(0, 1),
        min_border=0,
        outline_line_color=None,
    )
    plot.axis.visible = plot.grid.visible = False
    if density:
        _draw_ground(plot, density)
    columns = ("x", "y", "title", "artists", "genre", "cluster", "note", "colour")
    points = plot.scatter(
        "x",
        "y",
        source={column: [] for column in columns},
        size=_size(many),
        fill_color="colour",
        line_color=None,
        name="recordings",
    )
    points.selection_glyph = points.nonselection_glyph = None
    plot.scatter(
        "x",
        "y",
        source={"x": [], "y": []},
        size=20,
        fill_color=None,
        line_color="#000000",
        line_width=2.5,
        name="mark",
    )
    wheel = WheelZoomTool()
    hover = HoverTool(renderers=[points], tooltips=TOOLTIP, limit=1)
    plot.add_tools(PanTool(), wheel, hover, TapTool(renderers=[points]))
    plot.toolbar.active_scroll = wheel
    return plot


def _size(many: bool) -> float:
    """Return the diameter of a point in pixels, on the whole map."""
    return 3.5 if many else 8


def _draw_ground(plot: figure, density: dict) -> None:
    """Draw how many recordings lie where, as a quiet grey; places without any stay white."""
    counts = np.array([row.split() for row in density["counts"]], dtype=float)
    (left, right), (bottom, top) = density["x"], density["y"]
    levels = np.where(counts > 0, np.log(np.maximum(counts, 1)), np.nan)
    mapper = LinearColorMapper(
        palette=GROUND, low=0, high=float(np.log(max(counts.max(), 2))), nan_color="#FFFFFF"
    )
    plot.image(
        image=[levels], x=left, y=bottom, dw=right - left, dh=top - bottom, color_mapper=mapper
    )


def _theme(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _json(value: object) -> Markup:
    """Return JSON that can stand in a script element: no tag can end it."""
    return Markup(json.dumps(value, ensure_ascii=False).replace("<", "\\u003c"))


if __name__ == "__main__":
    sys.stdout.buffer.write(page(json.load(sys.stdin.buffer)).encode())
