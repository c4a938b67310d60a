"""Audacity labels: start, end and text of each turn, separated by tabs."""

from __future__ import annotations

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.exporter import Exporter, ExportOptions, encoded, marked_text, single_line


def render(transcript: Transcript, options: ExportOptions) -> bytes:
    """Return a line per turn, after one that says how far it is checked.

    Times are seconds with six decimals, as Audacity writes them.
    """
    lines = [f"{0:.6f}\t{0:.6f}\t{options.status}\n"]
    for segment in transcript.segments:
        name, text = single_line(options.speaker(segment.speaker)), marked_text(segment, options)
        label = f"{name}: {text}" if text else name
        lines.append(f"{segment.start:.6f}\t{segment.end:.6f}\t{label}\n")
    return encoded("".join(lines))


EXPORTER = Exporter("audacity", "Audacity labels", "labels.txt", "text/plain", render)
