"""Removes jobs together with their recordings, which go to the system's trash.

A recording goes only if it is still the file that the job's result was made from, no other job uses it, and
its drive has a trash. Everything else stays, and a sentence says why. Nothing here deletes a recording: the
caller passes the function that moves a file to the trash. All of it may take long, so it runs on a thread of
the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fi_desktop.audio.media_files import source_sha256
from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.audit.trail import AuditTrail
from fi_desktop.core import messages
from fi_desktop.core.job import Job
from fi_desktop.core.messages import Message, Note
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.system.data_folder import is_on_network

MoveToTrash = Callable[[Path], bool]
"""Moves a file to the system's trash; returns False, and leaves it where it is, if that cannot be done."""

_JOBS_PER_READ = 500


@dataclass(frozen=True, slots=True)
class RemovableRecording:
    """A recording that is still the one that was processed.

    Attributes:
        job: number of its job.
        sha256: of the file and of the one that the result was made from.
    """

    job: int
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class RecordingsChecked:
    """Which recordings go.

    Attributes:
        going: each file once.
        staying: why the others stay, one sentence each.
    """

    going: Sequence[RemovableRecording] = ()
    staying: Sequence[Note] = ()


def check_recordings(
    ids: Collection[int],
    jobs_after: Callable[[int, int], Sequence[Job]],
    folders: JobFolders,
) -> RecordingsChecked:
    """Find out which recordings of these jobs can go; reads them.

    Args:
        ids: the jobs to remove.
        jobs_after: given an id and a number, returns at most that many jobs with higher ids, in order.
        folders: their files.
    """
    removed: dict[str, Job] = {}
    used: set[str] = set()
    for job in _all(jobs_after):
        if job.id in ids:
            removed.setdefault(job.path, job)
        else:
            used.update((job.path, *job.copies))
    going: list[RemovableRecording] = []
    staying: list[Note] = []
    for text, job in removed.items():
        path, sha256 = Path(text), folders.source_sha256(job.id)
        reason = messages.RECORDING_SHARED if text in used else _reason_to_stay(path, sha256)
        if reason is not None:
            staying.append(reason(file=path.name))
        elif sha256 is not None:
            going.append(RemovableRecording(job.id, path, sha256))
    return RecordingsChecked(going, staying)


def trash_recordings(
    checked: RecordingsChecked, move: MoveToTrash, trail: AuditTrail | None
) -> RecordingsChecked:
    """Move the recordings to the trash, after their jobs were removed; return which went."""
    going: list[RemovableRecording] = []
    staying = list(checked.staying)
    for recording in checked.going:
        name = None if trail is None else trail.code(recording.path.name)
        act = Act(ActKind.RECORDING_TRASHED, recording.job, name, recording.sha256)
        if trail is not None:
            trail.record_first(act)
        if move(recording.path):
            going.append(recording)
            continue
        staying.append(messages.RECORDING_WITHOUT_TRASH(file=recording.path.name))
        if trail is not None:
            refused = Act(act.kind, act.job, act.name, act.recording, detail={"outcome": "refused"})
            trail.record(refused)
    return RecordingsChecked(going, staying)


def _all(jobs_after: Callable[[int, int], Sequence[Job]]) -> Iterator[Job]:
    after = 0
    while jobs := jobs_after(after, _JOBS_PER_READ):
        yield from jobs
        after = jobs[-1].id


def _reason_to_stay(path: Path, sha256: str | None) -> Message | None:
    if sha256 is None:
        return messages.RECORDING_NOT_COMPARED
    try:
        if is_on_network(path.parent):
            return messages.RECORDING_ON_NETWORK
        return None if source_sha256(path) == sha256 else messages.RECORDING_CHANGED
    except OSError:
        return messages.RECORDING_UNREADABLE
