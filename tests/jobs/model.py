"""A model of the queue: plain dicts, no events, no store.

`test_stateful.py` compares the real queue with it. Nothing is imported from `core/job.py` but the record: if
the two disagree, one of them is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from fi_desktop.core.job import Job

DELAYS_S = (60.0, 120.0)
JITTER = 0.1
MAX_DELIVERIES = 4

FINAL = ("COMPLETED", "FAILED", "CANCELLED")
WAITING = ("QUEUED", "RETRYING")

Record = dict[str, Any]


class Refused(Exception):
    """The command fails with a UserError."""


class Model:
    """The queue in its simplest form.

    Attributes:
        jobs: by id. `due` is a time, or the earliest and the latest time allowed.
        last_id: the last id used.
    """

    def __init__(self, *, keep_s: float, keep_unseen: bool) -> None:
        self.jobs: dict[int, Record] = {}
        self.paused = False
        self.last_id = 0
        self.keep_s = keep_s
        self.keep_unseen = keep_unseen

    # ---- commands

    def submit(
        self, paths: Iterable[Path], options: Any, priority: int, now: float, *, single: bool, again: bool
    ) -> tuple[tuple[int, ...], tuple[int, ...], tuple[str, ...]]:
        """Queue recordings that no job has processed or will process.

        Returns: the ids of new jobs, those of known ones, and the paths of the known ones.
        """
        ids: list[int] = []
        known: list[int] = []
        known_paths: list[str] = []
        for path in paths:
            same = [
                i for i, job in self.jobs.items() if (job["path"], job["options"]) == (str(path), options)
            ]
            active = [i for i in same if self.jobs[i]["state"] not in ("FAILED", "CANCELLED")]
            if active and not again:
                known.append(active[-1])
                known_paths.append(str(path))
                continue
            self.last_id += 1
            ids.append(self.last_id)
            self.jobs[self.last_id] = {
                "path": str(path),
                "options": options,
                "priority": priority,
                "batch": None if single else ids[0],
                "submitted_at": now,
                "state": "QUEUED",
                "deliveries": 0,
                "charged": 0,
                "outcomes": [],
                "claim": None,
                "due": None,
                "cancelling": False,
                "finished_at": None,
                "seen_at": None,
                "on_hold": False,
                "result": False,
                "earlier": None,
            }
        return tuple(ids), tuple(known), tuple(known_paths)

    def cancel(self, ids: Iterable[int], now: float) -> None:
        for job in self._named(ids):
            if job["state"] == "RUNNING":
                job["cancelling"] = True
            elif job["state"] in WAITING:
                self._cancel(job, now)

    def retry(self, ids: Iterable[int]) -> None:
        """Requeue jobs; their results stay until there are new ones."""
        for job in self._named(ids):
            if job["state"] == "COMPLETED":
                job["earlier"] = (job["options"], job["finished_at"])
            if job["state"] not in ("QUEUED", "RUNNING"):
                job.update(state="QUEUED", deliveries=0, charged=0, due=None, finished_at=None)

    def retry_failed(self) -> int:
        failed = [i for i, job in self.jobs.items() if job["state"] == "FAILED"]
        self.retry(failed)
        return len(failed)

    def remove(self, ids: Iterable[int]) -> None:
        for job_id in ids:
            (job,) = self._named([job_id])
            if job["state"] == "RUNNING" or job["on_hold"]:
                raise Refused
            del self.jobs[job_id]

    def hold(self, ids: Iterable[int], *, on_hold: bool) -> None:
        for job in self._named(ids):
            job["on_hold"] = on_hold

    def purge(self, states: Iterable[str]) -> int:
        gone = [i for i, job in self.jobs.items() if job["state"] in states and not job["on_hold"]]
        self.remove(gone)
        return len(gone)

    def prioritize(self, ids: Iterable[int], priority: int) -> None:
        for job in self._named(ids):
            if job["state"] in WAITING:
                job["priority"] = priority

    def change(
        self, ids: Iterable[int], options: Any, *, again: bool
    ) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Change the options of waiting jobs, or requeue finished ones with them.

        Returns: the ids of the changed, the started and the known.
        """
        changed: list[int] = []
        started: list[int] = []
        known: list[int] = []
        for job_id in ids:
            job = self.jobs.get(job_id)
            if job is None:
                continue
            same = [
                other
                for other in self.jobs.values()
                if (other["path"], other["options"]) == (job["path"], options)
                and other["state"] not in ("FAILED", "CANCELLED")
                and (job["batch"] is None or other["batch"] != job["batch"])
            ]
            if job["state"] == "RUNNING" or (job["state"] in FINAL and not again):
                started.append(job_id)
            elif job["options"] != options and same:
                known.append(job_id)
            else:
                if job["state"] in FINAL:
                    self.retry([job_id])
                job["options"] = options
                changed.append(job_id)
        return tuple(changed), tuple(started), tuple(known)

    def use_version(self, job_id: int, options: Any) -> None:
        """Go on with a result that was made with these options."""
        (job,) = self._named([job_id])
        if job["state"] not in ("COMPLETED", "FAILED") or not job["result"]:
            raise Refused
        finished_at = job["earlier"][1] if job["earlier"] else job["finished_at"]
        job.update(state="COMPLETED", options=options, finished_at=finished_at, earlier=None)

    def mark_seen(self, ids: Iterable[int], now: float) -> None:
        for job in self._named(ids):
            if job["result"] and job["seen_at"] is None:
                job["seen_at"] = now

    def pause(self, *, paused: bool) -> None:
        self.paused = paused

    # ---- workers

    def claim(self, now: float) -> int | None:
        """Claim the most urgent ready job, the oldest of those; return its id."""
        if self.paused:
            return None
        for job in self.jobs.values():
            # a wait that begins in this transaction has no due time yet
            if isinstance(job["due"], float) and job["due"] <= now:
                job.update(state="QUEUED", due=None)
        ready = [(job["priority"], i) for i, job in self.jobs.items() if job["state"] == "QUEUED"]
        if not ready:
            return None
        _, job_id = min(ready)
        job = self.jobs[job_id]
        job.update(state="RUNNING", deliveries=job["deliveries"] + 1, outcomes=[*job["outcomes"], None])
        return job_id

    def completed(self, job_id: int, claim: str, now: float) -> None:
        if job := self._running(job_id, claim):
            self._end(job, "completed", state="COMPLETED", finished_at=now)
            job.update(result=True, earlier=None, seen_at=None)

    def failed(self, job_id: int, claim: str, now: float, *, permanent: bool, crashed: bool) -> None:
        """An attempt ended in an error; a `permanent` one is not retried."""
        job = self._running(job_id, claim)
        if job is None:
            return
        if job["cancelling"]:
            self._cancel(job, now)
            return
        before = job["charged"]
        self._end(job, "crashed" if crashed else "failed", charged=before + 1)
        if permanent or job["deliveries"] >= MAX_DELIVERIES or before >= len(DELAYS_S):
            job.update(state="FAILED", finished_at=now)
        elif crashed and before == 0:
            job.update(state="QUEUED")
        else:
            wait_s = DELAYS_S[before]
            job.update(state="RETRYING", due=(now + wait_s * (1 - JITTER), now + wait_s * (1 + JITTER)))

    def released(self, job_id: int, claim: str, now: float) -> None:
        job = self._running(job_id, claim)
        if job is None:
            return
        if job["cancelling"]:  # it must not be requeued
            self._cancel(job, now)
        else:
            self._end(job, "released", state="QUEUED")

    def cancelled(self, job_id: int, claim: str, now: float) -> None:
        if job := self._running(job_id, claim):
            self._cancel(job, now)

    # ---- the program

    def expire(self, now: float) -> None:
        for job_id, job in list(self.jobs.items()):
            unseen = self.keep_unseen and job["result"] and job["seen_at"] is None
            due = job["state"] in FINAL and job["finished_at"] < now - self.keep_s
            if due and not unseen and not job["on_hold"]:
                del self.jobs[job_id]

    def restart(self, now: float) -> None:
        """Requeue running jobs, unless they ended the program too often.

        Also requeue retries due later than any retry from now on could be: the clock was ahead.
        """
        for job in self.jobs.values():
            if job["state"] == "RETRYING" and job["due"] > now + max(DELAYS_S) * (1 + JITTER):
                job.update(state="QUEUED", due=None)
            if job["state"] != "RUNNING":
                continue
            if job["cancelling"]:
                self._cancel(job, now)
            elif job["deliveries"] >= MAX_DELIVERIES:
                self._end(job, "crashed", state="FAILED", charged=job["charged"] + 1, finished_at=now)
            else:
                self._end(job, "released", state="QUEUED")

    # ---- inside

    def _named(self, ids: Iterable[int]) -> list[Record]:
        found = []
        for job_id in ids:
            if job_id not in self.jobs:
                raise Refused
            found.append(self.jobs[job_id])
        return found

    def _running(self, job_id: int, claim: str) -> Record | None:
        """Return the job if it runs under this claim; another claim changes nothing."""
        job = self.jobs.get(job_id)
        return job if job and job["state"] == "RUNNING" and job["claim"] == claim else None

    def _cancel(self, job: Record, now: float) -> None:
        """End a job that was cancelled; an earlier result is restored."""
        if job["state"] == "RUNNING":
            self._end(job, "cancelled")
        if job["earlier"] is None:
            job.update(state="CANCELLED", due=None, finished_at=now)
        else:
            options, finished_at = job["earlier"]
            job.update(state="COMPLETED", due=None, options=options, finished_at=finished_at, earlier=None)

    def _end(self, job: Record, outcome: str, **changes: Any) -> None:
        job.update(claim=None, cancelling=False, outcomes=[*job["outcomes"][:-1], outcome], **changes)


Effect = Callable[[Model], Any]


def as_record(job: Job) -> Record:
    """Return a stored job as the model has it."""
    return {
        "path": job.path,
        "options": job.options,
        "priority": int(job.priority),
        "batch": job.batch,
        "submitted_at": job.submitted_at,
        "state": job.state.value,
        "deliveries": job.deliveries,
        "charged": job.charged,
        "outcomes": [attempt.outcome and attempt.outcome.value for attempt in job.attempts],
        "claim": job.claim,
        "due": job.due_at,
        "cancelling": job.cancelling,
        "finished_at": job.finished_at,
        "seen_at": job.seen_at,
        "on_hold": job.hold_since is not None,
        "result": job.summary is not None,
        "earlier": job.earlier and (job.earlier.options, job.earlier.finished_at),
    }
