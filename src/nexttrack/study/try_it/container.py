"""Arrays in one compressed block of bytes, which a browser reads without copying.

Four bytes ``NTTI``, the length of the header (uint32), the header (JSON: ``meta``, and for each
array its name, type, shape and place), then the arrays, each from a multiple of 8 bytes on; all
numbers little-endian; all of it gzipped, without a date, so that the same content is the same file.
"""

import gzip
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

MAGIC = b"NTTI"
TYPES = ("uint8", "int8", "uint16", "uint32", "float32", "float64")
"""What an array may hold; text is UTF-8 in uint8."""
EIGHT = 8


def pack(meta: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return meta and arrays as one gzipped block.

    Args:
        meta: what JSON can hold.
        arrays: of the types in :data:`TYPES`, any shape.

    Raises:
        ValueError: for an array of another type.
    """
    sections, parts, place = [], [], 0
    for name, array in arrays.items():
        if array.dtype.name not in TYPES:
            raise ValueError(f"{name} is of {array.dtype}, not of {', '.join(TYPES)}")
        data = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
        kind = {"name": name, "type": array.dtype.name, "shape": list(array.shape)}
        sections.append({**kind, "start": place, "length": array.size})
        parts.append(data + bytes(-len(data) % EIGHT))
        place += len(parts[-1])
    header = json.dumps({"meta": meta, "sections": sections}, ensure_ascii=False).encode()
    header += b" " * (-(len(header) + len(MAGIC) + 4) % EIGHT)
    length = np.uint32(len(header)).astype("<u4").tobytes()
    return gzip.compress(b"".join([MAGIC, length, header, *parts]), 9, mtime=0)


def unpack(block: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the meta and the arrays of a block that :func:`pack` made.

    Raises:
        ValueError: if the bytes are no such block.
    """
    try:
        data = gzip.decompress(block)
        if data[:4] != MAGIC:
            raise ValueError("it begins otherwise")
        length = int(np.frombuffer(data, "<u4", 1, 4)[0])
        header = json.loads(data[8 : 8 + length])
        arrays = {
            one["name"]: np.frombuffer(
                *(data, np.dtype(one["type"]).newbyteorder("<")),
                *(one["length"], 8 + length + one["start"]),
            ).reshape(one["shape"])
            for one in header["sections"]
        }
    except (OSError, EOFError, ValueError, KeyError, IndexError, TypeError) as error:
        raise ValueError(f"this is no model of the page: {error}") from None
    return header["meta"], arrays


def text(lines: list[str]) -> np.ndarray:
    """Return lines as UTF-8, one below the other; whatever would break a line becomes a blank."""
    return np.frombuffer("\n".join(" ".join(line.split()) for line in lines).encode(), np.uint8)


def lines(array: np.ndarray) -> list[str]:
    """Return the lines of such a text."""
    return array.tobytes().decode().split("\n")
