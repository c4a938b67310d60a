"""RTTM: who spoke when, one line a turn, as tools that score diarization read it.

Ten fields, separated by spaces (NIST, Rich Transcription evaluation plan RT-09, appendix A):
type, file, channel, start, duration, orthography, subtype, speaker, confidence, signal look-ahead.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.style import PLAIN, Style

_CHANNEL = 1
_SPACE = re.compile(r"[\s\x00-\x1f\x7f]+")


def render(transcript: Transcript, *, name: str | None = None, style: Style = PLAIN) -> str:
    """Return the turns, sorted by start, the same in any style.

    Those that three decimals make zero seconds long are left out.
    """
    del style
    file_id = _field(PurePath(transcript.provenance.source_name).stem if name is None else name, "recording")
    lines = []
    for turn in sorted(transcript.turns, key=lambda turn: (turn.start, turn.end, turn.speaker)):
        # Both ends are rounded, rather than the length: turns that meet still do, and none grows.
        start_ms, end_ms = round(turn.start * 1000), round(turn.end * 1000)
        if end_ms > start_ms:
            times = f"{start_ms / 1000:.3f} {(end_ms - start_ms) / 1000:.3f}"
            speaker = _field(turn.speaker, "speaker")
            lines.append(f"SPEAKER {file_id} {_CHANNEL} {times} <NA> <NA> {speaker} <NA> <NA>\n")
    return "".join(lines)


def _field(text: str, empty: str) -> str:
    """One field: spaces separate fields, and ";;" begins a comment."""
    return _SPACE.sub("_", text.strip()).lstrip(";") or empty
