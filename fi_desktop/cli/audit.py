"""`fi-desktop audit`: list, export and verify the audit trail; and how commands record what they show."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from rich.text import Text

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.audit.chain import Entry
from fi_desktop.audit.formats import FORMATS, of_people
from fi_desktop.audit.verification import Verification, verify_trail
from fi_desktop.cli.arguments import add_command
from fi_desktop.cli.queue_access import idle_queue, job_folders
from fi_desktop.cli.recorded import trail_of
from fi_desktop.cli.terminal import Terminal, plain_table, say, say_json, warn, write_file
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.exporters.files import write_export
from fi_desktop.jobs.audit_check import check_jobs
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import Settings


def add_audit(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop audit`."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = add_command(actions, "list", "list who did what")
    _add_filter(listing)
    listing.add_argument("--json", action="store_true", help="print one JSON object per line")
    listing.set_defaults(command=_list)
    export = add_command(actions, "export", "export entries for another program")
    _add_filter(export)
    export.add_argument("--to", required=True, choices=FORMATS, metavar="FORMAT", help="one of %(choices)s")
    export.add_argument(
        "-o", "--output", required=True, type=Path, metavar="FILE", help="file to write; - for stdout"
    )
    export.set_defaults(command=_export)
    verify = add_command(
        actions, "verify", "find entries that were changed, cut, swapped or left out, and what the jobs say"
    )
    verify.set_defaults(command=_verify)


def _add_filter(parser: argparse.ArgumentParser) -> None:
    kinds = sorted(kind.value for kind in ActKind)
    parser.add_argument("--since", type=_day, metavar="YYYY-MM-DD", help="on this day or later")
    parser.add_argument("--until", type=_day, metavar="YYYY-MM-DD", help="on this day or earlier")
    parser.add_argument("--kind", choices=kinds, metavar="KIND", action="append", help="one of %(choices)s")
    parser.add_argument("--job", type=int, metavar="ID", help="about this job")
    parser.add_argument("--name", metavar="FILE", help="about recordings with this file name")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-11-30") from None


def _list(settings: Settings, options: argparse.Namespace) -> int:
    entries = _found(settings, options, "list")
    if options.json:
        for entry in entries:
            say_json(dict(entry.fields))
        return 0
    table = plain_table("Entry", "When", "Who", "What", "Job", "", right=("Entry", "Job"))
    for entry in entries:
        fields = entry.fields
        moment = datetime.fromisoformat(str(fields["at"])).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        who = f"{fields.get('user', '')}@{fields.get('host', '')}"
        detail = ", ".join(f"{key}: {value}" for key, value in (fields.get("detail") or {}).items())
        row = (str(entry.number), moment, who, str(fields["kind"]), str(fields.get("job", "")), detail)
        table.add_row(*map(Text, row))
    Terminal().print(table if entries else "No entries.")
    return 0


def _export(settings: Settings, options: argparse.Namespace) -> int:
    content = FORMATS[options.to](_found(settings, options, "export"))
    if str(options.output) == "-":
        write_file(content)
    else:
        write_export(content, options.output)
    return 0


def _verify(settings: Settings, _options: argparse.Namespace) -> int:
    """Return 1 if anything was found."""
    with idle_queue(settings) as client:
        ids = {job.id for job in client.call(JobService.jobs)}
    found = _read(settings, "verify")
    findings = [*found.findings, *check_jobs(found.entries, ids, job_folders(settings))]
    for finding in findings:
        warn(str(finding))
    if not findings:
        say(f"The audit trail is as it was written: {len(found.entries)} entries.")
        say(f"It began with the key {found.first_key}.")
    return 1 if findings else 0


def _found(settings: Settings, options: argparse.Namespace, purpose: str) -> Sequence[Entry]:
    entries = _read(settings, purpose).entries
    if options.name:
        with trail_of(settings) as trail:
            code = trail.code(Path(options.name).name)
        entries = [entry for entry in entries if entry.fields.get("name") == code]
    if options.kind:
        entries = [entry for entry in entries if entry.fields.get("kind") in options.kind]
    else:
        entries = of_people(entries)
    since = options.since or date.min
    until = options.until or date.max
    return [
        entry
        for entry in entries
        if since <= _local_day(entry) <= until and options.job in (None, entry.fields.get("job"))
    ]


def _local_day(entry: Entry) -> date:
    return datetime.fromisoformat(str(entry.fields["at"])).astimezone().date()


def _read(settings: Settings, purpose: str) -> Verification:
    """Read the whole trail, after recording that it is read."""
    with trail_of(settings) as trail:
        trail.record_first(Act(ActKind.TRAIL_READ, detail={"purpose": purpose}))
        try:
            return verify_trail(trail.store)
        except (OSError, ValueError) as error:
            raise UserError(messages.AUDIT_UNREADABLE, reason=messages.system_reason(error)) from error
