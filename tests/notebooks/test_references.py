"""The bibliography holds what the chapters cite, once, and says where to find it."""

import re
from collections import Counter

import pytest

from nexttrack import project
from nexttrack.press.execute import chapters, read

ENTRIES = [
    entry
    for entry in re.split(r"^@", (project.root() / "references.bib").read_text("utf-8"), flags=re.M)
    if entry.strip()
]
KEYS = [re.match(r"\w+\{([\w-]+),", entry)[1] for entry in ENTRIES]


def values(field):
    """What the entries have in a field, without marks and case."""
    found = (re.search(rf"^\s*{field}\s*=\s*\{{(.*)\}},?$", entry, re.M) for entry in ENTRIES)
    return [re.sub(r"\W", "", one[1]).casefold() for one in found if one]


def cited():
    """The keys that chapters cite, in text, captions and sentences that cells say."""
    sources = (cell.source for path in chapters(project.root()) for cell in read(path).cells)
    marks = re.findall(r"(?<![\w.\\])@([a-z]+\d{4}[a-z0-9]*)\b", "\n".join(sources))
    assert marks
    return set(marks)


def test_every_entry_is_cited_and_every_citation_has_one():
    assert sorted(KEYS) == sorted(cited())


@pytest.mark.parametrize("field", ["title", "doi", "url"])
def test_no_entry_is_there_twice(field):
    assert [value for value, times in Counter(values(field)).items() if times > 1] == []


@pytest.mark.parametrize("entry", ENTRIES, ids=KEYS)
def test_every_entry_says_where_it_is(entry):
    assert re.search(
        r"^\s*(doi\s*=\s*\{10\.\d{4,}/\S+\}|url\s*=\s*\{https://\S+\}),?$", entry, re.M
    )
