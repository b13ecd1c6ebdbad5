"""Which chapters are fresh: stamped, when executed, with the state of all that they depend on.

``chapters/stamps.json`` holds, for each chapter, its code, its outputs, the data, and what
:mod:`nexttrack.dependencies` finds from the code: modules, files, kept results, packages. A chapter
is fresh while all of that is as stamped. Text between the cells may change.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from nexttrack.data.editions import fingerprint
from nexttrack.dependencies import Code
from nexttrack.errors import UserError
from nexttrack.files import write_file
from nexttrack.press.execute import read
from nexttrack.project import processed_dir

CODE, OUTPUTS, DATA = "its code", "its outputs", "the data"
Parts = dict[str, str]


def stamps_file(root: Path) -> Path:
    """Return the path of the stamps of the book in ``root``."""
    return root / "chapters" / "stamps.json"


def read_stamps(root: Path) -> dict[str, Parts]:
    """Return the stamp of each chapter that has one, by its stem.

    Raises:
        UserError: if the file is no JSON object.
    """
    path = stamps_file(root)
    if not path.exists():
        return {}
    try:
        stamps = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(stamps, dict):
            raise ValueError("no JSON object")
    except ValueError as error:
        raise UserError(f"{path}: {error}; delete it and run: make check-all") from None
    return stamps


def stamp(path: Path, root: Path, began: Mapping[str, str]) -> None:
    """Stamp a chapter that was executed with the state that its execution began in.

    What was edited since is then seen as a change. A chapter whose own code was edited since gets
    no stamp. Stamps of notebooks that are gone are dropped.

    Args:
        path: the chapter's notebook.
        root: the folder of the book.
        began: its :func:`state` before it was executed.
    """
    notebook = read(path)
    if _code(notebook) != began[CODE]:
        return
    stamps = {name: parts for name, parts in read_stamps(root).items() if _is_there(name, root)}
    stamps[path.stem] = {**began, OUTPUTS: _outputs(notebook)}
    text = json.dumps(dict(sorted(stamps.items())), indent=1, sort_keys=True)
    write_file(stamps_file(root), (text + "\n").encode())


def is_of_real_data(path: Path, root: Path) -> bool:
    """Tell whether a chapter's stored outputs are those that it was stamped with.

    Only what was executed on the published edition is stamped.
    """
    return read_stamps(root).get(path.stem, {}).get(OUTPUTS) == _outputs(read(path))


def changes(path: Path, root: Path, code: Code | None = None) -> list[str]:
    """Return what a chapter depends on that is not as stamped, in words; none if it is fresh.

    Where no published data are at hand they count as those that the chapter was executed on.
    """
    stamped = read_stamps(root).get(path.stem)
    if stamped is None:
        return ["never stamped"]
    return differences(stamped, state(read(path), code or package_code(root)))


def differences(stamped: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return, in words, what differs between a stamp and a state."""
    if DATA not in now:
        stamped = {name: value for name, value in stamped.items() if name != DATA}
    found = []
    for name in sorted(stamped.keys() | now.keys()):
        before, after = stamped.get(name), now.get(name)
        if before == after:
            continue
        if before is None:
            found.append(f"{name} is new")
        elif after is None:
            found.append(f"{name} is gone")
        elif _is_version(before) and _is_version(after):
            found.append(f"{name} {before} -> {after}")
        else:
            found.append(name)
    return found


def state(notebook: NotebookNode, code: Code) -> Parts:
    """Return the state of all that a chapter depends on: hashes and packages' versions by name."""
    parts = code.parts(code.of_source(source_of(notebook)))
    parts |= {CODE: _code(notebook), OUTPUTS: _outputs(notebook)}
    if (processed_dir("published") / "ledger.parquet").exists():
        parts[DATA] = fingerprint("published")
    return parts


def source_of(notebook: NotebookNode) -> str:
    """Return the code of all cells as one source; magics become calls."""
    cells = (cell.source for cell in notebook.cells if cell.cell_type == "code")
    return "\n".join(TransformerManager().transform_cell(source) for source in cells)


def package_code(root: Path) -> Code:
    """Return the package's code: one for a whole command, as it lists its files once."""
    return Code(root)


def _code(notebook: NotebookNode) -> str:
    return _hash("\0".join(cell.source for cell in notebook.cells if cell.cell_type == "code"))


def _outputs(notebook: NotebookNode) -> str:
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    return _hash(json.dumps(outputs, sort_keys=True))


def _is_there(name: str, root: Path) -> bool:
    return any((root / folder / f"{name}.ipynb").exists() for folder in ("", "chapters"))


def _is_version(text: str) -> bool:
    return "." in text or text == "not installed"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
