"""Settings: defaults < settings.toml < FI_DESKTOP_* environment < command line. Read once, never changed.

Every file that the app writes lies under `home`, which FI_DESKTOP_HOME moves.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import platformdirs

from fi_desktop.core.errors import UserError
from fi_desktop.core.job import JobOptions
from fi_desktop.core.speakers import SpeakerCount
from fi_desktop.files import resource

_PREFIX = "FI_DESKTOP_"
_FILE = "settings.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set, each also as FI_DESKTOP_<NAME IN CAPITALS>.

    Attributes:
        home: the folder of everything that the app writes.
        workers: worker processes; 0: as many as cores and memory allow, two at most.
        speakers: default number of speakers: "2", "2-4" or "auto".
        engine: what diarizes by default: an engine's name, or "auto".
        transcriber: what transcribes by default: the name of a model pack, "auto" (the best that is
            installed), or "none".
        spoken_language: the language of the recordings by default: an ISO 639-1 code, or "auto" to find out.
        vocabulary: words that may come up and are seldom heard, such as names of drugs.
        retry_delays_s: wait before each retry, seconds; as many retries as there are numbers.
        max_deliveries: a job is given up after so many deliveries.
        soft_limit_s, hard_limit_s: time an attempt may take, seconds: asked to stop, then killed.
        limit_factor: … or so many times the recording's length, where that is longer.
        stop_grace_s: how long a worker may take to stop when the app stops, seconds.
        stuck_after_s: a worker that is not heard of for so long is replaced, seconds.
        recycle_jobs, recycle_mb: a worker makes room for a fresh one after so many jobs, or when it holds so
            much memory after one; 0: never.
        keep_days: finished jobs are forgotten after so many days; 0: never.
        keep_unseen: keep results that nobody has looked at or written out, however old.
    """

    home: Path
    workers: int = 0
    speakers: str = "2"
    engine: str = "auto"
    transcriber: str = "auto"
    spoken_language: str = "auto"
    vocabulary: tuple[str, ...] = ()
    retry_delays_s: tuple[float, ...] = (60.0, 120.0, 240.0)
    max_deliveries: int = 8
    soft_limit_s: float = 540.0
    hard_limit_s: float = 600.0
    limit_factor: float = 3.0
    stop_grace_s: float = 5.0
    stuck_after_s: float = 60.0
    recycle_jobs: int = 200
    recycle_mb: int = 4000
    keep_days: float = 30.0
    keep_unseen: bool = False

    @property
    def job_options(self) -> JobOptions:
        """How a job is done where nothing else is said."""
        return JobOptions(
            speakers=SpeakerCount.parse(self.speakers),
            engine=self.engine,
            language=None if self.spoken_language == "auto" else self.spoken_language,
            transcriber=self.transcriber,
            vocabulary=self.vocabulary,
        )

    @property
    def store(self) -> Path:
        """Where the queue lies."""
        return self.home / "store"

    @property
    def jobs(self) -> Path:
        """Where the jobs' files lie."""
        return self.home / "jobs"

    @property
    def logs(self) -> Path:
        """Where the log lies."""
        return self.home / "logs"

    @property
    def models(self) -> Path:
        """Where model packs that were added lie."""
        return self.home / "models"

    @property
    def model_roots(self) -> tuple[Path, ...]:
        """Where models are looked for, best first: what came with the program, then what was added."""
        return (resource("models"), self.models)


def load(environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Return the settings in force; `overrides` that are None do not count.

    Raises:
        UserError: a value cannot be read; the sentence names the setting.
    """
    environment = os.environ if environment is None else environment
    home = environment.get(_PREFIX + "HOME") or platformdirs.user_data_dir("fi-desktop", appauthor=False)
    settings = Settings(Path(home).expanduser().absolute())
    values: dict[str, Any] = _read_file(settings.home / _FILE)
    for field in fields(Settings):
        name = _PREFIX + field.name.upper()
        if field.name != "home" and name in environment:
            values[field.name] = environment[name]
    values |= {name: value for name, value in overrides.items() if value is not None}
    for name, value in values.items():
        settings = _set(settings, name, value)
    return settings


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[str(value).lower()]


def _read_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise UserError("settings.unreadable", f"settings.toml cannot be read: {error}.") from error


def _set(settings: Settings, name: str, value: Any) -> Settings:
    kinds = {field.name: field.type for field in fields(Settings) if field.name != "home"}
    if name not in kinds:
        raise UserError("settings.unknown", f"There is no setting {name!r}.")
    try:
        match str(kinds[name]):
            case "bool":
                typed: Any = _truth(value)
            case "int":
                typed = int(value)
            case "float":
                typed = float(value)
            case "str":
                typed = str(SpeakerCount.parse(value)) if name == "speakers" else str(value)
            case kind:
                parts = value.split(",") if isinstance(value, str) else value
                given = (str(part).strip() for part in parts)
                one = str if kind == "tuple[str, ...]" else float
                typed = tuple(one(part) for part in given if part)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError("settings.bad_value", f"Setting {name}: {value!r} cannot be used.") from error
    numbers = typed if isinstance(typed, tuple) else (typed,)
    if any(isinstance(number, int | float) and number < 0 for number in numbers):
        raise UserError("settings.bad_value", f"Setting {name}: {value!r} is below zero.")
    return replace(settings, **{name: typed})
