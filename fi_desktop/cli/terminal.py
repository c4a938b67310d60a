"""Terminal output of all commands: text, JSON, tables of jobs, transcripts.

Names and spoken words are never interpreted as markup or control sequences. Characters that the stream's
encoding lacks are escaped, and a closed stdout (as with `| head -1`) stops no work.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.segment import Segment as RenderedSegment
from rich.table import Table
from rich.text import Text

from fi_desktop.core.case_labels import day_of
from fi_desktop.core.codec import error_to_json, label_to_json, summary_to_json
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.retry import before_s, run_of, took_s
from fi_desktop.core.text import clock, harmless, one_line
from fi_desktop.core.transcript import Region, Segment, Transcript, Turn, overlaps, wrong_words
from fi_desktop.core.values import Stage
from fi_desktop.exporters.exporter import DEFAULTS
from fi_desktop.exporters.figures import WrittenFigures

_ESCAPE = "fi-desktop-escape"
_REPLACED = str.maketrans("█━╸╺–…�", "#----~?")  # same width
_STATE_STYLES = {
    JobState.QUEUED: "dim",
    JobState.RUNNING: "cyan",
    JobState.RETRYING: "yellow",
    JobState.COMPLETED: "green",
    JobState.FAILED: "red",
    JobState.CANCELLED: "dim",
}
_SPEAKER_STYLES = ("cyan", "yellow", "magenta", "green", "blue", "red")
_BLOCK = "█"
_BAR_WIDTH = 10
_LABELS_WIDTH = 24  # of the columns left and right of a lane
_TEXT_INDENT = 12  # aligned with the speakers' names


class Terminal(Console):
    """Renders tables and text to stdout."""

    def __init__(self) -> None:
        super().__init__(markup=False, emoji=False, highlight=False)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[RenderedSegment]:
        """Render without control characters in any text."""
        if isinstance(renderable, str):
            renderable = harmless(renderable)
        elif isinstance(renderable, Text):  # before it is wrapped, so that lines keep their width
            renderable = renderable.copy()
            renderable.plain = harmless(renderable.plain)
        return super().render(renderable, options)

    def on_broken_pipe(self) -> None:
        """Continue without a reader."""
        _redirect_to_null(sys.stdout)


def prepare() -> None:
    """Make both streams accept any text, whatever their encoding."""
    codecs.register_error(_ESCAPE, _escape)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None without a console
            stream.reconfigure(errors=_ESCAPE)


def say(text: str) -> None:
    """Print text to stdout."""
    _write(sys.stdout, f"{harmless(text)}\n")


def say_json(values: Any) -> None:
    """Print values to stdout as one line of JSON."""
    _write(sys.stdout, f"{json.dumps(values)}\n")


def warn(sentence: str) -> None:
    """Print a sentence to stderr."""
    _write(sys.stderr, f"fi-desktop: {one_line(sentence)}\n")


def write_file(content: bytes) -> None:
    """Write a UTF-8 file to stdout: unchanged, or without control characters if stdout is a terminal."""
    if sys.stdout.isatty():
        _write(sys.stdout, harmless(content.decode("utf-8")))
        return
    sys.stdout.flush()
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _redirect_to_null(sys.stdout)


def _escape(error: UnicodeError) -> tuple[str | bytes, int]:
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end].translate(_REPLACED)
    return text.encode(error.encoding, "backslashreplace").decode(error.encoding), error.end


def _write(stream: IO[str] | None, text: str) -> None:
    if stream is None:
        return
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _redirect_to_null(stream)


def _redirect_to_null(stream: IO[str]) -> None:
    # Python flushes stdout at exit: https://docs.python.org/3/library/signal.html#note-on-sigpipe
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


# ---- jobs


def job_to_brief_json(job: Job) -> dict[str, Any]:
    """Return what `--json` prints of a job; states by their JobState names."""
    return {
        "id": job.id,
        "path": job.path,
        "state": job.state.value,
        "attempts": len(job.attempts),
        "label": label_to_json(job.label),
        "error": error_to_json(job.error) if job.error else None,
        "summary": summary_to_json(job.summary) if job.summary else None,
    }


def plain_table(*columns: str, right: Iterable[str] = ()) -> Table:
    """Return a table without lines; the columns named in `right` are right-aligned."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", no_wrap=True)
    return table


def job_table(
    jobs: Iterable[Job], progress: Mapping[int, tuple[Stage, float]] | None = None
) -> RenderableType:
    """Return jobs as a table; with `progress` (stage and fraction by job id), as they run."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    table.add_column("Job", justify="right", no_wrap=True, min_width=3)
    table.add_column("File", overflow="ellipsis", no_wrap=True, ratio=1)
    table.add_column("State", no_wrap=True, min_width=9)
    if progress is not None:
        table.add_column("Stage", no_wrap=True, min_width=8)
        table.add_column("Progress", no_wrap=True, min_width=_BAR_WIDTH)
    else:
        table.add_column("Date", no_wrap=True, min_width=10)
    jobs = list(jobs)
    repeated = any(len(job.attempts) > 1 for job in jobs)  # the names need the room
    numbers = (("Speakers", 8), ("Length", 7), ("Time", 7), *((("Attempts", 8),) if repeated else ()))
    for heading, width in numbers:
        table.add_column(heading, justify="right", no_wrap=True, min_width=width)
    now = time.time()
    remarks = []
    for job in jobs:
        name, case = one_line(Path(job.path).name), one_line(job.label.case)
        cells: list[RenderableType] = [str(job.id), f"{case} · {name}" if case else name]
        cells.append(Text(job.state.value, _STATE_STYLES[job.state]))
        if progress is not None:
            stage, fraction = progress.get(job.id, ("", 0.0))
            done = 1.0 if job.state is JobState.COMPLETED else fraction
            cells += [str(stage), ProgressBar(1.0, done, width=_BAR_WIDTH)]
        else:
            cells.append(day_of(job.label.recorded_at))
        summary = job.summary
        cells += [str(summary.speakers), clock(summary.duration_s)] if summary else ["", ""]
        cells.append(_time_spent(job, now))
        table.add_row(*cells, *((str(len(job.attempts)),) if repeated else ()))
        if job.error is not None:
            remarks.append(Text(f"Job {job.id}: {_error_text(job, now)}", _STATE_STYLES[job.state]))
        elif summary:
            remarks += [Text(f"Job {job.id}: {note}", "yellow") for note in summary.notes]
            if (wrong := wrong_words(summary.wrong_share)) is not None:
                remarks.append(Text(f"Job {job.id}: {wrong}", "dim"))
    return Group(table, *remarks)


def _time_spent(job: Job, now: float) -> str:
    """Return how long the job has been waiting or running, or took with its retries, as the window does."""
    last = job.attempts[-1] if job.attempts else None
    if not job.state.final:
        since = job.submitted_at if last is None else last.ended_at or last.started_at
        return clock(before_s(job) + max(0.0, now - since))
    return clock(took_s(run_of(job))) if last and last.ended_at is not None else ""


def _error_text(job: Job, now: float) -> str:
    message = job.error.message if job.error else ""
    if job.state is JobState.RETRYING and job.due_at is not None:
        return f"{message} Retrying in {clock(max(0.0, job.due_at - now))}."
    return message


# ---- transcripts


def transcript_view(transcript: Transcript, *, columns: int) -> RenderableType:
    """Return a lane per speaker, lanes for overlap and speech without words, and the text or turns below.

    columns: width of the terminal.
    """
    width = max(10, columns - _LABELS_WIDTH)
    lanes = Table(box=None, pad_edge=False, show_header=False)
    lanes.add_column(no_wrap=True)
    lanes.add_column(no_wrap=True)
    lanes.add_column(justify="right", no_wrap=True)
    step = transcript.duration / width or 1.0
    styles = {s: _SPEAKER_STYLES[i % len(_SPEAKER_STYLES)] for i, s in enumerate(transcript.speakers)}
    spoken: dict[str, Sequence[Turn | Region]] = {
        speaker: [turn for turn in transcript.turns if turn.speaker == speaker] for speaker in styles
    }
    if together := overlaps(transcript.turns):
        spoken["at once"] = together
    if transcript.missing:
        spoken["no words"] = transcript.missing
    for name, stretches in spoken.items():
        style = styles.get(name, "dim")
        cells = [" "] * width
        for part in stretches:
            for cell in range(int(part.start / step), min(width, int(part.end / step) + 1)):
                cells[cell] = _BLOCK
        seconds = sum(part.duration for part in stretches)
        lanes.add_row(Text(name, style), Text("".join(cells), style), f"{seconds:.1f} s")
    rows = [_row(segment, styles) for segment in transcript.segments]
    return Group(lanes, Text(), *rows) if styles else Group(*rows)


def figures_view(figures: WrittenFigures) -> RenderableType:
    """Return the figures of a conversation as a table, with what they count below."""
    table = Table(box=None, pad_edge=False)
    name, *numbers = figures.headings
    table.add_column(Text(name, "dim"))
    for heading in numbers:  # a word a line: the names need the room
        stacked = Text(heading.replace(" ", "\n"), "dim")
        table.add_column(stacked, justify="right", no_wrap=True)
    for row in figures.rows:
        table.add_row(*map(Text, row.cells))
    facts = [Text(f"{name}: {value}") for name, value in figures.facts]
    notes = [Text(note, "dim") for note in figures.notes]
    return Group(*facts, Text(), table, Text(), *notes)


def _row(segment: Segment, styles: dict[str, str]) -> RenderableType:
    if segment.missing:
        return _headed(segment, styles, Text(DEFAULTS.missing(segment), "yellow"))
    return _text_row(segment, styles) if segment.text else _turn_row(segment, styles)


def _turn_row(segment: Segment, styles: dict[str, str]) -> RenderableType:
    times = f"{clock(segment.start, decimals=1):>10} – {clock(segment.end, decimals=1):<10}"
    return Text.assemble((times, "dim"), _speaker(segment, styles))


def _text_row(segment: Segment, styles: dict[str, str]) -> RenderableType:
    """Return time and speaker, and the text below: doubtful words underlined, overlapped ones in italics."""
    text, position = Text(" ".join(segment.text.split())), 0
    for word in segment.words:
        start = text.plain.find(word.text, position)
        if start < 0:
            continue  # the text was edited
        position = start + len(word.text)
        if word.doubtful:
            text.stylize("underline", start, position)
        if word.overlap:
            text.stylize("italic", start, position)
    return _headed(segment, styles, text)


def _headed(segment: Segment, styles: dict[str, str], text: Text) -> RenderableType:
    heading = Text.assemble((f"{clock(segment.start, decimals=1):>10}  ", "dim"), _speaker(segment, styles))
    return Group(heading, Padding(text, (0, 0, 1, _TEXT_INDENT), expand=False))


def _speaker(segment: Segment, styles: dict[str, str]) -> tuple[str, str]:
    return segment.speaker or "unknown speaker", styles.get(segment.speaker or "", "dim")
