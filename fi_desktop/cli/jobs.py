"""`fi-desktop jobs` and `fi-desktop export`: look at the queue, change it, take results out."""

from __future__ import annotations

import argparse

from rich.text import Text

from fi_desktop.cli.exports import style_of
from fi_desktop.cli.follow import idle_queue
from fi_desktop.cli.options import change_waiting
from fi_desktop.cli.show import brief, job_table, who_spoke_when
from fi_desktop.cli.terminal import Terminal, say, say_json, write_file
from fi_desktop.core.codec import job_to_json
from fi_desktop.core.errors import UserError
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.messages import Message
from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters import export, rendered
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.rpc.client import Client
from fi_desktop.settings import Settings

_NO_RESULT = Message("export.no_result", "Job {job} has no result: it is {state}.")
_UNREADABLE = Message(
    "export.unreadable", "The result of job {job} cannot be read: retry the job to make it again."
)


def jobs(settings: Settings, options: argparse.Namespace) -> int:
    """List, show, retry, cancel or remove jobs."""
    with idle_queue(settings) as client:
        match options.action:
            case "list":
                state = JobState(options.state) if options.state else None
                _list(client, state, options.batch, as_json=options.json)
            case "show":
                _show(settings, client.job(options.id), as_json=options.json)
            case "retry" if options.failed:
                say(f"{client.retry_failed()} jobs are queued again.")
            case "retry":
                client.retry(_ids(client, options))
            case "priority":
                client.prioritize(options.id, options.to)
            case "options":
                return change_waiting(client, _ids(client, options), options)
            case "purge":
                states = [JobState(options.state)] if options.state else [JobState.QUEUED, JobState.RETRYING]
                say(f"{client.purge(states)} jobs are gone.")
            case "pause" | "resume":
                client.set_paused(paused=options.action == "pause")
            case "verify":
                return _verify(client)
            case "cancel":
                client.cancel(_ids(client, options))
            case "remove":
                client.remove(_ids(client, options))
    return 0


def export_result(settings: Settings, options: argparse.Namespace) -> int:
    """Write a job's result in one format."""
    with idle_queue(settings) as client:
        job = client.job(options.id)
    if job.summary is None:
        raise UserError(_NO_RESULT, job=job.id, state=job.state.value)
    transcript = result_of(settings, job)
    if str(options.output) == "-":
        write_file(rendered(transcript, options.to, style=style_of(settings)))
    else:
        export(transcript, options.to, options.output, style=style_of(settings))
    return 0


def result_of(settings: Settings, job: Job) -> Transcript:
    """Return a completed job's result.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return JobFolders(settings.jobs).transcript(job.id)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(_UNREADABLE, job=job.id) from error


def _ids(client: Client, options: argparse.Namespace) -> list[int]:
    batch = [] if options.batch is None else [job.id for job in client.batch(options.batch)]
    return [*options.id, *batch]


def _verify(client: Client) -> int:
    findings = client.verify()
    for finding in findings:
        say(finding)
    if not findings:
        say("The queue is what was written into it.")
    return 1 if findings else 0


def _list(client: Client, state: JobState | None, batch: int | None, *, as_json: bool) -> None:
    found = client.jobs(state) if batch is None else client.batch(batch)
    found = [job for job in found if state is None or job.state is state]
    if as_json:
        for job in found:
            say_json(brief(job))
    else:
        Terminal().print(job_table(found) if found else "No jobs.")


def _show(settings: Settings, job: Job, *, as_json: bool) -> None:
    if as_json:
        say_json(job_to_json(job))
        return
    terminal = Terminal()
    terminal.print(job_table([job]))
    for attempt in job.attempts:
        outcome = attempt.outcome.value if attempt.outcome else "running"
        error = f": {attempt.error.message}" if attempt.error else ""
        terminal.print(Text(f"  attempt {attempt.number}, {attempt.worker}: {outcome}{error}", "dim"))
    if job.summary is not None:
        terminal.print(who_spoke_when(result_of(settings, job), columns=terminal.width))
