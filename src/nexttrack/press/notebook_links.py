"""Offer each chapter's notebook for download on its page, which no option of Quarto's books does.

Quarto runs this file after it has rendered (``post-render`` in ``_quarto.yml``), with whichever
Python it finds; so it needs the standard library only. The preview renderer calls it too.
"""

import os
import shutil
from pathlib import Path

TITLE_BLOCK = '<header id="title-block-header"'
LINK = (
    '<p class="notebook-download"><a href="{name}" download="">'
    '<i class="bi bi-download" aria-hidden="true"></i> Download this chapter as a notebook</a></p>'
)


def link_notebooks(root: Path, output: Path) -> None:
    """Copy each notebook that has a page beside it, and link it at the end of the title block.

    Args:
        root: the folder of the book.
        output: the folder of the pages.
    """
    for page in output.rglob("*.html"):
        name = page.relative_to(output).with_suffix(".ipynb")
        if not (root / name).is_file():
            continue
        html = page.read_text(encoding="utf-8")
        if 'class="notebook-download"' not in html:
            end = html.index("</header>", html.index(TITLE_BLOCK))
            link = LINK.format(name=name.name)
            page.write_text(html[:end] + link + html[end:], encoding="utf-8")
        shutil.copy(root / name, output / name)


if __name__ == "__main__":
    book = Path(os.environ["QUARTO_PROJECT_DIR"])
    link_notebooks(book, book / os.environ["QUARTO_PROJECT_OUTPUT_DIR"])
