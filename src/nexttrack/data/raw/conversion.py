"""Write what a user brought in the one form that the rest of the code reads."""

import csv
import io
import re
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path

from nexttrack.data.raw.recognition import SEPARATORS, Found
from nexttrack.data.raw.sources import SourceFile
from nexttrack.errors import UserError

AS_IT_IS = ""
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")
# "230,666" may be a number with three decimals, or two hundred thousand.
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
FIRST_DAY = (2011, 5, 11, 23, 0, 0)


def write_canonical(found: Found, target: Path) -> str:
    """Write a table, or a zip of tables, as ``target`` in the form that its source has.

    Returns:
        What was changed, for the user to read; empty where it is a copy byte for byte.

    Raises:
        UserError: it cannot be converted.
    """
    own = "\t" if found.file.kind == "tsv" else ","
    is_text = found.kind == "text"
    if found.file.kind in ("csv", "tsv") and found.kind == "a Parquet file":
        _parquet_to_csv(found, target)
        return "converted from Parquet"
    if found.file.kind == "parquet" and is_text and found.separator:
        _text_to_parquet(found, target)
        return f"converted from text with {SEPARATORS[found.separator]}"
    if found.file.kind == "csv" and is_text and found.separator:
        changed = [SEPARATORS[found.separator]] if found.separator != own else []
        if not found.encoding.startswith("utf-8"):
            changed.append(found.encoding.upper())
        if changed:
            if _rewrite(found, target, own):
                changed.append("decimal commas")
            return f"converted from {', '.join(changed)}"
    shutil.copyfile(found.path, target)
    return AS_IT_IS


def write_zip(members: Iterable[Found], target: Path) -> str:
    """Put the tables of an unpacked zip together again; they carry one fixed date."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for found in sorted(members, key=lambda found: found.member.name):
            entry = zipfile.ZipInfo(found.member.name, date_time=FIRST_DAY)
            archive.writestr(entry, found.path.read_bytes(), zipfile.ZIP_DEFLATED)
    return "put together from its unpacked tables"


def _rewrite(found: Found, target: Path, separator: str) -> bool:
    """Write a text as UTF-8 with another separator; tell whether it had decimal commas."""
    try:
        text = found.path.read_bytes().decode(found.encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{found.shown}, byte {error.start}: not {found.encoding.upper()}; save it as UTF-8"
        ) from None
    if text.startswith("sep="):
        text = text.partition("\n")[2]
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=found.separator))
    except csv.Error as error:
        raise UserError(f"{found.shown} cannot be read ({error}); get the file again") from None
    rows = [row for row in rows if row]
    had_commas = _mend_decimal_commas(rows, found.file)
    with target.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=separator, lineterminator="\n").writerows(rows)
    return had_commas


def _mend_decimal_commas(rows: list[list[str]], file: SourceFile) -> bool:
    """Put points in place of commas in columns of numbers where nothing else can be meant."""
    numbers = {column.name for column in file.columns if column.type in ("number", "integer")}
    found = False
    for at, name in enumerate(rows[0]):
        if name not in numbers:
            continue
        cells = [row[at] for row in rows[1:] if at < len(row) and "," in row[at]]
        if not cells or not all(DECIMAL_COMMA.fullmatch(cell) for cell in cells):
            continue
        if all(GROUPED.fullmatch(cell) for cell in cells):
            continue  # the contract names the first of them
        found = True
        for row in rows[1:]:
            if at < len(row):
                row[at] = row[at].replace(",", ".")
    return found


def _parquet_to_csv(found: Found, target: Path) -> None:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(found.path).read()
        table = table.select([name for name in table.schema.names if name != "__index_level_0__"])
        pa.csv.write_csv(table, target)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise UserError(f"{found.shown} cannot be converted to CSV ({error})") from None


def _text_to_parquet(found: Found, target: Path) -> None:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    types = {
        "text": pa.string(),
        "number": pa.float64(),
        "integer": pa.float64(),  # "3.0" is a whole number too, as the contract has it
        "boolean": pa.bool_(),
        "date": pa.timestamp("us"),
    }
    try:
        table = pa.csv.read_csv(
            found.path,
            read_options=pa.csv.ReadOptions(encoding=found.encoding),
            parse_options=pa.csv.ParseOptions(delimiter=found.separator, newlines_in_values=True),
            convert_options=pa.csv.ConvertOptions(
                column_types={column.name: types[column.type] for column in found.file.columns},
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise UserError(f"{found.shown} cannot be converted to Parquet ({error})") from None
    pq.write_table(table, target, compression="zstd")
