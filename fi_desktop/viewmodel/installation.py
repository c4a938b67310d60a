"""What is installed: version, libraries, models, their licences, and what this computer can use."""

from __future__ import annotations

import platform
import re
import sys
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from fi_desktop import __version__
from fi_desktop.engines import registry
from fi_desktop.models import PackKind, installed
from fi_desktop.system.files import resource

_INDEX = Path("licences", "INDEX.txt")  # written by packaging/sbom.py
_PACKAGE = "fi-desktop"
_ATTRIBUTIONS = (("builtin", "ATTRIBUTION.md"), ("voices", "NOTICE.md"))


def version() -> str:
    """Return the versions to quote in a support request; contains nothing personal."""
    return f"fi-desktop {__version__}, Python {platform.python_version()}, {platform.platform()}"


def libraries() -> list[str]:
    """Return one line for each library: name, version, licence."""
    index = Path(sys.executable).parent / _INDEX
    if getattr(sys, "frozen", False) and index.is_file():
        return index.read_text(encoding="utf-8").splitlines()
    return _installed_libraries()


def models(roots: tuple[Path, ...]) -> list[str]:
    """Return one line for each model: name, licence, attribution."""
    builtin = [
        " ".join(paragraph.split()).replace("`", "")
        for folder, file in _ATTRIBUTIONS
        for paragraph in resource("models", folder, file).read_text(encoding="utf-8").split("\n\n")[1:]
    ]
    return builtin + [f"{pack.name}: {pack.licence}. {pack.attribution}".strip() for pack in installed(roots)]


def _installed_libraries() -> list[str]:
    found: dict[str, Distribution] = {}
    pending = [_PACKAGE]
    while pending:
        name = pending.pop()
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue  # only required on another system
        pending += [_name(line) for line in found[name].requires or () if "extra ==" not in line]
    found.pop(_PACKAGE, None)
    return sorted((_line(library) for library in found.values()), key=str.lower)


def _name(requirement: str) -> str:
    return re.split(r"[\s;<>=!~\[(]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def _line(library: Distribution) -> str:
    metadata = library.metadata
    short = str(metadata.json.get("license", "")).strip()
    short = short if "\n" not in short and len(short) < 100 else ""
    lines = [line for line in metadata.get_all("Classifier") or () if line.startswith("License")]
    classified = ", ".join(line.rpartition(" :: ")[2] for line in lines)
    licence = str(metadata.json.get("license_expression", "")) or short or classified
    return f"{metadata['Name']} {library.version}: {licence}".removesuffix(": ")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Hardware and models that this computer can use.

    Attributes:
        gpu: whether a graphics card is used.
        diarizers: names of models for speaker identification, besides the built-in engine.
        transcribers: names of transcription models.
    """

    gpu: bool
    diarizers: tuple[str, ...]
    transcribers: tuple[str, ...]


def find_capabilities(model_roots: tuple[Path, ...]) -> Capabilities:
    """Find graphics cards and models; reads folders and may run a driver's tool."""
    from fi_desktop.system.devices import (
        CPU,
        devices,
    )  # imported late, so that the first window appears sooner

    packs = installed(model_roots)
    return Capabilities(
        gpu=devices(1) != (CPU,),
        diarizers=tuple(pack.name for pack in packs if pack.kind is PackKind.PYANNOTE),
        transcribers=(
            *(pack.name for pack in packs if pack.kind is PackKind.WHISPER),
            *(spec.title for spec in registry.without_packs()),
        ),
    )
