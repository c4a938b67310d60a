"""A store with a hundred thousand jobs for `table.py`, kept between rounds."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from fi_desktop.core.case_labels import CaseLabel, DateSource, written_date
from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import Job
from fi_desktop.core.retry import RetryPolicy
from fi_desktop.core.values import JobOptions, Priority, SpeakerCount, Summary
from fi_desktop.jobs.store import JobStore
from fi_desktop.jobs.transitions import FileIdentity, SubmittedFile, Transitions
from fi_desktop.settings import load

_JOBS_PER_TRANSACTION = 2000
_WAITING = 10_000  # of a hundred thousand
_NAMES = ("Consulta", "Follow-up", "García", "Sesión de pareja", "Ward round", "Telehealth", "WS33")
_DAMAGED = ErrorInfo(
    ErrorKind.USER,
    "audio.damaged",
    "The recording is damaged and cannot be read. Copy it again from the recorder.",
)


def home_with(jobs: int) -> Path:
    """Return a fresh copy of a data folder with this many jobs; the first call takes a minute."""
    kept = Path(tempfile.gettempdir()) / f"fi-desktop-bench-labels-{jobs}"
    if not kept.exists():
        part = kept.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        fill(part, jobs)
        part.replace(kept)
    home = Path(tempfile.mkdtemp(prefix="fi-desktop-bench-home-"))
    return Path(shutil.copytree(kept, home / "data"))


def fill(home: Path, jobs: int) -> None:
    """Create a data folder with this many jobs: most are finished, some wait; a third are in batches."""
    store = JobStore(load({"FI_DESKTOP_HOME": str(home)}).store)
    rng = random.Random(1)
    moment = count(time.time() - 30 * 86_400, 10.0)
    transitions = Transitions(store, now=lambda: next(moment), rng=rng, policy=RetryPolicy(()))
    made = 0
    while made < jobs:
        with store.transaction():
            made += _submit_some(transitions, rng, made, min(_JOBS_PER_TRANSACTION, jobs - made))
    done = 0
    while done < jobs - jobs * _WAITING // 100_000:
        with store.transaction():
            for _ in range(_JOBS_PER_TRANSACTION):
                if (job := transitions.claim("worker-1")) is not None:
                    end(transitions, job, rng)
            done += _JOBS_PER_TRANSACTION
        transitions.events.clear()
    store.close()


def _submit_some(transitions: Transitions, rng: random.Random, made: int, number: int) -> int:
    options = JobOptions(SpeakerCount(2, 2), language=rng.choice(("es", "en", None)), transcriber="none")
    folder = Path(f"/home/clinic/{made // 500}")
    files = [
        SubmittedFile(
            folder / f"{rng.choice(_NAMES)} {rng.randrange(10**6):06d}.wav",
            FileIdentity(None),
            label=CaseLabel(f"{rng.randrange(10**4):04d} {rng.choice(_NAMES)}", _date(rng), DateSource.NAME),
        )
        for _ in range(number)
    ]
    single = len(files) * 2 // 3
    for file in files[:single]:
        transitions.submit([file], options, Priority.NORMAL, batch=None, again=True)
    for start in range(single, len(files), 40):
        transitions.submit(files[start : start + 40], options, Priority.NORMAL, batch=0, again=True)
    transitions.events.clear()
    return len(files)


def _date(rng: random.Random) -> str:
    moment = datetime(2026, 1, 2, 8, tzinfo=UTC) + timedelta(minutes=rng.randrange(300 * 24 * 60))
    return written_date(moment)


def end(transitions: Transitions, job: Job, rng: random.Random) -> None:
    """End a job's attempt, mostly with a result."""
    claim = job.claim or ""
    if rng.random() < 0.04:
        transitions.failed(job.id, claim, _DAMAGED)
        return
    grade = rng.choice(("clear", "clear", "fair", "doubtful"))
    summary = Summary(
        rng.randrange(1, 5), rng.uniform(60, 4000), "builtin", grade, language=job.options.language
    )
    transitions.completed(job.id, claim, summary)


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    print(home_with(100_000))
