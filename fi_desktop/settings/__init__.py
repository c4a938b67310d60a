"""Settings: defaults < settings.toml < FI_DESKTOP_* environment < command line.

They are read at the start, and never changed in place: `save` writes the file, and who holds settings takes
new ones. Every file that the app writes lies under `home`, which FI_DESKTOP_HOME moves.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import platformdirs

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.job import JobOptions
from fi_desktop.core.speakers import SpeakerCount
from fi_desktop.settings import file
from fi_desktop.settings.about import About, Kind, Unit, about_of, setting
from fi_desktop.system.files import resource

__all__ = [
    "ABOUT",
    "DEFAULTS",
    "About",
    "Kind",
    "Settings",
    "Unit",
    "changed",
    "load",
    "save",
    "save_changes",
]

_PREFIX = "FI_DESKTOP_"


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set, each also as FI_DESKTOP_<NAME IN CAPITALS>; what each means stands beside it.

    Attributes:
        home: the folder of everything that the app writes.
        overridden: the settings that the environment or the command line gave: the file does not change them.
        more_models: further folders in which models are looked for, for this run.
    """

    home: Path
    theme: str = setting(
        "system", About("Light, dark, or as the system is.", Kind.CHOICE, choices=("system", "light", "dark"))
    )
    language: str = setting(
        "system",
        About(
            "Menus, dialogs and messages are written in it.",
            Kind.CHOICE,
            choices=("system", "en", "es"),
        ),
    )
    speakers: str = setting(
        "2", About("How many people speak in a recording, where nothing else is chosen.", Kind.SPEAKERS)
    )
    engine: str = setting("auto", About("The engine that tells voices apart.", Kind.TEXT))
    transcriber: str = setting(
        "auto",
        About("The model that writes the words down; without one, only who spoke when is found.", Kind.TEXT),
    )
    spoken_language: str = setting("auto", About("The language that is spoken in the recordings.", Kind.TEXT))
    vocabulary: tuple[str, ...] = setting(
        (), About("Names of drugs, places or people: they are more likely to be spelt right.", Kind.WORDS)
    )
    workers: int = setting(
        0,
        About(
            "How many recordings are worked on at a time. 0: as many as the computer can do, two at most.",
            Kind.WHOLE,
            most=64,
        ),
    )
    soft_limit_s: float = setting(
        540.0,
        About("How long an attempt may take before it is asked to stop.", Kind.NUMBER, unit=Unit.SECONDS),
    )
    hard_limit_s: float = setting(
        600.0,
        About("How long an attempt may take before its worker is ended.", Kind.NUMBER, unit=Unit.SECONDS),
    )
    limit_factor: float = setting(
        3.0,
        About("Long recordings get more time: so many times their own length.", Kind.NUMBER),
    )
    stop_grace_s: float = setting(
        5.0,
        About(
            "How long workers may take to stop when the program ends.",
            Kind.NUMBER,
            unit=Unit.SECONDS,
            most=600.0,
        ),
    )
    stuck_after_s: float = setting(
        60.0,
        About("A worker that is not heard of for so long is replaced.", Kind.NUMBER, unit=Unit.SECONDS),
    )
    recycle_jobs: int = setting(
        200, About("A worker is replaced by a fresh one after so many recordings. 0: never.", Kind.WHOLE)
    )
    recycle_mb: int = setting(
        4000,
        About(
            "A worker that holds so much memory after a recording is replaced. 0: never.",
            Kind.WHOLE,
            unit=Unit.MEGABYTES,
        ),
    )
    retry_delays_s: tuple[float, ...] = setting(
        (60.0, 120.0, 240.0),
        About(
            "How long to wait before each retry; as many retries as there are numbers.",
            Kind.NUMBERS,
            unit=Unit.SECONDS,
        ),
    )
    max_deliveries: int = setting(
        8, About("A recording that was begun so many times is given up.", Kind.WHOLE)
    )
    keep_days: float = setting(
        30.0,
        About(
            "Finished recordings leave the list, with their results, after so many days. 0: never.",
            Kind.NUMBER,
            unit=Unit.DAYS,
            least=1.0,  # a fraction of a second would delete every result at the next start
            or_zero=True,
        ),
    )
    keep_unseen: bool = setting(
        False,
        About("Keep results that nobody has looked at or written out, however old they are.", Kind.TRUTH),
    )
    notify: str = setting(
        "end",
        About(
            "When the desktop is told: never, at the end of all that waits, or after each recording.",
            Kind.CHOICE,
            choices=("never", "end", "each"),
        ),
    )
    names_in_notifications: bool = setting(
        False, About("Name the file in notifications, which others may see on the screen.", Kind.TRUTH)
    )
    lock_after_min: int = setting(
        0,
        About(
            "Cover the window when nobody has used it for so long; wants a PIN. 0: never.",
            Kind.WHOLE,
            unit=Unit.MINUTES,
            most=1440,
        ),
    )
    check_updates: bool = setting(
        False,
        About(
            "Ask once a day whether there is a newer version. Nothing of you or this computer is sent.",
            Kind.TRUTH,
        ),
    )
    overridden: frozenset[str] = field(default=frozenset(), compare=False)
    more_models: tuple[Path, ...] = field(default=(), compare=False)

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
        """Where models are looked for, best first: those of the program, those added, others."""
        return (resource("models"), self.models, *self.more_models)


ABOUT: dict[str, About] = {
    one.name: about for one in fields(Settings) if (about := about_of(one.metadata)) is not None
}
"""What each setting is, by name."""

DEFAULTS: dict[str, Any] = {one.name: one.default for one in fields(Settings) if one.name in ABOUT}

_LIMITS = frozenset({"soft_limit_s", "hard_limit_s"})


def load(environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Return the settings in force; `overrides` that are None do not count.

    Raises:
        UserError: a value cannot be read; the sentence names the setting.
    """
    environment = os.environ if environment is None else environment
    home = environment.get(_PREFIX + "HOME") or platformdirs.user_data_dir("fi-desktop", appauthor=False)
    settings = Settings(Path(home).expanduser().absolute())
    above = {name: environment[variable] for name in ABOUT if (variable := _variable(name)) in environment}
    above |= {name: value for name, value in overrides.items() if value is not None}
    settings = changed(settings, file.read(settings.home) | above)
    return replace(settings, overridden=frozenset(above))


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Return the settings with other values.

    Raises:
        UserError: a value cannot be used, or there is no such setting.
    """
    return replace(settings, **_checked(changes))


def save(home: Path, changes: Mapping[str, Any]) -> None:
    """Write changed settings into `settings.toml`, whole or not at all; a default's line is taken out.

    The person's comments and order stay. What is not in `changes` stays as it is.

    Raises:
        UserError: a value cannot be used, or the file that is there cannot be read.
        TransientError: the disk is full.
    """
    checked = _checked(changes)
    file.write(home, {name: None if value == DEFAULTS[name] else value for name, value in checked.items()})


def save_changes(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Return the settings with other values, once these are written.

    Raises:
        UserError: as `save`; or the environment or the command line gave such a setting; or the limits do
            not fit together. A file where they do not is read all the same: the last limit counts.
        TransientError: the disk is full.
    """
    for name in sorted(settings.overridden & set(changes)):
        raise UserError(
            messages.SETTINGS_OVERRIDDEN,
            name=name,
        )
    others = changed(settings, changes)
    if _LIMITS & set(changes) and others.soft_limit_s > others.hard_limit_s:
        raise UserError(messages.SETTINGS_LIMITS)
    save(settings.home, changes)
    return others


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    for name in values:
        if name not in ABOUT:
            raise UserError(messages.SETTINGS_UNKNOWN, name=name)
    return {name: ABOUT[name].read(name, value) for name, value in values.items()}


def _variable(name: str) -> str:
    return _PREFIX + name.upper()
