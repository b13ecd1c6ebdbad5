import duckdb
import pytest

from nexttrack.data.listener.names import (
    artist_key,
    artists_of,
    folded,
    join_keys,
    name_index,
    recording_of,
    title_without_additions,
    track_key,
)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("  Déjà   VU ", "deja vu"),
        ("de\u0301ja\u0300 vu", "deja vu"),
        ("Ｆｕｌｌ\u3000ｗｉｄｔｈ", "full width"),
        ("\u202eevil\u200f", "evil"),
        ("ΟΔΟΣ", "οδοσ"),
        ("İstanbul", "istanbul"),
        ("Группа крови", "группа крови"),
        ("", ""),
    ],
)
def test_folded(text, result):
    assert folded(text) == result


@pytest.mark.parametrize(
    ("title", "result"),
    [
        ("Under Pressure - Remastered 2011", "under pressure"),
        ("Under Pressure - 2011 Remaster", "under pressure"),
        ("Under Pressure - 2004 - Remaster", "under pressure"),
        ("Under Pressure (2011 Remastered Version)", "under pressure"),
        ("Under Pressure [2015 Digital Remaster]", "under pressure"),
        ("Under Pressure - Remastered", "under pressure"),
        ("Numb (feat. Anna & Otto)", "numb"),
        ("Numb feat. Anna - Live", "numb - live"),
        ("Stuck [with U]", "stuck"),
        ("Song 2 - Live", "song 2 - live"),
        ("Remastered 2011", "remastered 2011"),
        ("(feat. Anna)", "(feat. anna)"),
        ("Feature", "feature"),
        ("Left Behind", "left behind"),
    ],
)
def test_what_is_added_to_a_title_is_left_out(title, result):
    assert title_without_additions(title) == result


def test_artists_are_compared_as_the_cleaning_does():
    rules = open_rules()
    for name in ("The Beatles", "Simon & Garfunkel", "Beyoncé", "AC/DC", "Sigur Rós", "the the"):
        assert artist_key(name) == rules.execute("SELECT artist_key(?)", [name]).fetchone()[0]
    assert artist_key("!!!") == "!!!"


def open_rules():
    from importlib import resources

    rules = (resources.files("nexttrack.data") / "sql" / "00-rules.sql").read_text("utf-8")
    macro = rules[rules.index("CREATE MACRO artist_key") : rules.index("-- How a track sounds")]
    database = duckdb.connect()
    database.execute(macro)
    return database


def test_the_first_of_several_artists_and_an_escaped_comma():
    assert artists_of("Tyler\\, The Creator, Anna")[:2] == [
        "Tyler, The Creator, Anna",
        "Tyler, The Creator",
    ]
    assert artists_of("Anna;Otto")[1] == "Anna"
    assert artists_of("Anna feat. Otto")[-1] == "anna"
    assert track_key("T", "Tyler\\, The Creator, Anna") == track_key("t", "Tyler, The Creator")


def test_the_more_exact_name_wins():
    index = name_index(
        [
            (0, "Numb - Remastered 2011", ["Anna"]),
            (1, "Numb", ["Anna"]),
            (2, "Pressure", ["Queen", "Bowie"]),
        ]
    )
    assert recording_of(index, "Numb", "Anna") == 1
    assert recording_of(index, "NUMB - remastered 2011", "The Anna") == 0
    assert recording_of(index, "Numb (feat. Otto)", "Anna, Otto") == 1
    assert recording_of(index, "Pressure", "Bowie") == 2
    assert recording_of(index, "Numb", "Otto") is None
    assert join_keys("Numb", "") == []
