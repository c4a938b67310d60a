"""Sends the audit trail to targets, on one thread: each gets all entries, in order.

What a target has is noted in `sent` in the trail's folder, so nothing is forgotten when the program ends or
the target is away. The file names a target by the code of its name, which may be a folder or a command.
Nobody ever waits for a target.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path

from filelock import Timeout

from fi_desktop.audit.chain import Entry
from fi_desktop.audit.targets import AuditTarget
from fi_desktop.audit.trail_store import TrailStore
from fi_desktop.system import log
from fi_desktop.system.files import write_whole

_BATCH = 500
_POLL_S = 5.0  # other processes append, too
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 300.0
_CLOSE_TIMEOUT_S = 2.0


class AuditDelivery:
    """Sends the trail to its targets while the program runs."""

    def __init__(
        self, store: TrailStore, targets: Iterable[AuditTarget] = (), *, code: Callable[[str], str | None]
    ) -> None:
        """Prepare. targets: from the settings; code: see `AuditTrail.code`."""
        self._store, self._code = store, code
        self._targets = tuple(targets)
        self._sent: dict[str, int] | None = None
        self._pauses: dict[
            str, tuple[float, float]
        ] = {}  # when each is tried again, and the pause after that
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def change(self, targets: Iterable[AuditTarget]) -> None:
        """Use other targets from now on; a new one gets the whole trail."""
        self._targets = tuple(targets)
        self._pauses = {}
        if self._targets and not self._closing.is_set():
            self._start()
        self._wake.set()

    def on_appended(self) -> None:
        """Send what was just appended; called on any thread."""
        if self._targets:
            self._start()
            self._wake.set()

    def close(self) -> None:
        """Try once more to send what is left, for a moment; the rest is sent at the next start."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_TIMEOUT_S)

    def unsent(self) -> dict[str, int]:
        """Return the number of entries that each target does not have yet."""
        sent = self._load()
        return {
            target.name: sum(1 for _ in self._store.entries(sent.get(self._key(target), 0)))
            for target in self._targets
        }

    def sent_to_all(self, targets: Iterable[AuditTarget]) -> float:
        """Return the highest number that each of these targets has; without targets, no number is higher."""
        sent = self._load()
        return min((sent.get(self._key(target), 0) for target in targets), default=math.inf)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="audit delivery", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            closing = self._closing.is_set()
            self._wake.clear()
            for target in self._targets:
                next_try, pause_s = self._pauses.get(target.name, (0.0, _FIRST_PAUSE_S))
                if closing or time.monotonic() >= next_try:
                    self._try(target, pause_s)
            if closing:
                return
            self._wake.wait(_POLL_S)

    def _try(self, target: AuditTarget, pause_s: float) -> None:
        try:
            while batch := self._next(target):
                target.send(batch)
                self._note(target, batch[-1].number)
        except (OSError, ValueError, Timeout) as error:
            log.event("AUDIT_NOT_SENT", error=type(error).__name__)
            self._pauses[target.name] = (time.monotonic() + pause_s, min(2 * pause_s, _LONGEST_PAUSE_S))
        else:
            self._pauses.pop(target.name, None)

    def _next(self, target: AuditTarget) -> Sequence[Entry]:
        if not self._key(target):
            raise OSError("the key of codes cannot be read")
        return list(islice(self._store.entries(self._load().get(self._key(target), 0)), _BATCH))

    def _note(self, target: AuditTarget, number: int) -> None:
        self._keep({**self._load(), self._key(target): number})

    def _keep(self, sent: dict[str, int]) -> None:
        self._sent = sent
        write_whole(self._path, json.dumps(sent).encode(), mode=0o600)

    def _key(self, target: AuditTarget) -> str:
        """Return what a target is called in the file; "" if the key of codes cannot be read."""
        return self._code(target.name) or ""

    def _load(self) -> dict[str, int]:
        if self._sent is None:
            try:
                stored = {
                    str(name): int(number) for name, number in json.loads(self._path.read_bytes()).items()
                }
            except (OSError, ValueError, AttributeError, TypeError):
                stored = {}
            self._sent = {self._code(name) or name if " " in name else name: stored[name] for name in stored}
            if self._sent != stored:  # earlier versions wrote the names themselves
                self._keep(self._sent)
        return self._sent

    @property
    def _path(self) -> Path:
        return self._store.folder / "sent"
