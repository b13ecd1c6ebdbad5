"""The map of recordings: what is stored, what is refused, what counts as the same map."""

import json

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from scipy.stats import percentileofscore

from nexttrack import book
from nexttrack.apps.sound_map import sound_maps
from nexttrack.apps.sound_map.framed_pages import MAP_PAGE, MAP_TYPE
from nexttrack.apps.sound_map.sound_maps import (
    EXCERPT,
    map_differences,
    percentile_ranks,
)
from nexttrack.press.execute import faults
from nexttrack.press.freshness import compare_outputs


def lines(content):
    """Return the recordings as lists of fields."""
    return [line.split("\t") for line in content["recordings"]]


# ---- what is stored


def test_an_excerpt_names_the_most_popular_and_no_more_than_a_thousand(to_map, make_map):
    recordings = to_map(3_000)["recordings"]
    named = lines(make_map(3_000))
    assert len(named) == EXCERPT == 1_000
    popularity = recordings.set_index("title")["popularity"]
    shown = [popularity[title] for title, *_ in named]
    assert shown == sorted(shown, reverse=True)
    assert shown == popularity.sort_values(ascending=False).head(1_000).tolist()


def test_a_recording_is_six_fields_of_our_own_numbers_and_names(to_map, make_map):
    given, made = to_map(), make_map()
    assert set(made) == {
        "format", "edition", "fingerprint", "total", "groups", "features", "recordings", "density",
    }  # fmt: skip
    groups = {group["name"]: group["values"] for group in made["groups"]}
    assert list(groups) == ["cluster", "genre family"]
    assert made["features"] == ["energy", "tempo bpm"]
    rank = {name: percentile_ranks(column) for name, column in given["features"].items()}
    for title, artists, genre, codes, place, ranks in lines(made):
        i = int(title.removeprefix("Title "))
        assert artists == f"Artist {i % 7}, Guest"
        assert genre == given["recordings"]["genres"][i][0]
        cluster, family = map(int, codes.split())
        assert groups["cluster"][cluster] == given["clusters"][i]
        assert groups["genre family"][family] == given["families"][genre]
        np.testing.assert_allclose(
            [float(v) for v in place.split()], given["places"][i], atol=0.0051
        )
        assert [*map(int, ranks.split())] == [rank["energy"][i], rank["tempo_bpm"][i]]


def test_groups_are_in_the_order_of_their_size_among_all_recordings(make_map):
    clusters = ["b"] * 20 + ["c"] * 30 + ["a"] * 10
    made = make_map(most=5, clusters=clusters, families=None)
    assert [group["name"] for group in made["groups"]] == ["cluster", "genre"]
    assert made["groups"][0]["values"] == ["c", "b", "a"]


def test_families_may_be_a_series(to_map, make_map):
    assert make_map(families=pd.Series(to_map()["families"])) == make_map()


def test_the_ground_counts_every_recording(make_map):
    density = make_map(500, most=10)["density"]
    counts = np.array([row.split() for row in density["counts"]], dtype=int)
    assert counts.shape == (96, 96)
    assert counts.sum() == 500


def test_the_lowest_row_of_the_ground_is_the_first(make_map):
    places = np.zeros((60, 2))
    places[0] = 1, 5  # right and high
    made = make_map(places=places, most=1)
    counts = np.array([row.split() for row in made["density"]["counts"]], dtype=int)
    assert counts[0, 0] == 59
    assert counts[-1, -1] == 1
    assert (made["density"]["x"], made["density"]["y"]) == ([0, 1], [0, 5])


def test_the_whole_map_names_all_and_needs_no_ground(make_map):
    made = make_map(1_500, most=None)
    assert len(made["recordings"]) == made["total"] == 1_500
    assert "density" not in made


def test_the_same_recordings_give_the_same_content(make_map):
    assert json.dumps(make_map()) == json.dumps(make_map())


def test_names_stay_on_their_line_and_in_their_field(to_map, make_map):
    recordings = to_map()["recordings"]
    recordings["title"] = "a\ttab\nand a line"
    assert {fields[0] for fields in lines(make_map(recordings=recordings))} == {"a tab and a line"}


def test_a_recording_without_genre_is_shown(to_map, make_map):
    given = to_map() | {"families": None}
    given["recordings"]["genres"] = [[]] * 60
    made = make_map(**given, most=1)
    assert made["groups"][1]["values"] == ["no genre"]


def test_percentile_ranks_are_those_of_scipy():
    values = np.random.default_rng(0).integers(0, 40, size=300)
    expected = [percentileofscore(values, value, kind="mean") for value in values]
    assert percentile_ranks(values).tolist() == np.rint(expected).astype(int).tolist()
    assert percentile_ranks([3.0]).tolist() == [50]


def test_a_thousand_recordings_fit_into_what_may_be_stored(to_map, make_map):
    recordings = to_map(2_000)["recordings"]
    recordings["title"] += " " + "x" * 40  # twice what titles have
    made = make_map(2_000, recordings=recordings)
    assert len(json.dumps(made, ensure_ascii=False).encode()) < 250_000


# ---- what is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"places": np.zeros((59, 2))}, "60 recordings and 59 places do not match"),
        ({"places": np.zeros((60, 3))}, r"places must be recordings x 2, not of shape \(60, 3\)"),
        ({"places": [[0, np.nan]] + [[0, 0]] * 59}, "1 places are not finite"),
        ({"clusters": ["a"]}, "60 recordings and 1 clusters do not match"),
        ({"clusters": [1] * 60}, "clusters are names, not 1"),
        ({"features": pd.DataFrame({"energy": [1.0]})}, "60 recordings and 1 features do not"),
        (
            {"features": pd.DataFrame({"energy": [np.nan] * 60})},
            "the feature energy has values that are missing or not finite",
        ),
        ({"families": {"techno": "electronic"}}, "genres without a family: folk, jazz"),
    ],
)
def test_what_does_not_fit_is_refused(make_map, changes, message):
    with pytest.raises(ValueError, match=message):
        make_map(**changes)


def test_a_missing_column_is_named(to_map, make_map):
    with pytest.raises(ValueError, match="recordings have no column 'genres'"):
        make_map(recordings=to_map()["recordings"].drop(columns="genres"))


# ---- in a notebook


@pytest.fixture
def shown(to_map, tmp_path, monkeypatch):
    """Return the map as a chapter shows it, in whose folder the whole map was written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sound_maps.project, "edition", lambda: "published")
    monkeypatch.setattr(sound_maps, "fingerprint", lambda edition: "0123456789ab")
    return book.sound_map(**to_map(1_200))


def output(shown):
    return new_output("display_data", shown._repr_mimebundle_())


def test_a_chapter_writes_all_and_stores_an_excerpt_without_html(shown, tmp_path):
    page = (tmp_path / MAP_PAGE).read_text(encoding="utf-8")
    assert page.count("\\tArtist ") == 1_200
    assert set(shown._repr_mimebundle_()) == {"text/plain", "text/markdown", MAP_TYPE}
    assert len(shown.content["recordings"]) == 1_000
    assert book.sound_map.__name__ == "sound_map"  # not the module, which is loaded by now


def test_a_notebook_keeps_it_and_the_checks_of_stored_chapters_let_it_pass(shown):
    cell = new_code_cell("book.sound_map()", outputs=[output(shown)], execution_count=1)
    text = nbformat.writes(new_notebook(cells=[cell]))
    assert len(text.encode()) < 250_000
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert notebook.cells[0].outputs[0].data[MAP_TYPE] == shown.content
    assert faults(notebook, "one") == []
    notebook.cells[0].outputs[0].data[MAP_TYPE]["recordings"] *= 6
    (fault,) = faults(notebook, "one")
    assert fault.startswith("one, cell 1: a map of ")
    assert fault.endswith("at most 250 kB are kept, name fewer recordings")


def test_a_frame_is_one_iframe_and_a_link(shown):
    markdown = shown._repr_mimebundle_()["text/markdown"]
    assert markdown.count("<iframe") == markdown.count("</iframe>") == 1
    assert f"]({MAP_PAGE})" in markdown


# ---- the same map


def test_a_map_is_the_same_turned_mirrored_and_a_little_moved(to_map, make_map):
    places = to_map()["places"] @ [[0, 1], [1, 0]] * [1, -1]
    places += np.random.default_rng(2).normal(scale=0.3, size=places.shape)
    assert list(map_differences(make_map(), make_map(places=places))) == []


def test_places_that_belong_to_others_are_a_difference(to_map, make_map):
    places = np.random.default_rng(2).permutation(to_map()["places"])
    ((stored, new),) = map_differences(make_map(), make_map(places=places))
    assert stored == "the places on the map"
    assert new.startswith("distances that correlate with them by")


@pytest.mark.parametrize("changed", [1, 3])
def test_a_hundredth_of_the_recordings_may_change_their_group(to_map, make_map, changed):
    names = to_map(200)["clusters"]
    others = [n if i >= changed else "low energy" for i, n in enumerate(names)]
    moved = sum(a != b for a, b in zip(names, others, strict=True))
    found = list(map_differences(make_map(200), make_map(200, clusters=others)))
    assert bool(found) == (moved > 2)
    others = ["low energy" if name == "high tempo" else name for name in names[:100]] + names[100:]
    ((_, new),) = map_differences(make_map(200), make_map(200, clusters=others))
    assert new.startswith("others for ")


def test_other_ranks_names_groups_and_features_are_differences(to_map, make_map):
    features = to_map()["features"]
    found = {
        "ranks": make_map(features=-features),
        "names": make_map(recordings=to_map()["recordings"].assign(title="new")),
        "groups": make_map(clusters=["one"] * 60),
        "features": make_map(features=features.rename(columns={"energy": "power"})),
        "total": make_map(61),
    }
    said = {name: next(map_differences(make_map(), new)) for name, new in found.items()}
    assert said["ranks"][0] == "percentile ranks"
    assert said["names"] == ("60 recordings that are no longer on the map", "60 others")
    assert said["groups"][1] == "{'cluster': ['one'], 'genre family': ['acoustic', 'electronic']}"
    assert said["features"] == (
        "the map's features ['energy', 'tempo bpm']",
        "['power', 'tempo bpm']",
    )
    assert said["total"] == ("the map's total 60", "61")


def test_ranks_may_differ_by_one_and_equals_are_told_apart(to_map, make_map):
    recordings = to_map()["recordings"].assign(title="Same", artists=[["Same"]] * 60)
    stored, new = make_map(recordings=recordings), make_map(recordings=recordings)
    new["recordings"] = [
        line.rpartition(" ")[0] + f" {int(line.rpartition(' ')[2]) + 1}"
        for line in new["recordings"]
    ]
    assert list(map_differences(stored, new)) == []


def test_the_check_of_stored_outputs_compares_maps(shown, make_map):
    stored = output(shown)
    assert list(compare_outputs([stored], [stored])) == []
    other = nbformat.from_dict(stored)
    other.data[MAP_TYPE]["total"] = 7
    assert list(compare_outputs([stored], [other])) == [("the map's total 1200", "7")]
    picture = new_output("display_data", {"image/png": "a"})
    assert list(compare_outputs([stored], [picture])) == [("map of recordings", "image/png")]
