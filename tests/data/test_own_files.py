"""Files of one's own: which are read, how their columns are found, and what their faults say."""

import gzip

import pandas as pd
import pytest

from nexttrack.data.dataset import Dataset
from nexttrack.errors import UserError

COLUMNS = {"user": "user", "item": "item"}


def pairs(found):
    user, item = found.user_items.nonzero()
    return sorted(zip(found.user_ids[user], found.item_ids[item], strict=True))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_delimiters_are_found_and_encodings_said(tmp_path, delimiter, encoding):
    text = delimiter.join(["item", "more", "user"]) + "\n"
    text += delimiter.join(["é", '"x, y; z"', "b"]) + "\n"
    (tmp_path / "a.csv").write_text(text, encoding=encoding)
    said = encoding.removesuffix("-sig")
    found = Dataset.from_csv(tmp_path / "a.csv", **COLUMNS, encoding=said)
    assert pairs(found) == [("b", "é")]


def test_files_come_alone_by_pattern_by_folder_and_in_lists(tmp_path):
    folder = tmp_path / "it's [1]"
    folder.mkdir()
    (folder / "1.csv").write_text("user,item\na,x\n")
    (folder / "2.csv").write_text("item,user\ny,b\n")
    with gzip.open(folder / "3.csv.gz", "wt") as file:
        file.write("user,item\nc,z\n")
    everything = [("a", "x"), ("b", "y"), ("c", "z")]
    assert pairs(Dataset.from_csv(folder, **COLUMNS)) == everything
    assert pairs(Dataset.from_csv(folder / "1.csv", **COLUMNS)) == everything[:1]
    assert pairs(Dataset.from_csv(str(tmp_path / "it*" / "[12].csv"), **COLUMNS)) == everything[:2]
    both = [str(folder / "1.csv"), folder / "3.csv.gz"]
    assert pairs(Dataset.from_csv(both, **COLUMNS)) == [everything[0], everything[2]]
    for i, one in enumerate("ab"):
        pd.DataFrame({"user": [one], "item": [i]}).to_parquet(folder / f"{i}.parquet")
    assert pairs(Dataset.from_parquet(folder, **COLUMNS)) == [("a", 0), ("b", 1)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_ends_of_lines_quotes_and_columns_without_a_name(tmp_path, end):
    rows = [',user,item,"",x,x', '1,"a ""b""\nc",i,2,3,4', "2,d,i,,,"]
    (tmp_path / "a.csv").write_bytes(end.join(rows).encode())
    assert pairs(Dataset.from_csv(tmp_path / "a.csv", **COLUMNS)) == [('a "b"\nc', "i"), ("d", "i")]


def test_files_without_a_header_and_with_decimal_commas(tmp_path):
    (tmp_path / "a.tsv").write_text("u1\ti1\t1,5\nu2\ti1\t2\n")
    names = ["user", "item", "plays"]
    found = Dataset.from_csv(tmp_path / "a.tsv", **COLUMNS, names=names, value="plays", decimal=",")
    assert found.user_items.toarray().tolist() == [[1.5], [2]]


def test_delimiters_of_two_characters(tmp_path):
    (tmp_path / "ratings.dat").write_text("1::20::5::978300760\n2::30::4::978300761\n")
    found = Dataset.from_csv(
        tmp_path / "ratings.dat",
        **COLUMNS,
        names=["user", "item", "stars", "at"],
        delimiter="::",
        value="stars",
        time="at",
        time_unit="s",
    )
    assert found.user_items.toarray().tolist() == [[5, 0], [0, 4]]
    assert set(found.dates.astype(str)) == {"2000-12-31"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"a\.csv: the file is empty"),
        (b"user,item\n", "no interactions: it has no rows"),
        (b"users,thing\n1,2\n", "no column 'user'; nearest: users; it has users, thing"),
        (b"user,item\n1,2\n3\n4,5\n", r"a\.csv, line 3: cannot be read .*mend the file"),
        (b"user,item\n1,2\n\xe9,3\n", r"line 3: the text is not UTF-8; .*encoding='latin-1'"),
        (b'user,item\n"1,2\n3,4\n', r"a\.csv, line 2: cannot be read"),
        (b"user,item,user\n1,2,3\n", "has column 'user' twice"),
        (b"user,item,v\n1,2,x\n", "column 'v': 1 cells are no number, such as 'x'"),
    ],
)
def test_a_faulty_csv_is_one_line(tmp_path, content, message):
    (tmp_path / "a.csv").write_bytes(content)
    value = {"value": "v"} if b"v" in content else {}
    with pytest.raises(UserError, match=message):
        Dataset.from_csv(tmp_path / "a.csv", **COLUMNS, **value)


def test_other_faults_of_files_are_one_line(tmp_path):
    (tmp_path / "a.parquet").write_text("user,item\n1,2\n")
    with pytest.raises(UserError, match=r"a\.parquet: cannot be read"):
        Dataset.from_parquet(tmp_path / "a.parquet", **COLUMNS)
    with pytest.raises(UserError, match="no such file"):
        Dataset.from_csv(tmp_path / "b.csv", **COLUMNS)
    with pytest.raises(UserError, match="no csv file is there"):
        Dataset.from_csv(str(tmp_path / "*.csv"), **COLUMNS)
    with pytest.raises(UserError, match="no path was given"):
        Dataset.from_csv([], **COLUMNS)
    with pytest.raises(UserError, match="a path, a pattern or a list of these is wanted, not None"):
        Dataset.from_csv(None, **COLUMNS)
    (tmp_path / "b.csv").write_text("user,item\n1,2\n")
    with pytest.raises(UserError, match="names is a list"):
        Dataset.from_csv(tmp_path / "b.csv", **COLUMNS, names="ab")
    with pytest.raises(UserError, match="encoding"):
        Dataset.from_csv(tmp_path / "b.csv", **COLUMNS, encoding="klingon")
    (tmp_path / "c.csv").write_text("user,title\n1,2\n")
    with pytest.raises(UserError, match=r"c\.csv: no column 'item'; .*it has user, title"):
        Dataset.from_csv([tmp_path / "b.csv", tmp_path / "c.csv"], **COLUMNS)
