"""Tables as Markdown, which Quarto numbers and styles; HTML tables would load scripts from afar."""

import re
from collections.abc import Mapping, Sequence
from numbers import Integral, Real

import pandas as pd
from IPython.display import Markdown
from pandas.api.types import is_numeric_dtype

MINUS = "\N{MINUS SIGN}"
# Characters that Markdown, or Quarto's citations and maths, would take for markup.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|$@~^!&])")


def table(
    frame: pd.DataFrame,
    formats: Mapping[str, str] | None = None,
    *,
    markdown: Sequence[str] = (),
    groups: str | None = None,
) -> Markdown:
    """Show a frame as a Markdown table; its index is not shown.

    Numbers stand to the right, with thousands separators for whole ones; missing values are a
    dash. Text is shown as it is: whatever in it looks like markup is escaped.

    Args:
        frame: the rows to show, with the columns' headings as names.
        formats: for each column a format specification such as ``".3f"`` or ``".1%"``.
        markdown: names of columns whose text is Markdown already and is left alone.
        groups: name of a column that is not shown: where its value changes, a row says it in bold.
            Keeps a table narrow enough for a telephone.
    """
    formats = dict(formats or {})
    unknown = [*({*formats, *markdown, *([groups] if groups else [])} - set(frame.columns))]
    if unknown:
        raise KeyError(f"no column {unknown[0]!r} in the table")
    group = [None] * len(frame) if groups is None else frame[groups].tolist()
    frame = frame.drop(columns=[] if groups is None else groups)
    head = [escape(str(name)) for name in frame.columns]
    rule = ["--:" if is_numeric_dtype(frame[name]) else ":--" for name in frame.columns]
    columns = [
        [str(value) if name in markdown else cell(value, formats.get(name)) for value in column]
        for name, column in frame.items()
    ]
    rows = [head, rule]
    for place, row in enumerate(zip(*columns, strict=True)):
        if groups and (place == 0 or group[place] != group[place - 1]):
            rows.append([f"**{escape(str(group[place]))}**", *[""] * (len(head) - 1)])
        rows.append(row)
    return Markdown("\n".join("| " + " | ".join(row) + " |" for row in rows))


def cell(value: object, spec: str | None = None) -> str:
    """Return one value as text for a table or a sentence, by a format specification if given."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, list | tuple) or (hasattr(value, "tolist") and getattr(value, "ndim", 0)):
        return escape(", ".join(str(part) for part in value))
    if pd.isna(value):
        return "–"
    if spec is None and isinstance(value, bool):
        return "yes" if value else "no"
    if spec is None and isinstance(value, Integral):
        spec = ",d"
    if spec is None and isinstance(value, Real):
        spec = ",.3g" if abs(value) < 1000 else ",.0f"
    return format(value, spec or "").replace("-", MINUS) if spec else escape(str(value))


def escape(text: str) -> str:
    """Return text in which nothing is Markdown markup, on one line."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
