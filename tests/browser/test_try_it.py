"""The page that recommends, used from disk by mouse and by keyboard."""

import csv
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from nexttrack.apps.try_it.page import page as html_of
from nexttrack.study.try_it.container import pack


@pytest.fixture(scope="module")
def file(page_model, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("try") / "try-it.html"
    path.write_text(html_of(pack(*page_model)), encoding="utf-8")
    return path


@pytest.fixture
def visit(browser: Browser, file: Path):
    """Return a function that opens the page; at the end nothing may have gone wrong or out."""
    contexts, complaints = [], []

    def open_(fragment: str = "", **settings) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | settings)
        context.set_default_timeout(10_000)
        context.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("request", lambda request: watch(request.url))
        contexts.append(context)
        page = context.new_page()
        page.goto(file.as_uri() + fragment)
        page.wait_for_selector("#list li[data-item], #state:not(:empty)")
        return page

    def watch(url):
        if not url.startswith((file.as_uri(), "blob:")):
            complaints.append(f"asked for {url}")

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def recommended(page: Page) -> list[str]:
    items = page.get_by_role("list", name="Recommendations").locator("li[data-item]")
    return [item.get_attribute("data-item") for item in items.all()]


def test_the_first_view_has_an_example_which_the_first_pick_replaces(visit):
    page = visit()
    assert len(recommended(page)) == 12
    expect(page.locator("#example")).to_contain_text("An example")
    page.get_by_role("combobox").first.fill("song 30")
    page.get_by_role("option", name=re.compile("^Song 30 ")).click()
    songs = page.get_by_role("list", name="Songs you like").get_by_role("listitem")
    expect(songs).to_have_count(1)
    expect(songs).to_contain_text("Song 30")
    expect(page.locator("#example")).to_be_hidden()


def test_everything_is_done_by_keyboard(visit):
    page = visit()
    search = page.get_by_role("combobox", name="Find a song")
    search.focus()
    page.keyboard.type("song 40")
    # The answer to the whole query, not to its beginning, whose list would be replaced.
    expect(page.get_by_role("listbox").get_by_role("option").first).to_contain_text("Song 40")
    expect(search).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    selected = page.get_by_role("listbox").get_by_role("option", selected=True)
    expect(selected).to_have_count(1)
    assert search.get_attribute("aria-activedescendant") == selected.get_attribute("id")
    page.keyboard.press("Enter")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(search).to_be_focused()
    page.get_by_role("button", name=re.compile("^Remove")).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_contain_text("Choose a song")
    expect(search).to_be_focused()


def test_reasons_are_shares_that_add_up_and_light_their_song(visit):
    page = visit()
    first = page.locator("#list li[data-item]").first
    widths = first.locator(".bar button").evaluate_all(
        "all => all.map(b => parseFloat(b.style.width))"
    )
    assert sum(widths) == pytest.approx(100, abs=2)
    part = first.locator(".bar button").first
    part.focus()
    expect(page.locator("#songs li.lit")).to_have_count(1)
    page.keyboard.press("ArrowRight")
    expect(first.locator(".bar button").nth(1)).to_be_focused()
    assert "because of" in first.locator(".why").inner_text()


def test_models_differ_and_say_what_they_are(visit):
    page = visit()
    lists = {}
    for name in ("Hybrid", "Factors", "Neighbours", "Sound", "Popular"):
        page.get_by_role("radio", name=name).check(force=True)
        expect(page.locator("#model-says")).not_to_be_empty()
        page.wait_for_timeout(100)
        lists[name] = tuple(recommended(page))
    assert len(set(lists.values())) == 5
    expect(page.locator(".new").first).to_be_visible()


def test_controls_change_the_list_and_reset_gives_it_back(visit):
    page = visit()
    before = recommended(page)
    page.get_by_text("Controls").click()
    page.get_by_label("No artist twice").check()
    page.get_by_label("Variety").fill("80")
    page.get_by_label("Energy, at least").fill("60")
    page.wait_for_timeout(300)
    changed = recommended(page)
    assert changed != before
    artists = page.locator("#list li[data-item] .artist").all_inner_texts()
    named = [name for text in artists for name in text.split(", ")]
    assert len(named) == len(set(named))
    page.get_by_label("Energy, at least").fill("100")
    expect(page.locator("#state")).to_contain_text("widen")
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("#list li[data-item]")).to_have_count(12)
    assert recommended(page) == before


def test_thumbs_change_the_list_at_once(visit):
    page = visit()
    first = recommended(page)[0]
    page.locator("#list li[data-item]").first.get_by_role("button", name=re.compile("^Not")).click()
    page.wait_for_timeout(200)
    assert first not in recommended(page)


def test_an_address_brings_everything_back(visit, page_model):
    page = visit()
    page.get_by_role("combobox").first.fill("song 30")
    page.get_by_role("listbox").get_by_role("option").first.click()
    page.get_by_role("radio", name="Factors").check(force=True)
    page.wait_for_timeout(200)
    fragment = "#" + page.url.split("#")[1]
    again = visit(fragment)
    assert recommended(again) == recommended(page)
    expect(again.get_by_role("radio", name="Factors")).to_be_checked()
    other = visit(fragment.replace(page_model[0]["version"], "ffffffff"))
    expect(other.locator("#read")).to_contain_text("another edition")


@pytest.mark.parametrize(
    "fragment", ["#s=", "#v=x&s=%F0%9F", "#s=zzzzzzzzz.-1.1*-5&m=no", "#" + "s" * 9_000]
)
def test_a_broken_address_is_no_harm(visit, page_model, fragment):
    page = visit(fragment.replace("s=zz", f"v={page_model[0]['version']}&s=zz"))
    page.wait_for_selector("#list li[data-item], #state:not(:empty)")


def test_names_are_text(visit, page_model):
    page = visit(f"#v={page_model[0]['version']}&m=popular&s=5")
    expect(page.locator("#list")).to_contain_text("<img src=x onerror=")
    assert page.title() == "Try it: what should I play next?"
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_all(visit, scheme):
    page = visit(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    page.get_by_text("Controls").click()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_list_goes_to_a_file_and_cells_compute_nothing(visit):
    page = visit()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    rows = list(csv.reader(Path(download.value.path()).read_text().splitlines()))
    assert rows[0] == ["place", "title", "artists", "score"]
    assert len(rows) == 13
    assert page.evaluate("csvOf([{title: '=1+1', artists: ['a'], score: 1}])").endswith(
        '"\'=1+1","a","1"'
    )


def test_a_blind_comparison_names_the_models_at_the_end(visit):
    page = visit()
    page.get_by_text("Which of the two?").click()
    page.get_by_role("button", name="Begin").click()
    for _ in range(2):
        page.get_by_role("list", name="Which would you play?").get_by_role("checkbox").first.check()
        page.get_by_role("button", name="Done with this round").click()
        expect(page.locator("#verdict")).to_contain_text("round")
        page.get_by_role("button", name="Next round").click()
    page.get_by_role("checkbox").last.check()
    page.get_by_role("button", name="Done with this round").click()
    assert "Hybrid" not in page.locator("#verdict").inner_text()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#verdict")).to_contain_text(re.compile("Hybrid won|Sound won"))


def test_what_nothing_is_called_so_says_so(visit):
    page = visit()
    page.get_by_role("combobox").first.fill("zzqqxxzz")
    expect(page.locator("#found")).to_contain_text("Nothing is called")


def test_an_export_becomes_the_taste_and_tells_what_it_did_not_find(visit, tmp_path):
    plays = [
        {
            "endTime": f"2024-01-0{day} 10:00",
            "artistName": artist,
            "trackName": title,
            "msPlayed": ms,
        }
        for day, artist, title, ms in [
            *((day, "Artist 30", "Song 30", 200_000) for day in (1, 2, 3)),
            *((4, "Artist 40", "Song 40", 180_000), (5, "Artist 50", "Song 50", 4_000)),
            (6, "Nobody", "<b>Unknown</b>", 180_000),
        ]
    ]
    file = tmp_path / "StreamingHistory_music_0.json"
    file.write_text(json.dumps(plays))
    page = visit()
    page.locator("#files").set_input_files(file)
    expect(page.locator("#read")).to_contain_text("2 of 3 songs are known here")
    songs = page.get_by_role("list", name="Songs you like").get_by_role("listitem")
    expect(songs).to_have_count(2)  # a skip counts for nothing
    expect(songs.first).to_contain_text("Song 30")  # what is played most comes first
    page.get_by_text("that are not").click()
    expect(page.locator("#read")).to_contain_text("Nobody – <b>Unknown</b>")
    expect(page.locator("#list li[data-item]").first).to_be_visible()


@pytest.mark.parametrize("text", ["{", "", "[1, 2]", '{"a": 1}'])
def test_a_file_that_is_no_export_is_told_and_changes_nothing(visit, tmp_path, text):
    file = tmp_path / "StreamingHistory_music_0.json"
    file.write_text(text)
    page = visit()
    before = recommended(page)
    page.locator("#files").set_input_files(file)
    expect(page.locator("#read .note").first).not_to_be_empty()
    assert recommended(page) == before


def test_a_page_whose_models_are_broken_says_so(browser: Browser, tmp_path):
    path = tmp_path / "broken.html"
    path.write_text(html_of(b"not a model"), encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    expect(page.locator("#state")).to_contain_text("cannot be read")
    page.close()
