"""The workflows parse, may do little, trust nothing of a pull request, and call commands that exist."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from paramgolf.cli.app import app

FOLDER = Path(__file__).parents[3] / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
PERMISSIONS = {
    "judge": [{"contents": "read"}],
    "comment": [
        {},
        {"actions": "read", "contents": "read", "pull-requests": "write", "statuses": "write"},
    ],
    "publish": [{}, {"contents": "read"}, {"contents": "write"}],
    "tests": [{"contents": "read"}],
}
ENTRY_WORKFLOWS = [path for path in WORKFLOWS if path.stem != "tests"]


def load(path):
    workflow = yaml.safe_load(path.read_text())
    workflow["on"] = workflow.pop(True)  # YAML 1.1 reads `on` as a truth value
    return workflow


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def scripts(workflow):
    return [step["run"] for step in steps(workflow) if "run" in step]


def test_there_are_four():
    assert [path.stem for path in WORKFLOWS] == sorted(PERMISSIONS)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_permissions_are_those_that_are_needed(path):
    workflow = load(path)
    given = [workflow["permissions"], *(job.get("permissions") for job in workflow["jobs"].values())]
    assert [one for one in given if one is not None] == PERMISSIONS[path.stem]
    for job in workflow["jobs"].values():
        assert "permissions" in job or workflow["permissions"]


@pytest.mark.parametrize("path", ENTRY_WORKFLOWS, ids=lambda path: path.stem)
def test_nothing_of_a_pull_request_is_checked_out(path):
    workflow = load(path)
    assert "pull_request_target" not in workflow["on"]
    for step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout@"):
            asked = step["with"]
            assert asked["persist-credentials"] is False
            if set(workflow["on"]) & {"pull_request", "workflow_run"}:
                assert asked["ref"] == "${{ github.event.repository.default_branch }}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_no_strangers_word_becomes_part_of_a_script(path):
    for script in scripts(load(path)):
        assert "${{" not in script


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_and_secrets_are_not_named(path):
    assert "secrets." not in path.read_text()
    for step in steps(load(path)):
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_jobs_end_and_one_at_a_time_runs(path):
    workflow = load(path)
    assert workflow["concurrency"]["group"]
    assert all(job["timeout-minutes"] for job in workflow["jobs"].values())


def test_what_runs_a_pull_requests_own_code_hands_nothing_to_a_workflow_that_may_write():
    workflow = load(FOLDER / "tests.yml")
    assert not [step for step in steps(workflow) if "artifact@" in step.get("uses", "")]
    assert load(FOLDER / "comment.yml")["on"]["workflow_run"]["workflows"] == ["judge"]
    (checkout,) = [step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"] == {"persist-credentials": False}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_target_of_make_exists(path):
    targets = re.findall(r"^([a-z]+):", (FOLDER.parents[1] / "Makefile").read_text(), re.MULTILINE)
    called = re.findall(r"^\s*make ([a-z]+)$", "\n".join(scripts(load(path))), re.MULTILINE)
    assert called
    assert set(called) <= set(targets)


@pytest.mark.parametrize("path", ENTRY_WORKFLOWS, ids=lambda path: path.stem)
def test_every_command_exists_with_its_options(path):
    called = re.findall(r"^\s*(?:if ! )?(paramgolf [a-z].*)$", "\n".join(scripts(load(path))), re.MULTILINE)
    assert called
    for line in called:
        words = [re.sub(r"^\$\w+$", "7", word) for word in shlex.split(line)[1:]]
        command, *_ = app.parse_args(words, exit_on_error=False, print_error=False)
        assert command.__name__.replace("_", "-") == words[0]


def test_who_may_write_runs_nothing_of_an_entry():
    for path in WORKFLOWS:
        for job in load(path)["jobs"].values():
            text = "\n".join(step.get("run", "") for step in job["steps"])
            if "write" in (job.get("permissions") or {}).values():
                assert not re.search(r"paramgolf (judge-|verify|score|prove|run)", text)


def test_judging_begins_with_a_sandbox_that_works():
    for path in WORKFLOWS:
        text = "\n".join(scripts(load(path)))
        if "paramgolf judge-" in text:
            assert text.index("paramgolf sandbox-check") < text.index("paramgolf judge-")
