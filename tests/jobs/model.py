"""What the queue promises, written a second time: plain dicts, no events, no store.

`test_stateful.py` holds the real queue against it. Nothing here is taken from `core/job.py`: where the two
disagree, one of them is wrong.
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
    """The person is to be told that this cannot be done."""


class Model:
    """The queue as a person would describe it.

    Attributes:
        jobs: by id. `due` is a moment, or the pair of moments between which it must lie.
        last_id: ids are given once.
    """

    def __init__(self, *, keep_s: float, keep_unseen: bool) -> None:
        self.jobs: dict[int, Record] = {}
        self.paused = False
        self.last_id = 0
        self.keep_s = keep_s
        self.keep_unseen = keep_unseen

    # ---- persons

    def submit(
        self, paths: Iterable[Path], options: Any, priority: int, now: float, *, single: bool, again: bool
    ) -> tuple[tuple[int, ...], tuple[int, ...], tuple[str, ...]]:
        """Queue what no job did, does or will do already.

        Returns: the ids of the new and of the known ones, and where the known ones were handed in from.
        """
        ids: list[int] = []
        known: list[int] = []
        known_paths: list[str] = []
        for path in paths:
            same = [
                i for i, job in self.jobs.items() if (job["path"], job["options"]) == (str(path), options)
            ]
            standing = [i for i in same if self.jobs[i]["state"] not in ("FAILED", "CANCELLED")]
            if standing and not again:
                known.append(standing[-1])
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
                "result": False,
                "earlier": None,
            }
        return tuple(ids), tuple(known), tuple(known_paths)

    def cancel(self, ids: Iterable[int], now: float) -> None:
        for job in self._named(ids):
            if job["state"] == "RUNNING":
                job["cancelling"] = True
            elif job["state"] in WAITING:
                self._give_up(job, now)

    def retry(self, ids: Iterable[int]) -> None:
        """Do jobs again; a result is there to be seen until there is another."""
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
            if job["state"] == "RUNNING":
                raise Refused
            del self.jobs[job_id]

    def purge(self, states: Iterable[str]) -> int:
        gone = [i for i, job in self.jobs.items() if job["state"] in states]
        self.remove(gone)
        return len(gone)

    def prioritize(self, ids: Iterable[int], priority: int) -> None:
        for job in self._named(ids):
            if job["state"] in WAITING:
                job["priority"] = priority

    def change(
        self, ids: Iterable[int], options: Any
    ) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Do what waits with other options; return the changed, the begun, and those another job does so."""
        changed: list[int] = []
        begun: list[int] = []
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
            if job["state"] not in WAITING:
                begun.append(job_id)
            elif job["options"] == options:
                changed.append(job_id)
            elif same:
                known.append(job_id)
            else:
                job["options"] = options
                changed.append(job_id)
        return tuple(changed), tuple(begun), tuple(known)

    def mark_seen(self, ids: Iterable[int], now: float) -> None:
        for job in self._named(ids):
            if job["result"] and job["seen_at"] is None:
                job["seen_at"] = now

    def pause(self, *, paused: bool) -> None:
        self.paused = paused

    # ---- workers

    def claim(self, now: float) -> int | None:
        """Hand out the most urgent ready job, the oldest of these; return its id."""
        if self.paused:
            return None
        for job in self.jobs.values():
            # a wait that begins in this very turn has no moment yet, and is not over
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

    def failed(self, job_id: int, claim: str, now: float, *, mendable: bool, crashed: bool) -> None:
        """An attempt ended in an error; `mendable` by the person alone, so that trying again is no use."""
        job = self._running(job_id, claim)
        if job is None:
            return
        if job["cancelling"]:
            self._give_up(job, now)
            return
        before = job["charged"]
        self._end(job, "crashed" if crashed else "failed", charged=before + 1)
        if mendable or job["deliveries"] >= MAX_DELIVERIES or before >= len(DELAYS_S):
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
        if job["cancelling"]:  # the person had given it up: it must not come back
            self._give_up(job, now)
        else:
            self._end(job, "released", state="QUEUED")

    def cancelled(self, job_id: int, claim: str, now: float) -> None:
        if job := self._running(job_id, claim):
            self._give_up(job, now)

    # ---- the program

    def expire(self, now: float) -> None:
        for job_id, job in list(self.jobs.items()):
            unseen = self.keep_unseen and job["result"] and job["seen_at"] is None
            if job["state"] in FINAL and job["finished_at"] < now - self.keep_s and not unseen:
                del self.jobs[job_id]

    def restart(self, now: float) -> None:
        """What ran when the program died comes back, unless it ended the program too often.

        So does what waits for a moment that no wait from now could reach: the clock had been ahead.
        """
        for job in self.jobs.values():
            if job["state"] == "RETRYING" and job["due"] > now + max(DELAYS_S) * (1 + JITTER):
                job.update(state="QUEUED", due=None)
            if job["state"] != "RUNNING":
                continue
            if job["cancelling"]:
                self._give_up(job, now)
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
        """Return the job, if it runs under this claim; news under another one change nothing."""
        job = self.jobs.get(job_id)
        return job if job and job["state"] == "RUNNING" and job["claim"] == claim else None

    def _give_up(self, job: Record, now: float) -> None:
        """A person wants it no more; a result of before is as it was when it was made."""
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
    """Return a stored job in the model's words."""
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
        "result": job.summary is not None,
        "earlier": job.earlier and (job.earlier.options, job.earlier.finished_at),
    }
