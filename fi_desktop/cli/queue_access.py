"""Access to the queue for commands: own it in this process, or talk to the process that owns it."""

from __future__ import annotations

import os
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from getpass import getpass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Protocol

from fi_desktop.app import AlreadyOwned, App
from fi_desktop.cli.terminal import warn
from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.job import Job
from fi_desktop.core.messages import Message
from fi_desktop.core.review import ReviewedTranscript
from fi_desktop.core.values import Stage
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.queue_events import (
    ClockDoubted,
    JobChanged,
    JobProgressed,
    JobRemoved,
    Notice,
    QueueEvent,
    QueueHeld,
)
from fi_desktop.jobs.service import JobService, unknown_job
from fi_desktop.rpc.client import LocalClient, QueueClient
from fi_desktop.settings import Settings, with_private
from fi_desktop.system.garbage import collect_seldom
from fi_desktop.vault import vault_exists

if TYPE_CHECKING:
    from fi_desktop.vault.vault import Vault

_NO_RESULT = Message("export.no_result", "Job {job} has no result: it is {state}.")
_UNREADABLE = Message(
    "export.unreadable", "The result of job {job} cannot be read. Retry the job to create it again."
)
_PASSPHRASE_VARIABLE = "FI_DESKTOP_PASSPHRASE"
_POLL_S = 0.5
_COMMAND_TIMEOUT_S = 1.0  # a command that only reads or changes the queue releases it sooner
_INDEXING_TOLD_S = 1.0
_WINDOW_TIMEOUT_S = 5.0


@dataclass(slots=True)
class FollowedJobs:
    """The jobs of a `QueueFollower`.

    Attributes:
        jobs: the last record of each job.
        progress: stage and fraction (0 to 1) of jobs that run in this process.
    """

    jobs: dict[int, Job] = field(default_factory=dict)
    progress: dict[int, tuple[Stage, float]] = field(default_factory=dict)


class QueueFollower(Protocol):
    """A queue whose jobs are being processed."""

    client: QueueClient

    def update(self, followed: FollowedJobs, timeout_s: float) -> list[Job]:
        """Wait for events, apply them to `followed`, and return the jobs that changed, in order."""


class LocalFollower:
    """Follows the queue that this process owns, by its events."""

    def __init__(self, app: App) -> None:
        self.client: QueueClient = LocalClient(app.service)
        self._events: SimpleQueue[tuple[QueueEvent, ...]] = SimpleQueue()
        app.service.listen(self._events.put)

    def update(self, followed: FollowedJobs, timeout_s: float) -> list[Job]:
        """Wait for events; see `QueueFollower`."""
        changed = []
        try:
            events = self._events.get(timeout=timeout_s)
        except Empty:
            return []
        for event in events:
            match event:
                case JobChanged(job=job):
                    followed.jobs[job.id] = job
                    followed.progress.pop(job.id, None)
                    changed.append(job)
                case JobRemoved(job_id=job_id):
                    followed.jobs.pop(job_id, None)
                case QueueHeld() if event.holds:
                    warn(waiting_for(event))
                case ClockDoubted(note=note) | Notice(note=note) if note is not None:
                    warn(str(note))
                case JobProgressed(job_id=job_id, stage=stage, fraction=fraction):
                    followed.progress[job_id] = (stage, fraction)
                case _:
                    pass
        return changed


class RemoteFollower:
    """Follows the queue of another process, by polling."""

    def __init__(self, client: QueueClient, sleep: Callable[[float], None] = time.sleep) -> None:
        self.client = client
        self._sleep = sleep

    def update(self, followed: FollowedJobs, timeout_s: float) -> list[Job]:
        """Wait and poll; see `QueueFollower`."""
        self._sleep(max(timeout_s, _POLL_S))
        current = {job.id: job for job in self.client.call(JobService.jobs)}
        for job_id in followed.jobs.keys() - current.keys():
            del followed.jobs[job_id]
        changed = [job for job in current.values() if followed.jobs.get(job.id) != job]
        followed.jobs.update((job.id, job) for job in changed)
        return changed


@contextmanager
def working_queue(settings: Settings) -> Iterator[QueueFollower]:
    """Process the queue in this process; if another process owns it, follow that one."""
    refuse_locked(settings)
    app = App(settings, program="command line")
    try:
        app.own(timeout_s=_COMMAND_TIMEOUT_S)
    except AlreadyOwned:
        yield RemoteFollower(app.owner())
        return
    follower = LocalFollower(app)
    try:
        start(app)
        with collect_seldom():
            yield follower
        if app.exports is not None:
            app.exports.finish()
            if app.exports.held is not None:
                warn(str(app.exports.held))
    finally:
        app.stop()


@contextmanager
def idle_queue(settings: Settings, *, expires: bool = True) -> Iterator[QueueClient]:
    """Open the queue without processing jobs; if another process owns it, talk to that one.

    expires: whether what is older than the settings say is deleted meanwhile.
    """
    refuse_locked(settings)
    app = App(settings, backend="idle", program="command line", expires=expires)
    try:
        app.own()
    except AlreadyOwned:
        yield app.owner()
        return
    try:
        start(app)
        yield LocalClient(app.service)
    finally:
        app.stop()


def start(app: App) -> None:
    """Start a program that owns the queue; unlock its vault first.

    Raises:
        UserError, TransientError: it cannot be unlocked, or the store cannot be opened.
    """
    if app.vault is not None:
        unlock(app.vault)
    app.start()


@contextmanager
def searchable_queue(settings: Settings) -> Iterator[QueueClient]:
    """Open the queue likewise, and index its results first; the process that owns it does so by itself."""
    refuse_locked(settings)
    app = App(settings, backend="idle", program="command line")
    try:
        app.own()
    except AlreadyOwned:
        yield app.owner()
        return
    try:
        start(app)
        app.index.compare(hurry=True)
        if not app.index.caught_up.wait(_INDEXING_TOLD_S):
            warn("Indexing results for the search…")
            app.index.caught_up.wait()
        yield LocalClient(app.service)
    finally:
        app.stop()


def job_folders(settings: Settings) -> JobFolders:
    """Return the jobs' files, unlocked if they are sealed.

    Raises:
        UserError: they cannot be unlocked, or the program is locked.
    """
    refuse_locked(settings)
    folders = JobFolders(settings.jobs)
    if vault_exists(settings.keys):
        from fi_desktop.vault.vault import Vault

        folders.vault = Vault(settings.keys)
        weakref.finalize(folders, folders.vault.close)  # whichever command reads them last
        unlock(folders.vault)
    return folders


def with_sealed(settings: Settings) -> Settings:
    """Return the settings with those that are sealed.

    Raises:
        UserError: they cannot be unlocked or read, or the program is locked.
    """
    return (
        with_private(settings, job_folders(settings).home_files) if vault_exists(settings.keys) else settings
    )


def refuse_locked(settings: Settings) -> None:
    """Refuse to show or change anything while a person has locked the program.

    Raises:
        UserError: it is locked.
    """
    if settings.locked.exists():
        raise UserError(messages.VAULT_LOCKED)


def unlock(vault: Vault) -> None:
    """Unlock a vault with the keyring, and with a passphrase if it needs one, which is asked for once.

    Raises:
        UserError: it cannot be unlocked.
    """
    if vault.locked:
        vault.unlock(_passphrase() if vault.state.passphrase is not None else "")


@cache
def _passphrase() -> str:
    """Return the passphrase: of the environment, or typed in a terminal; "" if neither is there."""
    given = os.environ.get(_PASSPHRASE_VARIABLE)
    if given is None and sys.stdin is not None and sys.stdin.isatty():
        given = getpass("Passphrase: ")
    return given or ""


def own_or_hand_over(app: App, files: list[Path]) -> bool:
    """Own the queue, or hand files to the window that owns it; return whether this process owns it.

    Raises:
        AlreadyOwned: a process without a window owns the queue, and keeps it.
    """
    try:
        app.own()
    except AlreadyOwned:
        with suppress(TransientError):  # an owner that does not answer is exiting
            if app.owner().call(App.open_window, files):
                return False
        app.own(timeout_s=_WINDOW_TIMEOUT_S)
    return True


def waiting_for(held: QueueHeld) -> str:
    """Return what jobs wait for as a sentence; "" if nothing keeps them from starting."""
    if held.until is not None:
        return f"Waiting until {time.strftime('%H:%M', time.localtime(held.until))}."
    return "Waiting for mains power." if held.for_mains else ""


def find_job(client: QueueClient, job_id: int) -> Job:
    """Return one job.

    Raises:
        UserError: there is no such job.
    """
    job = client.call(JobService.job, job_id)
    if job is None:
        raise unknown_job(job_id)
    return job


def read_result(settings: Settings, job: Job) -> ReviewedTranscript:
    """Return the result of a job, with what a person corrected.

    Raises:
        UserError: it has none, or it cannot be read.
    """
    if job.summary is None:
        raise UserError(_NO_RESULT, job=job.id, state=job.state.value)
    try:
        return replace(job_folders(settings).reviewed(job.id), label=job.label)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(_UNREADABLE, job=job.id) from error
