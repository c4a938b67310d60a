"""Exporters: a Transcript as a file that other programs and people read.

An export is a pure function of a Transcript and a Style: the same from the window and the command line, and
the same again. Each format is one file in this folder and one line in `EXPORTERS`. Only here, and in widgets,
are times formatted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters import json_, rttm, srt, txt, vtt
from fi_desktop.exporters.style import PLAIN, Style
from fi_desktop.system.files import write_whole


class Render(Protocol):
    """Writes a transcript as text, lines ended by a line feed.

    name: what the recording is called in the file; its own file name, without ending, where it is not given.
    style: in which words; of no matter to formats for programs.
    """

    def __call__(self, transcript: Transcript, *, name: str | None = None, style: Style = PLAIN) -> str:
        """Return the whole file."""
        ...


@dataclass(frozen=True, slots=True)
class Exporter:
    """A format.

    Attributes:
        name: what the command line calls it.
        extension: ending of its files, without the dot.
        title: what a person calls it; the window translates it.
        render: makes the text.
    """

    name: str
    extension: str
    title: str
    render: Render


EXPORTERS: dict[str, Exporter] = {
    exporter.name: exporter
    for exporter in (
        Exporter("rttm", "rttm", "Who spoke when (RTTM)", rttm.render),
        Exporter("json", "json", "Everything, for other programs (JSON)", json_.render),
        Exporter("txt", "txt", "Text to read", txt.render),
        Exporter("srt", "srt", "Subtitles (SRT)", srt.render),
        Exporter("vtt", "vtt", "Subtitles for browsers (WebVTT)", vtt.render),
    )
}


def rendered(transcript: Transcript, format: str, *, name: str | None = None, style: Style = PLAIN) -> bytes:
    """Return a transcript as a file's content, UTF-8; see `export`."""
    # A name with half a character (from a disk with another encoding) must not cost the export.
    return EXPORTERS[format].render(transcript, name=name, style=style).encode("utf-8", errors="replace")


def export(
    transcript: Transcript, format: str, target: Path, *, name: str | None = None, style: Style = PLAIN
) -> None:
    """Write a transcript to a file, which is there whole or as it was before.

    Args:
        transcript: what to write.
        format: a key of `EXPORTERS`.
        target: the file; one that exists is replaced.
        name: what the recording is called in the file.
        style: in which words.

    Raises:
        UserError: export.not_written, where the folder does not take it.
        TransientError: export.full.
    """
    write_export(rendered(transcript, format, name=name, style=style), target)


def write_export(content: bytes, target: Path) -> None:
    """Write an export's content, for this account alone to read; see `export`."""
    try:
        write_whole(target, content, mode=0o600)
    except TransientError as error:
        raise TransientError(messages.EXPORT_FULL) from error
    except OSError:
        raise not_written() from None


def not_written() -> UserError:
    """Return what is said of a folder that takes no file."""
    return UserError(messages.EXPORT_NOT_WRITTEN)
