"""SRT: subtitles that every player reads.

The format has no standard: numbered from 1, an arrow between the times, a blank line after each subtitle.
Players interpret <i> and {…} as formatting, and there is no escape, so these brackets become similar ones.
"""

from __future__ import annotations

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.exporter import Exporter, ExportOptions, encoded, single_line
from fi_desktop.exporters.subtitles import MAX_LINE, Cue, cues, span

_DRAFT_MS, _DRAFT_LEAST_MS = 2000, 1000  # how long the draft notice is shown
_SIMILAR = str.maketrans({"<": "‹", ">": "›", "{": "(", "}": ")"})


def render(transcript: Transcript, options: ExportOptions) -> bytes:
    """Return the subtitles, each preceded by its speaker.

    The draft notice is a subtitle before the first one, or after the last if there is no time before.
    """
    speakers = {segment.speaker for segment in transcript.segments if segment.speaker is not None}
    leads: dict[str | None, str] = {label: f"{_name(label, options)}:" for label in speakers}
    shown = cues(transcript, leads=leads, write=options.word, missing=options.missing)
    first_ms = shown[0].start_ms if shown else _DRAFT_MS
    if first_ms >= _DRAFT_LEAST_MS:
        shown.insert(0, Cue(0, min(first_ms, _DRAFT_MS), None, (options.status,)))
    else:
        end_ms = max(cue.end_ms for cue in shown)
        shown.append(Cue(end_ms, end_ms + _DRAFT_MS, None, (options.status,)))
    blocks = (
        f"{number}\n{span(cue, point=',')}\n{_text(cue, options)}\n" for number, cue in enumerate(shown, 1)
    )
    return encoded("\n".join(blocks))


def _name(label: str | None, options: ExportOptions) -> str:
    """Return a speaker's name, cut so that words fit on its line."""
    name = single_line(options.speaker(label)) or options.labels.unknown
    return name if len(name) < MAX_LINE // 2 else f"{name[: MAX_LINE // 2 - 1].rstrip()}…"


def _text(cue: Cue, options: ExportOptions) -> str:
    return "\n".join(cue.lines or (_name(cue.speaker, options),)).translate(_SIMILAR)


EXPORTER = Exporter("srt", "SRT (subtitles)", "srt", "application/x-subrip", render)
