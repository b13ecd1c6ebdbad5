"""``nexttrack data``: list, get, import, verify, clean, status and simulate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nexttrack import project
from nexttrack.data.raw.sources import SourceFile, load_sources
from nexttrack.errors import printable
from nexttrack.progress import steps

if TYPE_CHECKING:
    from nexttrack.data.raw.imports import Brought
    from nexttrack.data.raw.verify import SourceReport

MOST_LEFT_OUT = 12

data_app = typer.Typer(help="The data: bring, check and clean them.", no_args_is_help=True)


@data_app.command("list")
def list_sources() -> None:
    """Say what the sources are, where they come from and under which terms."""
    for source in load_sources().values():
        _say(f"{source.name}: {source.title}")
        _say(f"    what   {source.what}")
        _say(f"    from   {source.address}")
        _say(f"    files  {', '.join(_file_name(file) for file in source.files)}")
        _say(f"    terms  {source.terms}")
        _say(f"    cite   {source.citation}")


@data_app.command()
def get(
    sources: Annotated[list[str] | None, typer.Argument(help="Which; all if not given.")] = None,
    force: Annotated[bool, typer.Option(help="Download also what is there.")] = False,
) -> None:
    """Download the sources that can be downloaded; say how to bring the others."""
    from nexttrack.data.raw import fetch

    names = sources or []
    if not names:
        for source in load_sources().values():
            if not source.downloadable:
                _say(source.how_to_bring)
    done = fetch.get(names, project.raw_dir(), force)
    _say(f"downloaded: {', '.join(done)}" if done else "nothing to download: all is there")


@data_app.command("import")
def import_folder(
    place: Annotated[Path, typer.Argument(help="A folder, an archive or a file.")],
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Replace what is there, also by less; slices else add to slices."
        ),
    ] = False,
) -> None:
    """Copy sources, or your own music, from a folder, an archive or a file, after checking it.

    Your own music: Spotify's data export (my_spotify_data.zip; StreamingHistory_music_*.json,
    Streaming_History_Audio_*.json, YourLibrary.json, Playlist*.json) and Exportify's CSV tables. It
    stays in the folder listener of the data folder, is matched to recordings by id or by name, and
    is read by no chapter. Importing again adds what is new.
    """
    from nexttrack.data.listener.profiles import own_folder
    from nexttrack.data.listener.report import report
    from nexttrack.data.raw import imports

    def ask(question: str) -> bool:
        return sys.stdin.isatty() and typer.confirm(printable(question))

    done = imports.import_folder(place, project.raw_dir(), replace, ask)
    for brought in done.sources.values():
        _say_brought(brought)
    if done.own:
        _say("your own music")
        for line in report(done.own, own_folder(), project.processed_dir("published")):
            _say(f"    {line}")
    if done.left_out:
        _say("left out")
        for line in done.left_out[:MOST_LEFT_OUT]:
            _say(f"    {line}")
        if (more := len(done.left_out) - MOST_LEFT_OUT) > 0:
            _say(f"    and {more} more")
    missing = [name for name in load_sources() if name not in done.sources]
    if missing and done.sources and place.is_dir():
        _say(f"not in {place}: {', '.join(missing)}")


@data_app.command()
def verify() -> None:
    """Check every raw file that is there; one line for each problem."""
    reports = _inspect()
    for report in reports:
        for problem in report.problems:
            print(f"error: {printable(problem)}", file=sys.stderr)
        for note in report.notes:
            _say(f"note: {note}")
        if report.state != "invalid":
            rows = f", {report.rows:,} rows are valid" if report.files else ""
            _say(f"{report.source.name}: {report.state}{rows}")
    if any(report.problems for report in reports):
        raise typer.Exit(1)


@data_app.command()
def clean(
    edition: Annotated[str, typer.Option(help="published or sample.")] = "published",
) -> None:
    """Clean the raw files of an edition into the tables that the chapters read."""
    from nexttrack.data import cleaning
    from nexttrack.data.raw import imports, installing

    if edition not in project.EDITIONS:
        raise typer.BadParameter(f"{edition} is neither published nor sample")
    raw = project.raw_dir(edition)
    if edition == "published":
        installing.settle(raw)
        imports.tabulate_slices(raw)
    _say(f"cleaned: {cleaning.clean(raw, project.processed_dir(edition))}")


@data_app.command()
def status() -> None:
    """Show which sources are there, and whether they have been cleaned."""
    from rich.console import Console
    from rich.table import Table

    from nexttrack.data.listener.kept import load
    from nexttrack.data.listener.profiles import own_folder

    table = Table("source", "state", "rows", "bytes", "the book's own copy")
    for report in _inspect():
        rows, size = (f"{n:,}" if report.files else "" for n in (report.rows, report.size))
        known = "yes" if all(file.known for file in report.files) else "no"
        table.add_row(report.source.name, report.state, rows, size, known if report.files else "")
    Console().print(table)
    for edition in project.EDITIONS:
        cleaned = (project.processed_dir(edition) / "ledger.parquet").exists()
        _say(f"{edition} edition: {'cleaned' if cleaned else 'not cleaned'}")
    plays, likes = load(own_folder())
    if plays or likes:
        _say(f"your own music: {len(plays):,} plays, {len(likes):,} likes")


@data_app.command()
def simulate(
    tracks: Annotated[int, typer.Option(min=1, help="Tracks in the catalogue.")] = 20_000,
    listeners: Annotated[int, typer.Option(min=1, help="Listeners.")] = 5_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed; the same seed, the same world.")] = 1,
) -> None:
    """Make the raw files of the sample edition: a simulated world, no real data."""
    from nexttrack.data import simulator

    raw = project.raw_dir("sample")
    simulator.write_sources(raw, n_tracks=tracks, n_listeners=listeners, seed=seed)
    _say(f"simulated: {raw}")


def _inspect() -> list[SourceReport]:
    from nexttrack.data.raw.installing import settle
    from nexttrack.data.raw.verify import inspect_source

    raw = project.raw_dir()
    settle(raw)
    sources = list(load_sources().values())
    return [inspect_source(source, raw / source.name) for source in steps(sources, "Checking")]


def _file_name(file: SourceFile) -> str:
    if file.kind == "json-slices":
        return f"or {file.name}"
    return file.name if file.required else f"{file.name} (optional)"


def _say(line: str) -> None:
    """Print a line. It may show a user's text, so nothing in it is taken as markup or emoji."""
    print(printable(line))


def _say_brought(brought: Brought) -> None:
    state = ": the same files are there already" if brought.unchanged else ""
    _say(f"{brought.source.name}{state}")
    for report in brought.files:
        origin = brought.origins.get(report.name, "kept from before")
        what = brought.counts.get(report.name, f"{report.rows:,} rows")
        _say(f"    {report.name}  {what}  from {origin}")
    for note in brought.notes:
        _say(f"    note: {note}")
    if brought.previous:
        _say(
            f"    what was there before: {brought.previous} "
            f"(nexttrack data import {brought.previous} --replace brings it back)"
        )
