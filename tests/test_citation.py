import subprocess
import sys
import tomllib

import yaml

import nexttrack
from nexttrack import project

CITATION = project.root() / "CITATION.cff"


def test_citation_follows_its_schema():
    schema = ["--builtin-schema", "vendor.citation-file-format"]
    command = [sys.executable, "-m", "check_jsonschema", *schema, str(CITATION)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_citation_package_and_book_agree():
    citation = yaml.safe_load(CITATION.read_text(encoding="utf-8"))
    content = (project.root() / "pyproject.toml").read_text(encoding="utf-8")
    package = tomllib.loads(content)["project"]
    book = yaml.safe_load((project.root() / "_quarto.yml").read_text(encoding="utf-8"))["book"]
    assert citation["version"] == package["version"] == nexttrack.__version__
    assert citation["license"] == package["license"]
    assert citation["repository-code"] == book["repo-url"]
    assert citation["title"].startswith(book["title"])
