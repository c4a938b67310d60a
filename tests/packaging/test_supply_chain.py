"""What the program is built from is pinned: actions to commits, packages to hashes and above known holes."""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.packaging.test_lock import PINNED

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
HASHED = "pip install --require-hashes --no-deps"


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def read(path: Path) -> dict[str, Any]:
    workflow: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return workflow


@pytest.fixture
def vulnerabilities(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))
    before = set(sys.modules)
    yield importlib.import_module("vulnerabilities")
    for name in set(sys.modules) - before:
        if str(ROOT / "packaging") in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_each_action_is_a_commit_with_its_version(path: Path):
    used = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line]
    assert used
    for line in used:
        assert re.fullmatch(r"(?:- )?uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_only_read_unless_a_job_says_otherwise(path: Path):
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert all(
        step["with"]["persist-credentials"] is False
        for step in steps(workflow)
        if step.get("uses", "").startswith("actions/checkout@")
    )


def test_jobs_that_may_write_or_sign_run_no_code_of_the_packages():
    jobs = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    assert {name for name, job in jobs.items() if "permissions" in job} == {"attest", "draft"}
    for name in ("attest", "draft"):
        commands = " ".join(step.get("run", "") for step in jobs[name]["steps"])
        assert not re.search(r"\b(python|pip|npm|make)\b", commands)
        assert not any("checkout" in step.get("uses", "") for step in jobs[name]["steps"])


@pytest.mark.parametrize("name", ["test", "release"])
def test_packages_are_installed_by_their_hashes(name: str):
    commands = "\n".join(
        step.get("run", "") for step in steps(read(ROOT / ".github/workflows" / f"{name}.yml"))
    )
    assert f"{HASHED} -r requirements.lock" in commands
    for line in commands.splitlines():
        if "pip install" in line:  # pip takes what it installs by hash, but our own package
            assert HASHED in line or '--no-build-isolation --editable ".[dev]"' in line, line


def test_release_attests_packages_and_their_bills_of_materials():
    jobs = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    used = [step.get("uses", "").partition("@")[0] for step in jobs["attest"]["steps"]]
    assert "actions/attest-build-provenance" in used
    assert "actions/attest-sbom" in used
    assert jobs["draft"]["needs"] == "attest"
    assert jobs["attest"]["strategy"]["matrix"] == jobs["package"]["strategy"]["matrix"]


def test_pinned_packages_are_above_their_floors(vulnerabilities: ModuleType):
    assert vulnerabilities.below_floor() == []
    assert set(vulnerabilities.FLOORS) <= {canonicalize_name(name) for name, *_ in vulnerabilities.pinned()}


def test_a_package_below_its_floor_is_named(vulnerabilities: ModuleType, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(vulnerabilities.FLOORS, "filelock", ("999", "CVE-0000-0000"))
    (sentence,) = vulnerabilities.below_floor()
    assert sentence.startswith("filelock ")
    assert "CVE-0000-0000" in sentence


def test_direct_dependencies_admit_no_version_below_the_floor(vulnerabilities: ModuleType):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    texts = [*project["dependencies"], *(text for extra in extras.values() for text in extra)]
    checked = set()
    for wanted in map(Requirement, texts):
        name = canonicalize_name(wanted.name)
        if name in vulnerabilities.FLOORS:
            lowest = next(Version(each.version) for each in wanted.specifier if each.operator == ">=")
            assert lowest >= Version(vulnerabilities.FLOORS[name][0]), wanted
            checked.add(name)
    assert {"torch", "filelock", "cryptography"} <= checked


def test_torch_of_the_release_has_hashes_and_is_within_its_bounds():
    workflow = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert re.search(rf"{HASHED} .*-r packaging/torch\.lock", workflow)
    pinned = PINNED.findall((ROOT / "packaging" / "torch.lock").read_text(encoding="utf-8"))
    assert {name for name, *_ in pinned} == {"torch", "torchaudio"}
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    wanted = {each.name: each.specifier for each in map(Requirement, extras["pyannote"])}
    assert all(Version(version) in wanted[name] for name, version, *_ in pinned)


def test_vulnerabilities_are_named_with_what_fixes_them(vulnerabilities: ModuleType):
    known = {"id": "PYSEC-1", "fix_versions": ["2.0"]}
    found, unchecked = vulnerabilities.read(
        [{"name": "a", "version": "1.0", "vulns": [known]}, {"name": "b", "version": "1.0", "vulns": []}]
    )
    assert (found, unchecked) == (["a 1.0: PYSEC-1, fixed in 2.0."], "")


def test_an_index_without_advisories_does_not_pass_for_a_clean_one(vulnerabilities: ModuleType):
    skipped = {"name": "b", "skip_reason": "Dependency not found on PyPI and could not be audited"}
    found, unchecked = vulnerabilities.read([{"name": "a", "version": "1.0", "vulns": []}, skipped])
    assert found == []
    assert unchecked.startswith("1 of 2 packages have no advisories")
