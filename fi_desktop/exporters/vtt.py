"""WebVTT, the W3C's format: subtitles for browsers, each in its speaker's voice."""

from __future__ import annotations

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.names import one_line
from fi_desktop.exporters.style import PLAIN, Style
from fi_desktop.exporters.subtitles import Cue, cues, span

_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def render(transcript: Transcript, *, name: str | None = None, style: Style = PLAIN) -> str:
    """Return the subtitles; name: what the recording is called, kept as the file's heading where given.

    That nobody has reviewed them is a remark, which players do not show.
    """
    heading = one_line(name or "").translate(_ESCAPED)  # no arrow may stand there
    first = f"WEBVTT {heading}".rstrip() + f"\n\nNOTE {style.labels.draft}\n"
    blocks = (
        f"{span(cue, point='.')}\n{_text(cue, style)}\n"
        for cue in cues(transcript, led_by={}, said=style.word)
    )
    return "\n".join((first, *blocks))


def _text(cue: Cue, style: Style) -> str:
    name = one_line(style.speaker(cue.speaker)) or style.labels.unknown
    text = "\n".join(cue.lines or (name,)).translate(_ESCAPED)
    return text if cue.speaker is None else f"<v {name.translate(_ESCAPED)}>{text}"
