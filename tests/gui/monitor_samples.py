"""A clinic's jobs to measure, and made-up workers for the monitor."""

import random
from dataclasses import replace
from typing import Any

from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import Attempt, AttemptOutcome, Job, JobState
from fi_desktop.core.values import JobOptions, Priority, Summary
from fi_desktop.jobs.queue_events import WorkerGauge
from fi_desktop.jobs.queue_history import HistoryEntry, HistoryKind

OPTIONS = JobOptions()
BROKEN = ErrorInfo(ErrorKind.USER, "audio.no_audio", "This file has no audio track.")
BUSY = ErrorInfo(
    ErrorKind.TRANSIENT,
    "audio.read",
    "The recording could not be read to the end. Check its drive or network.",
)


def job(
    job_id: int,
    at: float,
    *attempts: Attempt,
    state: JobState = JobState.QUEUED,
    name: str = "",
    **more: Any,
) -> Job:
    path = f"/home/clinic/Recordings/{name or f'Consulta {job_id:04d}.wav'}"
    return Job(job_id, path, OPTIONS, Priority.NORMAL, at, state, attempts, **more)


def done(job_id: int, at: float, started_at: float, ended_at: float, worker: str = "worker-1") -> Job:
    attempt = Attempt(1, started_at, worker, ended_at, AttemptOutcome.COMPLETED)
    summary = Summary(2, 1800.0, "builtin")
    return job(job_id, at, attempt, state=JobState.COMPLETED, summary=summary, finished_at=ended_at)


def broken(job_id: int, at: float, started_at: float, ended_at: float, worker: str = "worker-1") -> Job:
    attempt = Attempt(1, started_at, worker, ended_at, AttemptOutcome.FAILED, BROKEN)
    return job(job_id, at, attempt, state=JobState.FAILED, finished_at=ended_at)


def unreadable(job_id: int, at: float, started_at: float, ended_at: float, worker: str = "worker-1") -> Job:
    failed = broken(job_id, at, started_at, ended_at, worker)
    attempt = replace(failed.attempts[0], error=BUSY)
    return replace(failed, attempts=(attempt,))


def running(job_id: int, at: float, started_at: float, worker: str = "worker-1", name: str = "") -> Job:
    return job(job_id, at, Attempt(1, started_at, worker), state=JobState.RUNNING, name=name, claim="1.1.1")


def put_off(job_id: int, at: float, due_at: float, name: str = "", error: ErrorInfo = BUSY) -> Job:
    attempt = Attempt(1, at + 5, "worker-1", at + 9, AttemptOutcome.FAILED, error, charged=True)
    return job(job_id, at, attempt, state=JobState.RETRYING, due_at=due_at, name=name)


def clinic_days(now: float, *, days: int = 9, seed: int = 3) -> list[Job]:
    """Return the jobs of several days: most during the day, sometimes fifteen at once."""
    rng = random.Random(seed)
    made: list[Job] = []
    free_at, at = {"worker-1": 0.0, "worker-2": 0.0}, now - days * 86_400
    while at < now - 200:
        hour = at / 3600 % 24
        at += rng.expovariate(1 / (600 if 8 < hour < 18 else 6000))
        for _ in range(15 if rng.random() < 0.02 else 1):
            worker = min(free_at, key=free_at.__getitem__)
            start = max(at, free_at[worker]) + rng.uniform(0.05, 0.4)
            end = start + rng.lognormvariate(4.3, 0.6)
            if end > now - 60:
                break
            free_at[worker] = end
            make = broken if rng.random() < 0.02 else done
            if make is broken and len(made) % 3 == 0:
                made.append(unreadable(len(made) + 1, at, start, end, worker))
                continue
            made.append(make(len(made) + 1, at, start, end, worker))
    last = len(made)
    return [
        *made,
        put_off(last + 1, now - 400, now + 92, "Consultation Mr Okafor, second part.flac"),
        put_off(last + 2, now - 300, now + 1804, "Telehealth 14-30.webm"),
        running(last + 3, now - 90, now - 48, "worker-1", "Ward round 23 November.mp3"),
        running(last + 4, now - 80, now - 12, "worker-2", "Sesión de pareja – señora Núñez.ogg"),
        *(job(last + 5 + number, now - 30) for number in range(6)),
    ]


def gauge(
    number: int,
    *,
    device: str = "cpu",
    cpu: float = 0.0,
    rss: int = 0,
    uptime_s: float = 12_140.0,
    uptime: float = 1.0,
    done: int = 0,
    failed: int = 0,
    silent_s: float | None = None,
    host: str = "",
) -> WorkerGauge:
    name, counts = f"worker-{number}", (done, failed)
    return WorkerGauge(name, 4000 + number, device, cpu, rss, uptime_s, uptime, *counts, silent_s, host)


def week(now: float) -> list[HistoryEntry]:
    """Return the history of a week with a worker that dies, retries, failures, settings and an alert."""
    kind, day = HistoryKind, 86_400.0
    return [
        HistoryEntry(now - 6 * day, kind.PROGRAM_STARTED),
        HistoryEntry(now - 6 * day + 2, kind.WORKER_STARTED, "worker-1", pid=3977),
        HistoryEntry(now - 6 * day + 2, kind.WORKER_STARTED, "worker-2", pid=3978),
        HistoryEntry(now - 3 * day, kind.SETTING_CHANGED, code="workers"),
        HistoryEntry(now - 2 * day, kind.WORKER_DIED, "worker-1", pid=3977, exit=-9, job=41),
        HistoryEntry(now - 2 * day, kind.RETRY_SCHEDULED, "worker-1", job=41, code="worker.ended", number=1),
        HistoryEntry(now - 2 * day + 1, kind.WORKER_REPLACED, "worker-1", pid=4001),
        HistoryEntry(now - day, kind.JOB_FAILED, "worker-2", job=57, code="audio.no_audio", number=1),
        HistoryEntry(now - 9000, kind.ALERT_RAISED, code="alert.queue"),
        HistoryEntry(now - 7000, kind.ALERT_CLEARED, code="alert.queue"),
        HistoryEntry(now - 4000, kind.QUEUE_PAUSED),
        HistoryEntry(now - 3900, kind.QUEUE_RESUMED),
        HistoryEntry(now - 800, kind.WORKER_KILLED, "worker-2", pid=3978, exit=-9, job=90),
        HistoryEntry(now - 800, kind.RETRY_SCHEDULED, "worker-2", job=90, code="job.timeout", number=1),
        HistoryEntry(now - 799, kind.WORKER_REPLACED, "worker-2", pid=4002),
    ]
