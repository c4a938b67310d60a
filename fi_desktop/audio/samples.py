"""The recordings to try the program with."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from fi_desktop.system.files import resource

CONSULTATION = ("samples", "consulta.flac")


def sample_recording() -> Path:
    """Return a recording of two people: a real phone call of 30 s where pyannote.audio brings it, else our
    own.

    Looked up without importing pyannote.audio, which would bring torch into the window's process.
    """
    return phone_call() or resource(*CONSULTATION)


def phone_call() -> Path | None:
    """Return the phone call inside pyannote.audio's package; its reference lies beside it as sample.rttm."""
    namespace = find_spec("pyannote")
    for folder in (namespace and namespace.submodule_search_locations) or ():
        path = Path(folder) / "audio" / "sample" / "sample.wav"
        if path.is_file():
            return path
    return None
