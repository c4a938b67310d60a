"""SRT: subtitles that every player reads.

The format has no standard. Numbered from 1, an arrow between the times, a blank line after each; players take
<i> and {…} for orders, and there is no way to escape them: such brackets become others that look alike.
"""

from __future__ import annotations

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.names import UNKNOWN, one_line, speaker_name
from fi_desktop.exporters.subtitles import LINE, Cue, clock, cues

_LOOK_ALIKE = str.maketrans({"<": "‹", ">": "›", "{": "(", "}": ")"})


def render(transcript: Transcript, *, name: str | None = None) -> str:
    """Return the subtitles, each led by its speaker; name: a format without a place for one."""
    labels = {segment.speaker for segment in transcript.segments if segment.speaker is not None}
    led_by: dict[str | None, str] = {label: f"{_name(label)}:" for label in labels}
    blocks = (
        f"{number}\n{clock(cue.start_ms, ',')} --> {clock(cue.end_ms, ',')}\n{_text(cue)}\n"
        for number, cue in enumerate(cues(transcript, led_by=led_by), 1)
    )
    return "\n".join(blocks)


def _name(label: str | None) -> str:
    """A name that leaves room for words on its line."""
    name = one_line(speaker_name(label)) or UNKNOWN
    return name if len(name) < LINE // 2 else f"{name[: LINE // 2 - 1].rstrip()}…"


def _text(cue: Cue) -> str:
    return "\n".join(cue.lines or (_name(cue.speaker),)).translate(_LOOK_ALIKE)
