"""An app to be killed while it processes a job again: `python -m tests.crash.again HOME DOOM JOB`

It exits once the new version is there. DOOM: see `victim`.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from tests.crash.victim import arm, say


def main(home: Path, job_id: int) -> None:
    # imported here, so that a worker starts as lightly as in the real program
    from fi_desktop.app import App
    from fi_desktop.core.events import Completed
    from fi_desktop.core.values import JobOptions, SpeakerCount
    from fi_desktop.jobs.queue_events import JobChanged, QueueEvent
    from fi_desktop.settings import load

    app, ended = App(load({"FI_DESKTOP_HOME": str(home)}, workers=1)), threading.Event()

    def listen(events: tuple[QueueEvent, ...]) -> None:
        if any(isinstance(each, JobChanged) and isinstance(each.event, Completed) for each in events):
            ended.set()

    app.service.listen(listen)
    app.start()
    job = app.service.job(job_id).result()
    assert job is not None
    three = JobOptions(SpeakerCount(3, 3), transcriber="none")
    app.service.change({job_id: Path(job.path)}, three, again=True).result()
    say("asked")
    ended.wait()
    say("done")
    app.stop()


if __name__ == "__main__":
    arm("before", "after")
    main(Path(sys.argv[1]), int(sys.argv[3]))
