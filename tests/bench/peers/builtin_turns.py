"""The built-in engine, for diarizers.py: `python builtin_turns.py ROOT`, with ROOT in PYTHONPATH.

ROOT is a checkout of the project, today's or an earlier one. Decodes, selects channels, detects speech and
diarizes as the pipeline does.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from turn_server import Diarize, Turns, serve

from fi_desktop.audio.decode import decode
from fi_desktop.core.errors import UserError
from fi_desktop.core.values import SpeakerCount
from fi_desktop.engines import registry
from fi_desktop.engines.channels import select_channels
from fi_desktop.engines.vad import detect_speech


def load() -> tuple[str, Diarize]:
    """Load the engine."""
    roots = (Path(sys.argv[1]) / "resources" / "models",)
    registry.create_diarizer(registry.BUILTIN, roots)

    def diarize(path: str, speakers: int | None) -> Turns:
        with tempfile.TemporaryDirectory() as folder:
            recording = decode(Path(path), Path(folder, "audio.pcm"), progress=_quiet).recording
            mix = select_channels(recording, _quiet)
            speech = detect_speech(mix.recording, per_channel=False, progress=_quiet)
            engine = registry.create_diarizer(registry.BUILTIN, roots)
            count = SpeakerCount(speakers, speakers)
            try:
                found = engine.diarize(mix.recording, speech, speakers=count, progress=_quiet)
            except UserError:  # nobody speaks
                return []
        return [(float(turn.start), float(turn.end), turn.speaker) for turn in found.turns]

    return "built-in", diarize


def _quiet(_fraction: float) -> None:
    """Ignore progress."""


if __name__ == "__main__":
    serve(load)
