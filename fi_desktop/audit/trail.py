"""`AuditTrail`: records acts from any thread; one thread writes them in batches.

What hands a result to somebody (opening, playing, copying, exporting) waits until its entry is on disk, but
no longer than `WAIT_S`: a disk that does not answer keeps nobody from working. Acts of the queue are stored
in the queue's own transaction first (`jobs/stored_acts.py`), so that none is lost if the program is killed.
"""

from __future__ import annotations

import hmac
import math
import threading
import time
import unicodedata
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from filelock import Timeout

from fi_desktop.audit.acts import Act, ActKind, actor
from fi_desktop.audit.shortening import shorten
from fi_desktop.audit.trail_store import TrailStore
from fi_desktop.core.dataclass_fields import with_fields
from fi_desktop.core.errors import UserError
from fi_desktop.system import log
from fi_desktop.vault.home_files import HomeFiles

WAIT_S = 0.25
"""How long an act waits for its entry."""

_WITHOUT_RESULT = (ActKind.ADDED, ActKind.REMOVED)  # not yet, or no more
_BATCH = 1000
_COLLECT_S = 0.25
_RETRY_S = 1.0
_CLOSE_TIMEOUT_S = 5.0
_CODE_LETTERS = 32

Evidence = Callable[[int], Mapping[str, str]]
"""Returns the SHA-256 of a job's `recording`, of its `result` and of the result's `review`, if known."""


class _WaitingActs(NamedTuple):
    """Acts whose entries are not written yet."""

    at: float
    acts: tuple[Act, ...]
    written: Future[None]


class AuditTrail:
    """The audit trail of a data folder, as one process writes it.

    Attributes:
        store: its files.
        sent: returns the highest number that was sent on; what was not is never deleted.
    """

    def __init__(
        self,
        folder: Path,
        *,
        program: str,
        files: HomeFiles | None = None,
        evidence: Evidence = lambda job: {},
        now: Callable[[], float] = time.time,
    ) -> None:
        """Prepare; nothing is read or written before the first act.

        Args:
            folder: of its files.
            program: the part of the program that this process is, such as "window".
            files: of the home, which seals the keys if it is sealed.
            evidence: called on the trail's thread.
            now: UTC, seconds since the epoch.
        """
        self.store = TrailStore(folder, files=files)
        self._who = actor(program)
        self._evidence = evidence
        self._now = now
        self.sent: Callable[[], float] = lambda: math.inf
        self._names_key: bytes | None = None
        self._thread: threading.Thread | None = None
        # all of these under the condition, which is notified as seldom as can be: each wake-up of the thread
        # holds up the queue's
        self._changed = threading.Condition()
        self._new: list[_WaitingActs] = []
        self._new_acts = 0
        self._hurried = False  # somebody waits for what is new
        self._closing = False
        self._listeners: tuple[Callable[[], None], ...] = ()

    def on_appended(self, listener: Callable[[], None]) -> None:
        """Call `listener` on the trail's thread once entries were written."""
        self._listeners = (*self._listeners, listener)

    def record(self, *acts: Act, at: float | None = None, urgent: bool = True) -> Future[None]:
        """Record acts; the Future is done once their entries are on disk, or fails if they cannot be written.

        Args:
            acts: in order.
            at: when they were done, UTC, seconds since the epoch; None: now.
            urgent: nothing else keeps them; others are collected for a moment, which costs much less.
        """
        written: Future[None] = Future()
        with self._changed:
            if self._closing:
                written.set_exception(OSError("the audit trail is closed"))
                return written
            first = not self._new
            self._new.append(_WaitingActs(self._now() if at is None else at, acts, written))
            self._new_acts += len(acts)
            self._hurried = self._hurried or urgent
            if first or self._ready:
                self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
                self._thread.start()
        return written

    def record_first(self, *acts: Act) -> None:
        """Record acts that are about to be done, and wait a moment until their entries are on disk."""
        with suppress(FutureTimeout, OSError, ValueError):
            self.record(*acts).result(WAIT_S)

    def flush(self) -> None:
        """Write what is being collected now; returns at once."""
        with self._changed:
            self._hurried = True
            self._changed.notify()

    def code(self, name: str) -> str | None:
        """Return the code that stands for a file name or a folder; None if the key for it cannot be read.

        Once it was read, it is known while the vault is locked too: jobs are added then.
        """
        if self._names_key is None:
            try:
                self._names_key = self.store.roots().names
            except (OSError, ValueError, UserError, Timeout):
                return None
        return code_of(self._names_key, name)

    def shorten(self, before: float) -> int:
        """Delete files with entries from before a moment only, and return how many; see `shortening.py`.

        Raises:
            UserError: the keys are sealed, and the vault is locked.
            OSError, ValueError: files or keys cannot be read or written.
        """
        return shorten(self.store, before, self._who, at=self._now(), sent=self.sent())

    def close(self) -> None:
        """Write what is waiting, and stop; at most a few seconds."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(_CLOSE_TIMEOUT_S)

    def _run(self) -> None:
        waiting: list[_WaitingActs] = []
        closing = False
        while not closing:
            closing = self._take(waiting)
            if waiting:
                self._write(waiting)
        for one in waiting:
            one.written.set_exception(OSError("the audit trail cannot be written"))

    def _take(self, waiting: list[_WaitingActs]) -> bool:
        """Add new acts to those that wait, once there are enough; return whether no more will come."""
        with self._changed:
            self._changed.wait_for(lambda: self._new or self._ready, _RETRY_S if waiting else None)
            self._changed.wait_for(lambda: self._ready, _COLLECT_S)
            waiting += self._new
            self._new, self._new_acts, self._hurried = [], 0, False
            return self._closing

    @property
    def _ready(self) -> bool:
        """Whether what is new is to be written now."""
        return self._hurried or self._closing or self._new_acts >= _BATCH

    def _write(self, waiting: list[_WaitingActs]) -> None:
        try:
            acts = [(one.at, self._with_evidence(act)) for one in waiting for act in one.acts]
            self.store.append(acts, self._who)
        except (OSError, ValueError, Timeout) as error:
            log.event("AUDIT_UNWRITABLE", error=type(error).__name__)
            return
        for one in waiting:
            one.written.set_result(None)
        waiting.clear()
        for listener in self._listeners:
            listener()

    def _with_evidence(self, act: Act) -> Act:
        if act.job is None or act.kind in _WITHOUT_RESULT:
            return act
        found = self._evidence(act.job)
        if not found:
            return act
        review = {"review": found["review"]} if "review" in found else {}
        return with_fields(
            act,
            recording=act.recording or found.get("recording"),
            result=act.result or found.get("result"),
            detail={**act.detail, **review},
        )


def code_of(key: bytes, name: str) -> str:
    """Return the code of a name under the trail's key: the same for each form of the same letters."""
    normal = unicodedata.normalize("NFC", name)
    return hmac.digest(key, normal.encode("utf-8", "surrogatepass"), "sha256").hex()[:_CODE_LETTERS]
