"""`ExportingThread` writes finished results to a folder, in the process that owns the queue.

It follows the queue's events. What is still to be written is not stored: at the start, each result is
compared with the list in its job's folder, see `written_files.py`, so that nothing is lost if the program is
killed. A result waits while the folder is away or refuses files, and the window says so.

Neither queue nor window waits for this thread.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue

from fi_desktop.core import events as ev
from fi_desktop.core import messages
from fi_desktop.core.errors import FiError, TransientError
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.messages import Note
from fi_desktop.core.values import ReviewState
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.exporters.files import file_key, rendered
from fi_desktop.exporters.phrases import LABELS, said_in
from fi_desktop.jobs.export_plan import ExportPlan, different_names, named, stem_of
from fi_desktop.jobs.queue_events import ExportsHeld, JobChanged, JobRemoved, QueueEvent, ResultCorrected
from fi_desktop.jobs.review_files import StoredResult
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.written_files import WrittenFiles, WrittenResult
from fi_desktop.settings import Settings
from fi_desktop.system import log
from fi_desktop.system.files import write_whole
from fi_desktop.system.result_files import review_path

_SINCE = "exports.json"
_JOBS_PER_PAGE = 200  # of the list of jobs, so that the queue does not wait
LOOK_S = 5.0
"""Seconds between two looks whether the folder is back."""
_RANKS = {ReviewState.DRAFT: 0, ReviewState.REVIEWED: 1, ReviewState.SIGNED: 2}


class ExportingThread:
    """Writes results to the folder for results.

    Attributes:
        caught_up: set while nothing is left to do, or the folder is waited for.
        held: why results wait; None if none do.
        language: of files if the settings leave it to the system, one of `LABELS`.
    """

    def __init__(
        self, service: JobService, settings: Settings, *, now: Callable[[], float], look_s: float = LOOK_S
    ) -> None:
        """Prepare, and follow the queue's events from now on.

        Args:
            service: the queue.
            settings: the current settings.
            now: UTC, seconds since the epoch.
            look_s: how often to look for a folder that is away, seconds.
        """
        self._service, self._home, self._now, self._look_s = service, settings.home, now, look_s
        self._plan = ExportPlan.of(settings)
        self._inbox: SimpleQueue[QueueEvent | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="automatic-exports", daemon=True)
        self._closing = threading.Event()
        self._asking = threading.Lock()  # nothing is asked for between a look into the inbox and `caught_up`
        self.caught_up = threading.Event()
        self.held: Note | None = None
        self.language = "en"
        self._compares = True
        self._hurries = False
        self._due: dict[int, None] = {}  # jobs, in the order in which they were finished
        self._unlisten = service.listen(self._on_events)

    def start(self) -> None:
        """Write what is left from an earlier run, and what is finished from now on."""
        self._thread.start()

    def change(self, settings: Settings) -> None:
        """Use other settings from now on; results that wait are written as these say."""
        plan = ExportPlan.of(settings)
        if plan != self._plan:
            self._plan = plan
            self._compares = True
            self._ask(None)

    def finish(self) -> None:
        """Wait until everything is written that can be written now."""
        self._hurries = True
        if self._thread.ident is not None:
            self.caught_up.wait()

    def close(self) -> None:
        """End after the result in progress; the rest is written at the next start."""
        self._closing.set()
        self._inbox.put(None)
        if self._thread.ident is not None:
            self._thread.join(timeout=self._look_s)  # a network drive may not answer for minutes
        self._unlisten()

    # ---- on the owner's thread

    def _on_events(self, events: tuple[QueueEvent, ...]) -> None:
        if self._plan is None:
            return
        for event in events:
            match event:
                case JobChanged(event=ev.Seen()):
                    pass
                case JobChanged(job=Job(state=JobState.COMPLETED)) | ResultCorrected() | JobRemoved():
                    self._ask(event)
                case _:
                    pass

    def _ask(self, event: QueueEvent | None) -> None:
        with self._asking:
            self.caught_up.clear()
            self._inbox.put(event)

    # ---- on its own thread

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._work()
            except Exception as error:  # noqa: BLE001 - the thread must live for the results that follow
                if not isinstance(error, FiError):  # the queue closes, or its disk is full
                    log.event("EXPORTS_FAILED", error=type(error).__name__)
                self.caught_up.set()
                self._closing.wait(self._look_s)
                self._compares = True
            self._take()
        self.caught_up.set()

    def _take(self) -> None:
        """Take the events that came; wait for one if there is nothing else to do."""
        waits = bool(self._due) or self._compares
        with self._asking:
            if self._inbox.empty() and (not waits or self.held is not None):
                self.caught_up.set()
        try:
            if waits and self.held is None:
                self._note(self._inbox.get_nowait())
            else:
                self._note(self._inbox.get(timeout=self._look_s if waits else None))
            while True:
                self._note(self._inbox.get_nowait())
        except Empty:
            return

    def _note(self, event: QueueEvent | None) -> None:
        match event:
            case JobChanged(job=job):
                self._due[job.id] = None
            case ResultCorrected(job_id=job_id):
                self._due[job_id] = None
            case JobRemoved(job_id=job_id):
                self._due.pop(job_id, None)
            case _:
                pass

    def _work(self) -> None:
        plan = self._plan
        if plan is None:
            self._due.clear()
            self._compares = False
            (self._home / _SINCE).unlink(missing_ok=True)
            self._hold(None)
            return
        if self._compares:
            self._compare(plan)
        for job_id in list(self._due):
            started = time.monotonic()
            if self._closing.is_set() or plan is not self._plan:
                return
            job = self._service.job(job_id).result()
            if job is not None and self._is_due(job, plan, self._written(job_id)):
                if (note := self._try(job, plan)) is not None:
                    self._hold(note)
                    return
                self._hold(None)
            del self._due[job_id]
            if not self._hurries:
                self._closing.wait(time.monotonic() - started)  # half of the time is for others
        self._hold(None)

    def _try(self, job: Job, plan: ExportPlan) -> Note | None:
        """Write a result; return what has to be waited for, if it could not be written."""
        if not self._is_there(plan.folder):
            return messages.EXPORTS_AWAY()
        try:
            self._write(job, plan)
        except TransientError:
            return messages.EXPORTS_FULL()
        except OSError:
            if not self._service.folders.folder(job.id).is_dir():
                return None  # the job was removed meanwhile
            return messages.EXPORTS_REFUSED() if self._is_there(plan.folder) else messages.EXPORTS_AWAY()
        return None

    def _written(self, job_id: int) -> WrittenResult:
        return WrittenFiles(self._service.folders.folder(job_id)).result

    def _hold(self, note: Note | None) -> None:
        """Tell what results wait for, if that has changed."""
        if note != self.held:
            self.held = note
            log.event("EXPORTS_HELD" if note else "EXPORTS_RESUMED", code=note.code if note else "")
            self._service.announce(ExportsHeld(note))

    # ---- what is to be written

    def _compare(self, plan: ExportPlan) -> None:
        """Find the results that were finished since exports were switched on, and are not written."""
        since = self._since()
        page_full, after = True, 0
        while page_full and not self._closing.is_set():
            started = time.monotonic()
            page = self._service.jobs(after=after, limit=_JOBS_PER_PAGE).result()
            self._due |= dict.fromkeys(job.id for job in page if self._is_left(job, since, plan))
            page_full, after = len(page) == _JOBS_PER_PAGE, page[-1].id if page else after
            if not self._hurries:
                self._closing.wait(time.monotonic() - started)
        self._compares = self._closing.is_set()

    def _since(self) -> float:
        """Return since when exports are on; from now if they were off."""
        since = self._state().get("since")
        if not isinstance(since, float):
            since = self._now()
            self._keep_state({"since": since})
        return since

    def _is_left(self, job: Job, since: float, plan: ExportPlan) -> bool:
        """Return whether a result was finished since then, and is to be written."""
        if job.finished_at is None:
            return False
        written = self._written(job.id)
        if not self._is_due(job, plan, written):
            return False
        if job.finished_at >= since or written.version:
            return True
        return job.review is not ReviewState.DRAFT and _changed_at(self._review(job, written)) >= since

    def _is_due(self, job: Job, plan: ExportPlan, written: WrittenResult) -> bool:
        """Return whether a result is to be written as it is now; written: what is."""
        if job.state is not JobState.COMPLETED or job.summary is None:
            return False
        if _RANKS[job.review] < _RANKS[plan.least]:
            return False
        if not written.version or written.version != (job.summary.version or written.version):
            return True
        if {file_key(Path(copy).name) for copy in job.copies} - set(written.names):
            return True
        return job.review is not ReviewState.DRAFT and written.steps != _size_of(self._review(job, written))

    def _review(self, job: Job, written: WrittenResult) -> Path:
        """Return the file of what people did to a result; older records do not name their result."""
        version = (job.summary.version if job.summary is not None else "") or written.version
        return review_path(self._service.folders.folder(job.id), version)

    # ---- the folder

    def _is_there(self, folder: Path) -> bool:
        """Return whether the folder is there, and is not the empty place of a drive that is away."""
        if not folder.is_dir():
            return False
        state = self._state()
        if state.get("folder") != str(folder):
            self._keep_state(state | {"folder": str(folder), "mount": str(_mount_of(folder))})
            return True
        return os.path.ismount(str(state.get("mount")))

    def _state(self) -> dict[str, object]:
        try:
            state = json.loads((self._home / _SINCE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def _keep_state(self, state: dict[str, object]) -> None:
        write_whole(self._home / _SINCE, json.dumps(state).encode(), mode=0o600)

    # ---- writing

    def _write(self, job: Job, plan: ExportPlan) -> None:
        """Write a result in all formats, once for each name of its recording.

        Raises:
            OSError: the folder is away, or refuses files.
            TransientError: its disk is full.
        """
        job_folder = self._service.folders.folder(job.id)
        try:
            stored = self._service.folders.result(job.id)
        except (OSError, ValueError, KeyError) as error:
            log.event("EXPORT_RESULT_UNREADABLE", job=job.id, error=type(error).__name__)
            return
        if _RANKS[stored.review.state] < _RANKS[plan.least]:
            return  # it was changed meanwhile
        steps = _size_of(review_path(job_folder, stored.version))
        files, paths = WrittenFiles(job_folder), different_names((job.path, *job.copies))
        for path in paths:
            for format in plan.formats:
                self._write_one(files, stored, job, path.name, format, plan)
        files.complete(stored.version, steps, tuple(file_key(path.name) for path in paths))
        log.event("RESULT_EXPORTED", job=job.id, files=len(paths) * len(plan.formats))

    def _write_one(
        self, files: WrittenFiles, stored: StoredResult, job: Job, name: str, format: str, plan: ExportPlan
    ) -> None:
        code = plan.language or self.language
        zone = datetime.now().astimezone().tzinfo or ExportOptions().zone
        options = ExportOptions(LABELS[code], zone, said_in(code))
        reviewed = named(stored.review.current, name)
        signed = reviewed.state is ReviewState.SIGNED
        stem = stem_of(plan.template, job, name, reviewed, options)
        try:
            content = rendered(reviewed, format, options)
        except Exception as error:  # noqa: BLE001 - one format, perhaps a plugin's, must not cost the others
            log.event("EXPORT_FORMAT_FAILED", job=job.id, exporter=format, error=type(error).__name__)
            return
        files.write(content, plan.folder, source=name, format=format, stem=stem, signed=signed)


def _size_of(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _changed_at(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _mount_of(folder: Path) -> Path:
    """Return where the drive of a folder is mounted."""
    return next((parent for parent in (folder, *folder.parents) if os.path.ismount(parent)), folder)
