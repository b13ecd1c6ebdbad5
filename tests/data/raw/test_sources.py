"""sources.toml and its reading."""

import re

import pytest

from nexttrack import project
from nexttrack.data.raw.sources import find, load_sources, locate
from nexttrack.data.raw.verify import inspect_source, verify_source
from nexttrack.errors import UserError

NAMES = ["spotify-tracks", "spotify-century", "lastfm-2k", "playlists", "playlist-archive"]


def test_there_are_five_sources_each_with_an_origin_terms_and_a_citation():
    sources = load_sources()
    assert list(sources) == NAMES
    for source in sources.values():
        assert sum(map(bool, (source.kaggle, source.url, source.bring))) == 1
        assert source.title and source.what and source.terms and source.citation
        assert any(file.required for file in source.files)


def test_every_table_has_columns_and_its_keys_are_among_them():
    for source in load_sources().values():
        for file in source.files:
            for table in file.members or (file,):
                names = [column.name for column in table.columns]
                assert len(set(names)) == len(names)
                assert bool(names) == (table.kind != "json-slices")
                for key in table.unique:
                    assert set(key) <= set(names)


def test_every_column_says_what_it_is_and_every_range_is_one():
    for source in load_sources().values():
        for file in source.files:
            for table in file.members or (file,):
                for column in table.columns:
                    assert column.what, (source.name, table.name, column.name)
                    if column.minimum is not None and column.maximum is not None:
                        assert column.minimum < column.maximum


def test_what_can_be_downloaded_has_a_web_address():
    for source in load_sources().values():
        assert source.address.startswith("https://") == source.downloadable


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UserError, match="did you mean lastfm-2k"):
        find("lastfm2k")
    with pytest.raises(UserError, match="there are spotify-tracks, "):
        find("zzz")


def test_files_are_found_in_the_folder_or_its_data_folder(tmp_path):
    file = load_sources()["spotify-century"].files[0]
    assert locate(file, tmp_path) == []
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / file.name).touch()
    assert locate(file, tmp_path) == [tmp_path / "data" / file.name]
    (tmp_path / file.name).touch()
    assert locate(file, tmp_path) == [tmp_path / file.name]


def test_slices_come_in_the_order_of_their_numbers(tmp_path):
    for first in (0, 1000, 10000, 2000):
        (tmp_path / f"mpd.slice.{first}-{first + 999}.json").touch()
    file = next(f for f in load_sources()["playlists"].files if f.kind == "json-slices")
    starts = [int(path.name.split(".")[2].split("-")[0]) for path in locate(file, tmp_path)]
    assert starts == [0, 1000, 2000, 10000]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_made_from_the_description_is_valid(name, small_sources, write_source, tmp_path):
    source = small_sources[name]
    write_source(source, tmp_path / name, rows=30, optional=True)
    reports = verify_source(source, tmp_path / name)
    tables = [member for file in source.files for member in (file.members or (file,))]
    assert sum(report.rows for report in reports) == 30 * sum(bool(t.columns) for t in tables)


def test_optional_files_may_be_absent(small_sources, write_source, tmp_path):
    source = small_sources["spotify-century"]
    write_source(source, tmp_path)
    names = [report.name for report in verify_source(source, tmp_path)]
    assert names == ["data_by_year.csv", "data_by_genres.csv"]


@pytest.mark.parametrize("name", NAMES)
def test_the_real_data_are_valid_with_all_their_known_defects(name):
    folder = project.root() / "data" / "raw" / name
    if not folder.exists():
        pytest.skip(f"{name} has not been imported")
    assert inspect_source(load_sources()[name], folder).problems == ()


def test_the_datasheet_names_every_source_file_column_and_its_terms():
    text = (project.root() / "data" / "README.md").read_text(encoding="utf-8")
    parts = re.split(rf"^## (?:{'|'.join(NAMES)})$", text, flags=re.MULTILINE)
    sections = dict(zip(NAMES, parts[1:], strict=True))
    for source in load_sources().values():
        section = sections[source.name]
        assert source.title in section and source.terms in section and source.citation in section
        for file in source.files:
            for table in file.members or (file,):
                assert f"`{table.name}`" in section
                for column in table.columns:
                    assert f"`{column.name or '(no name)'}`" in section, column.name
