"""The locked packages: each by its hash, within what pyproject.toml asks for, and from no index that the file names."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = {
    "run": PROJECT["dependencies"],
    "dev": PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"],
}


def locked(name):
    """Version of each package of a lock."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    pins = re.findall(r"^([\w.-]+)==(\S+)(?: ; .*)? \\$", text, re.MULTILINE)
    return {canonicalize_name(package): Version(version) for package, version in pins}


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_is_a_version_or_one_of_its_hashes(name):
    for line in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines():
        assert re.fullmatch(r"| *#.*|[\w.-]+==\S+(?: ; .*)? \\| +--hash=sha256:[0-9a-f]{64}(?: \\)?", line)


@pytest.mark.parametrize("name", LOCKS)
def test_what_the_project_asks_for_is_locked_but_torch(name):
    versions = locked(name)
    wanted = {canonicalize_name(one.name): one.specifier for one in map(Requirement, LOCKS[name])}
    assert set(wanted) - set(versions) == {"torch"}
    for package in set(wanted) & set(versions):
        assert versions[package] in wanted[package], f"{package}: make lock"


def test_checks_run_with_the_versions_that_runs_have():
    assert locked("run").items() <= locked("dev").items()


@pytest.mark.parametrize("name", LOCKS)
def test_nothing_that_only_one_build_of_torch_needs_is_locked(name):
    assert not [package for package in locked(name) if re.match(r"torch$|nvidia|triton|cuda", package)]
