"""``nexttrack export``: write the page on which a reader gets recommendations."""

from pathlib import Path
from typing import Annotated

import typer

from nexttrack.errors import UserError


def export(
    output: Annotated[Path, typer.Option(help="The page to write.")] = Path("try-it.html"),
    demo: Annotated[
        bool, typer.Option("--demo", help="Only what may be passed on: 5,000 recordings, mood.")
    ] = False,
    models: Annotated[
        Path | None, typer.Option(help="Write the models too, alone, to this file.")
    ] = None,
) -> None:
    """Write the page that recommends: one HTML file, which works from disk and offline."""
    from nexttrack.apps.try_it.page import page
    from nexttrack.files import write_file
    from nexttrack.study.try_it.page_models import model_block

    for path in filter(None, (output, models)):
        if path.is_dir():
            raise UserError(f"{path} is a folder; name a file in it")
        if not path.absolute().parent.is_dir():
            raise UserError(f"there is no folder {path.absolute().parent}; make it first")
    model = model_block(demonstration=demo)
    html = page(model).encode()
    write_file(output, html)
    if models:
        write_file(models, model)
    print(
        f"written: {output}, {len(html):,} bytes, its models {len(model):,}; open it in a browser"
    )
