"""The queue as a caller sees it, whoever owns it: this process, or one that was started before.

`LocalClient` talks to the service in this process, `RemoteClient` to the owner's IPC server (`ipc.py`), which
answers with a `LocalClient` of its own. Everything that crosses is JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, TypeVar

from fi_desktop.audio.media_files import LeftOut, Unreadable
from fi_desktop.core import messages
from fi_desktop.core.codec import (
    job_from_json,
    job_to_json,
    note_from_json,
    note_to_json,
    options_from_json,
    options_to_json,
)
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.messages import Message
from fi_desktop.core.values import JobOptions, Priority
from fi_desktop.jobs.queue_events import WorkerGauge
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.transitions import ChangeResult, SubmitResult

T = TypeVar("T")


class Client(Protocol):
    """Calls that return once they are on disk. All raise UserError or TransientError with one sentence."""

    def submit(
        self,
        paths: Sequence[Path],
        options: JobOptions,
        *,
        priority: Priority = Priority.NORMAL,
        again: bool = False,
    ) -> SubmitResult:
        """Queue recordings; those that are known only where `again`."""

    def jobs(self, state: JobState | None = None) -> list[Job]:
        """List jobs in order of submission."""

    def job(self, job_id: int) -> Job:
        """Return one job; UserError where there is none."""

    def batch(self, batch: int) -> list[Job]:
        """List the jobs that were handed in together."""

    def cancel(self, ids: Iterable[int]) -> None:
        """Cancel jobs."""

    def retry(self, ids: Iterable[int]) -> None:
        """Do jobs again, or now."""

    def remove(self, ids: Iterable[int]) -> None:
        """Forget jobs."""

    def prioritize(self, ids: Iterable[int], priority: Priority) -> None:
        """Move waiting jobs forward or back."""

    def change(self, ids: Iterable[int], options: JobOptions) -> ChangeResult:
        """Do jobs that wait with other options; UserError where there is no such job."""

    def retry_failed(self) -> int:
        """Do all failed jobs again; return how many."""

    def purge(self, states: Sequence[JobState]) -> int:
        """Forget all jobs in these states; return how many."""

    def set_paused(self, *, paused: bool) -> None:
        """Claim nothing more, or claim again."""

    def paused(self) -> bool:
        """Whether the queue is paused."""

    def verify(self) -> list[str]:
        """Prove the store; one sentence for each thing that is not as it must be."""

    def gauges(self) -> list[WorkerGauge]:
        """Read what each worker process uses."""


class LocalClient:
    """The queue in this process."""

    def __init__(self, service: JobService, gauges: Callable[[], Iterable[WorkerGauge]] = tuple) -> None:
        self._service = service
        self._gauges = gauges

    def submit(
        self,
        paths: Sequence[Path],
        options: JobOptions,
        *,
        priority: Priority = Priority.NORMAL,
        again: bool = False,
    ) -> SubmitResult:
        """Queue recordings; those that are known only where `again`."""
        return self._service.submit(paths, options, priority=priority, again=again).result()

    def jobs(self, state: JobState | None = None) -> list[Job]:
        """List jobs in order of submission."""
        return self._service.jobs(state=state).result()

    def job(self, job_id: int) -> Job:
        """Return one job."""
        job = self._service.job(job_id).result()
        if job is None:
            raise UserError(messages.JOB_UNKNOWN, job=job_id)
        return job

    def cancel(self, ids: Iterable[int]) -> None:
        """Cancel jobs."""
        self._service.cancel(ids).result()

    def retry(self, ids: Iterable[int]) -> None:
        """Do jobs again, or now."""
        self._service.retry(ids).result()

    def remove(self, ids: Iterable[int]) -> None:
        """Forget jobs."""
        self._service.remove(ids).result()

    def batch(self, batch: int) -> list[Job]:
        """List the jobs that were handed in together."""
        return self._service.batch(batch).result()

    def prioritize(self, ids: Iterable[int], priority: Priority) -> None:
        """Move waiting jobs forward or back."""
        self._service.prioritize(ids, priority).result()

    def change(self, ids: Iterable[int], options: JobOptions) -> ChangeResult:
        """Do jobs that wait with other options."""
        paths = {job_id: Path(self.job(job_id).path) for job_id in ids}
        return self._service.change(paths, options).result()

    def retry_failed(self) -> int:
        """Do all failed jobs again; return how many."""
        return self._service.retry_failed().result()

    def purge(self, states: Sequence[JobState]) -> int:
        """Forget all jobs in these states; return how many."""
        return self._service.purge(states).result()

    def set_paused(self, *, paused: bool) -> None:
        """Claim nothing more, or claim again."""
        (self._service.pause() if paused else self._service.resume()).result()

    def paused(self) -> bool:
        """Whether the queue is paused."""
        return self._service.paused().result()

    def verify(self) -> list[str]:
        """Prove the store; one sentence for each thing that is not as it must be."""
        return self._service.verify().result()

    def gauges(self) -> list[WorkerGauge]:
        """Read what each worker process uses."""
        return list(self._gauges())


class RemoteClient:
    """The queue of another process, by IPC."""

    def __init__(self, ask: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Prepare; `ask` carries a request to the owner and brings the answer."""
        self._ask = ask

    def submit(
        self,
        paths: Sequence[Path],
        options: JobOptions,
        *,
        priority: Priority = Priority.NORMAL,
        again: bool = False,
    ) -> SubmitResult:
        """Queue recordings; those that are known only where `again`."""
        answer = self._call(
            "submit",
            paths=[str(path.absolute()) for path in paths],
            options=options_to_json(options),
            priority=int(priority),
            again=again,
        )
        known_paths, left_out = tuple(answer["known_paths"]), _left_out(answer["left_out"])
        return SubmitResult(tuple(answer["ids"]), tuple(answer["known"]), known_paths, left_out)

    def jobs(self, state: JobState | None = None) -> list[Job]:
        """List jobs in order of submission."""
        return [job_from_json(job) for job in self._call("jobs", state=state.value if state else None)]

    def job(self, job_id: int) -> Job:
        """Return one job."""
        return job_from_json(self._call("job", id=job_id))

    def cancel(self, ids: Iterable[int]) -> None:
        """Cancel jobs."""
        self._call("cancel", ids=list(ids))

    def retry(self, ids: Iterable[int]) -> None:
        """Do jobs again, or now."""
        self._call("retry", ids=list(ids))

    def remove(self, ids: Iterable[int]) -> None:
        """Forget jobs."""
        self._call("remove", ids=list(ids))

    def batch(self, batch: int) -> list[Job]:
        """List the jobs that were handed in together."""
        return [job_from_json(job) for job in self._call("batch", batch=batch)]

    def prioritize(self, ids: Iterable[int], priority: Priority) -> None:
        """Move waiting jobs forward or back."""
        self._call("prioritize", ids=list(ids), priority=int(priority))

    def change(self, ids: Iterable[int], options: JobOptions) -> ChangeResult:
        """Do jobs that wait with other options."""
        told = self._call("change", ids=list(ids), options=options_to_json(options))
        return ChangeResult(tuple(told["changed"]), tuple(told["begun"]), tuple(told["known"]))

    def retry_failed(self) -> int:
        """Do all failed jobs again; return how many."""
        return int(self._call("retry_failed"))

    def purge(self, states: Sequence[JobState]) -> int:
        """Forget all jobs in these states; return how many."""
        return int(self._call("purge", states=[state.value for state in states]))

    def set_paused(self, *, paused: bool) -> None:
        """Claim nothing more, or claim again."""
        self._call("set_paused", paused=paused)

    def paused(self) -> bool:
        """Whether the queue is paused."""
        return bool(self._call("paused"))

    def verify(self) -> list[str]:
        """Prove the store; one sentence for each thing that is not as it must be."""
        return list(self._call("verify"))

    def gauges(self) -> list[WorkerGauge]:
        """Read what each worker process uses."""
        return [WorkerGauge(**gauge) for gauge in self._call("gauges")]

    def hand_over(self, paths: Sequence[Path]) -> bool:
        """Give files to the owner's window, or just raise it; return whether the owner has one."""
        return bool(self._call("open", paths=[str(path.absolute()) for path in paths]))

    def _call(self, do: str, **arguments: Any) -> Any:
        answer = self._ask({"do": do, **arguments})
        if (refusal := answer.get("refusal")) is not None:
            kind = TransientError if refusal["transient"] else UserError
            raise kind(Message(refusal["code"], refusal["message"]))
        return answer["value"]


def _left_out(told: dict[str, Any]) -> LeftOut:
    others = tuple((ending, number) for ending, number in told["others"])
    return LeftOut(
        others, tuple(Unreadable(each["path"], note_from_json(each["reason"])) for each in told["unreadable"])
    )


def answer(
    service: JobService,
    request: dict[str, Any],
    *,
    gauges: Callable[[], Iterable[WorkerGauge]],
    open_window: Callable[[list[str]], bool],
) -> dict[str, Any]:
    """Answer a `RemoteClient`'s request; the owner's side.

    Args:
        service: the owner's queue.
        request: as it came.
        gauges: reads what each worker uses.
        open_window: takes files that a second launch hands over; returns whether there is a window.
    """
    client = LocalClient(service, gauges)
    try:
        return {"value": _carry_out(client, request, open_window)}
    except (UserError, TransientError) as refusal:
        transient = isinstance(refusal, TransientError)
        return {"refusal": {"transient": transient, "code": refusal.code, "message": refusal.message}}


def _carry_out(client: LocalClient, request: dict[str, Any], open_window: Callable[[list[str]], bool]) -> Any:
    match request:
        case {"do": "submit", "paths": [*paths], "options": wanted, "priority": level, "again": bool(again)}:
            files, options = _decode(_paths, paths), _decode(options_from_json, wanted)
            taken = client.submit(files, options, priority=_decode(Priority, level), again=again)
            unreadable = [
                {"path": each.path, "reason": note_to_json(each.reason)} for each in taken.left_out.unreadable
            ]
            told = asdict(taken)
            return told | {"left_out": told["left_out"] | {"unreadable": unreadable}}
        case {"do": "jobs", "state": state}:
            return [job_to_json(job) for job in client.jobs(_decode(JobState, state) if state else None)]
        case {"do": "job", "id": int(job_id)}:
            return job_to_json(client.job(job_id))
        case {"do": "cancel" | "retry" | "remove" as do, "ids": [*ids]}:
            getattr(client, do)(_decode(_ids, ids))
            return None
        case {"do": "batch", "batch": int(batch)}:
            return [job_to_json(job) for job in client.batch(batch)]
        case {"do": "prioritize", "ids": [*ids], "priority": priority}:
            return client.prioritize(_decode(_ids, ids), _decode(Priority, priority))
        case {"do": "change", "ids": [*ids], "options": wanted}:
            return asdict(client.change(_decode(_ids, ids), _decode(options_from_json, wanted)))
        case {"do": "purge", "states": [*states]}:
            return client.purge([_decode(JobState, state) for state in states])
        case {"do": "set_paused", "paused": bool(paused)}:
            return client.set_paused(paused=paused)
        case {"do": "gauges"}:
            return [asdict(gauge) for gauge in client.gauges()]
        case {"do": "retry_failed" | "paused" | "verify" as do}:
            return getattr(client, do)()
        case {"do": "open", "paths": [*paths]}:
            return open_window(paths)
        case _:
            raise _other_version()


def _decode(convert: Callable[[Any], T], value: Any) -> T:
    """Return a part of a request as what the queue takes.

    Raises:
        UserError: ipc.version, if another version of the program means something else by it.
    """
    try:
        return convert(value)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _other_version() from None


def _paths(values: Iterable[str]) -> list[Path]:
    return [Path(value) for value in values]


def _ids(values: Iterable[Any]) -> list[int]:
    ids = list(values)
    if not all(isinstance(value, int) for value in ids):
        raise TypeError(ids)
    return ids


def _other_version() -> UserError:
    return UserError(messages.IPC_VERSION)
