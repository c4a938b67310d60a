"""The queue as a caller sees it, whoever owns it: this process, or one that was started before.

`LocalClient` talks to the service in this process, `RemoteClient` to the owner's door (`instance.py`), which
answers with a `LocalClient` of its own. Everything that crosses is JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.job import Job, JobOptions, JobState
from fi_desktop.core.records import job_from_json, job_to_json, options_from_json, options_to_json
from fi_desktop.jobs.service import JobService


class Client(Protocol):
    """Calls that return once they are on disk. All raise UserError or TransientError with one sentence."""

    def submit(self, paths: Sequence[Path], options: JobOptions) -> tuple[int, ...]:
        """Queue recordings; return the ids."""

    def jobs(self, state: JobState | None = None) -> list[Job]:
        """List jobs in order of submission."""

    def job(self, job_id: int) -> Job:
        """Return one job; UserError where there is none."""

    def cancel(self, ids: Iterable[int]) -> None:
        """Cancel jobs."""

    def retry(self, ids: Iterable[int]) -> None:
        """Do jobs again, or now."""

    def remove(self, ids: Iterable[int]) -> None:
        """Forget jobs."""


class LocalClient:
    """The queue in this process."""

    def __init__(self, service: JobService) -> None:
        self._service = service

    def submit(self, paths: Sequence[Path], options: JobOptions) -> tuple[int, ...]:
        """Queue recordings; return the ids."""
        return self._service.submit(paths, options).result()

    def jobs(self, state: JobState | None = None) -> list[Job]:
        """List jobs in order of submission."""
        return self._service.jobs(state=state).result()

    def job(self, job_id: int) -> Job:
        """Return one job."""
        job = self._service.job(job_id).result()
        if job is None:
            raise UserError("job.unknown", f"There is no job {job_id}.")
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


class RemoteClient:
    """The queue of another process, through its door."""

    def __init__(self, ask: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Prepare; `ask` carries a request to the owner and brings the answer."""
        self._ask = ask

    def submit(self, paths: Sequence[Path], options: JobOptions) -> tuple[int, ...]:
        """Queue recordings; return the ids."""
        answer = self._call(
            "submit", paths=[str(path.absolute()) for path in paths], options=options_to_json(options)
        )
        return tuple(answer)

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

    def hand_over(self, paths: Sequence[Path]) -> bool:
        """Give files to the owner's window, or just raise it; return whether the owner has one."""
        return bool(self._call("open", paths=[str(path.absolute()) for path in paths]))

    def _call(self, do: str, **arguments: Any) -> Any:
        answer = self._ask({"do": do, **arguments})
        if (refusal := answer.get("refusal")) is not None:
            kind = TransientError if refusal["transient"] else UserError
            raise kind(refusal["code"], refusal["message"])
        return answer["value"]


def answer(
    service: JobService, request: dict[str, Any], *, open_window: Callable[[list[str]], bool]
) -> dict[str, Any]:
    """Answer a `RemoteClient`'s request; the owner's side of the door.

    Args:
        service: the owner's queue.
        request: as it came.
        open_window: takes files that a second launch hands over; returns whether there is a window.
    """
    client = LocalClient(service)
    try:
        return {"value": _carry_out(client, request, open_window)}
    except (UserError, TransientError) as refusal:
        transient = isinstance(refusal, TransientError)
        return {"refusal": {"transient": transient, "code": refusal.code, "message": refusal.message}}


def _carry_out(client: LocalClient, request: dict[str, Any], open_window: Callable[[list[str]], bool]) -> Any:
    match request:
        case {"do": "submit", "paths": [*paths], "options": options}:
            return list(client.submit([Path(path) for path in paths], options_from_json(options)))
        case {"do": "jobs", "state": state}:
            return [job_to_json(job) for job in client.jobs(JobState(state) if state else None)]
        case {"do": "job", "id": int(job_id)}:
            return job_to_json(client.job(job_id))
        case {"do": "cancel" | "retry" | "remove" as do, "ids": [*ids]}:
            getattr(client, do)(ids)
            return None
        case {"do": "open", "paths": [*paths]}:
            return open_window(paths)
        case _:
            raise UserError("door.unknown", "The running fi-desktop is of another version: close it first.")
