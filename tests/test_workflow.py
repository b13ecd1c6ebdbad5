"""The workflow is one that GitHub accepts, calls what exists, and may do no more than it must."""

import re
import subprocess
import sys

import pytest
import yaml
from typer.main import get_command

from nexttrack import project

WORKFLOW = project.root() / ".github" / "workflows" / "book.yml"


def check(schema: str, path=WORKFLOW) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize(
    "schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"]
)
def test_workflow_follows_the_schema(schema):
    result = check(schema)
    assert result.returncode == 0, result.stdout


def test_the_schema_is_not_met_by_anything(tmp_path):
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOW.read_text(encoding="utf-8").replace("runs-on:", "run-on:"))
    assert check("vendor.github-workflows", broken).returncode == 1


@pytest.fixture(scope="module")
def workflow():
    # YAML 1.1 reads the key `on` as true.
    return yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_actions_are_pinned(workflow):
    uses = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert uses
    assert all(re.fullmatch(r"[\w-]+/[\w/-]+@v\d+", name) for name in uses)


def test_only_the_job_that_publishes_may_write(workflow):
    assert workflow["permissions"] == {"contents": "read"}
    rights = {name: job.get("permissions") for name, job in workflow["jobs"].items()}
    assert {name for name, given in rights.items() if given} == {"publish"}


def test_what_needs_a_right_to_the_pages_is_in_the_job_that_has_it(workflow):
    for name, job in workflow["jobs"].items():
        uses = {step.get("uses", "").split("@")[0] for step in job["steps"]}
        if uses & {"actions/configure-pages", "actions/deploy-pages"}:
            assert job.get("permissions", {}).get("pages") == "write", name
        if "actions/deploy-pages" in uses:
            assert job["permissions"]["id-token"] == "write"


def test_pull_requests_test_and_render_and_nights_check_and_publish(workflow):
    assert set(workflow[True]) == {"pull_request", "push", "schedule", "workflow_dispatch"}
    assert workflow[True]["push"] == {"branches": ["main"]}
    assert "'push'" in workflow["jobs"]["test"]["if"]
    assert workflow["jobs"]["published"]["if"] == "github.event_name != 'pull_request'"
    run = {
        name: [step.get("run", step.get("uses", "")).split("@")[0] for step in job["steps"]]
        for name, job in workflow["jobs"].items()
    }
    assert {"make test", "quarto render"} <= set(run["test"])
    assert {"make data", "quarto render"} <= set(run["published"])
    assert any("book check" in command for command in run["published"])
    assert "actions/deploy-pages" in run["publish"]


def test_what_the_steps_run_exists(workflow):
    from nexttrack.cli import app

    makefile = (project.root() / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    commands = get_command(app).commands
    for step in steps(workflow):
        match step.get("run", "").split():
            case ["make", target]:
                assert target in targets
            case [".venv/bin/nexttrack", group, command, *options]:
                parameters = commands[group].commands[command].params
                known = {name for parameter in parameters for name in parameter.opts}
                assert {option for option in options if option.startswith("--")} <= known
            case ["quarto", "render"] | []:
                pass
            case other:
                pytest.fail(f"a step of an unknown kind: {other}")
