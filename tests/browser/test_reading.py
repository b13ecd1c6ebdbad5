"""The book in a browser, as a reader meets it."""

import json
import re
from pathlib import PurePosixPath

import pytest
from playwright.sync_api import Page, expect

from nexttrack import project
from nexttrack.press.outline import read_outline

PAGES = [str(chapter.page) for chapter in read_outline(project.root()).chapters]
CHAPTER = next(page for page in PAGES if page.startswith("chapters/"))
SEARCH = "#quarto-search input"
RESULT = ".search-result, .aa-Item a"
TOGGLE = "a.quarto-color-scheme-toggle:visible"
NARROW = {"viewport": {"width": 390, "height": 844}}

# The contrast of a colour on another, WCAG 2.1: https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio
CONTRAST = """
(selector) => {
  const channels = (colour) => {
    const c = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    c.fillStyle = colour; c.fillRect(0, 0, 1, 1);
    return [...c.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = channels(getComputedStyle(e).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return [255, 255, 255, 255];
  };
  const seen = [...document.querySelectorAll(selector)].filter(e => e.offsetParent);
  return Math.min(...seen.map(e => {
    const text = luminance(channels(getComputedStyle(e).color)), behind = luminance(ground(e));
    return (Math.max(text, behind) + 0.05) / (Math.min(text, behind) + 0.05);
  }));
}
"""


def background(page: Page) -> str:
    """Return the colour of the page."""
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def settled_background(page: Page, other_than: str) -> str:
    """Return the colour of the page once it is another one."""
    page.wait_for_function(
        "colour => getComputedStyle(document.body).backgroundColor !== colour", arg=other_than
    )
    return background(page)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_without_a_complaint(reader, path):
    page = reader.open(path)
    expect(page.locator("main h1").first).to_be_visible()
    broken = page.evaluate(
        "[...document.images].filter(i => i.loading !== 'lazy' && !i.naturalWidth).map(i => i.src)"
    )
    assert broken == []


def test_search_finds_a_word_and_leads_to_its_page(reader, address):
    page = reader.open("index.html")
    entries = json.loads(page.request.get(address + "search.json").text())
    entry = next(e for e in entries if e["href"].startswith(CHAPTER))
    word = max(re.findall(r"[A-Za-z]{5,12}", entry["title"] + " " + entry["text"][:300]), key=len)
    page.locator(SEARCH).first.click()
    page.locator(SEARCH).first.press_sequentially(word, delay=20)
    results = page.locator(RESULT)
    expect(results.first).to_be_visible()
    hits = [href for href in results.evaluate_all("all => all.map(a => a.href)") if href]
    assert any(PurePosixPath(CHAPTER).name in href for href in hits)
    first = hits[0].partition("#")[0].partition("?")[0]
    page.locator(SEARCH).first.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url.partition("#")[0].partition("?")[0] == first)
    expect(page.locator("main")).to_contain_text(re.compile(word, re.I))


def test_the_theme_switches_and_is_remembered(reader):
    page = reader.open(CHAPTER)
    light = background(page)
    page.locator(TOGGLE).first.click()
    dark = settled_background(page, light)
    page.reload(wait_until="networkidle")
    assert background(page) == dark
    other = reader.open("index.html")
    assert background(other) == dark
    other.locator(TOGGLE).first.click()
    assert settled_background(other, dark) == light


@pytest.mark.parametrize("reader", [{"color_scheme": "dark"}], indirect=True)
def test_the_theme_follows_the_system_until_the_reader_chooses(reader):
    page = reader.open(CHAPTER)
    levels = [int(v) for v in re.findall(r"\d+", background(page))[:3]]
    assert max(levels) < 100


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("selector", ["main p", "main a", "main pre code", "figcaption", "nav a"])
def test_text_stands_out_from_its_ground(browser, address, scheme, selector):
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(address + CHAPTER, wait_until="networkidle")
    assert page.evaluate(CONTRAST, selector) >= 4.5
    context.close()


def test_the_keyboard_reaches_everything_and_shows_where_it_is(reader):
    page = reader.open(CHAPTER)
    wanted = {
        "navigation": "#quarto-sidebar a.sidebar-link",
        "search": "#quarto-search input, #quarto-search button",
        "theme": "a.quarto-color-scheme-toggle",
        "contents": "#TOC a",
        "notebook": ".notebook-download a",
        "code": "details.code-fold summary",
        "next page": ".page-navigation a",
    }
    wanted = {name: css for name, css in wanted.items() if page.locator(css).count()}
    reached: set[str] = set()
    for _ in range(600):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """wanted => {
              const e = document.activeElement;
              if (!e || e === document.body) return null;
              const style = getComputedStyle(e);
              const shown = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
                || style.boxShadow !== 'none';
              const names = Object.keys(wanted).filter(name => e.matches(wanted[name]));
              return {names, shown, what: e.outerHTML.slice(0, 120)};
            }""",
            wanted,
        )
        if here is None:
            break
        if here["names"]:
            assert here["shown"], f"no visible focus: {here['what']}"
        reached |= set(here["names"])
        if reached == set(wanted):
            break
    assert reached == set(wanted)


def test_code_unfolds_by_keyboard(reader):
    page = reader.open(CHAPTER)
    fold = page.locator("details.code-fold").first
    if not fold.count():
        pytest.skip("no code is folded in the first chapter")
    before = fold.evaluate("e => e.open")
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    assert fold.evaluate("e => e.open") is not before


@pytest.mark.parametrize("reader", [NARROW], indirect=True)
@pytest.mark.parametrize("path", PAGES)
def test_a_narrow_page_scrolls_only_downwards(reader, path):
    page = reader.open(path)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    page.evaluate("window.scrollTo(500, 0)")
    assert page.evaluate("window.scrollX") == 0
    outside = page.evaluate(
        """() => [...document.querySelectorAll('main :is(p, li, h2, figcaption, img)')]
          .filter(e => e.offsetParent && !e.closest('pre, table, math'))
          .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
          .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert outside == []


@pytest.mark.parametrize("reader", [NARROW], indirect=True)
def test_a_narrow_page_opens_its_navigation(reader):
    page = reader.open(CHAPTER)
    link = page.locator("#quarto-sidebar a.sidebar-link[href]").last
    page.locator(".quarto-btn-toggle:visible").first.click()
    expect(link).to_be_in_viewport()
    link.click()
    page.wait_for_url(lambda url: not url.endswith(CHAPTER))


def test_a_notebook_downloads(reader):
    page = reader.open(CHAPTER)
    with page.expect_download() as download:
        page.locator(".notebook-download a").click()
    name = PurePosixPath(CHAPTER).with_suffix(".ipynb").name
    assert download.value.suggested_filename == name
    assert json.loads(download.value.path().read_text())["nbformat"] == 4
