"""CSV: one row per turn, for spreadsheets (RFC 4180, with the mark that tells Excel it is UTF-8)."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable
from io import StringIO

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.exporter import Exporter, ExportOptions, encoded, marked_text, single_line

# A spreadsheet takes a cell that starts so for a formula, which can run programs and send data away. The
# last four are the wide forms, which some programs read as well.
_FORMULA_STARTS = ("=", "+", "-", "@", "|", "%", "＝", "＋", "－", "＠")
_COLUMNS = ("start", "end", "speaker", "role", "language", "text", "doubtful", "overlap", "state")


def render(transcript: Transcript, options: ExportOptions) -> bytes:
    """Return a row of headings and a row per turn; times are seconds."""
    headings = (options.labels.names[name] for name in _COLUMNS)
    rows = (
        (
            f"{segment.start:.3f}",
            f"{segment.end:.3f}",
            options.speaker(segment.speaker),
            options.role(segment.speaker),
            segment.language or transcript.language or "",
            marked_text(segment, options),
            str(sum(word.doubtful for word in segment.words)),
            str(sum(word.overlap for word in segment.words)),
            options.status,
        )
        for segment in transcript.segments
    )
    return as_csv_table(headings, rows)


def as_csv_table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    """Return rows below headings; no cell is a formula."""
    table = StringIO()
    writer = csv.writer(table, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows(map(_defused, rows))
    return codecs.BOM_UTF8 + encoded(table.getvalue())


def _defused(cells: Iterable[str]) -> list[str]:
    """Return cells on one line each, with an apostrophe before what would be a formula."""
    lines = map(single_line, cells)
    return [f"'{text}" if text.startswith(_FORMULA_STARTS) else text for text in lines]


EXPORTER = Exporter("csv", "Table (CSV)", "csv", "text/csv", render)
