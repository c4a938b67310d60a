"""A desktop of a clinic, to be killed: `python -m tests.crash.cluster_desktop HOME SETTINGS [FOLDER]`

SETTINGS is a JSON object. Queues the recordings in FOLDER, prints a line when that is acknowledged and then
one for each job that has ended, and one when the queue is finished. It exits when its stdin is closed.
"""

from __future__ import annotations

import json
import queue
import sys
import time
from pathlib import Path
from typing import Any

from fi_desktop.core import events as ev


def main(home: Path, settings: dict[str, Any], folder: Path | None) -> None:
    from fi_desktop.app import App
    from fi_desktop.jobs.queue_events import JobChanged, QueueEvent
    from fi_desktop.settings import load

    app = App(load({"FI_DESKTOP_HOME": str(home)}, **settings))
    published: queue.SimpleQueue[tuple[QueueEvent, ...]] = queue.SimpleQueue()
    app.service.listen(published.put)
    app.start()
    say("started")
    if folder is not None:
        ids = app.service.submit([folder], again=True).result().ids
        say(f"acknowledged {len(ids)} {time.time()}")
    left = sum(number for state, number in app.service.counts().result().items() if not state.final)
    while left:
        for event in published.get():
            if isinstance(event, JobChanged) and event.job.state.final:
                say(f"ended {event.job.id} {event.job.state.value}")
            if isinstance(event, JobChanged) and isinstance(event.event, ev.AttemptEvent):
                left = sum(n for state, n in app.service.counts().result().items() if not state.final)
    say("done")
    sys.stdin.read()  # open until it is asked to end, as a person's desktop is
    app.stop()


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    given = sys.argv[1:]
    main(Path(given[0]), json.loads(given[1]), Path(given[2]) if given[2:] else None)
