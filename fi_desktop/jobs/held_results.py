"""Results that wait for a folder that is away or refuses files; `ExportingThread` keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fi_desktop.core import messages
from fi_desktop.core.messages import Note


@dataclass(slots=True)
class _Held:
    """What waits for one folder.

    Attributes:
        reason: what it waits for.
        jobs: in the order in which they are to be written, each with whether no message says so.
    """

    reason: Note
    jobs: dict[int, bool] = field(default_factory=dict)


class HeldResults:
    """Results that wait, by folder."""

    def __init__(self) -> None:
        self._held: dict[Path, _Held] = {}

    def __contains__(self, folder: Path) -> bool:
        return folder in self._held

    def __bool__(self) -> bool:
        return bool(self._held)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that are waited for."""
        return tuple(self._held)

    @property
    def note(self) -> Note | None:
        """What is waited for; None if nothing is, or no message shall say so."""
        reasons = [held.reason for held in self._held.values() if not all(held.jobs.values())]
        if len(set(reasons)) > 1:  # not of one folder, or of a template
            return messages.EXPORTS_SEVERAL(number=len(reasons))
        return next(iter(reasons), None)

    def hold(self, folder: Path, reason: Note) -> None:
        """Have results wait for a folder."""
        self._held[folder] = _Held(reason)

    def add(self, folder: Path, job_id: int, *, quiet: bool) -> None:
        """Have a job wait for a folder for which others wait; `quiet`: no message says so."""
        self._held[folder].jobs[job_id] = quiet

    def remove(self, job_id: int) -> None:
        """Forget a job that was removed."""
        for held in self._held.values():
            held.jobs.pop(job_id, None)

    def release(self, folder: Path) -> dict[int, bool]:
        """Have nothing wait for a folder; return the jobs, each with whether no message says so."""
        return self._held.pop(folder).jobs

    def release_all(self) -> dict[int, None]:
        """Have nothing wait; return all jobs."""
        jobs = dict.fromkeys(job_id for held in self._held.values() for job_id in held.jobs)
        self._held.clear()
        return jobs
