"""Bring the sources' files, and a listener's own, from where a user has them into the data folder.

Everything is made and checked in a folder of its own before anything is replaced.
"""

import hashlib
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from nexttrack.data.listener.kept import Kept, keep
from nexttrack.data.raw import conversion, million_playlist, slice_batches
from nexttrack.data.raw.archives import BLOCK
from nexttrack.data.raw.installing import one_at_a_time, previous, put_in_place, staging
from nexttrack.data.raw.recognition import NOT_OURS, Found
from nexttrack.data.raw.search import Search
from nexttrack.data.raw.sources import Source, SourceFile, load_sources, locate
from nexttrack.data.raw.verify import FileReport, inspect_source
from nexttrack.errors import UserError
from nexttrack.files import remove
from nexttrack.progress import steps

Answer = Callable[[str], bool]


@dataclass
class Brought:
    """What an import made of one source.

    ``files`` are those in place now. ``origins`` says of each where it came from and what was
    changed, ``counts`` what it holds where rows say too little. ``unchanged`` says that the same
    files were there before, ``previous`` where those are that were replaced, ``loss`` what would be
    lost.
    """

    source: Source
    files: list[FileReport] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)
    counts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    loss: str = ""
    unchanged: bool = False
    previous: Path | None = None


@dataclass
class Import:
    """What an import brought, by source, and what it left out, a line for each file.

    ``own`` is what there is now of a listener's own music, None where no file of that was found.
    """

    sources: dict[str, Brought]
    left_out: list[str]
    own: Kept | None = None


def import_folder(
    place: Path, raw: Path, replace: bool = False, ask: Answer = lambda question: False
) -> Import:
    """Copy the sources found in ``place`` to ``raw``, converted where they are in another form.

    ``place`` is a folder, an archive or a single file; see :mod:`nexttrack.data.raw.search`. JSON
    slices of the Million Playlist Dataset become the two tables that the rest of the project reads,
    and are added to those of slices imported before. Optional files that ``place`` does not have
    stay as they are.

    A listener's own files (:mod:`nexttrack.data.listener`) are added to those in the folder
    ``listener`` beside ``raw``.

    Args:
        place: where to look.
        raw: the data folder.
        replace: let fewer rows take the place of more, and new slices that of all that is there.
        ask: asked with one line before that is done, where ``replace`` does not allow it.

    Raises:
        UserError: if ``place`` has no source, a file in it is bad, it cannot be copied, or less
            would replace more. What was in ``raw`` before is then still there.
    """
    if not place.exists():
        what = "is a link to nothing" if place.is_symlink() else "does not exist"
        raise UserError(f"{place} {what}")
    with one_at_a_time(raw):
        scratch = raw / ".unpacked"
        scratch.mkdir()
        try:
            search = Search(scratch)
            search.look(place)
            _refuse_own_folder(search, place, raw)
            if not (search.found or search.own):
                raise UserError(_nothing_in(place, search.left_out))
            brought = install(search.found, raw, replace, ask) if search.found else {}
            own = keep(search.own, raw.with_name("listener")) if search.own else None
        finally:
            remove(scratch)
    if own is None:
        return Import(brought, search.left_out)
    left_out = own.left_out + search.left_out
    if not (brought or own.n_files):
        raise UserError(_nothing_in(place, left_out))
    return Import(brought, left_out, own)


def install(
    found: list[Found], raw: Path, replace: bool, ask: Answer = lambda question: False
) -> dict[str, Brought]:
    """Stage, check and put in place what was found; the caller holds the lock of ``raw``."""
    sources = load_sources()
    brought = {
        name: Brought(sources[name])
        for name in sources
        if any(one.source.name == name for one in found)
    }
    with staging(raw, list(brought)) as staged:
        sliced = any(one.file.kind == "json-slices" for one in found)  # these have their own bar
        names = list(brought)
        for name in names if sliced else steps(names, "Importing"):
            source = brought[name]
            own = [one for one in found if one.source.name == name]
            _stage(source, own, staged[name], raw / name, replace)
            _verify(source, own, staged[name], raw / name)
            _count(source, staged[name])
        for name, source in brought.items():
            if not replace:
                _refuse_loss(source, staged[name], raw / name, ask)
            source.unchanged = _contents(staged[name]) == _contents(raw / name)
            if not source.unchanged and (raw / name).exists():
                source.previous = previous(raw, name)
        put_in_place({n: f for n, f in staged.items() if not brought[n].unchanged}, raw)
    return brought


def tabulate_slices(raw: Path) -> None:
    """Turn JSON slices that were put into ``raw/playlists`` by hand into the two tables.

    Raises:
        UserError: naming the first slice that is damaged.
    """
    source = load_sources()["playlists"]
    located = {file.name: locate(file, raw / source.name) for file in source.files}
    slices = next(file for file in source.files if file.kind == "json-slices")
    if located[slices.name] and not all(located[f.name] for f in source.files if f.required):
        with one_at_a_time(raw):
            found = [Found(p, str(p), source, slices, "JSON") for p in located[slices.name]]
            install(found, raw, replace=True)


# Staging --------------------------------------------------------------------------------------


def _stage(
    brought: Brought, found: list[Found], folder: Path, present: Path, replace: bool
) -> None:
    """Write the files of one source into ``folder`` in the form that the source has."""
    slices = [one for one in found if one.file.kind == "json-slices"]
    if slices:
        _stage_slices(brought, slices, folder, present, replace)
    parts = [one for one in found if one.member]
    if parts:
        name = parts[0].file.name
        how = conversion.write_zip(parts, folder / name)
        brought.origins[name] = f"{parts[0].shown} and others, {how}"
    for one in found:
        if not one.member and one not in slices:
            how = conversion.write_canonical(one, folder / one.file.name)
            brought.origins[one.file.name] = f"{one.shown}, {how}" if how else one.shown
    _keep_others(brought.source, folder, present)


def _stage_slices(
    brought: Brought, slices: list[Found], folder: Path, present: Path, replace: bool
) -> None:
    slices = sorted(slices, key=lambda one: million_playlist.slice_range(one.path.name) or (0, 0))
    try:
        million_playlist.write_tables([one.path for one in slices], folder)
    except UserError as error:
        raise UserError(_named(str(error), {str(one.path): one.shown for one in slices})) from None
    more = f" and {len(slices) - 1} more" if len(slices) > 1 else ""
    origin = f"{slices[0].shown}{more}"
    if not replace and slice_batches.made_of_slices(present):
        ranges = [million_playlist.slice_range(one.path.name) for one in slices]
        slice_batches.add_tables(present, folder, [pair for pair in ranges if pair])
        origin += ", added to the slices imported before"
    elif (present / slice_batches.ITEMS).exists():
        brought.loss = (
            f"{origin} would replace tables of {present} that were made otherwise than of slices"
        )
    brought.origins.update(dict.fromkeys((slice_batches.ITEMS, slice_batches.TRACKS), origin))


def _keep_others(source: Source, folder: Path, present: Path) -> None:
    """Keep optional files that were there before, and the others beside optional ones alone."""
    came = {path.name for path in folder.iterdir()}
    only_optional = all(not file.required for file in source.files if file.name in came)
    for file in source.files:
        if file.kind == "json-slices" or file.name in came:
            continue
        if not file.required or only_optional:
            for kept in locate(file, present):
                shutil.copy2(kept, folder / file.name)


def _verify(brought: Brought, found: list[Found], folder: Path, present: Path) -> None:
    """Hold the staged files to the contract; messages name the user's files."""
    names = {str(one.path): one.shown for one in found}
    came = {
        one.file.name: str(Path(one.shown).parent) if one.member else one.shown for one in found
    }
    for path in folder.iterdir():
        names[str(path)] = came.get(path.name, str(present / path.name))
    names[str(folder)] = str(Path(found[0].shown).parent)
    report = inspect_source(brought.source, folder)
    if report.problems:
        more = f" ({len(report.problems) - 1} more after that)" if report.problems[1:] else ""
        raise UserError(_named(report.problems[0], names) + more)
    brought.files = list(report.files)
    brought.notes += [_named(note, names) for note in report.notes]


def _named(line: str, names: dict[str, str]) -> str:
    for path, shown in names.items():
        line = line.replace(path, shown)
    return line


def _count(brought: Brought, folder: Path) -> None:
    """Say how many playlists, entries and tracks the tables of playlists hold."""
    if brought.source.name != "playlists":
        return
    import pyarrow.parquet as pq

    pids: set[int] = set()
    with pq.ParquetFile(folder / slice_batches.ITEMS) as items:
        for batch in items.iter_batches(columns=["pid"]):
            pids.update(batch["pid"].unique().to_pylist())
        entries = items.metadata.num_rows
    tracks = pq.read_metadata(folder / slice_batches.TRACKS).num_rows
    brought.counts = {
        slice_batches.ITEMS: f"{len(pids):,} playlists, {entries:,} entries",
        slice_batches.TRACKS: f"{tracks:,} tracks",
    }


# Against what is there ------------------------------------------------------------------------


def _refuse_loss(brought: Brought, folder: Path, present: Path, ask: Answer) -> None:
    """Ask before fewer rows replace more, or slices what is richer than they are."""
    losses = [brought.loss] if brought.loss else []
    for file in brought.source.files:
        if file.kind == "json-slices":
            continue
        before, now = _rows(file, present / file.name), _rows(file, folder / file.name)
        if now < before:
            losses.append(
                f"{brought.origins.get(file.name, file.name)} has {now:,} rows where "
                f"{present / file.name} has {before:,}"
            )
    if losses and not ask(f"{'; '.join(losses)}; replace it?"):
        raise UserError(
            f"{losses[0]}; nothing was replaced; to replace it all the same, add --replace"
        )


def _rows(file: SourceFile, path: Path) -> int:
    """Count the rows of a file quickly, as lines where it is text; 0 if it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if file.kind == "parquet":
            return pq.read_metadata(path).num_rows
        if file.kind == "zip":
            with zipfile.ZipFile(path) as archive:
                return sum(_lines(archive.open(member.name)) for member in file.members)
        with path.open("rb") as stream:
            return _lines(stream)
    except (OSError, KeyError, pa.ArrowInvalid, zipfile.BadZipFile, EOFError, RuntimeError):
        return 0


def _lines(stream: IO[bytes]) -> int:
    """Count the lines below the header."""
    count, end = 0, b"\n"
    while block := stream.read(BLOCK):
        count += block.count(b"\n")
        end = block[-1:]
    return max(count - (end == b"\n"), 0)


def _contents(folder: Path) -> dict[str, str]:
    """Return the names of a folder's files with their checksums; empty if it is not there."""
    contents = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_file():
            with path.open("rb") as stream:
                contents[path.name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return contents


# What is not there ----------------------------------------------------------------------------


def _refuse_own_folder(search: Search, place: Path, raw: Path) -> None:
    own = raw.resolve()
    kept = (own / ".previous", own / ".unpacked")
    for one in search.found:
        if isinstance(one.path, Path):
            path = one.path.resolve()
            if path.is_relative_to(own) and not any(path.is_relative_to(k) for k in kept):
                raise UserError(
                    f"{place} is the data folder itself; its files are in place already"
                )


def _nothing_in(place: Path, left_out: list[str]) -> str:
    if not place.is_dir() and len(left_out) == 1:
        return left_out[0]
    sources = load_sources()
    why = ""
    told = [line for line in left_out if not line.endswith(NOT_OURS)]
    if told:
        more = f" (and {len(left_out) - 1} other files)" if len(left_out) > 1 else ""
        why = f"{told[0]}{more}; "
    return (
        f"{place} holds none of the sources; {why}it should have the files of one, or folders "
        f"named {', '.join(sources)}: see nexttrack data list"
    )
