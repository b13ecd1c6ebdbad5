"""Show the SQL that makes the tables where a chapter speaks of it."""

from importlib import resources

from IPython.display import Markdown


def sql_statement(file: str, start: str) -> Markdown:
    """Return one statement of the cleaning, with the comment above it, as a listing.

    Args:
        file: name of a file in ``nexttrack/data/sql``.
        start: how the statement starts, for example ``"CREATE MACRO name_key"``.

    Raises:
        LookupError: if no statement of the file starts so.
    """
    lines = (resources.files("nexttrack.data") / "sql" / file).read_text("utf-8").splitlines()
    first = next((n for n, line in enumerate(lines) if line.startswith(start)), None)
    if first is None:
        raise LookupError(f"{file} has no statement that starts with {start!r}")
    last = next(n for n, line in enumerate(lines[first:], first) if line.rstrip().endswith(";"))
    while first and lines[first - 1].startswith("--"):
        first -= 1
    return Markdown("\n".join(["```sql", *lines[first : last + 1], "```"]))
