"""requirements.lock fits pyproject.toml, and each package in it has hashes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PINNED = re.compile(
    r"^([\w.-]+)==(\S+)(?: ; ([^\\\n]+))? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M
)


def lock() -> str:
    return (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_each_dependency_is_pinned_within_its_bounds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    texts = [*project["dependencies"], *(text for extra in extras.values() for text in extra)]
    versions: dict[str, list[Version]] = {}
    for name, version, *_ in PINNED.findall(lock()):
        versions.setdefault(canonicalize_name(name), []).append(Version(version))
    for text in texts:
        wanted = Requirement(text)
        if wanted.name in ("fi-desktop", "torch", "torchaudio"):
            continue
        pinned = versions.get(canonicalize_name(wanted.name), [])
        assert pinned, f"{wanted.name} is not pinned: run `make lock`"
        assert all(version in wanted.specifier for version in pinned), f"{wanted}: run `make lock`"


def test_each_package_has_hashes():
    text = lock()
    requirements = [line for line in text.splitlines() if line and line[0] not in " #"]
    assert len(requirements) == len(PINNED.findall(text)) > 100


def test_torch_is_not_pinned():
    names = {name for name, *_ in PINNED.findall(lock())}
    assert not names & {"torch", "torchaudio", "triton"}
    assert not [name for name in names if name.startswith("nvidia-")]
