"""Tell what kind of file some bytes begin, whatever the file is called."""

from pathlib import Path

from nexttrack.data.raw.sources import SourceFile

AGAIN = "get the file again"
SIGNATURES = (
    (b"version https://git-lfs.github.com/spec", "a Git LFS pointer"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"PAR1", "a Parquet file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\xfd7zXZ", "an xz file"),
    (b"BZh", "a bzip2 file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook"),
    (b"SQLite format 3", "an SQLite database"),
    (b"%PDF", "a PDF document"),
)
PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head")
WANTED = {
    "csv": "CSV",
    "tsv": "tab-separated text",
    "zip": "a zip archive",
    "parquet": "Parquet",
    "json-slices": "JSON",
}
OWN = {"zip": "a zip archive", "parquet": "a Parquet file"}
POINTER = "a Git LFS pointer, not the file itself: run git lfs pull in the repository it is from"
START = 1024


def kind_of(start: bytes) -> str:
    """Return what a file is by its first :data:`START` bytes, such as "a gzip file".

    "empty", "a web page", "JSON" and "text" are the kinds that no signature shows; "text" stands
    for whatever is nothing else.
    """
    if not start:
        return "empty"
    for signature, kind in SIGNATURES:
        if start.startswith(signature):
            return kind
    if start[257:262] == b"ustar":
        return "a tar archive"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.lower().startswith(PAGES):
        return "a web page"
    return "JSON" if text.startswith((b"{", b"[")) else "text"


def read_start(path: Path) -> bytes:
    """Return the first bytes of a file, for :func:`kind_of`."""
    with path.open("rb") as stream:
        return stream.read(START)


def wrong_kind(path: Path, file: SourceFile) -> str | None:
    """Say in one line that a file is not of the kind that ``file`` is, or return None.

    An empty file, a web page, a pointer and another format are wrong; what is text may be any text.
    """
    kind = kind_of(read_start(path))
    wanted = WANTED[file.kind]
    if kind == OWN.get(file.kind):
        return None
    if kind == "empty":
        return f"{path} is empty; {AGAIN}"
    if kind == "a web page":
        return (
            f"{path} is a web page (a log-in page, perhaps), not {wanted}; "
            "log in and download the file again"
        )
    if kind == "a Git LFS pointer":
        return f"{path} is {POINTER}"
    if kind not in ("text", "JSON"):
        return f"{path} is {kind}, not {wanted}; unpack, convert or rename it"
    if file.kind == "parquet":
        return f"{path} is not Parquet; {AGAIN}"
    return None
