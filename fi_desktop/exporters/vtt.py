"""WebVTT: the W3C's subtitles for browsers, each in its speaker's voice."""

from __future__ import annotations

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.exporter import Exporter, ExportOptions, cautions, encoded, single_line
from fi_desktop.exporters.subtitles import Cue, cues, span

_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def render(transcript: Transcript, options: ExportOptions) -> bytes:
    """Return the subtitles; the cautions are a comment, which players do not show."""
    header = f"WEBVTT\n\nNOTE {single_line(cautions(transcript, options))}\n"
    blocks = (
        f"{span(cue, point='.')}\n{_text(cue, options)}\n"
        for cue in cues(transcript, leads={}, write=options.word, missing=options.missing)
    )
    return encoded("\n".join((header, *blocks)))


def _text(cue: Cue, options: ExportOptions) -> str:
    name = single_line(options.speaker(cue.speaker)) or options.labels.unknown
    text = "\n".join(cue.lines or (name,)).translate(_ESCAPED)
    if cue.language is not None:
        text = f"<lang {cue.language}>{text}</lang>"
    return text if cue.speaker is None else f"<v {name.translate(_ESCAPED)}>{text}"


EXPORTER = Exporter("vtt", "WebVTT (subtitles for browsers)", "vtt", "text/vtt", render)
