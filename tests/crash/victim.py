"""An app to be killed: `python -m tests.crash.victim HOME DOOM RECORDING…`

Submits the recordings one after the other, prints a line when a submit is acknowledged and when a worker
makes progress, and exits once the queue is finished. DOOM says where it kills itself with SIGKILL:

    none                              nowhere
    before:N after:N                  the app, just before or after its N-th COMMIT that writes something
    worker-before:N worker-after:N    one worker, once, around the N-th file that it moves into place
    hold                              nowhere; a worker that gets a job stays in native code and holds the GIL
    pause                             nowhere; a worker that starts waits until the app's stdin is closed

Workers are spawned with this module as their main module and the same arguments, so they know their doom.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import queue
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fi_desktop.core.values import Summary
    from fi_desktop.jobs.store import JobStore


PASSPHRASE = "FI_DESKTOP_PASSPHRASE"
"""The environment variable with the passphrase of a sealed home."""
SPARED = "spared"
"""The file in HOME that a worker empties before it dies, so that only one dies."""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_around_commit(moment: str, number: int) -> None:
    """Die around the N-th transaction that writes something."""
    from fi_desktop.jobs.store import JobStore

    real, count = JobStore.transaction, 0

    @contextmanager
    def transaction(store: JobStore) -> Iterator[None]:
        nonlocal count
        connection = store.rows.cache._con
        before = connection.total_changes
        with real(store):
            yield
            wrote = connection.total_changes > before
            count += wrote
            if wrote and (moment, number) == ("before", count):
                die()
        if wrote and (moment, number) == ("after", count):
            die()

    JobStore.transaction = transaction  # type: ignore[method-assign,assignment]


def die_around_file(home: Path, moment: str, number: int) -> None:
    """Die around the N-th file moved into place, unless another worker did."""
    count = 0
    # opened before the worker is confined
    spared = (home / SPARED).open("r+b")

    def around(put: Callable[..., object]) -> Callable[..., object]:
        def doomed(*arguments: object, **options: object) -> object:
            nonlocal count
            count += 1
            due = count == number
            if due and moment == "worker-before":
                die_once()
            result = put(*arguments, **options)
            if due and moment == "worker-after":
                die_once()
            return result

        return doomed

    def die_once() -> None:
        fcntl.flock(spared, fcntl.LOCK_EX)  # held until this process dies
        if os.fstat(spared.fileno()).st_size:
            spared.truncate(0)
            die()
        fcntl.flock(spared, fcntl.LOCK_UN)

    os.replace = around(os.replace)  # type: ignore[assignment]
    Path.replace = around(Path.replace)  # type: ignore[method-assign,assignment]


def hold_in_native_code() -> None:
    from fi_desktop import pipeline

    def run(_work: object, _report: object) -> Summary:
        sys.stdout.write("holding\n")
        sys.stdout.flush()
        ctypes.PyDLL(None).sleep(600)  # PyDLL holds the GIL: no thread of the worker runs meanwhile
        raise RuntimeError("the worker was not killed")

    pipeline.run = run  # type: ignore[assignment]


def pause() -> None:
    """Wait while the worker does not watch the app yet."""
    say("starting")
    sys.stdin.read()


def main(home: Path, recordings: list[Path]) -> None:
    # imported here, so that a worker starts as lightly as in the real program
    from fi_desktop.app import App
    from fi_desktop.jobs.queue_events import JobProgressed, QueueEvent
    from fi_desktop.settings import load

    app = App(load({"FI_DESKTOP_HOME": str(home)}, workers=2, retry_delays_s="0.1,0.2,0.4"))
    published: queue.SimpleQueue[tuple[QueueEvent, ...]] = queue.SimpleQueue()
    app.service.listen(published.put)
    app.own()
    app.unlock(os.environ.get(PASSPHRASE, ""))
    app.start()
    say("started")
    for recording in recordings:
        (job_id,) = app.service.submit([recording]).result().ids
        say(f"acknowledged {job_id} {recording.name}")
    while any(number for state, number in app.service.counts().result().items() if not state.final):
        if any(isinstance(item, JobProgressed) for item in published.get()):
            say("working")
    say("done")
    app.stop()


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def arm(*kinds: str) -> None:
    """Arrange for the death that the arguments name, if it is one of these kinds."""
    moment, _, number = sys.argv[2].partition(":")
    if moment not in kinds:
        return
    if moment in ("before", "after"):
        die_around_commit(moment, int(number))
    elif moment == "hold":
        hold_in_native_code()
    elif moment == "pause":
        pause()
    else:
        die_around_file(Path(sys.argv[1]), moment, int(number))


if __name__ == "__main__":
    arm("before", "after")
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[3:]])
elif __name__ == "__mp_main__":  # a worker
    arm("worker-before", "worker-after", "hold", "pause")
