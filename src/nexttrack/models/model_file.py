"""Keep a fitted model in a file: NumPy's ``.npz`` without pickle, and nothing else."""

import inspect
import io
import zipfile
import zlib
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import DTypeLike
from scipy.sparse import csr_matrix

from nexttrack.errors import UserError
from nexttrack.files import write_file

VERSION = 1
_CSR = ("data", "indices", "indptr", "shape")


class ModelFile:
    """Gives a model ``save`` and ``load``; the attributes in ``_STATE`` are what is kept.

    An attribute is an array of numbers or texts, a ``csr_matrix``, a number, a text or None. The
    class can be made without arguments. ``_loaded`` is called when all attributes are there. The
    first of ``_STATE`` is learned: None until the model is fitted.
    """

    _STATE: tuple[str, ...] = ()

    def save(self, file: str | Path | BinaryIO) -> None:
        """Write the model as ``.npz``, whole or not at all.

        Args:
            file: a path, to which ``.npz`` is added where it lacks it, or an open binary file.

        Raises:
            NotFittedError: if there is nothing to keep.
        """
        self._check_fitted()
        parts: dict[str, Any] = {
            "model": np.array(type(self).__name__),
            "version": np.array(VERSION),
        }
        for name in self._STATE:
            parts |= _packed(name, getattr(self, name))
        content = io.BytesIO()
        np.savez(content, **parts)
        if hasattr(file, "write"):
            file.write(content.getbuffer())
        else:
            write_file(_path(file), content.getbuffer())

    @classmethod
    def load(cls, fileobj_or_path: str | Path | BinaryIO) -> Self:
        """Read a model that ``save`` wrote.

        Raises:
            UserError: if the file is not there, is damaged, or holds something else; one line.
        """
        is_open = hasattr(fileobj_or_path, "read")
        name = "the open file" if is_open else _path(fileobj_or_path)
        parts = _read(fileobj_or_path if is_open else name, name)
        if "model" not in parts or "version" not in parts:
            raise UserError(f"{name}: not a model of this package; fit one and save it again")
        kind, version = str(parts.pop("model")), parts.pop("version")
        if kind != cls.__name__:
            raise UserError(f"{name}: holds a model of kind {kind}; load it with {kind}.load")
        if version != VERSION:
            raise UserError(f"{name}: written by another version; fit the model and save it again")
        try:
            values = {attribute: _unpacked(attribute, parts) for attribute in cls._STATE}
            model = cls(**_settings(cls, values))
            for attribute, value in values.items():
                setattr(model, attribute, value)
            if values[cls._STATE[0]] is None:
                raise ValueError(f"{cls._STATE[0]} is not there")
            model._loaded()
        except (KeyError, ValueError, TypeError, IndexError, OverflowError) as error:
            raise UserError(f"{name}: damaged ({error}); fit the model and save it again") from None
        return model

    def _check_fitted(self):
        if getattr(self, self._STATE[0]) is None:
            from sklearn.exceptions import NotFittedError  # scikit-learn takes a second to load

            raise NotFittedError(f"{type(self).__name__} is not fitted; call fit first")

    def _loaded(self):
        """Make what is not kept in the file from what is.

        A file may come from anywhere, and compiled code trusts its arrays: what does not go
        together is a ValueError (:func:`check_array`).
        """


def check_array(name: str, array: Any, shape: tuple[int, ...], *dtypes: DTypeLike) -> None:
    """Refuse an array or matrix of another shape or type.

    Raises:
        ValueError: the line says what it should be.
    """
    if np.shape(array) != shape:
        raise ValueError(f"{name} is not of size {shape}")
    if array.dtype not in [np.dtype(dtype) for dtype in dtypes]:
        raise ValueError(f"{name} is {array.dtype}, not {np.dtype(dtypes[0])}")


def _settings(cls: type, values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that the class is made with, so that it checks them itself."""
    settings = {}
    for name, parameter in inspect.signature(cls).parameters.items():
        if name in values:
            settings[name] = value = values[name]
            if value is None and "None" in str(parameter.annotation):
                continue
            if isinstance(parameter.default, int) and not isinstance(value, int):
                raise ValueError(f"{name} must be a whole number, not {value}")
    return settings


def _path(file: Any) -> Path:
    path = Path(file)
    return path if path.suffix == ".npz" else path.with_name(path.name + ".npz")


def _packed(name: str, value: Any) -> dict[str, np.ndarray]:
    if value is None:
        return {name + ".none": np.array(True)}
    if isinstance(value, csr_matrix):
        return {f"{name}.{part}": np.asarray(getattr(value, part)) for part in _CSR}
    array = np.asarray(value)
    if array.dtype.hasobject:
        raise TypeError(f"{name} is not made of numbers or texts and cannot be saved")
    return {name: array}


def _unpacked(name: str, parts: dict[str, np.ndarray]) -> Any:
    if name + ".none" in parts:
        return None
    if f"{name}.shape" in parts:
        data, indices, indptr, shape = (parts[f"{name}.{part}"] for part in _CSR)
        matrix = csr_matrix((data, indices, indptr), shape=tuple(shape))
        matrix.check_format(full_check=True)  # compiled code trusts its indices
        _check_finite(name, matrix.data)
        return matrix
    value = parts[name]
    if value.ndim == 0:
        return value.item()
    if name != "features":  # those may be unknown
        _check_finite(name, value)
    return value


def _check_finite(name: str, values: np.ndarray) -> None:
    if values.dtype.kind not in "biufU" or not (
        values.dtype.kind == "U" or np.isfinite(values).all()
    ):
        raise ValueError(f"{name} has values that are no finite numbers")


def _read(file: Any, name: object) -> dict[str, np.ndarray]:
    try:
        opened = nullcontext(file) if hasattr(file, "read") else file.open("rb")
    except OSError as error:
        raise UserError(f"{name}: {error.strerror}; save a model there first") from None
    try:
        with opened as source, np.load(source, allow_pickle=False) as content:
            return {part: content[part] for part in content.files}
    # Whatever stands in a file that is none of ours, reading it ends in one of these.
    except (
        AttributeError,
        EOFError,
        KeyError,
        NotImplementedError,
        OSError,
        TypeError,
        ValueError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        said = str(error) or type(error).__name__
        raise UserError(f"{name}: not a model file, or damaged ({said}); save it again") from None
