"""Tables that a reader sorts by their headings, by pointer and by keyboard."""

from itertools import chain, pairwise

import numpy as np
import pandas as pd
import pypandoc
import pytest
from playwright.sync_api import Page, expect

from nexttrack import project
from nexttrack.book.tables import table
from nexttrack.press.outline import read_outline

PAGES = [str(chapter.page) for chapter in read_outline(project.root()).chapters]
CHAPTER = next(page for page in PAGES if page.startswith("chapters/"))
THEME = project.root() / "src/nexttrack/press/theme"
SORTABLE = "main table:has(tbody > tr:nth-child(6))"
# The boxes around each table: how wide each is, and how wide is what it holds.
WIDTHS = """() => [...document.querySelectorAll("main table")].map(table => {
  const widths = [];
  for (let box = table; !box.matches("main"); box = box.parentElement) {
    widths.push(box.scrollWidth, box.clientWidth);
  }
  return widths;
})"""
UNWRAP = """() => document.querySelectorAll("main th > button")
  .forEach(button => button.replaceWith(...button.childNodes))"""
# For each heading of each table: its rows as they stand, and after each of three clicks, then with
# what the heading says of their order.
CLICKS = """tables => tables.map(table => [...table.tHead.rows[0].cells].map(heading => {
  const rows = () => [...table.tBodies[0].rows].map(row => row.textContent);
  const click = () => {
    heading.firstElementChild.click();
    return [rows(), heading.getAttribute("aria-sort")];
  };
  return [rows(), click(), click(), click()];
}))"""
ARROW = "(button) => getComputedStyle(button, '::after').opacity"

SCORES = pd.DataFrame(
    {
        "data": ["small"] * 4 + ["large"] * 4,
        "model": ["kNN 10", "iALS", "kNN 9", "EASE", "BPR", "Slope One", "Älv", "Zipf"],
        "change": [-0.5, 0.25, np.nan, -0.125, 0.1, -2.0, 0.1, 3.0],
        "share": [0.09, 0.1, 0.02, np.nan, 1.0, 0.005, 0.5, 0.05],
        "plays": [9, 1_234_567, 10, 12_345, 1, 2, 3, 4],
        "NDCG": ["0.9 (0.8 to 1.0)", "0.12 (0.1 to 0.2)", "1 ± 0.3", "–", *["0.1 [0, 1]"] * 4],
    }
)
FORMATS = {"change": ".3f", "share": ".1%"}
FLAT = table(SCORES.drop(columns="data"), FORMATS)


@pytest.fixture
def shown(browser):
    """Return a function that shows tables as a page of the book does."""
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    context.set_default_timeout(10_000)

    def show(*tables) -> Page:
        body = pypandoc.convert_text("\n\n".join(t.data for t in tables), "html", "markdown")
        css, script = ((THEME / n).read_text() for n in ("book.css", "sortable-tables.html"))
        page = context.new_page()
        page.set_content(
            f'<!doctype html><html lang="en"><meta charset="utf-8"><style>{css}</style>'
            f'<body><main class="content">{body}</main>{script}'
        )
        return page

    yield show
    context.close()


def column(page: Page, name: str) -> list[str]:
    """Return what stands in a column of the page's first table."""
    place = headings(page).index(name)
    return page.locator("tbody").first.locator(f"td:nth-child({place + 1})").all_inner_texts()


def headings(page: Page) -> list[str]:
    """Return the headings of the page's first table."""
    return page.locator("thead").first.locator("th").all_inner_texts()


def press(page: Page, name: str, times: int = 1) -> None:
    """Click a heading."""
    for _ in range(times):
        page.get_by_role("button", name=name, exact=True).click()


def orders(page: Page) -> list[str | None]:
    """Return how each heading says its column is sorted."""
    cells = page.locator("th").all()
    return [cell.get_attribute("aria-sort") for cell in cells]


@pytest.mark.parametrize(
    ("name", "down"),
    [
        ("change", ["3.000", "0.250", "0.100", "0.100", "−0.125", "−0.500", "−2.000", "–"]),
        ("share", ["100.0%", "50.0%", "10.0%", "9.0%", "5.0%", "2.0%", "0.5%", "–"]),
        ("plays", ["1,234,567", "12,345", "10", "9", "4", "3", "2", "1"]),
        (
            "NDCG",
            ["1 ± 0.3", "0.9 (0.8 to 1.0)", "0.12 (0.1 to 0.2)", *["0.1 [0, 1]"] * 4, "–"],
        ),
    ],
)
def test_numbers_stand_largest_first_then_smallest_first_and_missing_ones_last(shown, name, down):
    page = shown(FLAT)
    press(page, name)
    assert column(page, name) == down
    press(page, name)
    stated = [value for value in down if value != "–"]
    assert column(page, name) == stated[::-1] + ["–"] * (len(down) - len(stated))


def test_words_stand_in_the_order_of_the_alphabet_and_numbers_in_them_by_size(shown):
    page = shown(FLAT)
    press(page, "model")
    ascending = ["Älv", "BPR", "EASE", "iALS", "kNN 9", "kNN 10", "Slope One", "Zipf"]
    assert column(page, "model") == ascending
    press(page, "model")
    assert column(page, "model") == ascending[::-1]


def test_numbers_in_powers_of_ten_are_numbers(shown):
    values = [2e-5, 0.5, -3e-5, 1e-6, 0.01, 0.0]
    page = shown(table(pd.DataFrame({"value": values})))
    assert "2e−05" in column(page, "value")
    press(page, "value")
    assert column(page, "value") == ["0.5", "0.01", "2e−05", "1e−06", "0", "−3e−05"]


@pytest.mark.parametrize("clicks", [1, 2])
def test_equal_values_keep_the_order_of_the_page(shown, clicks):
    page = shown(FLAT)
    press(page, "model")
    press(page, "NDCG", clicks)
    rows = dict(zip(column(page, "model"), column(page, "NDCG"), strict=True))
    equal = [model for model, value in rows.items() if value == "0.1 [0, 1]"]
    assert equal == ["BPR", "Slope One", "Älv", "Zipf"]


def test_rows_stay_whole_and_a_third_click_brings_the_order_of_the_page_back(shown):
    page = shown(FLAT)
    before = page.locator("tbody tr").all_inner_texts()
    press(page, "plays")
    assert page.locator("tbody tr").all_inner_texts() != before
    assert sorted(page.locator("tbody tr").all_inner_texts()) == sorted(before)
    press(page, "plays", 2)
    assert page.locator("tbody tr").all_inner_texts() == before


def test_a_groups_name_stays_and_its_rows_are_sorted_under_it(shown):
    page = shown(table(SCORES, FORMATS, groups="data"))
    press(page, "change")
    small, large = ["iALS", "EASE", "kNN 10", "kNN 9"], ["Zipf", "BPR", "Älv", "Slope One"]
    assert column(page, "model") == ["small", *small, "large", *large]
    assert column(page, "change")[4] == "–"
    press(page, "model")
    assert column(page, "model")[::5] == ["small", "large"]


def test_a_bold_cell_in_a_row_with_others_is_no_groups_name(shown):
    models = [f"**{name}**" for name in SCORES["model"]]
    bold = SCORES.drop(columns="data").assign(model=models)
    page = shown(table(bold, markdown=["model"]))
    press(page, "plays")
    assert column(page, "plays")[:2] == ["1,234,567", "12,345"]


def test_the_sorted_column_alone_says_so(shown):
    page = shown(FLAT)
    assert orders(page) == [None] * 5
    press(page, "model")
    assert orders(page) == ["ascending", None, None, None, None]
    press(page, "share")
    assert orders(page) == [None, None, "descending", None, None]
    press(page, "share")
    assert orders(page) == [None, None, "ascending", None, None]
    press(page, "share")
    assert orders(page) == [None] * 5


def test_the_keyboard_sorts(shown):
    page = shown(FLAT)
    for name in headings(page):
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name=name, exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    assert orders(page)[-1] == "descending"
    page.keyboard.press("Space")
    assert orders(page)[-1] == "ascending"
    assert column(page, "NDCG")[0] == "0.1 [0, 1]"


def test_a_small_table_and_one_without_headings_are_left_alone(shown):
    headless = pypandoc.convert_text(FLAT.data, "html", "markdown").partition("<tbody>")[2]
    page = shown(table(SCORES[:5]), table(SCORES[:6]))
    assert page.locator("table").first.locator("button").count() == 0
    assert page.locator("table").last.locator("button").count() == SCORES.shape[1]
    script = (THEME / "sortable-tables.html").read_text()
    page.set_content(f'<main class="content"><table><tbody>{headless}</main>{script}')
    assert page.locator("tr").count() == len(SCORES)
    assert page.locator("button").count() == 0


def test_an_arrow_shows_on_the_sorted_column_faintly_under_the_pointer_and_not_on_paper(shown):
    page = shown(FLAT)
    model, share = (page.get_by_role("button", name=name) for name in ("model", "share"))
    assert model.evaluate(ARROW) == "0"
    model.hover()
    assert 0 < float(model.evaluate(ARROW)) < 1
    share.click()
    assert [share.evaluate(ARROW), model.evaluate(ARROW)] == ["1", "0"]
    page.emulate_media(media="print")
    assert share.evaluate("b => getComputedStyle(b, '::after').display") == "none"


@pytest.mark.parametrize("path", PAGES)
def test_every_table_of_six_rows_sorts_and_the_others_have_no_buttons(reader, path):
    page = reader.open(path)
    tables = page.locator(SORTABLE)
    assert page.locator("main th > button").count() == tables.locator("th").count()
    for before, *clicks in chain.from_iterable(tables.evaluate_all(CLICKS)):
        (rows, order), (turned, other), (back, none) = clicks
        assert {order, other} == {"ascending", "descending"}
        assert sorted(rows) == sorted(turned) == sorted(before)
        assert (back, none) == (before, None)


def test_a_column_of_a_chapter_is_sorted_under_each_of_its_names(reader):
    page = reader.open(CHAPTER)
    grouped = page.locator(f"{SORTABLE}:has(td:first-child > strong)").last
    names = grouped.locator("tr:has(td:first-child > strong)").all_inner_texts()
    place = next(k for k, name in enumerate(grouped.locator("th").all_inner_texts()) if "@" in name)
    grouped.locator("th button").nth(place).click()
    assert grouped.locator("tr:has(td:first-child > strong)").all_inner_texts() == names
    values = grouped.locator(f"td:nth-child({place + 1})").all_inner_texts()
    for one, other in pairwise(values):
        assert not one or not other or float(one.split()[0]) >= float(other.split()[0])


@pytest.mark.parametrize("path", PAGES)
def test_buttons_and_arrows_leave_every_table_as_wide_as_it_was(reader, path):
    page = reader.open(path)
    page.evaluate("document.querySelectorAll('main th > button').forEach(b => b.click())")
    with_buttons = widths(page)
    page.evaluate(UNWRAP)
    assert with_buttons == widths(page)


def widths(page: Page) -> list:
    """Return how wide the boxes of all tables are, on a telephone and on a desk."""
    measured = []
    for width in (390, 1400):
        page.set_viewport_size({"width": width, "height": 844})
        measured.append(page.evaluate(WIDTHS))
    return measured
