"""``nexttrack export``: what it writes, and what it says where it cannot."""

import pytest
from typer.testing import CliRunner

from nexttrack.apps.try_it.page import page
from nexttrack.cli import app
from nexttrack.errors import UserError
from nexttrack.study.try_it import page_models


@pytest.fixture
def export(monkeypatch):
    """Return a function that runs the command on made models."""
    kinds = {True: b"demonstration", False: b"full"}
    monkeypatch.setattr(page_models, "model_block", lambda *, demonstration: kinds[demonstration])
    return lambda *arguments: CliRunner().invoke(app, ["export", *map(str, arguments)])


@pytest.mark.parametrize(("option", "model"), [([], b"full"), (["--demo"], b"demonstration")])
def test_the_page_and_the_models_are_written(export, tmp_path, option, model):
    output, models = tmp_path / "page.html", tmp_path / "page.ntti"
    result = export("--output", output, "--models", models, *option)
    assert result.exit_code == 0
    assert output.read_text() == page(model)
    assert models.read_bytes() == model
    assert f"written: {output}, " in result.output


@pytest.mark.parametrize("option", ["--output", "--models"])
def test_where_nothing_can_be_written_a_line_says_so_before_the_work(export, tmp_path, option):
    for path, says in ((tmp_path, "is a folder"), (tmp_path / "no" / "x", "there is no folder")):
        result = export(option, path)
        assert isinstance(result.exception, UserError)
        assert says in str(result.exception)
    assert not list(tmp_path.iterdir())
