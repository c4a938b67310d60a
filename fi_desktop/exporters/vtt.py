"""WebVTT, the W3C's format: subtitles for browsers, each in its speaker's voice."""

from __future__ import annotations

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.names import UNKNOWN, one_line, speaker_name
from fi_desktop.exporters.subtitles import Cue, clock, cues

_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def render(transcript: Transcript, *, name: str | None = None) -> str:
    """Return the subtitles; name: what the recording is called, kept as the file's heading where given."""
    heading = one_line(name or "").translate(_ESCAPED)  # no arrow may stand there
    first = f"WEBVTT {heading}".rstrip() + "\n"
    blocks = (
        f"{clock(cue.start_ms, '.')} --> {clock(cue.end_ms, '.')}\n{_text(cue)}\n"
        for cue in cues(transcript, led_by={})
    )
    return "\n".join((first, *blocks))


def _text(cue: Cue) -> str:
    name = one_line(speaker_name(cue.speaker)) or UNKNOWN
    text = "\n".join(cue.lines or (name,)).translate(_ESCAPED)
    return text if cue.speaker is None else f"<v {name.translate(_ESCAPED)}>{text}"
