"""The published-edition check: are the stored numbers still what the code gives?

Each chapter is executed on the real data in a copy, and every output is compared with the stored
one: numbers within 1 %, one unit of the last printed digit or the tolerance that the cell states,
other text exactly, pictures as :mod:`nexttrack.press.pictures` says, maps of recordings as
:func:`nexttrack.apps.sound_map.sound_maps.map_differences` does. Nothing in the clone is changed.
"""

import ast
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from nexttrack.apps.sound_map.framed_pages import MAP_TYPE
from nexttrack.apps.sound_map.sound_maps import map_differences
from nexttrack.book.edition import SAYS_WHICH_DATA
from nexttrack.book.missing import NOT_THERE
from nexttrack.data.editions import SOURCES
from nexttrack.press.execute import ExecutionError, cell_name, faults, read, run, side_by_side
from nexttrack.press.numerals import USUAL, Tolerance, same_text
from nexttrack.press.pictures import TOLERANCE as EYE
from nexttrack.press.pictures import drawing, seen_to_differ
from nexttrack.target import STORED

NOT_COMPARED = "colophon"  # the tag of the cell with versions and the data's fingerprint
TOLERANCE = "tolerance="  # how the tag of a cell begins that states one
NEEDS = "needs="  # how the tag of a cell begins that names a source whose data the cell reads

_PLACES, _GIVES = "book.place_answer(", "book.answer("

# What is known of a source's recordings and artists that is filled in from other sources.
FILLED_FROM = {
    "playlists": {"spotify-tracks"},
    "playlist-archive": {"spotify-tracks"},
    "lastfm-2k": {"spotify-tracks", "playlists", "playlist-archive"},
}


@dataclass(frozen=True)
class Difference:
    """One thing that is no longer as stored: chapter, cell, stored, new.

    ``tolerance`` is that of the cell, where it has one and the difference is within it.
    """

    chapter: str
    cell: str
    stored: str
    new: str
    tolerance: str = ""

    def __str__(self) -> str:
        return f"{self.chapter}, {self.cell}: stored {self.stored}, new {self.new}"


@dataclass(frozen=True)
class Verdict:
    """What the check of one chapter found; it is fresh if there are no faults and no differences.

    Attributes:
        faults: what the stored notebook may not hold (see :func:`nexttrack.press.execute.faults`),
            or the error that stopped it, one line each.
        differences: outputs that are not as stored.
        unchecked: cells that a missing source keeps from what is stored: their tags say that they
            need it, or they found out, or they follow from such cells.
        seconds: how long it ran.
    """

    faults: list[str]
    differences: list[Difference]
    unchecked: list[str]
    seconds: float = 0.0
    tolerated: tuple[Difference, ...] = ()

    def __str__(self) -> str:
        took = f"{int(self.seconds) // 60}:{int(self.seconds) % 60:02d}"
        if self.faults:
            return f"not as it may be stored, {took}"
        if self.differences:
            n = len(self.differences)
            return f"{n} value{'s' * (n > 1)} not as stored, {took}"
        return f"as stored, {took}"


def chapters_short_of(paths: Iterable[Path], missing: Iterable[str]) -> dict[str, list[str]]:
    """Return the chapters that need missing sources, each with the sources it is short of."""
    missing = set(missing)
    short = {path.stem: sorted(set().union(*needed(read(path))) & missing) for path in paths}
    return {name: sources for name, sources in short.items() if sources}


def check(
    paths: Iterable[Path],
    root: Path,
    *,
    missing: Iterable[str] = (),
    target: str = STORED,
    on_chapter: Callable[[Path], Callable[[], None]] = lambda _: lambda: None,
) -> Iterator[tuple[Path, Verdict]]:
    """Execute chapters on the published edition in a copy and yield what differs, as they end.

    Args:
        paths: the chapters' notebooks, under ``root``.
        root: the folder of the book.
        missing: sources without data; the cells that need them are not executed.
        target: the arithmetic to compute with, one of :data:`nexttrack.target.TARGETS`.
        on_chapter: called with each path; returns what is called after each cell.
    """
    missing = set(missing)
    with tempfile.TemporaryDirectory() as scratch:

        def checked(path: Path) -> Verdict:
            copy = Path(scratch) / path.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)
            return check_chapter(copy, missing=missing, target=target, on_cell=on_chapter(path))

        yield from side_by_side(paths, checked)


def check_chapter(
    path: Path,
    *,
    missing: set[str] = frozenset(),
    target: str = STORED,
    on_cell: Callable[[], None] = lambda: None,
) -> Verdict:
    """Execute one chapter on the published edition, without storing it, and compare its outputs."""
    stored, chapter, started = read(path), path.stem, time.perf_counter()
    flaws = [*faults(stored, chapter), *_unreadable_tags(stored, chapter)]
    task = nbformat.from_dict(stored)
    skipped = [index for index, needs in enumerate(needed(task)) if needs & missing]
    for index in skipped:
        cell = task.cells[index]
        cell.metadata["tags"] = [*cell.metadata.get("tags", ()), "skip-execution"]
    try:
        new = run(
            task,
            chapter,
            folder=path.parent,
            edition="published",
            target=target,
            on_cell=on_cell,
        )
    except ExecutionError as error:
        return Verdict([*flaws, str(error)], [], [], time.perf_counter() - started)
    if missing:
        found_out = {i: missing for i, cell in enumerate(new.cells) if _lacks_data(cell)}
        skipped = [i for i, needs in enumerate(needed(task, found_out)) if needs & missing]
    differences, tolerated = [], []
    for index, cell in enumerate(stored.cells):
        tags = cell.metadata.get("tags", ())
        if cell.cell_type != "code" or index in skipped or NOT_COMPARED in tags:
            continue
        where, both = (chapter, cell_name(stored, index)), (cell.outputs, new.cells[index].outputs)
        stated = [] if flaws else stated_tolerances(tags)
        beyond = list(compare_outputs(*both, [Tolerance.read(text) for text in stated]))
        differences += [Difference(*where, *pair) for pair in beyond]
        within = [pair for pair in compare_outputs(*both) if pair not in beyond]
        tolerated += [Difference(*where, *pair, tolerance="; ".join(stated)) for pair in within]
    unchecked = [cell_name(stored, index) for index in skipped]
    seconds = time.perf_counter() - started
    return Verdict(flaws, differences, unchecked, seconds, tuple(tolerated))


def stated_tolerances(tags: Iterable[str]) -> list[str]:
    """Return the tolerances in a cell's tags: ``5%`` of ``tolerance=5%``.

    A cell states one where what it shows hangs on last digits: then its numbers may differ by more
    than usual (:data:`nexttrack.press.numerals.USUAL`), and the check says by how much they do.
    """
    return [tag.removeprefix(TOLERANCE) for tag in tags if tag.startswith(TOLERANCE)]


def _unreadable_tags(notebook: NotebookNode, chapter: str) -> Iterator[str]:
    for index, cell in enumerate(notebook.cells):
        tags = cell.metadata.get("tags", ())
        for stated in stated_tolerances(tags):
            try:
                Tolerance.read(stated)
            except ValueError as error:
                yield f"{chapter}, {cell_name(notebook, index)}: {error}"
        for source in sorted(_named_sources(tags) - SOURCES.keys()):
            there = ", ".join(SOURCES)
            yield f"{chapter}, {cell_name(notebook, index)}: needs {source}; there are {there}"


def needed(
    notebook: NotebookNode, found_out: Mapping[int, set[str]] | None = None
) -> list[set[str]]:
    """Return, for each cell, the sources that it needs.

    A cell needs the sources that its tags name (``needs=playlists``), those from which these are
    filled in, and all that the cells need that last assigned the variables that it reads. The place
    of the answer needs what the cell needs that gives the answer.

    Args:
        notebook: the chapter.
        found_out: further sources of cells, by their places from 0: a cell that reads data and has
            no such tag is executed, and finds out.
    """
    of_name: dict[str, set[str]] = {}
    needs = []
    for index, cell in enumerate(notebook.cells):
        mine: set[str] = set()
        if cell.cell_type == "code":
            read_names, written_names = _variables(cell.source)
            mine = _named_sources(cell.metadata.get("tags", ()))
            mine |= (found_out or {}).get(index, set())
            mine |= set().union(*(FILLED_FROM.get(source, set()) for source in mine))
            mine |= set().union(*(of_name.get(name, set()) for name in read_names))
            of_name |= dict.fromkeys(written_names, mine)
        needs.append(mine)
    given = [
        mine for mine, cell in zip(needs, notebook.cells, strict=True) if _GIVES in cell.source
    ]
    return [
        mine.union(*given) if _PLACES in cell.source else mine
        for mine, cell in zip(needs, notebook.cells, strict=True)
    ]


def _named_sources(tags: Iterable[str]) -> set[str]:
    return {tag.removeprefix(NEEDS) for tag in tags if tag.startswith(NEEDS)}


def _variables(source: str) -> tuple[set[str], set[str]]:
    """Return the names that a cell reads from earlier cells, and those that it writes."""
    reads, writes = set(), set()
    python = TransformerManager().transform_cell(source)  # magics become calls
    for statement in ast.parse(python).body:
        nodes = list(ast.walk(statement))
        loops = [n for n in nodes if isinstance(n, ast.For | ast.comprehension)]
        bound = {name for loop in loops for name in _names(loop.target, ast.Store)}
        # x += 1 reads x too; x[0] = 1 and x.a = 1 change what x holds.
        augmented = [n.target for n in nodes if isinstance(n, ast.AugAssign)]
        places = [n for n in nodes if isinstance(n, ast.Subscript | ast.Attribute)]
        changed = {
            name
            for place in [*augmented, *(n for n in places if isinstance(n.ctx, ast.Store))]
            for name in _names(place, ast.Store) | _names(place, ast.Load)
        }
        reads |= ((_names(statement, ast.Load) - bound) | changed) - writes
        definitions = ast.FunctionDef | ast.ClassDef
        writes |= {n.name for n in nodes if isinstance(n, definitions)}
        imported = [n for n in nodes if isinstance(n, ast.alias)]
        writes |= {n.asname or n.name.partition(".")[0] for n in imported}
        writes |= _names(statement, ast.Store) | changed
    return reads, writes


def _names(node: ast.AST, context: type[ast.expr_context]) -> set[str]:
    names = (n for n in ast.walk(node) if isinstance(n, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, context)}


def compare_outputs(
    stored: list[NotebookNode], new: list[NotebookNode], tolerances: Sequence[Tolerance] = ()
) -> Iterator[tuple[str, str]]:
    """Yield what differs between two lists of outputs, as pairs of short texts (stored, new).

    A picture is compared by its look, for which a stated share that is meant for all lines holds
    where it is larger than the usual, and not by the text that stands in for it. A
    Markdown output is compared as Markdown.
    """
    stored, new = ([o for o in outputs if not _says_which_data(o)] for outputs in (stored, new))
    before, after = [*map(_shown, stored)], [*map(_shown, new)]
    kinds_before, kinds_after = [kind for kind, _ in before], [kind for kind, _ in after]
    if kinds_before != kinds_after:
        yield _listed(kinds_before), _listed(kinds_after)
        return
    for (_, old_text), (_, new_text) in zip(before, after, strict=True):
        yield from compare_text(old_text, new_text, tolerances)
    stated = max((float(one.relative) for one in tolerances if not one.where), default=0.0)
    for old, fresh in zip(_pictures(stored), _pictures(new), strict=True):
        if seen := seen_to_differ(old, fresh, max(EYE, stated)):
            yield "a picture", seen
    for old, fresh in zip(_maps(stored), _maps(new), strict=True):
        yield from map_differences(old, fresh)


def _says_which_data(output: NotebookNode) -> bool:
    return output.get("metadata", {}).items() >= SAYS_WHICH_DATA.items()


def _lacks_data(cell: NotebookNode) -> bool:
    outputs = cell.get("outputs", ())
    return any(one.get("metadata", {}).items() >= NOT_THERE.items() for one in outputs)


def _maps(outputs: list[NotebookNode]) -> list[dict]:
    return [data[MAP_TYPE] for data in (o.get("data", {}) for o in outputs) if MAP_TYPE in data]


def _pictures(outputs: list[NotebookNode]) -> list[str]:
    return [o.data["image/png"] for o in outputs if "image/png" in o.get("data", {})]


def _listed(kinds: list[str]) -> str:
    return ", ".join(kinds) or "no output"


def _shown(output: NotebookNode) -> tuple[str, str]:
    """Return the kind of an output and the text to compare; of pictures, a drawing has one."""
    if output.output_type == "stream":
        return output.name, output.text
    if output.output_type == "error":
        return "error", f"{output.ename}: {output.evalue}"
    images = sorted(kind for kind in output.data if kind.startswith("image/"))
    if images:
        return " and ".join(images), drawing(output.data.get("image/svg+xml", ""))
    if MAP_TYPE in output.data:
        return "map of recordings", output.data.get("text/markdown", "")
    for kind in ("text/html", "text/markdown", "text/plain"):
        if kind in output.data:
            return kind, output.data[kind]
    return " and ".join(sorted(output.data)), ""


def compare_text(
    stored: str, new: str, tolerances: Sequence[Tolerance] = ()
) -> Iterator[tuple[str, str]]:
    """Yield the lines, and of tables the cells, in which two texts differ, as short pairs.

    In each line the first of the tolerances holds that is meant for it, else the usual.
    """

    def same(old: str, fresh: str, line: str) -> bool:
        held = next((one for one in tolerances if one.where in line), USUAL)
        return same_text(old, fresh, held)

    before, after = stored.strip().splitlines(), new.strip().splitlines()
    if len(before) != len(after):
        first = next(
            (pair for pair in zip(before, after, strict=False) if not same(*pair, pair[0])),
            ((before[len(after) :] or ["the end"])[0], (after[len(before) :] or ["the end"])[0]),
        )
        yield tuple(
            f"{len(lines)} lines, from {_short(line)}"
            for lines, line in zip((before, after), first, strict=True)
        )
        return
    heading: list[str] = []
    for old_line, new_line in zip(before, after, strict=True):
        old_cells, new_cells = _table_cells(old_line), _table_cells(new_line)
        heading = heading if old_cells and heading else old_cells
        if same(old_line, new_line, old_line):
            continue
        if not old_cells or len(old_cells) != len(new_cells):
            yield _where_they_part(old_line, new_line)
            continue
        for column, old_cell, new_cell in zip(heading, old_cells, new_cells, strict=False):
            if not same(old_cell, new_cell, old_line):
                yield f"{_short(old_cell)} (row {old_cells[0]}, {column})", _short(new_cell)


def _table_cells(line: str) -> list[str]:
    """Return the cells of a row of a pipe table, none for another line."""
    line = line.strip()
    if not (line.startswith("|") and line.endswith("|") and len(line) > 1):
        return []
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line[1:-1])]


def _where_they_part(stored: str, new: str) -> tuple[str, str]:
    """Return two lines in short: from some words before their first difference to past the last."""
    old, fresh = stored.split(), new.split()
    first = _alike(old, fresh)
    same_end = _alike(old[first:][::-1], fresh[first:][::-1])
    start = max(0, first - 4)

    def part(words: list[str]) -> str:
        end = min(len(words), len(words) - same_end + 4)
        text = " ".join(words[start:end])
        return "… " * (start > 0) + text + " …" * (end < len(words))

    return _short(part(old)), _short(part(fresh))


def _alike(one: list[str], other: list[str]) -> int:
    """Return with how many words in common two lists begin."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= 120 else text[:119] + "…")
