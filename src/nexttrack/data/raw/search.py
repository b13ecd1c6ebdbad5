"""Look for the sources' files in a folder, a file or an archive, however they are laid out."""

import gzip
import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nexttrack.data.listener.formats import is_own
from nexttrack.data.raw import archives, kinds
from nexttrack.data.raw.million_playlist import slice_range
from nexttrack.data.raw.recognition import NOT_OURS, Found, plain_name, recognise
from nexttrack.data.raw.sources import load_sources
from nexttrack.errors import UserError

# Files of other kinds are not opened.
TABLES = (".csv", ".tsv", ".txt", ".dat", ".parquet", ".pq", ".json", ".gz", ".zip")
OTHERS = (".xlsx", ".xls", ".7z", ".rar", ".tar", ".tgz", ".xz", ".bz2", ".zst")
WORKBOOK = (
    "an Excel workbook; save its sheet as CSV UTF-8, and better get the file as published: "
    "Excel changes numbers and names"
)
MOST_FILES = 100_000
# Archives in archives, and bytes unpacked from one import's archives, before it is given up.
DEEPEST = 3
MOST_UNPACKED = 16 * 2**30
# A table that unpacks to so many times its packed size is made to harm; exports reach some 40.
MOST_PACKED = 200
HARMLESS = 1_000_000


@dataclass
class Search:
    """What was found in a place: the files that are sources', and why each other one is none.

    ``own`` are files of a listener's own music, and how messages name them.
    ``scratch`` is a folder where archives are unpacked; it must outlive the use of what was found.
    """

    scratch: Path
    found: list[Found] = field(default_factory=list)
    own: list[tuple[Path, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    unpacked: int = 0

    def look(self, place: Path) -> None:
        """Look through a file, or a folder with all folders in it.

        Raises:
            UserError: what is there cannot be read, is unsafe, or is found twice and differs.
        """
        try:
            paths = _walk(_root(place)) if place.is_dir() else [place]
            for path in paths:
                self._file(path, str(path), 0)
        except PermissionError as error:
            raise UserError(
                f"{error.filename or place} may not be read; change its permissions"
            ) from None
        self.found = list(self._without_doubles())

    def _file(self, path: Path, shown: str, depth: int) -> None:
        if path.is_symlink() and not path.exists():
            raise UserError(
                f"{shown} is a link to {path.readlink()}, which is not there; "
                "bring the file itself, or remove the link"
            )
        if not path.is_file():
            self.left_out.append(f"{shown}: no regular file")
            return
        if not path.name.casefold().endswith((*TABLES, *OTHERS)):
            self.left_out.append(f"{shown}: {NOT_OURS}")
            return
        try:
            kind = kinds.kind_of(kinds.read_start(path))
            if slice_range(path.name):
                found = _slice(path, shown)
                wrong = kinds.wrong_kind(path, found.file)
                if wrong and kind != "a gzip file":
                    raise UserError(wrong.replace(str(path), shown))
                self.found.append(found)
            elif kind == "a gzip file":
                self._gzip(path, shown, depth)
            elif kind == "a zip archive" and zipfile.is_zipfile(path):
                self._zip(path, shown, depth)
            else:
                self._plain(path, shown)
        except PermissionError:
            raise UserError(f"{shown} may not be read; change its permissions") from None

    def _plain(self, path: Path, shown: str) -> None:
        found = recognise(path, shown)
        if isinstance(found, Found):
            self.found.append(found)
        elif is_own(path):
            self.own.append((path, shown))
        else:
            what = WORKBOOK if "an Excel workbook" in found else found
            self.left_out.append(f"{shown}: {what}")

    def _gzip(self, path: Path, shown: str, depth: int) -> None:
        name = path.name[: -len(".gz")] if path.name.casefold().endswith(".gz") else path.name
        if name.casefold().endswith((".tar", ".tgz")):
            self.left_out.append(f"{shown}: a tar archive; unpack it and give the folder")
            return
        target = self._place(path.parent.name) / name
        size = 0
        try:
            with gzip.open(path) as stream, target.open("wb") as copy:
                while block := stream.read(archives.BLOCK):
                    size += len(block)
                    self._count(len(block), shown)
                    if size > archives.LARGEST_MEMBER:
                        raise UserError(f"{shown} would unpack to over 1 GiB; {kinds.AGAIN}")
                    copy.write(block)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise UserError(f"{shown} is cut short or damaged ({error}); {kinds.AGAIN}") from None
        self._file(target, shown, depth)

    def _zip(self, path: Path, shown: str, depth: int) -> None:
        if depth == DEEPEST:
            raise UserError(f"{shown} is an archive in {DEEPEST} others; unpack them and try again")
        try:
            archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise UserError(f"{shown} is cut short or damaged ({error}); {kinds.AGAIN}") from None
        archives.refuse_unsafe_names(archive, shown)
        names = {info.filename for info in archive.infolist()}
        if "xl/workbook.xml" in names:
            self.left_out.append(f"{shown}: {WORKBOOK}")
            return
        if whole := _whole_zip(path, shown, names):
            self.found.append(whole)
            return
        folder = self._place("")
        for info in archive.infolist():
            if info.is_dir() or info.filename.startswith("__MACOSX/") or _hidden(info.filename):
                continue
            inside = f"{shown}: {info.filename}"
            if info.file_size > max(HARMLESS, MOST_PACKED * info.compress_size):
                self.left_out.append(
                    f"{inside}: would unpack to over {MOST_PACKED} times its size, as no data do; "
                    f"{kinds.AGAIN}"
                )
            elif slice_range(Path(info.filename).name):
                self.found.append(_slice(zipfile.Path(archive, info.filename), inside))
            elif info.filename.casefold().endswith((*TABLES, *OTHERS)):
                target = folder / info.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                limit = (
                    MOST_UNPACKED if target.suffix.lower() == ".zip" else archives.LARGEST_MEMBER
                )
                with target.open("wb") as copy:
                    for block in archives.member_blocks(archive, info, shown, limit):
                        self._count(len(block), shown)
                        copy.write(block)
                self._file(target, inside, depth + 1)
            else:
                self.left_out.append(f"{inside}: {NOT_OURS}")

    def _place(self, parent: str) -> Path:
        """Return a new folder to unpack into, within one called as the file's own folder is."""
        folder = self.scratch / str(len(list(self.scratch.iterdir()))) / (parent or "zip")
        folder.mkdir(parents=True)
        return folder

    def _count(self, size: int, shown: str) -> None:
        self.unpacked += size
        if self.unpacked > MOST_UNPACKED:
            raise UserError(f"{shown} unpacks to over {MOST_UNPACKED >> 30} GiB; {kinds.AGAIN}")

    def _without_doubles(self) -> Iterator[Found]:
        """Yield one of several copies, and leave out what another file of the source stands for."""
        first: dict[tuple, Found] = {}
        whole = {f.source.name for f in self.found if f.file.kind == "zip" and f.member is None}
        tables = {f.file.name for f in self.found if f.source.name == "playlists"}
        for found in self.found:
            if found.member and found.source.name in whole:
                self.left_out.append(f"{found.shown}: the zip that it is from is there too")
                continue
            if (
                found.file.kind == "json-slices"
                and {"playlist_tracks.parquet", "tracks.parquet"} <= tables
            ):
                self.left_out.append(f"{found.shown}: the tables are there too")
                continue
            is_slice = found.file.kind == "json-slices"
            part = slice_range(found.path.name) if is_slice else found.member and found.member.name
            key = (found.source.name, found.file.name, part)
            if key not in first:
                first[key] = found
                yield found
            elif _digest(found) == _digest(first[key]):
                self.left_out.append(f"{found.shown}: the same as {first[key].shown}")
            else:
                name = found.path.name if is_slice else (found.member or found.file).name
                raise UserError(
                    f"{first[key].shown} and {found.shown} differ, and each would be {name} of "
                    f"{found.source.name}; leave one (or give it alone: nexttrack data import "
                    "FILE); if they are parts of one table, join them first"
                )


def _root(folder: Path) -> Path:
    """Return the folder itself, or the one in it that is laid out as ``data/raw`` is."""
    for place in (folder, folder / "raw", folder / "data" / "raw"):
        if any((place / name).is_dir() for name in load_sources()):
            return place
    return folder


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder and of those in it; hidden ones are passed over."""
    seen: set[str] = set()
    count = 0

    def refuse(error: OSError) -> None:
        raise UserError(f"{error.filename} may not be read ({error.strerror})")

    for place, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        count += len(names)
        if count > MOST_FILES:
            raise UserError(
                f"{folder} holds over {MOST_FILES:,} files; give the folder that has the data alone"
            )
        yield from (Path(place) / name for name in sorted(names) if not name.startswith("."))


def _hidden(name: str) -> bool:
    return any(part.startswith(".") for part in Path(name).parts)


def _slice(path: Path | zipfile.Path, shown: str) -> Found:
    source = load_sources()["playlists"]
    file = next(file for file in source.files if file.kind == "json-slices")
    return Found(path, shown, source, file, "JSON")


def _whole_zip(path: Path, shown: str, names: set[str]) -> Found | None:
    """Return an archive that is itself a source's file: its tables lie in it by their names."""
    inside = {plain_name(Path(name).name) for name in names}
    for source in load_sources().values():
        for file in source.files:
            members = {member.name for member in file.members}
            named = plain_name(path.name) == file.name and not members & inside
            if members & names or (members and named):
                return Found(path, shown, source, file, "a zip archive")
    return None


def _digest(found: Found) -> str:
    with found.path.open("rb") as stream:
        digest = hashlib.sha256()
        while block := stream.read(archives.BLOCK):
            digest.update(block)
    return digest.hexdigest()
