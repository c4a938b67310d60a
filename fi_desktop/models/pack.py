"""What a model pack is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

UNKNOWN_LICENCE = "unknown"
"""In the manifest of a pack that came without one."""


class PackKind(StrEnum):
    """What a pack's weights are for, and so which engine loads them."""

    PYANNOTE = "pyannote"
    WHISPER = "whisper"


@dataclass(frozen=True, slots=True)
class PackFile:
    """One file of a pack.

    Attributes:
        path: below the pack's folder, with "/".
        size: bytes.
        sha256: of its content, 64 hexadecimal figures.
    """

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack as its manifest tells it.

    Attributes:
        name: its folder's name.
        kind: which engine loads it.
        version: where it comes from: the hub's revision, or "imported".
        licence: what its makers allow, as an SPDX identifier where there is one.
        attribution: who made it, as they want to be named.
        languages: ISO 639-1 codes; none: any.
        files: all that an engine reads of it; what is not named here is never loaded.
        folder: where it lies; None where it is not on this computer yet.
    """

    name: str
    kind: PackKind
    version: str
    licence: str
    attribution: str
    languages: tuple[str, ...]
    files: tuple[PackFile, ...]
    folder: Path | None = None

    @property
    def size_bytes(self) -> int:
        """All files together."""
        return sum(file.size for file in self.files)
