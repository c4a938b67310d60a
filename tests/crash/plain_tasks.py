"""A plain Celery application with one task that does nothing, to compare with."""

from __future__ import annotations

import os

from celery import Celery

app = Celery("plain", broker=os.environ["PLAIN_BROKER"], backend=os.environ["PLAIN_BROKER"])
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1)


def _nothing(number: int) -> int:
    return number


nothing = app.task(_nothing, name="nothing")
"""The task: returns what it was given."""
