"""What a number depends on: modules, files beside them, kept results, and packages' versions.

A module depends on the modules that it imports, wherever in it the import stands, and on what
these depend on. A package whose ``__init__`` only gathers names (a facade) counts as what it
gathers: who imports one name of it depends on the module that defines that name, and on no other. A
file of the package that is no code (SQL, CSV, JavaScript) belongs to each module that says its
name, or that of the folder of such files that it lies in; a table in ``results/`` to each that says
its name.
"""

import ast
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

from packaging.utils import canonicalize_name

PACKAGE = "nexttrack"
NOT_FOLLOWED = {(f"{PACKAGE}.data.editions", f"{PACKAGE}.data.simulator")}
"""Imports that change no number: the simulator makes raw files, whose hashes are in every key."""

Name = tuple[str, str | None]  # a module, and a name in it; None for all of it


@dataclass(frozen=True)
class Dependencies:
    """What code depends on.

    Attributes:
        modules: dotted names of the package's modules.
        files: paths of its other files, from the package's folder.
        results: names of tables in ``results/``.
        packages: distributions of others whose modules are imported.
    """

    modules: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    results: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Source:
    """What one source says: the names that it imports, and its texts."""

    imports: frozenset[Name]
    texts: frozenset[str]


@dataclass(frozen=True)
class Code:
    """The modules of the package as they are on disk now.

    Args:
        root: folder that holds ``results/``.
        folder: folder of the package.
    """

    root: Path = Path(__file__).parents[2]
    folder: Path = Path(__file__).parent

    def of_module(self, name: str) -> Dependencies:
        """Return what a module depends on, itself included."""
        return self._gathered([(name, None)], frozenset())

    def of_source(self, source: str) -> Dependencies:
        """Return what some Python source depends on, that is no module of the package."""
        read = read_source(source)
        return self._gathered(read.imports, read.texts)

    def parts(self, wanted: Dependencies) -> dict[str, str]:
        """Return the state of each dependency by its name: a hash, or a package's version."""
        hashes = {name: _hash(self.modules[name]) for name in wanted.modules}
        hashes |= {f"{PACKAGE}/{path}": _hash(self.folder / path) for path in wanted.files}
        hashes |= {f"results/{name}": _hash(self.results[name]) for name in wanted.results}
        return hashes | {name: _version(name) for name in sorted(wanted.packages)}

    @cached_property
    def modules(self) -> dict[str, Path]:
        """The file of each module by its dotted name."""
        found = {}
        for path in self.folder.rglob("*.py"):
            parts = path.relative_to(self.folder).with_suffix("").parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            found[".".join([PACKAGE, *parts])] = path
        return found

    @cached_property
    def files(self) -> dict[str, list[str]]:
        """Paths of the files that are no code, by what a module says to read them."""
        found: dict[str, list[str]] = {}
        of_code = {folder for path in self.modules.values() for folder in path.parents}
        for path in sorted(self.folder.rglob("*")):
            if path.suffix == ".py" or path.parent.name == "__pycache__" or not path.is_file():
                continue
            where = path.relative_to(self.folder).as_posix()
            # A folder of modules goes by many a name that is also a column's.
            folders = (part.name for part in path.parents if part not in of_code)
            for name in (path.name, *folders):
                found.setdefault(name, []).append(where)
        return found

    @cached_property
    def results(self) -> dict[str, Path]:
        """The tables in ``results/`` by name."""
        return {path.name: path for path in (self.root / "results").glob("*.csv")}

    def _gathered(self, imports: Iterable[Name], texts: frozenset[str]) -> Dependencies:
        """Follow imports to their end."""
        modules: set[str] = set()
        outside: set[str] = set()
        said = set(texts)
        ahead = list(imports)
        while ahead:
            importing, name = ahead.pop()
            if importing.partition(".")[0] != PACKAGE:
                outside.add(importing.partition(".")[0])
                continue
            for home in self._homes(importing, name):
                if home in modules:
                    continue
                modules.add(home)
                read = read_source(_text(self.modules[home]))
                said |= read.texts
                ahead += [one for one in read.imports if not _ignored(home, one)]
        return Dependencies(
            modules=frozenset(modules),
            files=frozenset(path for text in said & self.files.keys() for path in self.files[text]),
            results=frozenset(said & self.results.keys()),
            packages=frozenset(distribution(name) for name in outside - sys.stdlib_module_names),
        )

    def _homes(self, module: str, name: str | None) -> Iterator[str]:
        """Yield the modules that an import of a name, or of all of a module, comes down to."""
        above, _, last = module.rpartition(".")
        if module not in self.modules and self._names(above, last):
            module, name = above, last  # a name whose attribute was read
        if name is not None and f"{module}.{name}" in self.modules:
            module, name = f"{module}.{name}", None
        gathered = self._facade(module)
        if gathered is None:
            if module not in self.modules:
                raise LookupError(f"{module}: no module of {PACKAGE}")
            yield module
            return
        if name is None:
            yield module
            for home, its_name in gathered.values():
                yield from self._homes(home, its_name)
        elif name in gathered:
            yield from self._homes(*gathered[name])
        else:
            yield module

    def _names(self, module: str, name: str) -> bool:
        """Tell whether a module has a name that is no module."""
        path = self.modules.get(module)
        return path is not None and (path.name != "__init__.py" or name in _text(path))

    def _facade(self, module: str) -> dict[str, Name] | None:
        """Return where the names that a facade gathers come from; None for another module."""
        path = self.modules.get(module)
        if path is None or path.name != "__init__.py":
            return None
        return gathered_names(_text(path))


@cache
def read_source(source: str) -> _Source:
    """Return the names that Python source imports, absolutely and anywhere in it, and its texts.

    ``import a.b as c`` and ``from a import b as c`` import those names of ``a.b`` that are then
    read as ``c.name``, if it is read in no other way; what is no module is a name of ``a``.

    Raises:
        ValueError: if it imports relatively or ``*``: neither says what it takes.
    """
    nodes = list(ast.walk(ast.parse(source)))
    used: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            used.setdefault(node.value.id, set()).add(node.attr)
    bare = {id(n.value) for n in nodes if isinstance(n, ast.Attribute)}
    alone = {n.id for n in nodes if isinstance(n, ast.Name) and id(n) not in bare}
    imports: set[Name] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                names = used.get(alias.asname or "", set())
                whole = alias.asname is None or alias.asname in alone or not names
                imports |= {(alias.name, None)} if whole else {(alias.name, n) for n in names}
        elif isinstance(node, ast.ImportFrom):
            if node.level or any(alias.name == "*" for alias in node.names):
                raise ValueError(f"line {node.lineno}: import by full module and name")
            for alias in node.names:
                called = alias.asname or alias.name
                names = set() if called in alone else used.get(called, set())
                own = {(f"{node.module}.{alias.name}", name) for name in names}
                imports |= own or {(str(node.module), alias.name)}
    constants = (node.value for node in nodes if isinstance(node, ast.Constant))
    return _Source(frozenset(imports), frozenset(c for c in constants if isinstance(c, str)))


@cache
def gathered_names(source: str) -> dict[str, Name] | None:
    """Return where the names of a facade come from, or None if the source is no facade.

    A facade has nothing but imports of this package, constants, filters of warnings and a
    ``__getattr__`` that loads the names in ``_HOMES``, a dictionary of names and modules.
    """
    names: dict[str, Name] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(PACKAGE):
            names |= {
                alias.asname or alias.name: (str(node.module), alias.name) for alias in node.names
            }
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "_HOMES":
            homes: Mapping[str, str] = ast.literal_eval(node.value)
            names |= {name: (f"{PACKAGE}.{home}", name) for name, home in homes.items()}
        elif not _is_plain(node):
            return None
    return names


def _is_plain(node: ast.stmt) -> bool:
    """Tell whether a statement of a facade changes nothing elsewhere."""
    if isinstance(node, ast.FunctionDef):
        return node.name == "__getattr__"
    if isinstance(node, ast.Assign):
        return True
    if isinstance(node, ast.Expr):
        text = ast.unparse(node.value)
        return isinstance(node.value, ast.Constant) or text.startswith("warnings.filterwarnings(")
    return ast.unparse(node) in ("import warnings", "from importlib import import_module")


def key(parts: Mapping[str, str]) -> str:
    """Return a hash of the states of dependencies."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _ignored(module: str, imported: Name) -> bool:
    target = ".".join(filter(None, imported))
    return any(
        module == importing and (target + ".").startswith(skipped + ".")
        for importing, skipped in NOT_FOLLOWED
    )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()[:12]


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


def distribution(module: str) -> str:
    """Return the name of the distribution that brings a top-level module; the module's if none."""
    return canonicalize_name(sorted(_distributions().get(module, [module]))[0])


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
