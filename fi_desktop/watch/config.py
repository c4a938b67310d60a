"""Profiles and the list of watched folders, each in a JSON file in the data folder, sealed with it.

A profile is a named way to process recordings, such as "Consultation, 2 people, Spanish". A few are built in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from fi_desktop.core import messages
from fi_desktop.core.codec import options_from_json, options_to_json
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import system_reason
from fi_desktop.core.values import JobOptions, Priority, SpeakerCount
from fi_desktop.vault.home_files import HomeFile, HomeFiles

LONGEST_NAME = 60
_VERSION = 1

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choice:
    """Options and priority for recordings.

    Attributes:
        exports: key of the `ExportRule` for results; "": as the settings say.
    """

    options: JobOptions = field(default_factory=JobOptions)
    priority: Priority = Priority.NORMAL
    exports: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """A choice with a name.

    Attributes:
        name: unique; the name of a built-in profile is a key that the window translates.
        built_in: it comes with the program and cannot be changed.
    """

    name: str
    choice: Choice
    built_in: bool = False


@dataclass(frozen=True, slots=True)
class WatchedFolder:
    """A folder whose new recordings are queued.

    Attributes:
        path: the folder.
        subfolders: whether recordings in its subfolders are queued too.
        profile: name of the profile for its recordings; "": the window's current options.
        exports: key of the `ExportRule` for results; "": as the profile says.
    """

    path: Path
    subfolders: bool = False
    profile: str = ""
    exports: str = ""


def _built_in(name: str, options: JobOptions) -> Profile:
    return Profile(name, Choice(options), built_in=True)


BUILT_IN = (
    _built_in("consultation", JobOptions(SpeakerCount(2, 2))),
    _built_in("consultation-es", JobOptions(SpeakerCount(2, 2), language="es")),
    _built_in("consultation-es-en", JobOptions(SpeakerCount(2, 2), language="es,en")),
    _built_in("family", JobOptions(SpeakerCount(3, 6))),
    _built_in("dictation", JobOptions(SpeakerCount(1, 1))),
    _built_in("phone", JobOptions(SpeakerCount(2, 2), engine="channels")),
)


def choice_to_json(choice: Choice) -> dict[str, Any]:
    """Return a choice as JSON values."""
    data = {"options": options_to_json(choice.options), "priority": int(choice.priority)}
    return data | ({"exports": choice.exports} if choice.exports else {})


def choice_from_json(data: dict[str, Any]) -> Choice:
    """Read what `choice_to_json` returned.

    Raises:
        KeyError, TypeError, ValueError: it is damaged, or written by a newer version.
    """
    options, priority = options_from_json(data["options"]), Priority(data["priority"])
    return Choice(options, priority, str(data.get("exports", "")))


def load_profiles(files: HomeFiles) -> tuple[Profile, ...]:
    """Return the person's profiles, without the built-in ones.

    Raises:
        UserError: the file cannot be read; a damaged one is set aside, so that nothing overwrites it. Or it
            is sealed, and the vault is locked.
    """
    try:
        return _load(files, HomeFile.PROFILES, _parse_profiles)
    except OSError as error:
        raise UserError(messages.PROFILES_UNREADABLE, reason=system_reason(error)) from error
    except ValueError as error:
        raise UserError(messages.PROFILES_DAMAGED, file=files.set_aside(HomeFile.PROFILES)) from error


def save_profiles(files: HomeFiles, profiles: Iterable[Profile]) -> None:
    """Write the person's profiles.

    Raises:
        UserError: they are sealed, and the vault is locked.
        TransientError: the disk is full.
        OSError: they cannot be written.
    """
    items = [{"name": profile.name, **choice_to_json(profile.choice)} for profile in profiles]
    _save(files, HomeFile.PROFILES, "profiles", items)


def load_folders(files: HomeFiles) -> tuple[WatchedFolder, ...]:
    """Return the watched folders. Raises as `load_profiles`."""
    try:
        return _load(files, HomeFile.WATCHED_FOLDERS, _parse_folders)
    except OSError as error:
        raise UserError(messages.WATCH_UNREADABLE, reason=system_reason(error)) from error
    except ValueError as error:
        raise UserError(messages.WATCH_DAMAGED, file=files.set_aside(HomeFile.WATCHED_FOLDERS)) from error


def save_folders(files: HomeFiles, folders: Iterable[WatchedFolder]) -> None:
    """Write the list of watched folders. Raises as `save_profiles`."""
    items = [
        {"path": str(folder.path), "subfolders": folder.subfolders, "profile": folder.profile}
        | ({"exports": folder.exports} if folder.exports else {})
        for folder in folders
    ]
    _save(files, HomeFile.WATCHED_FOLDERS, "folders", items)


def _parse_profiles(data: Any) -> tuple[Profile, ...]:
    profiles = tuple(
        Profile(_checked_name(item["name"]), choice_from_json(item)) for item in data["profiles"]
    )
    if len({profile.name for profile in profiles}) < len(profiles):
        raise ValueError("two profiles of the same name")
    return profiles


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        raise ValueError("not a name")
    return name


def _parse_folders(data: Any) -> tuple[WatchedFolder, ...]:
    return tuple(
        WatchedFolder(
            Path(item["path"]), bool(item["subfolders"]), str(item["profile"]), str(item.get("exports", ""))
        )
        for item in data["folders"]
    )


def _load(files: HomeFiles, name: HomeFile, parse: Callable[[Any], tuple[T, ...]]) -> tuple[T, ...]:
    """Read a file that `_save` wrote. Raises OSError; ValueError if it is damaged."""
    try:
        data = json.loads(files.read(name))
        if data["version"] != _VERSION:
            raise ValueError("another version")
        return parse(data)
    except FileNotFoundError:
        return ()
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("damaged") from error


def _save(files: HomeFiles, name: HomeFile, key: str, items: list[dict[str, Any]]) -> None:
    files.write(name, json.dumps({"version": _VERSION, key: items}, indent=1).encode())
