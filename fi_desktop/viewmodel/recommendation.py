"""The one transcription model that suits this computer, with its size and the time it takes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psutil

from fi_desktop.engines import speed_trial
from fi_desktop.models import PackKind, catalog, installed
from fi_desktop.system.devices import default_workers


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A model to install.

    Attributes:
        name: the pack's.
        title: for people.
        size_bytes: of the download, approximately.
        hour_s: how long an hour of recording takes on this computer, seconds.
        measured: whether that follows from a trial of this computer's speed.
    """

    name: str
    title: str
    size_bytes: int
    hour_s: float
    measured: bool

    @property
    def minutes(self) -> int:
        """Minutes for an hour of recording."""
        return max(1, round(self.hour_s / 60))


def recommend(home: Path, *, trial: bool = True) -> Recommendation:
    """Return the model that suits this computer's speed and memory.

    trial: measure the speed if that was not done before, for some seconds; if not, a usual one is assumed.

    Raises:
        FiError: the trial failed.
    """
    speed = speed_trial.speed(home) if trial else speed_trial.known_speed(home)
    entry, hour_s = catalog.recommended(
        memory_bytes=psutil.virtual_memory().total, speed=speed or 1.0, threads=threads_per_job()
    )
    return Recommendation(entry.name, entry.title, entry.about_bytes, hour_s, speed is not None)


def threads_per_job() -> int:
    """Return how many cores a job has if the settings are as at first."""
    return max(1, (os.cpu_count() or 1) // default_workers())


def words_installed(roots: tuple[Path, ...]) -> bool:
    """Whether a transcription model is installed."""
    return any(pack.kind is PackKind.WHISPER for pack in installed(roots))
