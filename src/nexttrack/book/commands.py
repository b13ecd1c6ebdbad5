"""The ``nexttrack book`` commands: render the book, execute its chapters, check them."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

book_app = typer.Typer(help="The book: render it, execute its chapters, check what they state.")


@book_app.command()
def render(
    preview: Annotated[
        bool, typer.Option("--preview", help="Use the preview renderer even where Quarto is.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="Write the pages here, not to the folder in _quarto.yml.")
    ] = None,
    open_: Annotated[
        bool, typer.Option("--open", help="Open the book in a browser when it is done.")
    ] = False,
) -> None:
    """Render the chapters, with the outputs stored in them, to HTML pages."""
    from nexttrack.book.render import render_book

    index = render_book(output=output, preview=preview)
    if open_:
        webbrowser.open(index.as_uri())
