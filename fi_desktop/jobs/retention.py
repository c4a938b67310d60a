"""Deletes by age: results, decoded sound of waiting jobs, damaged queues, files of the audit trail.

It runs on the thread that owns the store, a few jobs in each transaction: when a command opens the store, and
then every hour. What is on legal hold stays. While anything is on hold, damaged queues and the audit trail
stay too, as they may be evidence.

Ages are differences of clocks, and a clock that was set to the future makes everything old. So the store
remembers the time of its last use: after a jump that is longer than the settings say, nothing is deleted
until a person confirms that the clock is right.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from filelock import Timeout

from fi_desktop.audit.shortening import old_files
from fi_desktop.audit.trail import AuditTrail
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.messages import Note
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.queue_events import ClockConfirmed, Removal, RetentionRan
from fi_desktop.jobs.recovery import damaged_queues
from fi_desktop.jobs.stored_acts import found_jobs
from fi_desktop.jobs.transitions import Transitions
from fi_desktop.settings import Settings
from fi_desktop.system import log

DAY_S = 86_400.0
_LAST_USED = "m:clock"
_REMEMBERED_EVERY_S = 600.0
_IDS_PER_EXPIRY = 500  # some milliseconds
_WAITING = (JobState.QUEUED, JobState.RETRYING)


@dataclass(frozen=True, slots=True)
class KeepTimes:
    """How long things are kept, in seconds; None: always.

    Attributes:
        results_s: finished jobs with their results, from the end of the job.
        unseen: keep results that nobody has viewed or exported, however old.
        audio_s: decoded sound and stages of a job that waits, from the end of its last attempt.
        damaged_s: damaged queues, from when they were set aside.
        trail_s: the audit trail.
        clock_gap_s: how far the clock may jump without a question; None: as far as it likes.
    """

    results_s: float | None = None
    unseen: bool = False
    audio_s: float | None = None
    damaged_s: float | None = None
    trail_s: float | None = None
    clock_gap_s: float | None = None

    @classmethod
    def of(cls, settings: Settings) -> KeepTimes:
        """Return the times in the settings."""
        return cls(
            settings.keep_days * DAY_S or None,
            settings.keep_unseen,
            settings.keep_audio_days * DAY_S or None,
            settings.keep_damaged_days * DAY_S or None,
            settings.keep_trail_days * DAY_S or None,
            settings.clock_gap_days * DAY_S or None,
        )


KEEP_ALL = KeepTimes()


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """What was deleted by age, or is due: numbers of jobs and counts, no names.

    Attributes:
        at: when, UTC, seconds since the epoch.
        results: jobs with their results.
        audio: jobs whose decoded sound.
        damaged: how many damaged queues.
        trail: how many files of the audit trail.
        on_hold: jobs that are old enough, but on legal hold.
        stopped: why nothing was deleted.
        dry_run: whether it only says what is due.
    """

    at: float
    results: tuple[int, ...] = ()
    audio: tuple[int, ...] = ()
    damaged: int = 0
    trail: int = 0
    on_hold: tuple[int, ...] = ()
    stopped: Note | None = None
    dry_run: bool = False

    @property
    def anything(self) -> bool:
        """Whether anything was deleted, or is due."""
        return bool(self.results or self.audio or self.damaged or self.trail)


class Retention:
    """Deletes by age, on the thread that owns the store."""

    def __init__(
        self,
        transitions: Transitions,
        folders: JobFolders,
        times: KeepTimes,
        trail: AuditTrail | None,
        now: Callable[[], float],
        *,
        expires: bool = True,
    ) -> None:
        """Prepare; `trail`: None to keep no trail; `expires`: False to delete nothing before `run`."""
        self._enabled = expires
        self._transitions, self._store, self._folders = transitions, transitions.store, folders
        self._times = times
        self._trail = trail
        self._now = now
        self._expired_up_to = 0  # the last id that `expire` looked at
        self._gone = RetentionReport(now())  # in the present pass

    def change(self, times: KeepTimes) -> None:
        """Keep things for other times from now on."""
        self._times = times
        self._expired_up_to = 0

    @property
    def expires(self) -> bool:
        """Whether anything is deleted by age."""
        times = self._times
        ages = (times.results_s, times.audio_s, times.damaged_s, times.trail_s)
        return any(age is not None for age in ages)

    def expire(self) -> bool:
        """Delete what is due among the next jobs; the rest once all were looked at. Needs a transaction.

        Looks at a limited number of ids, so that no transaction takes long.

        Returns: whether all were looked at; if not, call it again.
        """
        doubted = self.clock_jump() is not None  # asked first: it remembers the time in any case
        if self._store.seal.locked:
            return True  # no finished job can be read; what is due is deleted later
        if doubted or not self._enabled or not self.expires:
            return True
        if not self._expired_up_to:
            self._expired_up_to = self._store.first_id - 1
        up_to = self._expired_up_to + _IDS_PER_EXPIRY
        results, audio = self._due(self._expired_up_to, up_to)
        for job in results:
            self._transitions.remove(job, Removal.AGE)
        for job in audio:
            self._folders.discard_stages(job.id)
        done = up_to >= self._store.last_id
        self._expired_up_to = 0 if done else up_to
        self._gone = replace(
            self._gone,
            results=(*self._gone.results, *(job.id for job in results)),
            audio=(*self._gone.audio, *(job.id for job in audio)),
        )
        if done:
            self._finish_pass()
        return done

    def forget(self) -> None:
        """Begin this pass again: the transaction failed."""
        self._expired_up_to = 0
        self._gone = RetentionReport(self._now())

    def plan(self) -> RetentionReport:
        """Return what is due now. Deletes nothing.

        Raises:
            UserError: the vault is locked, so that nobody knows.
        """
        if self._store.seal.locked:
            raise UserError(messages.VAULT_LOCKED)
        jump = self.clock_jump()
        results, audio = self._due(0, self._store.last_id)
        return RetentionReport(
            self._now(),
            tuple(job.id for job in results),
            tuple(job.id for job in audio),
            len(list(self._damaged())),
            self._old_trail_files(),
            tuple(job.id for job in self._finished() if job.hold_since is not None),
            jump,
            dry_run=True,
        )

    def run(self, *, clock_is_right: bool = False) -> RetentionReport:
        """Delete everything that is due now, and return what that was. Needs a transaction.

        Raises:
            UserError: the vault is locked; nothing was deleted.
        """
        if clock_is_right and not self._store.seal.locked:
            self._store.rows.put(_LAST_USED, round(self._now()))
            self._transitions.events.append(ClockConfirmed())
        planned = self.plan()
        if planned.stopped is not None:
            return replace(planned, results=(), audio=(), damaged=0, trail=0, dry_run=False)
        self._expired_up_to, enabled = 0, self._enabled
        self._enabled = True
        while not self.expire():
            pass
        self._enabled = enabled
        return replace(planned, dry_run=False)

    def clock_jump(self) -> Note | None:
        """Return why the clock is doubted; else remember the time and return None. Needs a transaction."""
        gap_s, now = self._times.clock_gap_s, self._now()
        if gap_s is None:
            return None
        last = int(self._store.rows.cache.get(_LAST_USED, default=0))
        if last and now - last > gap_s:
            return messages.RETENTION_CLOCK(days=int((now - last) / DAY_S))
        if abs(now - last) > _REMEMBERED_EVERY_S:
            self._store.rows.put(_LAST_USED, round(now))
        return None

    # ---- inside

    def _due(self, after: int, up_to: int) -> tuple[list[Job], list[Job]]:
        """Return the jobs of a range of ids whose results, and those whose decoded sound is due."""
        results = [job for job in self._finished(after, up_to) if job.hold_since is None]
        audio: list[Job] = []
        if self._times.audio_s is not None:
            moment = self._now() - self._times.audio_s
            waiting = self._store.submitted_before(moment, _WAITING, after=after, up_to=up_to)
            audio = [job for job in waiting if self._has_old_sound(job, moment)]
        return results, audio

    def _finished(self, after: int = 0, up_to: int | None = None) -> Iterator[Job]:
        """Yield the jobs that are old enough to go, also those on legal hold."""
        times = self._times
        if times.results_s is None:
            return
        end = self._store.last_id if up_to is None else up_to
        for job in self._store.finished_before(self._now() - times.results_s, after=after, up_to=end):
            unseen = times.unseen and job.summary is not None and job.seen_at is None
            if not unseen:
                yield job

    def _has_old_sound(self, job: Job, moment: float) -> bool:
        ended_at = job.attempts[-1].ended_at if job.attempts else None
        old = ended_at is not None and ended_at < moment and job.hold_since is None
        return old and self._folders.has_stages(job.id)

    def _damaged(self) -> Iterator[Path]:
        """Yield the damaged queues that are due."""
        if self._times.damaged_s is None or self._store.on_hold():
            return
        moment = datetime.fromtimestamp(self._now() - self._times.damaged_s, UTC)
        yield from damaged_queues(Path(self._store.rows.cache.directory), before=moment)

    def _old_trail_files(self) -> int:
        if self._trail is None or self._times.trail_s is None:
            return 0
        old = old_files(self._trail.store, self._now() - self._times.trail_s)
        return 0 if not old or self._store.on_hold() else len(old)

    def _finish_pass(self) -> None:
        """Delete the rest, and say what went in this pass."""
        damaged = list(self._damaged())
        for folder in damaged:
            shutil.rmtree(folder, ignore_errors=True)
            log.event("STORE_DELETED")
        gone = replace(self._gone, at=self._now(), damaged=len(damaged), trail=self._shorten_trail())
        if gone.anything:
            self._transitions.events.append(
                RetentionRan(len(gone.results), len(gone.audio), gone.damaged, gone.trail)
            )
        self._gone = RetentionReport(self._now())

    def _shorten_trail(self) -> int:
        if self._trail is None or self._times.trail_s is None or not self._old_trail_files():
            return 0
        self._trail.record(found_jobs(self._store.ids()))  # their entries may be among the deleted ones
        try:
            return self._trail.shorten(self._now() - self._times.trail_s)
        except (OSError, ValueError, UserError, Timeout) as error:  # also while the vault is locked
            log.event("AUDIT_NOT_SHORTENED", error=type(error).__name__)
            return 0
