"""TXT: a transcript that a person reads, one line a segment."""

from __future__ import annotations

from fi_desktop.core.transcript import Segment, Transcript
from fi_desktop.exporters.names import one_line, speaker_name


def render(transcript: Transcript, *, name: str | None = None) -> str:
    """Return a heading, what the person should know, and who said what, or only when."""
    provenance = transcript.provenance
    count = len(transcript.speakers)
    engines = " and ".join(engine for engine in (provenance.engine, provenance.transcriber) if engine)
    lines = [
        one_line(provenance.source_name if name is None else name),
        f"{_clock(transcript.duration)} long, {count} {'speaker' if count == 1 else 'speakers'}",
        one_line(
            f"Made by fi-desktop {provenance.app_version} ({engines}), {_minute(provenance.created_at)}"
        ),
        *(f"Note: {one_line(note)}" for note in transcript.notes),
        "",
        *(_line(segment) for segment in transcript.segments),
    ]
    if not transcript.segments:
        lines.append("Nobody speaks in this recording.")
    return "\n".join(lines) + "\n"


def _line(segment: Segment) -> str:
    text = one_line(segment.text)
    if text:
        return f"[{_clock(segment.start)}] {speaker_name(segment.speaker)}: {text}"
    return f"{_clock_tenths(segment.start)} – {_clock_tenths(segment.end)}  {speaker_name(segment.speaker)}"


def _minute(iso: str) -> str:
    """2026-11-23 19:40 UTC."""
    return f"{iso[:16].replace('T', ' ')} UTC"


def _clock(time_s: float) -> str:
    """00:01:02; fractions are cut off, as on a player's clock."""
    seconds = int(time_s)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _clock_tenths(time_s: float) -> str:
    """00:00:06.7."""
    tenths = round(time_s * 10)
    return f"{_clock(tenths // 10)}.{tenths % 10}"
