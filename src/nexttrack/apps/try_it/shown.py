"""The page that recommends, as a chapter shows it: in a frame, beside the notebook."""

from pathlib import Path

from IPython.display import Markdown

from nexttrack import project
from nexttrack.apps.try_it.page import FRAME, KEPT, PAGE_NAME, page
from nexttrack.files import write_file


def try_it(model: bytes) -> Markdown:
    """Write the page with these models beside the notebook, and show it.

    Those of the real data are kept in the clone, for the book to be rendered with.

    Args:
        model: what :func:`nexttrack.study.try_it.page_models.model_block` returns.

    Raises:
        OSError: if the page cannot be written.
    """
    if project.edition() == "published":
        write_file(project.cache_dir() / KEPT.name, model)
    write_file(Path(PAGE_NAME), page(model).encode())
    return Markdown(FRAME)
