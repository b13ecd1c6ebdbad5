"""One HTML file from the page's parts and a model: nothing is loaded from anywhere, even from disk.

Browsers refuse modules, ``fetch`` and file workers from ``file://``. So modules are put into one
script, without their imports and exports; the worker's script is made a Blob by the page, and the
model is text in it. Quarto runs this file after it has rendered (``post-render`` in
``_quarto.yml``), with whichever Python it finds: it needs the standard library only.
"""

import base64
import hashlib
import os
import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE_NAME = "try-it.html"
FRAME = (
    f"[Open it as a page of its own]({PAGE_NAME}), which is wider, or use it here.\n\n"
    f'<iframe class="try-it" src="{PAGE_NAME}" title="What should I play next?" width="100%" '
    'height="860" loading="lazy"></iframe>'
)
KEPT = Path(".cache") / "try-it-published.ntti"
"""Models of the real data at hand, in a clone: chapter 13 and ``nexttrack export`` keep them."""
DEMONSTRATION = HERE / "demonstration.ntti"
WORKER = (
    *("container.mjs", "zip_files.mjs", "exportify.mjs", "listening.mjs"),
    *("choice.mjs", "models.mjs", "find.mjs", "worker.mjs"),
)
_PAGE = (
    *("address.mjs", "map.mjs", "sequential.mjs", "interleaving.mjs", "page.mjs", "versus.mjs"),
)
_BEGIN = """
const source = document.getElementById("worker").textContent;
start(new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" }))));
"""
_IMPORT = re.compile(r"^import .*?;\n", re.MULTILINE | re.DOTALL)
_DECLARED = re.compile(r"^(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=async |function |const |class )", re.MULTILINE)


def page(model: bytes) -> str:
    """Return the page with a model in it.

    Args:
        model: what :func:`nexttrack.study.try_it.container.pack` returns.
    """
    script = bundle(_PAGE) + _BEGIN
    parts = {
        "style": _text("page.css"),
        "script": script,
        "worker": bundle(WORKER) + "\nserve(self);\n",
        "model": base64.b64encode(model).decode(),
        "policy": _policy(script, _text("page.css")),
    }
    return re.sub(r"%\((\w+)\)s", lambda found: parts[found[1]], _text("page.html"))


def bundle(names: tuple[str, ...]) -> str:
    """Return modules as one strict script, each after those that it names."""
    modules = [_EXPORT.sub("", _IMPORT.sub("", _text(name))) for name in names]
    script = '"use strict";\n' + "\n".join(modules)
    declared = _DECLARED.findall(script)
    if twice := {name for name in declared if declared.count(name) > 1}:
        raise ValueError(f"two modules declare {min(twice)}: in one script the last would hold")
    if "</script" in script:
        raise ValueError("a script must not hold </script, which ends it")
    return script


def _policy(script: str, style: str) -> str:
    """Return what the page may do: run its own script, wear its own style, start its worker."""
    script, style = (
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in (script, style)
    )
    return (
        f"default-src 'none'; script-src {script} blob:; style-src {style}; worker-src blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def write_try_it(root: Path, output: Path) -> None:
    """Write the page beside each chapter that shows it in a frame.

    With the models of the real data where they are at hand, else with the demonstration.

    Args:
        root: the folder of the book.
        output: the folder of its pages.
    """
    kept = root / KEPT
    for chapter in sorted(output.rglob("*.html")):
        if f'src="{PAGE_NAME}"' in chapter.read_text(encoding="utf-8"):
            model = (kept if kept.is_file() else DEMONSTRATION).read_bytes()
            chapter.with_name(PAGE_NAME).write_text(page(model), encoding="utf-8")


if __name__ == "__main__":
    book = Path(os.environ["QUARTO_PROJECT_DIR"])
    write_try_it(book, book / os.environ["QUARTO_PROJECT_OUTPUT_DIR"])
