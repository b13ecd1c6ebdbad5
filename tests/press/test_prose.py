import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from typer.testing import CliRunner

from nexttrack import project
from nexttrack.press.commands import book_app
from nexttrack.press.execute import write
from nexttrack.press.prose import in_prose, typed_numbers


def shown(text, kind="text/markdown"):
    return new_output("display_data", {kind: text, "text/plain": "<Markdown 0.99>"})


def chapter(tmp_path, prose, *outputs, tags=()):
    cell = new_code_cell("0.31  # 0.31 in the code is no output", outputs=list(outputs))
    cell.metadata["tags"] = list(tags)
    path = tmp_path / "01-one.ipynb"
    write(new_notebook(cells=[new_markdown_cell(prose), cell]), path)
    return path


def hits(tmp_path, prose, output, **options):
    return typed_numbers(chapter(tmp_path, prose, shown(output), **options))


def numbers(markdown):
    return [typed.number.text for typed in in_prose(markdown)]


@pytest.mark.parametrize(
    ("prose", "output"),
    [
        ("It reaches 0.31.", "NDCG is 0.312"),
        ("It reaches 0.31.", "| a | 0.312 |"),
        ("It reaches **0.31**, more than *0.2*.", "0.31"),
        ("In all, 37 % of them", "0.371"),
        ("In all, 37% of them", "37.1 %"),
        ("In all, 37 per cent", "37.1%"),
        ("There are 89,741 ids", "89741"),
        ("About 2.3 million plays", "2,312,034"),
        ("Only 113 of them", "113 recordings"),
        ("So 20 listeners heard it", "20 listeners"),
        ("A gain of −0.052 is small.", "-0.0521"),
        ("## It reaches 0.31", "0.312"),
        ("- first\n- it reaches 0.31", "0.312"),
        ("See [the 0.31](#sec-x) there", "0.312"),
        ("> quoted: 0.31 {.unit}", "0.312"),
        ("See @fig-models: 0.31", "0.312"),
        ("A source says .224 [@a]. We get 0.31.", "0.312"),
    ],
)
def test_a_typed_number_that_a_cell_computes_is_a_hit(tmp_path, prose, output):
    (line,) = hits(tmp_path, prose, output)
    assert line.startswith("01-one, cell 1: types ")
    assert line.endswith(", which cell 2 computes")


@pytest.mark.parametrize(
    ("prose", "output"),
    [
        ("It reaches 0.31.", "0.3 and 0.316"),
        ("In all, 37 % of them", "37 and 0.4"),
        ("Only 113 of them", "113.6"),
        ("So 20 listeners heard it", "| 20 | 0.3 | 20 tracks"),
        ("Two of 3 or 9 of them", "3 of 9 of 2 of"),
        ("Since 2019, and in 2020-05", "2019 2020 in"),
        ("By NDCG@10 and Recall@20", "10 20"),
        ("The top 10 and the top-20", "10 and 20 and"),
        ("Figure 12 and Chapter 11 and Tables 13–14", "12 and 11 and 13 and 14 and"),
        ("## 12.3 Models", "12.3"),
        ("12. a list", "12 a list"),
        ("Write `x = 0.312` here", "0.312"),
        ("```python\nx = 0.312\n```", "0.312"),
        ("where $x = 0.312$ and\n\n$$ y = 0.312 $$", "0.312"),
        ("![](fig-0.312.png) [link](https://a.b/0.312) https://a.b/0.312", "0.312"),
        ("Text {#sec-0.312}\n\n::: {.callout-note width=0.312}\nx\n:::", "0.312"),
        ("<!-- 0.312 --> <iframe height='0.312'></iframe>", "0.312"),
        ("The winner had 0.312 [@recsys2018; see p. 3].", "0.312"),
        ("As @steck2018 says, 0.312 is high.", "0.312"),
        ("a 95 % confidence interval, a 95 % bootstrap interval", "95 % and 0.951"),
        ("Nothing is computed: 0.312", "0.5"),
    ],
)
def test_what_the_rule_leaves_out_is_no_hit(tmp_path, prose, output):
    assert hits(tmp_path, prose, output) == []


def test_the_stand_in_of_a_rich_output_is_not_an_output(tmp_path):
    figure = new_output("display_data", {"image/png": "a", "text/plain": "<Figure 0.312>"})
    assert typed_numbers(chapter(tmp_path, "It is 0.31.", figure)) == []
    assert hits(tmp_path, "It is 0.99.", "0.5") == []


def test_printed_text_counts(tmp_path):
    printed = new_output("stream", name="stdout", text="0.312\n")
    assert len(typed_numbers(chapter(tmp_path, "It is 0.31.", printed))) == 1


def test_the_colophon_is_not_looked_at(tmp_path):
    assert hits(tmp_path, "It is 0.31.", "0.312", tags=["colophon"]) == []


def test_only_prose_is_read():
    markdown = """# 3 Title {#sec-title}

Of 114,000 rows, `12` are $13$ and 14.5 % are not; see [@key, p. 16]. Then 17 more.

1. first, 18 tracks
"""
    assert numbers(markdown) == ["17", "18"]


@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_any_text_can_be_read(text):
    assert all(typed.number.text for typed in in_prose(text))


@given(st.decimals(min_value="10.01", max_value="99999", places=2))
def test_a_number_said_and_computed_alike_is_a_hit(tmp_path_factory, value):
    path = chapter(tmp_path_factory.mktemp("book"), f"It is {value:,}.", shown(f"| {value} |"))
    assert len(typed_numbers(path)) == 1


def test_the_command_names_each_number_and_fails(tmp_path, monkeypatch):
    path = chapter(tmp_path, "It reaches 0.31 with 20 listeners.", shown("0.312, 20 listeners"))
    (tmp_path / "_quarto.yml").write_text(f"book:\n  chapters: [{path.name}]\n")
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    result = CliRunner().invoke(book_app, ["prose"])
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "01-one, cell 1: types 0.31, which cell 2 computes",
        "01-one, cell 1: types 20, which cell 2 computes",
    ]
    chapter(tmp_path, "It reaches more with listeners.", shown("0.312, 20 listeners"))
    result = CliRunner().invoke(book_app, ["prose"], catch_exceptions=False)
    assert result.exit_code == 0
    assert result.stdout == "no typed number or finding in 1 chapters\n"
