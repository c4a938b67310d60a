"""What the program is made of, and whose it is: libraries and models, each with its licence."""

from __future__ import annotations

import platform
import re
import sys
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from fi_desktop import __version__
from fi_desktop.models import PackKind, installed
from fi_desktop.system.files import resource

_INDEX = Path("licences", "INDEX.txt")  # written by packaging/sbom.py
_OURS = "fi-desktop"


def version() -> str:
    """Return what a person copies when they ask for help: versions, and nothing of theirs."""
    return f"fi-desktop {__version__}, Python {platform.python_version()}, {platform.platform()}"


def libraries() -> list[str]:
    """Return a line for each library: name, version, licence."""
    index = Path(sys.executable).parent / _INDEX
    if getattr(sys, "frozen", False) and index.is_file():
        return index.read_text(encoding="utf-8").splitlines()
    return _of_checkout()


def models(roots: tuple[Path, ...]) -> list[str]:
    """Return a line for each model: name, licence, and whom its makers want named."""
    _, *told = resource("models", "builtin", "ATTRIBUTION.md").read_text(encoding="utf-8").split("\n\n")
    builtin = [" ".join(paragraph.split()).replace("`", "") for paragraph in told]
    return builtin + [f"{pack.name}: {pack.licence}. {pack.attribution}".strip() for pack in installed(roots)]


def _of_checkout() -> list[str]:
    found: dict[str, Distribution] = {}
    asked = [_OURS]
    while asked:
        name = asked.pop()
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue  # wanted on another system only
        asked += [_name(line) for line in found[name].requires or () if "extra ==" not in line]
    found.pop(_OURS, None)
    return sorted((_line(part) for part in found.values()), key=str.lower)


def _name(requirement: str) -> str:
    return re.split(r"[\s;<>=!~\[(]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def _line(part: Distribution) -> str:
    told = part.metadata
    short = str(told.json.get("license", "")).strip()
    short = short if "\n" not in short and len(short) < 100 else ""
    lines = [line for line in told.get_all("Classifier") or () if line.startswith("License")]
    classified = ", ".join(line.rpartition(" :: ")[2] for line in lines)
    licence = str(told.json.get("license_expression", "")) or short or classified
    return f"{told['Name']} {part.version}: {licence}".removesuffix(": ")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What was found.

    Attributes:
        graphics: whether a graphics card does the heavy part.
        voices, words: names of the models, beside the built-in engine, that tell voices apart and write down
            what was said.
    """

    graphics: bool
    voices: tuple[str, ...]
    words: tuple[str, ...]


def find_capabilities(model_roots: tuple[Path, ...]) -> Capabilities:
    """Look for graphics cards and models; reads folders, and may wait for a driver's tool."""
    from fi_desktop.system.devices import CPU, devices  # not before the first window is there

    packs = installed(model_roots)
    return Capabilities(
        graphics=devices(1) != (CPU,),
        voices=tuple(pack.name for pack in packs if pack.kind is PackKind.PYANNOTE),
        words=tuple(pack.name for pack in packs if pack.kind is PackKind.WHISPER),
    )
