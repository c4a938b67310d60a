"""`fi-desktop find`: words in all transcripts."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.padding import Padding
from rich.text import Text

from fi_desktop.audit.acts import ActKind
from fi_desktop.cli.queue_access import job_folders, searchable_queue
from fi_desktop.cli.recorded import record
from fi_desktop.cli.terminal import Terminal, say, say_json, warn
from fi_desktop.core.case_labels import day_of, time_of, written_date
from fi_desktop.core.codec import label_to_json
from fi_desktop.core.errors import UserError
from fi_desktop.core.job import Job
from fi_desktop.core.messages import Message
from fi_desktop.core.text import clock, one_line
from fi_desktop.exporters.exporter import DEFAULTS
from fi_desktop.jobs.search_query import PERIODS, SearchQuery, period, terms_of
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.stored_acts import ranges
from fi_desktop.jobs.transcript_search import FoundLine, TranscriptSearch
from fi_desktop.rpc.client import QueueClient
from fi_desktop.settings import Settings

_NOTHING_ASKED = Message("usage.nothing_to_find", "Say which words to find, or whose with --speaker.")
_PHRASE = re.compile(r'[^"\s-][^"\s]*(\s+[^"\s-][^"\s]*)+')  # an argument whose quotes the shell took
_INDENT = 12  # aligned with the speakers' names
Days = tuple[float, float]


def add_find(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop find`."""
    parser.add_argument(
        "words", nargs="*", metavar="WORD", help='words, "a phrase" in quotes, hiper* or -without'
    )
    parser.add_argument("--speaker", default="", metavar="NAME|ROLE", help="only what this person says")
    parser.add_argument("--case", default="", metavar="TEXT", help="only in results whose case contains it")
    parser.add_argument("--since", type=_days, metavar="DAY", help="recorded on this day or later")
    parser.add_argument("--until", type=_days, metavar="DAY", help="recorded on this day or earlier")
    parser.add_argument("--when", type=_days, metavar="PERIOD", help=f"{', '.join(PERIODS)}, or a day")
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="lines to show (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.set_defaults(command=_find)


def _days(text: str) -> Days:
    try:
        return period(text, datetime.now(UTC).astimezone().date())
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a day nor one of {', '.join(PERIODS)}"
        ) from None


def _find(settings: Settings, options: argparse.Namespace) -> int:
    """Return 1 if nothing is found."""
    query = _query(options)
    if not query.speaker and all(term.excluded for term in query.terms):
        raise UserError(_NOTHING_ASKED)
    search = TranscriptSearch(job_folders(settings).index_place)
    with searchable_queue(settings) as client:
        page = search.find(query, max(1, options.limit))
        record(settings, ActKind.SEARCHED, jobs=ranges({found.job for found in page.lines}))
        jobs = _jobs(client, page.lines)
        state = search.state()
    if options.json:
        for found in page.lines:
            say_json(_to_json(found, jobs.get(found.job)))
    else:
        _show(page.lines, jobs)
    if not page.lines and not options.json:
        say("Nothing was found.")
    if page.next is not None:
        warn("There are more lines; --limit shows more.")
    if not state.complete:
        left = f", and {state.left} are not indexed yet" if state.left > 0 else ""
        warn(f"{state.indexed} results were searched{left}.")
    return 0 if page.lines else 1


def _query(options: argparse.Namespace) -> SearchQuery:
    since, until = options.when or (None, None)
    if options.since:
        since = max(options.since[0], since or 0.0)
    if options.until:
        until = min(options.until[1], until or options.until[1])
    words = " ".join(f'"{word}"' if _PHRASE.fullmatch(word.strip()) else word for word in options.words)
    return SearchQuery(terms_of(words), options.speaker.strip(), since, until, options.case)


def _jobs(client: QueueClient, lines: Iterable[FoundLine]) -> dict[int, Job]:
    """Return the jobs that still exist."""
    found = (client.call(JobService.job, job_id) for job_id in dict.fromkeys(line.job for line in lines))
    return {job.id: job for job in found if job is not None}


def _show(lines: Iterable[FoundLine], jobs: dict[int, Job]) -> None:
    terminal, shown = Terminal(), None
    for found in lines:
        if found.job != shown:
            shown = found.job
            heading = [f"job {shown}"]
            if (job := jobs.get(shown)) is not None:
                at = job.label.recorded_at or written_date(
                    datetime.fromtimestamp(job.submitted_at).astimezone()
                )
                heading = [one_line(Path(job.path).name), *heading, f"{day_of(at)} {time_of(at)}".strip()]
                heading = [job.label.case, *heading] if job.label.case else heading
            terminal.print(Text("  ·  ".join(heading), "bold"), soft_wrap=True)
        line = found.line
        terminal.print(Text(f"{clock(line.start, decimals=1):>10}  {_speaker(found)}", "cyan"))
        text = Text(line.text)
        for start, end in found.marks:
            text.stylize("reverse", start, end)
        terminal.print(Padding(text, (0, 0, 1, _INDENT), expand=False))


def _speaker(found: FoundLine) -> str:
    line = found.line
    role = DEFAULTS.labels.roles[line.role] if line.role else ""
    if line.name:
        return f"{line.name} ({role.lower()})" if role else line.name
    return role or DEFAULTS.speaker(line.speaker)


def _to_json(found: FoundLine, job: Job | None) -> dict[str, Any]:
    line = found.line
    added = None if job is None else datetime.fromtimestamp(job.submitted_at).astimezone()
    return {
        "job": found.job,
        "file": "" if job is None else Path(job.path).name,
        "added_at": None if added is None else added.isoformat(timespec="seconds"),
        "label": {} if job is None else label_to_json(job.label),
        "segment": line.number,
        "start": line.start,
        "speaker": line.speaker,
        "name": line.name,
        "role": line.role,
        "language": line.language,
        "text": line.text,
        "marks": [list(mark) for mark in found.marks],
    }
