"""The no-op job under Celery + Redis: acks late, with our time limits."""

from __future__ import annotations

import os
from pathlib import Path

from celery import Celery
from starts import note_start

REDIS_URL = os.environ["PEER_REDIS_URL"]
FOLDER = Path(os.environ["PEER_FOLDER"])
WORKER = ["-m", "celery", "-A", "celery_job", "worker", "-c", "2", "-l", "ERROR"]

app = Celery("celery_job", broker=f"{REDIS_URL}/0", backend=f"{REDIS_URL}/1")
app.conf.update(
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    task_reject_on_worker_lost=True,
    task_track_started=True,
    task_soft_time_limit=540,
    task_time_limit=600,
    result_expires=3600,
    broker_connection_retry_on_startup=True,
)


@app.task
def begin(number: int) -> None:
    """The no-op job."""
    note_start(FOLDER, number)


def send(numbers: list[int]) -> None:
    """Queue a job for each number."""
    for number in numbers:
        begin.delay(number)
