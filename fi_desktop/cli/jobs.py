"""`fi-desktop jobs` and `export`: show the queue, change it, and export results."""

from __future__ import annotations

import argparse
import datetime
import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from rich.text import Text

from fi_desktop.audit.acts import ActKind
from fi_desktop.cli.arguments import (
    PRIORITIES,
    add_batch,
    add_command,
    add_export_language,
    add_export_template,
    add_job_options,
    case_label,
    job_options,
    priority,
    recorded_date,
)
from fi_desktop.cli.deidentify import add_deidentify
from fi_desktop.cli.queue_access import find_job, idle_queue, read_result, with_sealed
from fi_desktop.cli.recorded import record, record_export
from fi_desktop.cli.removal import remove_jobs
from fi_desktop.cli.run import export_options
from fi_desktop.cli.terminal import (
    Terminal,
    figures_view,
    job_table,
    job_to_brief_json,
    say,
    say_json,
    transcript_view,
    write_file,
)
from fi_desktop.core.case_labels import LabelChange
from fi_desktop.core.codec import job_to_json
from fi_desktop.core.conversation import conversation_of
from fi_desktop.core.errors import UserError
from fi_desktop.core.job import START_NOW, Job, JobState
from fi_desktop.core.messages import Message
from fi_desktop.core.name_patterns import change_by_name
from fi_desktop.core.review import check_signature
from fi_desktop.core.values import JobOptions
from fi_desktop.exporters import EXPORTERS
from fi_desktop.exporters.figures import figures_of
from fi_desktop.exporters.files import export, rendered
from fi_desktop.jobs.run_times import RunTimes
from fi_desktop.jobs.service import JobService
from fi_desktop.rpc.client import QueueClient
from fi_desktop.settings import SPECS, Settings
from fi_desktop.viewmodel.recommendation import words_installed

_NOT_SIGNED = Message("verify.not_signed", "{file} is not a signed result in JSON format.")
_SIGNED_CHANGED = Message("verify.changed", "{file} was changed after it was signed.")
_NO_CHANGE = Message("jobs.no_label", "Give a case with --case, a date with --date, or --from-name.")
_NO_MODEL = Message(
    "jobs.no_model",
    "No transcription model is installed. `fi-desktop models recommend` names the one for this computer.",
)
_NO_TURNS = Message("jobs.no_turns", "The result of job {job} does not say who speaks when.")

Action = Callable[[QueueClient, argparse.Namespace], int | None]


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop jobs`."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    def add(
        name: str, summary: str, run: Action, *, ids: str = "", batch: bool = False
    ) -> argparse.ArgumentParser:
        action = add_command(actions, name, summary)
        if ids:
            action.add_argument("id", type=int, nargs=ids)
        if batch:
            add_batch(action)
        action.set_defaults(command=_in_queue(run))
        return action

    listing = add("list", "list jobs", _list, batch=True)
    _add_state(listing, tuple(JobState))
    listing.set_defaults(command=_list_recorded)
    listing.add_argument("--json", action="store_true", help="print one JSON object per line")

    show = add_command(actions, "show", "show a job and its result")
    show.add_argument("id", type=int)
    show.add_argument("--json", action="store_true", help="print the whole record as one JSON object")
    show.add_argument(
        "--figures",
        action="store_true",
        help="speaking time, turns, interruptions and pauses by speaker and role, also with --json",
    )
    show.set_defaults(command=_show)

    retry = add("retry", "retry jobs; one that waits for a retry starts now", _retry, ids="*", batch=True)
    retry.add_argument("--failed", action="store_true", help="all failed jobs")
    words = add_command(actions, "add-words", "add words to results that have none; the turns stay")
    words.add_argument("id", type=int, nargs="*")
    add_batch(words)
    words.set_defaults(command=_add_words)
    add("cancel", "cancel jobs", _cancel, ids="*", batch=True)
    remove = add_command(actions, "remove", "remove jobs and their results; recordings stay")
    remove.add_argument("id", type=int, nargs="*")
    add_batch(remove)
    remove.add_argument(
        "--with-recording",
        action="store_true",
        help="move the recordings to the trash too, if they are still those that were processed",
    )
    remove.set_defaults(command=_remove)
    prioritize = add("priority", "change the priority of waiting jobs", _prioritize, ids="+")
    prioritize.add_argument("--to", required=True, type=priority, metavar=PRIORITIES)
    start = add_command(actions, "start", "choose when waiting jobs start")
    start.add_argument("id", type=int, nargs="*")
    add_batch(start)
    start.add_argument(
        "--at",
        required=True,
        type=_start_time,
        metavar="now|tonight|HH:MM|queue",
        help="now: whatever the times of the queue; queue: with the others",
    )
    start.set_defaults(command=_start)
    label = add_command(actions, "label", "change the case or the date of jobs")
    label.add_argument("id", type=int, nargs="+")
    label.add_argument(
        "--case", type=case_label, metavar="TEXT", help='name of the patient or visit; "": none'
    )
    label.add_argument(
        "--date", type=recorded_date, metavar="DATE", help='when it was recorded, such as "2026-11-29 10:30"'
    )
    label.add_argument(
        "--from-name", action="store_true", help="as the files are named; a date entered by hand stays"
    )
    label.add_argument("--json", action="store_true", help="print one JSON object per line")
    label.set_defaults(command=_label)
    change = add("options", "change the options of waiting jobs", _change, ids="*", batch=True)
    change.add_argument(
        "--again", action="store_true", help="run finished jobs again; each keeps its result until then"
    )
    add_job_options(change)
    purge = add("purge", "remove all waiting jobs, or all jobs in a state", _purge)
    _add_state(purge, tuple(state for state in JobState if state is not JobState.RUNNING))
    add_deidentify(add_command(actions, "deidentify", "write a copy without what identifies people"))
    add("pause", "start no more jobs, even after a restart", _pause)
    add("resume", "start jobs again", _resume)
    add("verify", "check the integrity of the queue", _verify)


def _in_queue(run: Action) -> Callable[[Settings, argparse.Namespace], int]:
    def command(settings: Settings, options: argparse.Namespace) -> int:
        with idle_queue(settings) as client:
            return run(client, options) or 0

    return command


def _add_state(action: argparse.ArgumentParser, states: tuple[JobState, ...]) -> None:
    action.add_argument("--state", type=str.upper, choices=[state.value for state in states])


def _state(options: argparse.Namespace) -> JobState | None:
    return JobState(options.state) if options.state else None


def _ids(client: QueueClient, options: argparse.Namespace) -> list[int]:
    batch = [] if options.batch is None else [job.id for job in client.call(JobService.batch, options.batch)]
    return [*options.id, *batch]


def _list(client: QueueClient, options: argparse.Namespace) -> None:
    state = _state(options)
    if options.batch is None:
        jobs = client.call(JobService.jobs, state=state)
    else:
        jobs = client.call(JobService.batch, options.batch)
    jobs = [job for job in jobs if state in (None, job.state)]
    if options.json:
        for job in jobs:
            say_json(job_to_brief_json(job))
    else:
        Terminal().print(job_table(jobs) if jobs else "No jobs.")


def _list_recorded(settings: Settings, options: argparse.Namespace) -> int:
    record(settings, ActKind.LISTED)
    return _in_queue(_list)(settings, options)


def _show(settings: Settings, options: argparse.Namespace) -> int:
    with idle_queue(settings) as client:
        job = find_job(client, options.id)
    record(settings, ActKind.OPENED, job.id)
    if options.figures:
        _show_figures(settings, job, as_json=options.json)
        return 0
    if options.json:
        say_json(job_to_json(job))
        return 0
    terminal = Terminal()
    terminal.print(job_table([job]))
    for attempt in job.attempts:
        outcome = attempt.outcome.value if attempt.outcome else "running"
        error = f": {attempt.error.message}" if attempt.error else ""
        terminal.print(Text(f"  attempt {attempt.number}, {attempt.worker}: {outcome}{error}", "dim"))
    if job.summary is not None:
        terminal.print(transcript_view(read_result(settings, job).transcript, columns=terminal.width))
    return 0


def _show_figures(settings: Settings, job: Job, *, as_json: bool) -> None:
    result = read_result(settings, job)
    if as_json:
        say_json(asdict(conversation_of(result.transcript)))
        return
    figures = figures_of(result.transcript, replace(export_options(settings, None, ""), reviewed=result))
    if figures is None:
        raise UserError(_NO_TURNS, job=job.id)
    Terminal().print(figures_view(figures))


def _retry(client: QueueClient, options: argparse.Namespace) -> None:
    if options.failed:
        say(f"{_jobs(client.call(JobService.retry_failed))} queued again.")
    else:
        client.call(JobService.retry, _ids(client, options))


def _add_words(settings: Settings, options: argparse.Namespace) -> int:
    """Return 1 if no job lacks words."""
    if not words_installed(settings.model_roots):
        raise UserError(_NO_MODEL)
    with idle_queue(settings) as client:
        count = client.call(JobService.add_words, _ids(client, options))
    say(f"{_jobs(count)} queued again." if count else "None of these jobs has a result without words.")
    return 0 if count else 1


def _cancel(client: QueueClient, options: argparse.Namespace) -> None:
    client.call(JobService.cancel, _ids(client, options))


def _remove(settings: Settings, options: argparse.Namespace) -> int:
    with idle_queue(settings) as client:
        ids = _ids(client, options)
        return remove_jobs(settings, client, ids, with_recording=options.with_recording)


def _prioritize(client: QueueClient, options: argparse.Namespace) -> None:
    client.call(JobService.prioritize, options.id, options.to)


def _start_time(text: str) -> Callable[[RunTimes, float], float | None]:
    """Return what finds the moment, given the times of the queue and the current time."""
    match text:
        case "now":
            return lambda times, now: START_NOW
        case "tonight":
            return RunTimes.tonight
        case "queue":
            return lambda times, now: None
    try:
        clock_time = SPECS["night_from"].parse(text)
    except UserError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither now, tonight, queue nor a time") from None
    return lambda times, now: times.next_at(datetime.time.fromisoformat(clock_time), now)


def _start(settings: Settings, options: argparse.Namespace) -> int:
    start_at = options.at(RunTimes.of(settings), time.time())
    with idle_queue(settings) as client:
        client.call(JobService.schedule, _ids(client, options), start_at)
    return 0


def _label(settings: Settings, options: argparse.Namespace) -> int:
    given = LabelChange(options.case, options.date)
    if not options.from_name and given == LabelChange():
        raise UserError(_NO_CHANGE)
    ids, now = list(dict.fromkeys(options.id)), time.time()
    pattern = with_sealed(settings).name_pattern if options.from_name else ""
    with idle_queue(settings) as client:
        changes = []
        if options.from_name:
            jobs = [find_job(client, job_id) for job_id in ids]
            by_name = partial(change_by_name, pattern=pattern, now=now)
            changes.append({job.id: by_name(Path(job.path).stem, label=job.label) for job in jobs})
        if given != LabelChange():
            changes.append(dict.fromkeys(ids, given))
        for change in changes:
            client.call(JobService.relabel, change)
        if options.json:
            for job_id in ids:
                say_json(job_to_brief_json(find_job(client, job_id)))
    return 0


def _change(client: QueueClient, options: argparse.Namespace) -> int:
    """Return 1 if some jobs could not be changed."""
    by_options: dict[JobOptions, dict[int, Path]] = {}
    for job_id in _ids(client, options):
        job = find_job(client, job_id)
        by_options.setdefault(job_options(job.options, options), {})[job_id] = Path(job.path)
    unchanged = 0
    for wanted, recordings in by_options.items():
        result = client.call(JobService.change, recordings, wanted, again=options.again)
        for job_id in result.started:
            say(f"Job {job_id} is running." if options.again else f"Job {job_id} is no longer waiting.")
        for job_id in result.known:
            say(f"Job {job_id} was not changed: another job has the same recording and these options.")
        unchanged += len(result.started) + len(result.known)
    return 1 if unchanged else 0


def _purge(client: QueueClient, options: argparse.Namespace) -> None:
    state = _state(options)
    states = [JobState.QUEUED, JobState.RETRYING] if state is None else [state]
    say(f"{_jobs(client.call(JobService.purge, states))} removed.")


def _pause(client: QueueClient, _options: argparse.Namespace) -> None:
    client.call(JobService.pause)


def _resume(client: QueueClient, _options: argparse.Namespace) -> None:
    client.call(JobService.resume)


def _verify(client: QueueClient, _options: argparse.Namespace) -> int:
    findings = client.call(JobService.verify)
    for finding in findings or ["The queue is intact."]:
        say(finding)
    return 1 if findings else 0


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"


# ---- export


def add_export(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop export`."""
    parser.add_argument("id", type=int)
    parser.add_argument("--to", required=True, metavar="FORMAT", choices=EXPORTERS, help="one of %(choices)s")
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="FILE", help="file to write; - for stdout"
    )
    add_export_language(parser)
    add_export_template(parser)
    parser.set_defaults(command=_export)


def _export(settings: Settings, options: argparse.Namespace) -> int:
    with idle_queue(settings) as client:
        job = find_job(client, options.id)
    result = read_result(settings, job)
    record_export(settings, job.id, options.to, options.output)
    # formats for programs do not wait for a template to be corrected
    unasked = None if EXPORTERS[options.to].document else ""
    how = export_options(settings, options.lang, unasked if options.template is None else options.template)
    if str(options.output) == "-":
        write_file(rendered(result, options.to, how))
    else:
        export(result, options.to, options.output, how)
    return 0


def add_verify(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop verify`."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a signed result, exported as JSON")
    parser.set_defaults(command=_verify_signature)


def _verify_signature(_settings: Settings, options: argparse.Namespace) -> int:
    try:
        signature = check_signature(json.loads(options.file.read_bytes()))
    except (ValueError, KeyError, TypeError):
        raise UserError(_NOT_SIGNED, file=options.file.name) from None
    if signature is None:
        raise UserError(_SIGNED_CHANGED, file=options.file.name)
    moment = datetime.datetime.fromtimestamp(signature.at, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    say(f"{options.file.name} is as {signature.by} signed it, {moment}. SHA-256 {signature.sha256}")
    return 0
