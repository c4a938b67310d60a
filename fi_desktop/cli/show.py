"""How jobs and results look in a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fi_desktop.cli.follow import Board
from fi_desktop.core.codec import error_to_json, summary_to_json
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.retry import before_s, run_of, took_s
from fi_desktop.core.text import clock, one_line
from fi_desktop.core.transcript import Segment, Transcript

_STYLES = {
    JobState.QUEUED: "dim",
    JobState.RUNNING: "cyan",
    JobState.RETRYING: "yellow",
    JobState.COMPLETED: "green",
    JobState.FAILED: "red",
    JobState.CANCELLED: "dim",
}
_COLOURS = ("cyan", "yellow", "magenta", "green", "blue", "red")
_BLOCK = "█"
_BAR_WIDTH = 10
_LABELS_WIDTH = 24  # what stands beside a lane
_TEXT_INDENT = 12  # as far as a speaker's name


def brief(job: Job) -> dict[str, Any]:
    """Return what scripts get of a job, as JSON values; states by their JobState names."""
    return {
        "id": job.id,
        "path": job.path,
        "state": job.state.value,
        "attempts": len(job.attempts),
        "error": error_to_json(job.error) if job.error else None,
        "summary": summary_to_json(job.summary) if job.summary else None,
    }


def job_table(jobs: Iterable[Job], board: Board | None = None) -> RenderableType:
    """Draw jobs as a table; with a board, as they run."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    table.add_column("Job", justify="right", no_wrap=True, min_width=3)
    table.add_column("File", overflow="ellipsis", no_wrap=True, ratio=1)
    table.add_column("State", no_wrap=True, min_width=9)
    if board is not None:
        table.add_column("Stage", no_wrap=True, min_width=8)
        table.add_column("Progress", no_wrap=True, min_width=_BAR_WIDTH)
    for heading, width in (("Voices", 6), ("Length", 7), ("Time", 7), ("Try", 3)):
        table.add_column(heading, justify="right", no_wrap=True, min_width=width)
    now = time.time()
    troubles = []
    for job in jobs:
        stage, fraction = ("", 0.0)
        if board is not None and job.id in board.progress:
            reached, fraction = board.progress[job.id]
            stage = reached.value
        summary = job.summary
        done = 1.0 if job.state is JobState.COMPLETED else fraction
        table.add_row(
            str(job.id),
            one_line(Path(job.path).name),
            Text(job.state.value, _STYLES[job.state]),
            *((stage, ProgressBar(1.0, done, width=_BAR_WIDTH)) if board is not None else ()),
            str(summary.speakers) if summary else "",
            clock(summary.duration_s) if summary else "",
            _spent(job, now),
            str(len(job.attempts)) if job.attempts else "",
        )
        if job.error is not None:
            troubles.append(Text(f"Job {job.id}: {_trouble(job, now)}", _STYLES[job.state]))
        elif summary:
            troubles += [Text(f"Job {job.id}: {note}", "yellow") for note in summary.notes]
    return Group(table, *troubles)


def who_spoke_when(transcript: Transcript, *, columns: int) -> RenderableType:
    """Draw a lane a speaker over time, and what was said or the turns below, in so many columns."""
    width = max(10, columns - _LABELS_WIDTH)
    lanes = Table(box=None, pad_edge=False, show_header=False)
    lanes.add_column(no_wrap=True)
    lanes.add_column(no_wrap=True)
    lanes.add_column(justify="right", no_wrap=True)
    step = transcript.duration / width or 1.0
    styles = {s: _COLOURS[i % len(_COLOURS)] for i, s in enumerate(transcript.speakers)}
    for speaker, style in styles.items():
        turns = [turn for turn in transcript.turns if turn.speaker == speaker]
        cells = [" "] * width
        for turn in turns:
            for cell in range(int(turn.start / step), min(width, int(turn.end / step) + 1)):
                cells[cell] = _BLOCK
        spoken = sum(turn.duration for turn in turns)
        lanes.add_row(Text(speaker, style), Text("".join(cells), style), f"{spoken:.1f} s")
    rows = [
        _what_was_said(segment, styles) if segment.text else _when(segment, styles)
        for segment in transcript.segments
    ]
    return Group(lanes, Text(), *rows) if styles else Group(*rows)


def _when(segment: Segment, styles: dict[str, str]) -> RenderableType:
    return Text.assemble(
        (f"{clock(segment.start, decimals=1):>10} – {clock(segment.end, decimals=1):<10}", "dim"),
        _speaker(segment, styles),
    )


def _what_was_said(segment: Segment, styles: dict[str, str]) -> RenderableType:
    """The time and the speaker, and the text below; words that were hard to hear are underlined."""
    heading = Text.assemble((f"{clock(segment.start, decimals=1):>10}  ", "dim"), _speaker(segment, styles))
    text, place = Text(" ".join(segment.text.split())), 0
    for word in segment.words:
        at = text.plain.find(word.text, place)
        if at < 0:
            continue  # the text was changed since
        place = at + len(word.text)
        if word.doubtful:
            text.stylize("underline", at, place)
    return Group(heading, Padding(text, (0, 0, 1, _TEXT_INDENT), expand=False))


def _speaker(segment: Segment, styles: dict[str, str]) -> tuple[str, str]:
    return segment.speaker or "unknown speaker", styles.get(segment.speaker or "", "dim")


def _spent(job: Job, now: float) -> str:
    """Return how long the job has been waiting or running, or took with its retries, as the window does."""
    last = job.attempts[-1] if job.attempts else None
    if not job.state.final:
        since = job.submitted_at if last is None else last.ended_at or last.started_at
        return clock(before_s(job) + max(0.0, now - since))
    return clock(took_s(run_of(job))) if last and last.ended_at is not None else ""


def _trouble(job: Job, now: float) -> str:
    message = job.error.message if job.error else ""
    if job.state is JobState.RETRYING and job.due_at is not None:
        return f"{message} Tried again in {clock(max(0.0, job.due_at - now))}."
    return message
