"""What there is on this computer to do recordings with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fi_desktop.models import PackKind, installed


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found.

    Attributes:
        graphics: whether a graphics card does the heavy part.
        voices, words: names of the models, beside the built-in engine, that tell voices apart and write down
            what was said.
    """

    graphics: bool
    voices: tuple[str, ...]
    words: tuple[str, ...]


def find_facts(model_roots: tuple[Path, ...]) -> Facts:
    """Look for graphics cards and models; reads folders, and may wait for a driver's tool."""
    from fi_desktop.system.devices import CPU, devices  # not before the first window is there

    packs = installed(model_roots)
    return Facts(
        graphics=devices(1) != (CPU,),
        voices=tuple(pack.name for pack in packs if pack.kind is PackKind.PYANNOTE),
        words=tuple(pack.name for pack in packs if pack.kind is PackKind.WHISPER),
    )
