"""The bench of the search asks what it says: two words, one of them wrong by one edit."""

import base64
import json
import random

import pandas as pd

from benchmarks.finding import MEASURED, MODULES, in_node, mistyped, queries_of, sections_of
from nexttrack.apps.try_it.page import bundle


def test_a_mistyped_word_is_another():
    chance = random.Random(1)
    for _ in range(200):
        wrong = mistyped("song", chance)
        assert wrong != "song"
        assert abs(len(wrong) - 4) <= 1


def test_wrong_queries_differ_from_clean_ones_in_one_word():
    queries = queries_of([{"one", "two", "of"}, {"three", "four", "five"}])
    for (clean, meant), (wrong, same) in zip(queries["clean"], queries["wrong"], strict=True):
        assert meant == same == set(clean.split())
        assert sum(a != b for a, b in zip(clean.split(), wrong.split(), strict=True)) == 1
        assert all(len(word) >= 3 for word in meant)


def test_the_page_s_own_search_is_measured():
    names = {"title": ["Hello", "Again"], "artists": [["Adele"], ["Lola"]], "popularity": [9, 5]}
    sections = {
        name: base64.b64encode(part.tobytes()).decode()
        for name, part in sections_of(pd.DataFrame(names)).items()
    }
    script = f"{bundle(MODULES)}\n{MEASURED}\nconst asked = measured;"
    task = {"sections": sections, "queries": ["adele helo", "lola", "nothing"]}
    report = in_node(script, json.dumps(task))
    assert [one["items"] for one in report["found"]] == [[0], [1], []]
    assert all(one["ms"] >= 0 for one in report["found"])
