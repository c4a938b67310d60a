"""Check the pinned packages for known vulnerabilities: `make vulnerabilities`.

First against the floors below, which needs no network. Then pip-audit asks PyPI's advisories, if it is
installed (`pip install pip-audit`) and its data can be had. An index that has no advisories answers like one
that knows of none, so the check only passes if every package was looked up.

Exits with 0 if nothing is known, with 1 if something is, and with 2 if that could not be checked.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import about
from packaging.version import Version

FLOORS = {
    "cryptography": ("46.0.6", "CVE-2026-34073"),
    "filelock": ("3.20.3", "CVE-2025-68146, CVE-2026-22701"),
    # 2.6.2 and 2.6.3 were malicious; 2.6.6 imports no class that a checkpoint names
    "lightning": ("2.6.6", "uploads of 2026-04-30"),
    "onnx": ("1.21.0", "CVE-2026-27489"),
    "pillow": ("12.2.0", "CVE-2026-42308 to -42310"),
    "pygments": ("2.20.0", "CVE-2026-4539"),
    "requests": ("2.33.0", "CVE-2026-25645"),
    # weights_only, which our loading of pyannote packs relies on
    "torch": ("2.10.0", "CVE-2026-24747"),
    "urllib3": ("2.7.0", "CVE-2026-44431, CVE-2026-44432"),
}
"""The first version of each package without these vulnerabilities, direct and indirect dependencies."""

_PINNED = re.compile(r"^([\w.-]+)==(\S+)((?: ; [^\\\n]+)?) \\$", re.MULTILINE)
_UNPINNED = ("torch", "torchaudio")  # in the lock file; their version depends on the computer
_TIMEOUT_S = 600
_UNKNOWN = 2


def pinned() -> list[tuple[str, str, str]]:
    """Return name, version and marker of each package in requirements.lock, and of torch as installed."""
    found = [
        (name, number, marker)
        for name, number, marker in _PINNED.findall(
            (about.ROOT / "requirements.lock").read_text(encoding="utf-8")
        )
    ]
    for name in _UNPINNED:
        try:
            found.append((name, version(name).partition("+")[0], ""))
        except PackageNotFoundError:
            continue
    return found


def below_floor() -> list[str]:
    """Return a sentence for each pinned package that is older than its floor."""
    return [
        f"{name} {number} has known vulnerabilities ({FLOORS[name][1]}); {FLOORS[name][0]} has not."
        for name, number, _marker in pinned()
        if name in FLOORS and Version(number) < Version(FLOORS[name][0])
    ]


def audit() -> tuple[list[str], str]:
    """Ask pip-audit; return a sentence for each vulnerability, and why packages are unchecked, or "".

    The sentences are of the packages that could be looked up.
    """
    if importlib.util.find_spec("pip_audit") is None:
        return [], "pip-audit is not installed"
    with tempfile.TemporaryDirectory() as name:
        wanted = Path(name) / "requirements.txt"
        wanted.write_text("".join(f"{name}=={number}{marker}\n" for name, number, marker in pinned()))
        command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "--format=json"]
        command += ["--progress-spinner=off", "--requirement", str(wanted)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            return [], f"the advisories did not answer within {_TIMEOUT_S} s"
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        last = done.stderr.strip().splitlines()[-1:] or ["pip-audit failed"]
        return [], last[0][:200]
    return read(packages)


def read(packages: list[dict[str, object]]) -> tuple[list[str], str]:
    """Return what pip-audit's answer says, like `audit`."""
    found, skipped = [], []
    for package in packages:
        if "skip_reason" in package:
            skipped.append(str(package["name"]))
        for known in package.get("vulns", ()):  # type: ignore[attr-defined]
            fixed = ", ".join(known["fix_versions"]) or "no version"
            found.append(f"{package['name']} {package['version']}: {known['id']}, fixed in {fixed}.")
    if not skipped:
        return found, ""
    return (
        found,
        f"{len(skipped)} of {len(packages)} packages have no advisories to ask, such as {skipped[0]}",
    )


def main() -> int:
    """Check and say what was found; return the exit code."""
    found = below_floor()
    asked, unchecked = audit()
    found += asked
    for sentence in found:
        print(sentence)
    if unchecked:
        print(f"NOT CHECKED against current advisories: {unchecked}.")
        print(f"Only the {len(FLOORS)} floors in packaging/vulnerabilities.py were compared.")
    elif not found:
        print(f"{len(pinned())} packages: no known vulnerability.")
    return 1 if found else _UNKNOWN if unchecked else 0


if __name__ == "__main__":
    sys.exit(main())
