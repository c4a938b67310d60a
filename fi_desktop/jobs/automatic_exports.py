"""`ExportingThread` writes finished results to files, in the process that owns the queue.

It follows the queue's events. What is still to be written is not stored: at the start, each result is
compared with the list in its job's folder, see `written_files.py`, so that nothing is lost if the program is
killed. Where results are written is said by the settings, by a profile or by a watched folder, see
`export_plan.py`. They wait while a folder is away, refuses files or does not answer, and the window says so;
those for other folders are written meanwhile.

Neither queue nor window waits for this thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import groupby
from pathlib import Path, PurePath
from queue import Empty, SimpleQueue

from fi_desktop.audit.places import exported
from fi_desktop.core import events as ev
from fi_desktop.core import messages
from fi_desktop.core.errors import FiError, TransientError, UserError
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.messages import Note
from fi_desktop.core.values import ReviewState
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.exporters.files import file_of_stem, rendered
from fi_desktop.exporters.phrases import LABELS, said_in
from fi_desktop.exporters.template import PLAIN, DocumentTemplate
from fi_desktop.exporters.template_folder import read_template
from fi_desktop.jobs.export_folders import ExportFolders, FolderWriter
from fi_desktop.jobs.export_plan import (
    ExportPlans,
    ExportTarget,
    is_due,
    label_text,
    named,
    review_bytes,
    stem_of,
)
from fi_desktop.jobs.export_rules import ExportRule, load_rules
from fi_desktop.jobs.held_results import HeldResults
from fi_desktop.jobs.queue_events import (
    ExportRulesChanged,
    ExportsHeld,
    JobChanged,
    JobRemoved,
    Notice,
    QueueEvent,
    ResultCorrected,
)
from fi_desktop.jobs.review_files import StoredResult
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.written_files import WrittenFiles
from fi_desktop.settings import Settings
from fi_desktop.system import log
from fi_desktop.system.result_files import review_path

_JOBS_PER_PAGE = 200  # of the list of jobs, so that the queue does not wait
LOOK_S = 5.0
"""Seconds between two looks whether a folder is back."""


class ExportingThread:
    """Writes results to the folders for results.

    Attributes:
        caught_up: set while nothing is left to do, or folders are waited for.
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
        self._service, self._settings, self._look_s = service, settings, look_s
        self._folders = ExportFolders(service.folders.home_files, now=now)
        self._writer = FolderWriter()
        self._plans = ExportPlans()
        self._writes = True  # False: nothing is written, so that events do not matter
        self._inbox: SimpleQueue[QueueEvent | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="automatic-exports", daemon=True)
        self._closing = threading.Event()
        self._asking = threading.Lock()  # nothing is asked for between a look into the inbox and `caught_up`
        self.caught_up = threading.Event()
        self.held: Note | None = None
        self.language = "en"
        self._changed = True  # the settings or the rules, so that all results are compared
        self._hurries = False
        self._due: dict[int, None] = {}  # jobs, in the order in which they were finished
        self._waiting = HeldResults()
        self._unlisten = service.listen(self._on_events)

    def start(self) -> None:
        """Write what is left from an earlier run, and what is finished from now on."""
        self._thread.start()

    def change(self, settings: Settings) -> None:
        """Use other settings from now on; results that wait are written as these say."""
        if settings != self._settings:
            self._settings = settings
            self._writes = self._changed = True
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
        for event in events:
            match event:
                case ExportRulesChanged():
                    self._writes = self._changed = True
                    self._ask(None)
                case JobChanged(event=ev.Seen()):
                    pass
                case JobChanged(job=Job(state=JobState.COMPLETED)) | ResultCorrected() | JobRemoved():
                    if self._writes:
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
                self._changed = True
            self._take()
        self.caught_up.set()

    def _take(self) -> None:
        """Take the events that came; wait for one if there is nothing else to do."""
        busy = bool(self._due) or self._changed
        with self._asking:
            if self._inbox.empty() and not busy:
                self.caught_up.set()
        try:
            if busy:
                self._note(self._inbox.get_nowait())
            else:
                self._note(self._inbox.get(timeout=self._look_s if self._waiting else None))
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
                self._waiting.remove(job_id)
            case _:
                pass

    def _work(self) -> None:
        if self._changed:
            self._change()
        else:
            self._look()
            self._tell()
        for job_id in list(self._due):
            started = time.monotonic()
            if self._closing.is_set() or self._changed:
                return
            self._export(job_id)
            del self._due[job_id]
            if self._waiting:
                self._tell()
            if not self._hurries:
                self._closing.wait(time.monotonic() - started)  # half of the time is for others
        self._tell()

    def _change(self) -> None:
        """Plan as the settings and the rules say now, and find what is to be written."""
        self._writes, self._changed = True, False
        settings = self._settings
        self._plans = ExportPlans.of(settings, self._rules(), self._folders.since)
        self._due |= self._waiting.release_all()
        follows = self._plans.settings is not None
        self._folders.forget(used={plan.folder for plan in self._plans.all}, settings=follows)
        if self._plans.all:
            self._compare()
            return
        self._due.clear()
        self._writes = False
        if self._changed:  # again, meanwhile
            self._writes = True

    def _rules(self) -> dict[str, ExportRule]:
        try:
            return load_rules(self._service.folders.home_files)
        except UserError as error:
            if error.code == messages.VAULT_LOCKED.code:
                raise  # nothing can be written now; the next look tries again
            self._service.announce(Notice(error.note))
            return {}

    def _look(self) -> None:
        """Try to write the first result that waits for each folder; if that succeeds, the others follow."""
        for folder in filter(self._writer.is_free, self._waiting.folders):
            jobs = self._waiting.release(folder)
            if (first := next(iter(jobs), None)) is not None:
                del jobs[first]
                self._export(first)
            if folder not in self._waiting:
                self._due |= dict.fromkeys(jobs)
                continue
            for job_id, quiet in jobs.items():
                self._waiting.add(folder, job_id, quiet=quiet)

    def _export(self, job_id: int) -> None:
        """Write what is due of a job; note the folders that it has to wait for."""
        job = self._service.job(job_id).result()
        if job is None:
            return
        if (busy := self._writer.folder_of(job_id)) is not None:  # the list of what is written is in use
            self._wait(job_id, busy, messages.EXPORTS_AWAY(folder=str(busy)), quiet=False)
            return
        due = self._due_targets(job)
        for folder, targets in groupby(sorted(due, key=_folder_of), _folder_of):
            given = tuple(targets)
            reason = None
            if folder not in self._waiting and (reason := self._try(job, folder, given)) is None:
                continue
            self._wait(job_id, folder, reason, quiet=all(target.plan.quiet for target in given))
            if self._writer.folder_of(job_id) is not None:
                return  # its other folders follow with this one

    def _wait(self, job_id: int, folder: Path, reason: Note | None, *, quiet: bool) -> None:
        """Have a job wait for a folder; `reason`: None if others wait for it already."""
        if reason is not None and folder not in self._waiting:
            self._waiting.hold(folder, reason)
        self._waiting.add(folder, job_id, quiet=quiet)

    def _try(self, job: Job, folder: Path, targets: tuple[ExportTarget, ...]) -> Note | None:
        """Write a result to a folder; return what has to be waited for, if it could not be written."""
        if not self._writer.is_free(folder) or not self._folders.is_there(folder):
            return messages.EXPORTS_AWAY(folder=str(folder))
        try:
            template = self._template(targets)
        except UserError as error:
            # not without a template: a record system would keep a document that nobody wanted so
            return messages.EXPORTS_TEMPLATE(reason=error.note)
        try:
            if not self._writer.write(folder, job.id, partial(self._write, job, targets, template)):
                return messages.EXPORTS_AWAY(folder=str(folder))
        except TransientError:
            return messages.EXPORTS_FULL(folder=str(folder))
        except OSError:
            if not self._service.folders.folder(job.id).is_dir():
                return None  # the job was removed meanwhile
            there = self._folders.is_there(folder)
            return (messages.EXPORTS_REFUSED if there else messages.EXPORTS_AWAY)(folder=str(folder))
        return None

    def _tell(self) -> None:
        """Tell what results wait for, if that has changed."""
        note = self._waiting.note
        if note != self.held:
            self.held = note
            log.event("EXPORTS_HELD" if note else "EXPORTS_RESUMED", code=note.code if note else "")
            self._service.announce(ExportsHeld(note))

    # ---- what is to be written

    def _compare(self) -> None:
        """Find the results that are to be written, and are not."""
        page_full, after = True, 0
        while page_full and not self._closing.is_set():
            started = time.monotonic()
            page = self._service.jobs(after=after, limit=_JOBS_PER_PAGE).result()
            self._due |= dict.fromkeys(job.id for job in page if self._due_targets(job))
            page_full, after = len(page) == _JOBS_PER_PAGE, page[-1].id if page else after
            if not self._hurries:
                self._closing.wait(time.monotonic() - started)

    def _due_targets(self, job: Job) -> list[ExportTarget]:
        """Return the targets for which a result is to be written as it is now."""
        targets = self._plans.targets(job) if job.state is JobState.COMPLETED else ()
        if not targets:
            return []
        written = self._written_files(job.id).result
        folder = self._service.folders.folder(job.id)
        return [target for target in targets if is_due(job, target, written, folder)]

    def _written_files(self, job_id: int) -> WrittenFiles:
        folders = self._service.folders
        return WrittenFiles(folders.folder(job_id), folders.files(job_id))

    # ---- writing

    def _template(self, targets: tuple[ExportTarget, ...]) -> DocumentTemplate:
        """Return the template of the documents, which is the settings'.

        Raises:
            UserError: it cannot be used.
        """
        name = targets[0].plan.documents
        return read_template(name, self._settings.template_roots) if name else PLAIN

    def _write(self, job: Job, targets: tuple[ExportTarget, ...], template: DocumentTemplate) -> None:
        """Write a result in all formats of each target.

        Raises:
            OSError: a folder is away, or refuses files.
            TransientError: its disk is full.
        """
        job_folder = self._service.folders.folder(job.id)
        try:
            stored = self._service.folders.result(job.id)
        except (OSError, ValueError, KeyError) as error:
            log.event("EXPORT_RESULT_UNREADABLE", job=job.id, error=type(error).__name__)
            return
        # it may have been changed meanwhile
        checked = [target for target in targets if target.plan.takes(stored.review.state)]
        steps = review_bytes(review_path(job_folder, stored.version))
        files = self._written_files(job.id)
        for target in checked:
            folder = target.plan.folder_of(target.path)
            if target.plan.subfolder:
                folder.mkdir(mode=0o700, exist_ok=True)
            for format in target.plan.formats:
                self._write_one(files, stored, job, target, format, folder, template)
        if checked:
            files.complete(stored.version, steps, [target.id for target in checked], label_text(job))
            written = sum(len(target.plan.formats) for target in checked)
            log.event("RESULT_EXPORTED", job=job.id, files=written)

    def _write_one(
        self,
        files: WrittenFiles,
        stored: StoredResult,
        job: Job,
        target: ExportTarget,
        format: str,
        folder: Path,
        template: DocumentTemplate,
    ) -> None:
        plan, name = target.plan, target.path.name
        code = plan.language or self.language
        zone = datetime.now().astimezone().tzinfo or ExportOptions().zone
        options = ExportOptions(LABELS[code], zone, said_in(code), template=template)
        reviewed = replace(named(stored.review.current, name), label=job.label)
        signed = reviewed.state is ReviewState.SIGNED
        stem = stem_of(plan.names(template), job, name, reviewed, options)
        try:
            content = rendered(reviewed, format, options)
        except Exception as error:  # noqa: BLE001 - one format, perhaps a plugin's, must not cost the others
            log.event("EXPORT_FORMAT_FAILED", job=job.id, exporter=format, error=type(error).__name__)
            return
        if (trail := self._service.trail) is not None:
            target_file = folder / file_of_stem(stem or PurePath(name).stem, format)
            trail.record_first(exported(trail, job.id, format, target_file, by="rule"))
        files.write(content, folder, source=name, format=format, stem=stem, signed=signed)


def _folder_of(target: ExportTarget) -> Path:
    return target.plan.folder
