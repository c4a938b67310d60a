"""`fi-desktop retention`: how long things are kept, what is due, and legal holds."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.text import Text

from fi_desktop.cli.arguments import add_command
from fi_desktop.cli.queue_access import idle_queue
from fi_desktop.cli.terminal import Terminal, plain_table, say, say_json
from fi_desktop.jobs.retention import RetentionReport
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.stored_acts import ranges
from fi_desktop.settings import SPECS, Settings
from fi_desktop.system.files import write_whole

_SETTINGS = (
    "keep_days",
    "keep_unseen",
    "keep_audio_days",
    "keep_damaged_days",
    "keep_trail_days",
    "clock_gap_days",
)


def add_retention(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop retention`."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    show = add_command(actions, "show", "show how long things are kept, and what is due; deletes nothing")
    show.add_argument("--json", action="store_true", help="print one JSON object")
    show.set_defaults(command=_show)
    run = add_command(actions, "run", "delete what is due now, and report it")
    run.add_argument("--dry-run", action="store_true", help="only say what is due")
    run.add_argument(
        "--clock-is-right",
        action="store_true",
        help="confirm that the clock is right, although it is much later than at the last use",
    )
    run.add_argument("--json", action="store_true", help="print the report as one JSON object")
    run.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write the report, as JSON: numbers, no names"
    )
    run.set_defaults(command=_run)
    hold = add_command(actions, "hold", "put jobs on legal hold: nothing removes them until it is released")
    release = add_command(actions, "release", "release the legal hold of jobs")
    for action, command in ((hold, _hold), (release, _release)):
        action.add_argument("id", type=int, nargs="+")
        action.set_defaults(command=command)


def _show(settings: Settings, options: argparse.Namespace) -> int:
    with idle_queue(settings, expires=False) as client:
        report = client.call(JobService.plan_retention)
        held = [job.id for job in client.call(JobService.jobs_on_hold)]
    if options.json:
        times = {name: getattr(settings, name) for name in _SETTINGS}
        fixed = [name for name in _SETTINGS if settings.policy.fixes(name)]
        limited = [name for name in _SETTINGS if name in settings.policy.rules and name not in fixed]
        rules = {"fixed": fixed, "limited": limited, "sha256": settings.policy.sha256}
        say_json({"settings": times, "policy": rules, "on_hold": held, "due": _as_json(report)})
        return 0
    table = plain_table("Setting", "Kept", "")
    for name in _SETTINGS:
        table.add_row(*map(Text, (SPECS[name].title, _kept(settings, name), _ruled(settings, name))))
    Terminal().print(table)
    if held:
        say(f"On legal hold: {ranges(held)}.")
    _say_report(report)
    return 0


def _run(settings: Settings, options: argparse.Namespace) -> int:
    """Return 1 if nothing was deleted because the clock is doubted."""
    with idle_queue(settings, expires=False) as client:
        if options.dry_run:
            report = client.call(JobService.plan_retention)
        else:
            report = client.call(JobService.run_retention, clock_is_right=options.clock_is_right)
    if options.output is not None:
        write_whole(options.output, json.dumps(_as_json(report), indent=2).encode() + b"\n", mode=0o600)
    if options.json:
        say_json(_as_json(report))
    else:
        _say_report(report)
    return 1 if report.stopped is not None and not options.dry_run else 0


def _hold(settings: Settings, options: argparse.Namespace) -> int:
    with idle_queue(settings) as client:
        client.call(JobService.hold, options.id)
    return 0


def _release(settings: Settings, options: argparse.Namespace) -> int:
    # nothing of what is released may go before the person sees that it is due
    with idle_queue(settings, expires=False) as client:
        client.call(JobService.release, options.id)
    return 0


def _kept(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g} days" if value else "never"


def _ruled(settings: Settings, name: str) -> str:
    if settings.policy.fixes(name):
        return "set by your clinic"
    return "limited by your clinic" if name in settings.policy.rules else ""


def _as_json(report: RetentionReport) -> dict[str, Any]:
    at = datetime.fromtimestamp(report.at, UTC).isoformat(timespec="seconds")
    stopped = str(report.stopped) if report.stopped is not None else None
    return {**asdict(replace(report, stopped=None)), "at": at, "stopped": stopped}


def _say_report(report: RetentionReport) -> None:
    done = "Due now" if report.dry_run else "Deleted"
    parts = [
        f"{len(report.results)} results (jobs {ranges(report.results)})" if report.results else "",
        f"decoded sound of {len(report.audio)} jobs ({ranges(report.audio)})" if report.audio else "",
        f"{report.damaged} damaged queues" if report.damaged else "",
        f"{report.trail} files of the audit trail" if report.trail else "",
    ]
    said = ", ".join(filter(None, parts))
    say(f"{done}: {said}." if said else f"{done}: nothing.")
    if report.on_hold:
        say(f"Old enough, but on legal hold: jobs {ranges(report.on_hold)}.")
    if report.stopped is not None:
        say(str(report.stopped))
        say("If it is right: fi-desktop retention run --clock-is-right")
