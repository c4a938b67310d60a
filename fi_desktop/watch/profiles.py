"""Profiles: named ways of doing recordings, such as "Consultation, 2 people, Spanish".

A few come with the program; a person's own lie in `profiles.json` in the data folder, which is written whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.job import JobOptions, Priority
from fi_desktop.core.records import options_from_json, options_to_json
from fi_desktop.core.speakers import SpeakerCount
from fi_desktop.system.files import write_whole

LONGEST_NAME = 60
_FILE = "profiles.json"
_ASIDE = "profiles-unreadable.json"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Choice:
    """How recordings are done, and how soon."""

    options: JobOptions = field(default_factory=JobOptions)
    priority: Priority = Priority.NORMAL


@dataclass(frozen=True, slots=True)
class Profile:
    """A choice with a name.

    Attributes:
        name: unique; of a built-in one a key, for which the window has words.
        built_in: it came with the program, and stays as it is.
    """

    name: str
    choice: Choice
    built_in: bool = False


def _built_in(name: str, options: JobOptions) -> Profile:
    return Profile(name, Choice(options), built_in=True)


BUILT_IN = (
    _built_in("consultation", JobOptions(SpeakerCount(2, 2))),
    _built_in("consultation-es", JobOptions(SpeakerCount(2, 2), language="es")),
    _built_in("family", JobOptions(SpeakerCount(3, 6))),
    _built_in("dictation", JobOptions(SpeakerCount(1, 1))),
    _built_in("phone", JobOptions(SpeakerCount(2, 2), engine="channels")),
)


def choice_to_json(choice: Choice) -> dict[str, Any]:
    """Return JSON values."""
    return {"options": options_to_json(choice.options), "priority": int(choice.priority)}


def choice_from_json(data: dict[str, Any]) -> Choice:
    """Read what `choice_to_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: it is damaged, or of a newer program.
    """
    return Choice(options_from_json(data["options"]), Priority(data["priority"]))


def load(home: Path) -> tuple[Profile, ...]:
    """Return the person's own profiles.

    Raises:
        UserError: the file cannot be read; what was damaged is set aside, so that nothing overwrites it.
    """
    path = home / _FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        profiles = tuple(Profile(_name(item["name"]), choice_from_json(item)) for item in data["profiles"])
        if data["version"] != _VERSION or len({profile.name for profile in profiles}) < len(profiles):
            raise ValueError("another version, or two of one name")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise UserError(
            messages.PROFILES_UNREADABLE,
            reason=error.strerror or type(error).__name__,
        ) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        path.replace(home / _ASIDE)
        raise UserError(
            messages.PROFILES_DAMAGED,
            file=_ASIDE,
        ) from error
    return profiles


def save(home: Path, profiles: Iterable[Profile]) -> None:
    """Write the person's own profiles.

    Raises:
        TransientError: the disk is full.
        OSError: they cannot be written.
    """
    items = [{"name": profile.name, **choice_to_json(profile.choice)} for profile in profiles]
    text = json.dumps({"version": _VERSION, "profiles": items}, indent=1, ensure_ascii=False)
    write_whole(home / _FILE, text.encode(), mode=0o600)


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        raise ValueError("no name")
    return name
