"""`fi-desktop jobs remove`: says what goes and what stays, and takes the recordings along if asked."""

from __future__ import annotations

from collections.abc import Sequence

from fi_desktop.cli.queue_access import job_folders
from fi_desktop.cli.recorded import trail_of
from fi_desktop.cli.terminal import say, warn
from fi_desktop.core.job import Job
from fi_desktop.jobs.recording_removal import RecordingsChecked, check_recordings, trash_recordings
from fi_desktop.jobs.service import JobService
from fi_desktop.rpc.client import QueueClient
from fi_desktop.settings import Settings

_KEPT = "Kept: recordings, exported files, and the entries in the audit trail."


def remove_jobs(settings: Settings, client: QueueClient, ids: Sequence[int], *, with_recording: bool) -> int:
    """Remove jobs; return 1 if a recording stays that was to go.

    Raises:
        UserError: a job is unknown, running or on legal hold; nothing was removed.
    """
    results = sum(
        job is not None and job.summary is not None
        for job in (client.call(JobService.job, job_id) for job_id in set(ids))
    )

    def jobs_after(after: int, limit: int) -> list[Job]:
        return client.call(JobService.jobs, after=after, limit=limit)

    checked = RecordingsChecked()
    if with_recording:
        checked = check_recordings(set(ids), jobs_after, job_folders(settings))
    client.call(JobService.remove, ids)
    corrections = "1 result with its corrections" if results == 1 else f"{results} results with corrections"
    say(f"Deleted: {_count(len(set(ids)), 'job')}, {corrections}.")
    if not with_recording:
        say(_KEPT)
        return 0
    from fi_desktop.gui.trash import move_to_trash  # QtCore, which other commands do without

    with trail_of(settings) as trail:
        recordings = trash_recordings(checked, move_to_trash, trail)
    say(f"Moved to the trash: {_count(len(recordings.going), 'recording')}.")
    for note in recordings.staying:
        warn(str(note))
    return 1 if recordings.staying else 0


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"
