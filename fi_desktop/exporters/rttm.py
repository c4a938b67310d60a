"""RTTM: one line per turn, for tools that score diarization.

Ten fields separated by spaces (NIST, Rich Transcription evaluation plan RT-09, appendix A):
type, file, channel, start, duration, orthography, subtype, speaker, confidence, signal look-ahead.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.exporter import Exporter, ExportOptions, encoded, single_line

_CHANNEL = 1
_SPACE = re.compile(r"[\s\x00-\x1f\x7f]+")


def render(transcript: Transcript, _options: ExportOptions) -> bytes:
    """Return the turns by start, without those shorter than half a millisecond."""
    file_id = _field(PurePath(transcript.provenance.source_name).stem, "recording")
    lines = []
    for turn in sorted(transcript.turns, key=lambda turn: (turn.start, turn.end, turn.speaker)):
        # Both ends are rounded, rather than the duration: adjacent turns stay adjacent and do not overlap.
        start_ms, end_ms = round(turn.start * 1000), round(turn.end * 1000)
        if end_ms > start_ms:
            times = f"{start_ms / 1000:.3f} {(end_ms - start_ms) / 1000:.3f}"
            speaker = _field(turn.speaker, "speaker")
            lines.append(f"SPEAKER {file_id} {_CHANNEL} {times} <NA> <NA> {speaker} <NA> <NA>\n")
    return encoded("".join(lines))


def _field(text: str, empty: str) -> str:
    """Return text as one field: spaces separate fields, and ";;" starts a comment."""
    return _SPACE.sub("_", single_line(text)).lstrip(";") or empty


EXPORTER = Exporter("rttm", "RTTM (speaker turns)", "rttm", "text/plain", render)
