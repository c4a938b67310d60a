"""SRT: subtitles that every player reads.

The format has no standard. Numbered from 1, an arrow between the times, a blank line after each; players take
<i> and {…} for orders, and there is no way to escape them: such brackets become others that look alike.
"""

from __future__ import annotations

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.names import one_line
from fi_desktop.exporters.style import PLAIN, Style
from fi_desktop.exporters.subtitles import LINE, Cue, cues, span

_DRAFT_MS, _DRAFT_LEAST_MS = 2000, 1000  # how long it is said that nobody has reviewed them
_LOOK_ALIKE = str.maketrans({"<": "‹", ">": "›", "{": "(", "}": ")"})


def render(transcript: Transcript, *, name: str | None = None, style: Style = PLAIN) -> str:
    """Return the subtitles, each led by its speaker; name: a format without a place for one.

    That nobody has reviewed them is a subtitle before the first one, or, if there is no time, after the last.
    """
    labels = {segment.speaker for segment in transcript.segments if segment.speaker is not None}
    led_by: dict[str | None, str] = {label: f"{_name(label, style)}:" for label in labels}
    made = cues(transcript, led_by=led_by, said=style.word)
    first_ms = made[0].start_ms if made else _DRAFT_MS
    if first_ms >= _DRAFT_LEAST_MS:
        made.insert(0, Cue(0, min(first_ms, _DRAFT_MS), None, (style.labels.draft,)))
    else:
        end_ms = max(cue.end_ms for cue in made)
        made.append(Cue(end_ms, end_ms + _DRAFT_MS, None, (style.labels.draft,)))
    blocks = (
        f"{number}\n{span(cue, point=',')}\n{_text(cue, style)}\n" for number, cue in enumerate(made, 1)
    )
    return "\n".join(blocks)


def _name(label: str | None, style: Style) -> str:
    """A name that leaves room for words on its line."""
    name = one_line(style.speaker(label)) or style.labels.unknown
    return name if len(name) < LINE // 2 else f"{name[: LINE // 2 - 1].rstrip()}…"


def _text(cue: Cue, style: Style) -> str:
    return "\n".join(cue.lines or (_name(cue.speaker, style),)).translate(_LOOK_ALIKE)
