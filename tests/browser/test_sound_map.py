"""The map of recordings in a browser: moved, zoomed, coloured, searched, by pointer and keys."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from nexttrack.apps.sound_map import map_page

EVIL = "<img src=x onerror=alert(1)> & <b>bold</b>"
NARROW = {"viewport": {"width": 390, "height": 700}, "has_touch": True}
# The seen part of the map, and where on the page recording number `row` is drawn.
SEEN = """() => {
  const {x_range: x, y_range: y} = Bokeh.documents[0].get_model_by_name("map");
  return [x.start, x.end, y.start, y.end];
}"""
PLACE = """title => {
  const figure = Bokeh.documents[0].get_model_by_name("map");
  const {data} = Bokeh.documents[0].get_model_by_name("recordings").data_source;
  const row = data.title.indexOf(title), {x_range: x, y_range: y} = figure;
  const box = document.getElementById("map").getBoundingClientRect();
  return [
    box.left + 1 + (data.x[row] - x.start) / (x.end - x.start) * figure.inner_width,
    box.top + 1 + (y.end - data.y[row]) / (y.end - y.start) * figure.inner_height,
  ];
}"""
COLOURS = """() => {
  const {data} = Bokeh.documents[0].get_model_by_name("recordings").data_source;
  return Object.fromEntries(data.title.map((title, row) => [title, data.colour[row].slice(0, 7)]));
}"""
MARK = "() => Bokeh.documents[0].get_model_by_name('mark').data_source.data.x.length"


@pytest.fixture
def content(to_map, make_map):
    """Return a map of made-up recordings, one alone in a corner and with markup as its title."""
    given = to_map(80)
    given["recordings"].loc[0, ["title", "popularity"]] = [EVIL, 100]
    given["recordings"].at[1, "artists"] = ["Björk"]
    given["places"][0] = [-12, 12]
    return make_map(**given, most=60)


@pytest.fixture
def opened(browser, content, tmp_path, request):
    """Return the map's page, opened from its file, which must load and complain of nothing."""
    settings = {"viewport": {"width": 760, "height": 640}} | getattr(request, "param", {})
    file = tmp_path / "sound-map.html"
    file.write_text(map_page.page(content), encoding="utf-8")
    context = browser.new_context(**settings)
    context.set_default_timeout(10_000)
    page, complaints, requests = context.new_page(), [], []
    context.on("request", lambda r: requests.append(r.url))
    page.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.goto(file.as_uri())
    page.locator("#map[data-ready]").wait_for()
    page.wait_for_function(
        "Bokeh.documents[0].get_model_by_name('map').inner_width > 0 && Bokeh.documents[0].is_idle"
    )
    yield page
    context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("data:", "blob:"))] == [file.as_uri()]


def seen(page: Page) -> np.ndarray:
    """Return left, right, bottom and top of the part of the map that is seen."""
    return np.array(page.evaluate(SEEN))


def width(page: Page) -> float:
    """Return how much of the map is seen from left to right."""
    left, right, *_ = seen(page)
    return right - left


def settled(page: Page, condition: str) -> None:
    """Wait until an expression about the seen part ``[left, right, bottom, top]`` holds."""
    page.wait_for_function(f"(([left, right, bottom, top]) => {condition})(({SEEN})())")


def picture(page: Page) -> np.ndarray:
    """Return the drawn map, rows x columns x red, green, blue."""
    return np.asarray(Image.open(io.BytesIO(page.locator("#map").screenshot())).convert("RGB"))


def test_every_recording_is_seen_at_first_in_one_scale(opened, content):
    left, right, bottom, top = seen(opened)
    places = np.array([line.split("\t")[4].split() for line in content["recordings"]], dtype=float)
    assert left < places[:, 0].min()
    assert places[:, 0].max() < right
    assert bottom < places[:, 1].min()
    assert places[:, 1].max() < top
    box = opened.locator("#map").bounding_box()
    assert (right - left) / (top - bottom) == pytest.approx(box["width"] / box["height"], rel=0.02)
    colours = {tuple(rgb) for rgb in picture(opened).reshape(-1, 3)}
    assert len(colours) > 20  # points, their edges, the ground


def test_the_wheel_zooms_and_dragging_moves(opened):
    box = opened.locator("#map").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    whole = seen(opened)
    opened.mouse.move(x, y)
    opened.mouse.wheel(0, -200)
    settled(opened, f"right - left < {0.9 * (whole[1] - whole[0])}")
    before = seen(opened)
    opened.mouse.down()
    opened.mouse.move(x + 60, y + 30, steps=4)
    opened.mouse.up()
    settled(opened, f"left < {before[0]} && top > {before[3]}")
    opened.get_by_role("button", name="Whole map").click()
    np.testing.assert_allclose(seen(opened), whole)


def test_buttons_and_keys_move_and_zoom(opened):
    across = width(opened)
    opened.get_by_role("button", name="Zoom in").click()
    assert width(opened) == pytest.approx(across / 2)
    opened.get_by_role("button", name="Zoom out").click()
    assert width(opened) == pytest.approx(across)
    opened.locator("#map").focus()
    opened.keyboard.press("+")
    assert width(opened) == pytest.approx(across / 2)
    left = seen(opened)[0]
    opened.keyboard.press("ArrowRight")
    assert seen(opened)[0] == pytest.approx(left + width(opened) / 10)


def test_pointing_at_a_recording_says_which_it_is_and_runs_no_markup(opened):
    x, y = opened.evaluate(PLACE, EVIL)
    opened.mouse.move(x - 3, y - 3)
    opened.mouse.move(x, y)
    tooltip = opened.locator(".bk-Tooltip")
    expect(tooltip).to_contain_text(EVIL)
    expect(tooltip).to_contain_text("Artist 0, Guest")
    opened.locator("#colour").select_option(label="tempo bpm")
    opened.wait_for_timeout(300)  # the legend, and with it the map, has another height
    x, y = opened.evaluate(PLACE, EVIL)
    opened.mouse.move(x - 3, y - 3)
    opened.mouse.move(x, y)
    expect(tooltip).to_contain_text("tempo bpm: percentile")


def test_pressing_a_recording_says_which_it_is(opened):
    opened.mouse.click(*opened.evaluate(PLACE, EVIL))
    expect(opened.get_by_role("status")).to_contain_text(EVIL)
    assert opened.evaluate(MARK) == 1


def test_colours_are_by_group_or_feature_with_a_legend(opened, content):
    lines = [line.split("\t") for line in content["recordings"]]
    colours = opened.evaluate(COLOURS)
    for title, _, _, codes, *_ in lines:
        assert colours[title] == map_page.COLOURS[int(codes.split()[0])]
    legend = opened.get_by_role("list", name="Colours").get_by_role("button")
    assert legend.all_inner_texts() == content["groups"][0]["values"]
    opened.get_by_label("Colour by").select_option(label="genre family")
    assert legend.all_inner_texts() == content["groups"][1]["values"]
    opened.get_by_label("Colour by").select_option(label="energy")
    assert legend.count() == 0
    expect(opened.get_by_role("list", name="Colours")).to_contain_text("lowest energy")
    colours = opened.evaluate(COLOURS)
    scale = map_page.viridis(101)
    assert all(colours[line[0]] == scale[int(line[5].split()[0])] for line in lines)


def test_another_colour_is_drawn(opened):
    def reds() -> int:
        red, green, blue = np.moveaxis(picture(opened).astype(int), -1, 0)
        return int(((red - blue > 100) & (red - green > 60)).sum())

    assert reds() > 100  # the second colour of the palette
    opened.get_by_label("Colour by").select_option(label="energy")
    opened.wait_for_timeout(300)
    assert reds() == 0  # a scale from violet to yellow has none


def test_one_group_can_be_seen_alone(opened, content):
    button = opened.get_by_role("list", name="Colours").get_by_role("button").nth(1)
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    colours = opened.evaluate(COLOURS)
    for title, _, _, codes, *_ in (line.split("\t") for line in content["recordings"]):
        alone = int(codes.split()[0]) == 1
        assert colours[title] == (map_page.COLOURS[1] if alone else map_page.FAINT)
    opened.mouse.click(*opened.evaluate(PLACE, EVIL))  # drawn in another order than stored
    expect(opened.get_by_role("status")).to_contain_text(EVIL)
    button.click()
    assert map_page.FAINT not in opened.evaluate(COLOURS).values()


def test_a_search_leads_to_a_recording_whatever_its_accents(opened):
    across = width(opened)
    search, status = opened.get_by_label("Find"), opened.get_by_role("status")
    search.fill("bjork")
    expect(opened.locator("#matches option")).to_have_attribute("value", "Title 1 – Björk")
    search.press("Enter")
    expect(status).to_contain_text("Title 1 – Björk (")
    assert width(opened) == pytest.approx(across / 6)
    assert opened.evaluate(MARK) == 1
    search.fill("guest")
    search.press("Enter")
    expect(status).to_contain_text("1 of 59: ")
    search.press("Enter")
    expect(status).to_contain_text("2 of 59: ")
    search.fill("nobody of this name")
    search.press("Enter")
    expect(status).to_have_text(
        "Nothing on this map has “nobody of this name” in its title or artists."
    )
    assert opened.evaluate(MARK) == 0


def test_the_keyboard_reaches_every_control(opened):
    reached = []
    for _ in range(12):
        opened.keyboard.press("Tab")
        reached.append(
            opened.evaluate("document.activeElement.id || document.activeElement.innerText")
        )
    first = opened.locator("#legend button").first.inner_text()
    controls = ["colour", "search", first, "map", "closer", "farther", "whole"]
    assert [name for name in reached if name in controls][: len(controls)] == controls


@pytest.mark.parametrize("opened", [NARROW], indirect=True)
def test_a_telephone_shows_all_without_scrolling_and_a_tap_tells_which(opened):
    size = opened.evaluate("[document.body.scrollWidth, document.body.scrollHeight]")
    assert size[0] <= 390
    assert size[1] <= 700
    assert opened.locator("#map").bounding_box()["height"] >= 250
    opened.touchscreen.tap(*opened.evaluate(PLACE, EVIL))
    expect(opened.get_by_role("status")).to_contain_text(EVIL)


def test_many_recordings_are_drawn_too(browser, make_map, tmp_path, monkeypatch):
    monkeypatch.setattr(map_page, "MANY", 100)
    content = make_map(3_000, most=None)
    file = tmp_path / "all.html"
    file.write_text(map_page.page(content), encoding="utf-8")
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(file.as_uri())
    page.locator("#map[data-ready]").wait_for()
    page.wait_for_timeout(1_000)
    drawn = picture(page)
    assert (drawn < 200).any(axis=2).mean() > 0.01
    assert errors == []
    page.close()
