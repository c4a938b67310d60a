"""The history of workers and queue: deaths, replacements, retries, failures, settings, alerts.

One file of JSON lines in the data folder. It holds codes, numbers and times only: no path, no word and no
name, not even of a server, so that it needs no key in a sealed home. The process that owns the queue writes
it, on a thread that nobody waits for; the monitor and `fi-desktop metrics` read it. What is torn is skipped.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from fi_desktop.core import events as ev
from fi_desktop.core.errors import FiError
from fi_desktop.core.job import JobState
from fi_desktop.jobs.queue_events import (
    AlertsChanged,
    JobChanged,
    QueueEvent,
    QueuePaused,
    RetentionRan,
    WorkerEnd,
    WorkerEnded,
    WorkerInfo,
    WorkersChanged,
    WorkerStarted,
    WorkerState,
)
from fi_desktop.jobs.service import JobService
from fi_desktop.system import log
from fi_desktop.system.files import write_whole

KEPT_S = 30 * 86_400.0
"""How long an entry is kept, seconds."""

_FILE_BYTES = 8_000_000  # a queue that fails all day long must not fill the disk
_SHORTEN_EVERY_S = 86_400.0
_CLOSE_TIMEOUT_S = 5.0


class HistoryKind(StrEnum):
    """What happened. Stored."""

    PROGRAM_STARTED = "program started"
    PROGRAM_STOPPED = "program stopped"
    WORKER_STARTED = "worker started"
    WORKER_REPLACED = "worker replaced"
    WORKER_STOPPED = "worker stopped"
    WORKER_KILLED = "worker killed"
    WORKER_DIED = "worker died"
    SERVER_AWAY = "server away"
    SERVER_BACK = "server back"
    RETRY_SCHEDULED = "retry scheduled"
    RETRY_ASKED = "retry asked"
    JOB_FAILED = "job failed"
    QUEUE_PAUSED = "queue paused"
    QUEUE_RESUMED = "queue resumed"
    SETTING_CHANGED = "setting changed"
    DELETED_BY_AGE = "deleted by age"
    ALERT_RAISED = "alert raised"
    ALERT_CLEARED = "alert cleared"


LOST = (HistoryKind.WORKER_KILLED, HistoryKind.WORKER_DIED)
"""Ends of workers that nobody asked for."""
_ENDS = {
    WorkerEnd.STOPPED: HistoryKind.WORKER_STOPPED,
    WorkerEnd.KILLED: HistoryKind.WORKER_KILLED,
    WorkerEnd.DIED: HistoryKind.WORKER_DIED,
}


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that happened.

    Attributes:
        at: UTC, seconds since the epoch.
        worker: its name, such as "worker-1".
        pid: the worker's process.
        exit: the process's exit code; below zero: minus the signal.
        job: number of the job that it is about.
        code: of an error, an alert or a setting.
        number: the attempt, or how many.
    """

    at: float
    kind: HistoryKind
    worker: str = ""
    pid: int = 0
    exit: int | None = None
    job: int = 0
    code: str = ""
    number: int = 0

    @property
    def line(self) -> bytes:
        """The entry as it is stored."""
        fields: dict[str, Any] = {"at": round(self.at, 3), "kind": self.kind.value}
        for name in ("worker", "pid", "exit", "job", "code", "number"):
            value = getattr(self, name)
            if value not in ("", 0, None) or (name == "exit" and value == 0):
                fields[name] = value
        return json.dumps(fields).encode() + b"\n"

    @classmethod
    def of(cls, line: bytes) -> HistoryEntry:
        """Return the entry of a line.

        Raises:
            ValueError, KeyError, TypeError: it is not one that this version writes.
        """
        fields = json.loads(line)
        exit_code = fields.get("exit")
        return cls(
            float(fields["at"]),
            HistoryKind(fields["kind"]),
            str(fields.get("worker", "")),
            int(fields.get("pid", 0)),
            None if exit_code is None else int(exit_code),
            int(fields.get("job", 0)),
            str(fields.get("code", "")),
            int(fields.get("number", 0)),
        )


class HistoryFile:
    """Reads what was added to the file since the last time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_to = 0
        self._file_id = 0

    def read_new(self) -> tuple[bool, list[HistoryEntry]]:
        """Return whether what was read before is void, and the entries that follow; blocks."""
        try:
            with self._path.open("rb") as file:
                state = os.fstat(file.fileno())
                restarted = state.st_ino != self._file_id or state.st_size < self._read_to
                if restarted:
                    self._read_to, self._file_id = 0, state.st_ino
                file.seek(self._read_to)
                content = file.read()
        except OSError:
            restarted, self._read_to, self._file_id = self._file_id != 0, 0, 0
            return restarted, []
        whole = content.rfind(b"\n") + 1
        self._read_to += whole
        return restarted, list(_entries(content[:whole]))


def read_history(path: Path, *, since: float) -> list[HistoryEntry]:
    """Return the entries from a moment on, in order; none if there is no file."""
    _, entries = HistoryFile(path).read_new()
    return [entry for entry in entries if entry.at >= since]


class HistoryRecorder:
    """Writes the history of a running program."""

    def __init__(self, service: JobService, path: Path, *, now: Callable[[], float]) -> None:
        """Prepare. path: the file; now: UTC, seconds since the epoch."""
        self._service, self._path, self._now = service, path, now
        self._inbox: SimpleQueue[HistoryEntry | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self._unlisten: Callable[[], None] = lambda: None
        self._vacant: set[str] = set()  # workers that ended and were not replaced yet
        self._raised: frozenset[str] = frozenset()  # codes of alerts
        self._away = False  # the server cannot be reached
        self._shorten_at = 0.0

    def start(self) -> None:
        """Follow the queue's events from now on."""
        self.record(HistoryKind.PROGRAM_STARTED)
        self._unlisten = self._service.listen(self._on_events)
        self._thread.start()

    def close(self) -> None:
        """Write what is left, and end; called after the queue's end."""
        self._unlisten()
        self.record(HistoryKind.PROGRAM_STOPPED)
        self._inbox.put(None)
        if self._thread.ident is not None:
            self._thread.join(_CLOSE_TIMEOUT_S)

    def record(self, kind: HistoryKind, **fields: Any) -> None:
        """Add an entry; called on any thread, and never blocks. fields: of `HistoryEntry`."""
        self._inbox.put(HistoryEntry(self._now(), kind, **fields))

    # ---- on the owner's thread

    def _on_events(self, events: tuple[QueueEvent, ...]) -> None:
        for event in events:
            match event:
                case JobChanged(event=ev.Failed() | ev.RetryAsked()):
                    self._record_job(event)
                case WorkerStarted(name=name):
                    replaces = name in self._vacant
                    self._vacant.discard(name)
                    kind = HistoryKind.WORKER_REPLACED if replaces else HistoryKind.WORKER_STARTED
                    self.record(kind, worker=name, pid=event.pid)
                case WorkerEnded(name=name):
                    self._vacant.add(name)
                    self.record(
                        _ENDS[event.how],
                        worker=name,
                        pid=event.pid,
                        exit=event.exit_code,
                        job=event.job_id or 0,
                    )
                case WorkersChanged(workers=workers):
                    self._record_servers(workers)
                case QueuePaused(paused=paused):
                    self.record(HistoryKind.QUEUE_PAUSED if paused else HistoryKind.QUEUE_RESUMED)
                case RetentionRan(results=results) if results:
                    self.record(HistoryKind.DELETED_BY_AGE, number=results)
                case AlertsChanged(raised=raised):
                    codes = frozenset(note.code for note in raised)
                    for code in sorted(codes - self._raised):
                        self.record(HistoryKind.ALERT_RAISED, code=code)
                    for code in sorted(self._raised - codes):
                        self.record(HistoryKind.ALERT_CLEARED, code=code)
                    self._raised = codes
                case _:
                    pass

    def _record_servers(self, workers: Iterable[WorkerInfo]) -> None:
        states = [each.state for each in workers if each.host]
        if WorkerState.AWAY in states:
            if not self._away:
                self.record(HistoryKind.SERVER_AWAY)
            self._away = True
        elif self._away and (WorkerState.IDLE in states or WorkerState.BUSY in states):
            self.record(HistoryKind.SERVER_BACK)
            self._away = False

    def _record_job(self, changed: JobChanged) -> None:
        job, event = changed.job, changed.event
        if isinstance(event, ev.Failed):
            failed = job.state is JobState.FAILED
            kind = HistoryKind.JOB_FAILED if failed else HistoryKind.RETRY_SCHEDULED
            worker, number = job.attempts[-1].worker, len(job.attempts)
            self.record(kind, worker=worker, job=job.id, code=event.error.code, number=number)
        else:
            self.record(HistoryKind.RETRY_ASKED, job=job.id)

    # ---- on its own thread

    def _run(self) -> None:
        closing = False
        while not closing:
            batch = [self._inbox.get()]
            while not self._inbox.empty():
                batch.append(self._inbox.get())
            closing = None in batch
            self._write([entry for entry in batch if entry is not None])

    def _write(self, batch: Iterable[HistoryEntry]) -> None:
        try:
            if self._now() >= self._shorten_at:
                self._shorten_at = self._now() + _SHORTEN_EVERY_S
                self._shorten(_FILE_BYTES)
            handle = os.open(
                self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600
            )
            with os.fdopen(handle, "ab") as file:
                file.write(b"".join(entry.line for entry in batch))
                size = file.tell()
            if size > _FILE_BYTES:
                self._shorten(_FILE_BYTES // 2)
        except (OSError, FiError) as error:  # a full disk: the history has a gap, the queue goes on
            log.event("HISTORY_NOT_WRITTEN", error=type(error).__name__)

    def _shorten(self, most_bytes: int) -> None:
        """Drop entries that are too old, and the oldest ones of a file that is too large."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return
        since = self._now() - KEPT_S
        lines = [entry.line for entry in _entries(content) if entry.at >= since]
        size = sum(map(len, lines))
        dropped = 0
        while size > most_bytes:
            size -= len(lines[dropped])
            dropped += 1
        shorter = b"".join(lines[dropped:])
        if shorter != content:
            write_whole(self._path, shorter, mode=0o600)


def _entries(content: bytes) -> Iterator[HistoryEntry]:
    for line in content.splitlines():
        try:
            yield HistoryEntry.of(line)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
