"""Transcripts of what people say, line by line, with words at regular times."""

from __future__ import annotations

from collections.abc import Iterable

from fi_desktop.core.transcript import Person, Provenance, Segment, Transcript, Turn, Word

SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_WORD_S, _PAUSE_S = 0.35, 0.5


def transcript_of(
    lines: Iterable[tuple[str, str]],
    language: str | None,
    *,
    name: str = "recording.m4a",
    people: tuple[Person, ...] = (),
) -> Transcript:
    """Return a transcript. lines: speaker and text; name: of the recording's file."""
    segments, turns, at = [], [], 0.0
    for speaker, text in lines:
        start, words = at, []
        for spoken in text.split():
            words.append(Word(round(at, 2), round(at + 0.3, 2), spoken, 0.9, speaker))
            at += _WORD_S
        end = round(at, 2)
        segments.append(Segment(round(start, 2), end, speaker, " ".join(text.split()), tuple(words)))
        turns.append(Turn(round(start, 2), end, speaker))
        at += _PAUSE_S
    made = Provenance(
        "0.1.0",
        "builtin",
        "voices-1",
        {"prompt": "Consulta de Xóchitl Quetzalpa"},
        SHA256,
        name,
        "2026-11-28T19:40:00+00:00",
        "whisper",
        "base",
    )
    length = round(at, 2)
    return Transcript(length, length, tuple(turns), tuple(segments), made, language=language, people=people)
