"""The no-op job under SqliteHuey: synchronous FULL, two processes that poll every 10 ms."""

from __future__ import annotations

import os
from pathlib import Path

from huey import SqliteHuey
from starts import note_start

FOLDER = Path(os.environ["PEER_FOLDER"])
WORKER = ["-m", "huey.bin.huey_consumer", "huey_job.huey", "-w", "2", "-k", "process", "-q"]
WORKER += ["-d", "0.01", "-m", "0.01"]


huey = SqliteHuey("huey_job", filename=str(FOLDER / "huey.db"), fsync=True)


@huey.task()
def begin(number: int) -> None:
    """The no-op job."""
    note_start(FOLDER, number)


def send(numbers: list[int]) -> None:
    """Queue a job for each number."""
    for number in numbers:
        begin(number)
