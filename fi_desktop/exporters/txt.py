"""TXT: a transcript that a person reads, one line a segment."""

from __future__ import annotations

import re

from fi_desktop.core.transcript import Segment, Transcript

_LABEL = re.compile(r"SPEAKER_(\d+)")


def render(transcript: Transcript, *, name: str | None = None) -> str:
    """Return a heading, what the person should know, and who said what, or only when."""
    provenance = transcript.provenance
    count = len(transcript.speakers)
    engines = " and ".join(engine for engine in (provenance.engine, provenance.transcriber) if engine)
    lines = [
        _one_line(provenance.source_name if name is None else name),
        f"{_clock(transcript.duration)} long, {count} {'speaker' if count == 1 else 'speakers'}",
        _one_line(
            f"Made by fi-desktop {provenance.app_version} ({engines}), {_minute(provenance.created_at)}"
        ),
        *(f"Note: {_one_line(note)}" for note in transcript.notes),
        "",
        *(_line(segment) for segment in transcript.segments),
    ]
    if not transcript.segments:
        lines.append("Nobody speaks in this recording.")
    return "\n".join(lines) + "\n"


def _line(segment: Segment) -> str:
    text = _one_line(segment.text)
    if text:
        return f"[{_clock(segment.start)}] {_speaker(segment.speaker)}: {text}"
    return f"{_clock_tenths(segment.start)} – {_clock_tenths(segment.end)}  {_speaker(segment.speaker)}"


def _speaker(label: str | None) -> str:
    """A person's number, counted from one; a name that was given instead of the label stays as it is."""
    if label is None:
        return "Unknown speaker"
    match = _LABEL.fullmatch(label)
    return f"Speaker {int(match[1]) + 1}" if match else _one_line(label)


def _minute(iso: str) -> str:
    """2026-11-23 19:40 UTC."""
    return f"{iso[:16].replace('T', ' ')} UTC"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _clock(time_s: float) -> str:
    """00:01:02; fractions are cut off, as on a player's clock."""
    seconds = int(time_s)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _clock_tenths(time_s: float) -> str:
    """00:00:06.7."""
    tenths = round(time_s * 10)
    return f"{_clock(tenths // 10)}.{tenths % 10}"
