"""A listing is the statement as it is run, with the comment above it."""

from importlib import resources

import pytest

from nexttrack.book import sql_statement


def test_a_statement_comes_with_its_comment_and_nothing_else():
    shown = sql_statement("00-rules.sql", "CREATE MACRO name_key").data
    lines = shown.splitlines()
    assert lines[0] == "```sql" and lines[-1] == "```"
    body = "\n".join(lines[1:-1])
    assert body in (resources.files("nexttrack.data") / "sql" / "00-rules.sql").read_text("utf-8")
    assert body.startswith("--") and body.endswith(";") and body.count(";") == 1


def test_a_statement_that_is_not_there_is_named():
    with pytest.raises(LookupError, match="CREATE MACRO nothing"):
        sql_statement("00-rules.sql", "CREATE MACRO nothing")
