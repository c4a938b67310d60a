"""What commands record in the audit trail, whichever process owns the queue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.audit.places import STDOUT, exported
from fi_desktop.audit.trail import AuditTrail
from fi_desktop.cli.queue_access import job_folders
from fi_desktop.jobs.audit_check import evidence_of
from fi_desktop.settings import Settings
from fi_desktop.system.data_folder import check_data_folder

PROGRAM = "command line"


@contextmanager
def trail_of(settings: Settings) -> Iterator[AuditTrail]:
    """Open the audit trail for a command, in the process that runs it."""
    check_data_folder(settings.home)
    folders = job_folders(settings)
    evidence = partial(evidence_of, folders)
    trail = AuditTrail(settings.audit, program=PROGRAM, files=folders.home_files, evidence=evidence)
    try:
        yield trail
    finally:
        trail.close()


def record(settings: Settings, kind: ActKind, job: int | None = None, **detail: object) -> None:
    """Record what a command is about to show or do."""
    with trail_of(settings) as trail:
        trail.record_first(Act(kind, job, detail=detail))


def record_export(settings: Settings, job: int, format: str, output: Path) -> None:
    """Record that a command is about to export a result; output: "-" is stdout."""
    with trail_of(settings) as trail:
        if str(output) == "-":
            trail.record_first(Act(ActKind.EXPORTED, job, detail={"format": format, "place": STDOUT}))
        else:
            trail.record_first(exported(trail, job, format, output))
