"""`SettingSpec`: all there is to know about one setting, declared once.

The loader, the settings dialog, docs/settings.md and the translations read the same specs. Titles and helps
are English source strings; the window translates them in the context `CONTEXT`.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import time
from enum import Enum, auto
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.name_patterns import checked_pattern
from fi_desktop.core.name_template import checked_template
from fi_desktop.core.values import SpeakerCount, parse_languages

CONTEXT = "Settings"
"""Translation context of titles, helps, choices, units and page titles."""

_METADATA_KEY = "spec"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Names of this computer, to which alerts may go unencrypted."""

_ADDRESS = re.compile(r"[^\s@,;<>\"]+@[\w.-]+")
_SERVER = re.compile(r"([\w.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?")
_TRUE, _FALSE = ("1", "true", "yes"), ("0", "false", "no")


class Page(Enum):
    """A page of the settings dialog; its value is the title."""

    GENERAL = "General"
    RECORDINGS = "Recordings"
    PROCESSING = "Processing"
    SERVER = "Server"
    RETRIES = "Retries"
    EXPORTS = "Export"
    STORAGE = "Storage"
    MODELS = "Models"
    PRIVACY = "Privacy"
    AUDIT = "Audit trail"
    ALERTS = "Alerts"


class Unit(Enum):
    """What a number counts; its value is the label shown after the field."""

    NONE = ""
    SECONDS = "seconds"
    MINUTES = "minutes"
    DAYS = "days"
    MEGABYTES = "MB"
    GIGABYTES = "GB"
    PERCENT = "%"


class Kind(Enum):
    """The type of a setting's value."""

    FLAG = auto()
    INTEGER = auto()
    NUMBER = auto()
    NUMBERS = auto()
    CHOICE = auto()
    TERMS = auto()
    TERM_LISTS = auto()
    SPEAKERS = auto()
    ENGINE = auto()
    TRANSCRIBER = auto()
    LANGUAGE = auto()
    CLOCK = auto()
    LANGUAGES = auto()
    FOLDER = auto()
    FORMATS = auto()
    NAME_TEMPLATE = auto()
    NAME_PATTERN = auto()
    TEMPLATE = auto()
    TEXT = auto()
    SERVER = auto()
    ADDRESSES = auto()
    WEB_ADDRESS = auto()


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """One setting.

    Attributes:
        name: key in settings.toml; filled in from the field of `Settings`.
        default: value that applies unless something else is set.
        kind: type of the value.
        page: page of the settings dialog.
        title: name for people, in English.
        help: one or two sentences for people, in English.
        unit: what a number counts.
        minimum, maximum: range of a number, or of each of several.
        zero_allowed: whether 0 is valid although it is below the minimum.
        zero_is_never: whether 0 stands for never, which is longer than any number.
        choices: values of a `Kind.CHOICE` with their English labels.
        needs_restart: whether a change takes effect at the next start rather than at once.
        private: a person's own words, or where something is: sealed, and known once the vault is unlocked.
    """

    name: str
    default: Any
    kind: Kind
    page: Page
    title: str
    help: str
    unit: Unit = Unit.NONE
    minimum: float = 0.0
    maximum: float = math.inf
    zero_allowed: bool = False
    zero_is_never: bool = False
    choices: Mapping[str, str] = dataclasses.field(default_factory=dict)
    needs_restart: bool = False
    private: bool = False

    @property
    def env_var(self) -> str:
        """The environment variable that overrides the setting."""
        return f"FI_DESKTOP_{self.name.upper()}"

    @property
    def sentences(self) -> tuple[str, ...]:
        """The English source strings to translate."""
        return (self.title, self.help, *self.choices.values())

    def parse(self, value: Any) -> Any:
        """Convert a value from a file, the environment or a person to the setting's type.

        Raises:
            UserError: the value is invalid; the message names the setting.
        """
        try:
            parsed = _PARSERS[self.kind](value)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise UserError(
                messages.SETTINGS_BAD_VALUE,
                name=self.name,
                value=repr(value),
            ) from error
        if self.kind is Kind.CHOICE and parsed not in self.choices:
            raise UserError(
                messages.SETTINGS_NO_CHOICE,
                name=self.name,
                value=repr(value),
                choices=", ".join(self.choices),
            )
        for number in parsed if self.kind is Kind.NUMBERS else (parsed,):
            if isinstance(number, int | float):
                self._check_range(number, value)
        return parsed

    def _check_range(self, number: float, value: Any) -> None:
        if number < self.minimum and not (self.zero_allowed and number == 0):
            raise UserError(
                messages.SETTINGS_TOO_SMALL,
                name=self.name,
                value=repr(value),
                least=f"{self.minimum:g}",
            )
        if number > self.maximum:
            raise UserError(
                messages.SETTINGS_TOO_LARGE,
                name=self.name,
                value=repr(value),
                most=f"{self.maximum:g}",
            )


def setting(default: Any, kind: Kind, page: Page, title: str, help: str, **details: Any) -> Any:
    """Declare a dataclass field as a setting; `details` are further attributes of its `SettingSpec`."""
    spec = SettingSpec("", default, kind, page, title, help, **details)
    return dataclasses.field(default=default, metadata={_METADATA_KEY: spec})


def host_and_port(server: str, default: int) -> tuple[str, int]:
    """Return host and port of a value of `Kind.SERVER`; default: the port of one without."""
    if server.startswith("["):
        host, _, port = server[1:].partition("]")
        return host, int(port.removeprefix(":") or default)
    host, _, port = server.partition(":")
    return host, int(port or default)


def specs_of(settings_class: type) -> dict[str, SettingSpec]:
    """Return the specs that a dataclass declares, by name, in order."""
    return {
        field.name: dataclasses.replace(field.metadata[_METADATA_KEY], name=field.name)
        for field in dataclasses.fields(settings_class)
        if _METADATA_KEY in field.metadata
    }


def _parse_flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word not in _TRUE + _FALSE:
        raise ValueError(word)
    return word in _TRUE


def _parse_integer(value: Any) -> int:
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(value)
    return int(value)


def _parse_number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _parse_list(value: str | Iterable[Any]) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    return tuple(stripped for part in parts if (stripped := str(part).strip()))


def _parse_clock(value: Any) -> str:
    """Return "HH:MM"."""
    return time.fromisoformat(str(value).strip().zfill(5)).strftime("%H:%M")


def _parse_codes(value: str | Iterable[Any]) -> tuple[str, ...]:
    codes = parse_languages(",".join(_parse_list(value)) or "auto")
    return tuple(codes.split(",")) if codes else ()


def _parse_folder(value: Any) -> str:
    """Return an absolute path; "" for none."""
    text = str(value).strip()
    folder = Path(text).expanduser()
    if text and not folder.is_absolute():
        raise ValueError("not absolute")
    return str(folder) if text else ""


def _parse_server(value: Any) -> str:
    """Return "host" or "host:port"; "" for none."""
    text = str(value).strip()
    if text and _SERVER.fullmatch(text) is None:
        raise ValueError(text)
    return text


def _parse_addresses(value: Any) -> str:
    """Return e-mail addresses, separated by commas; "" for none."""
    addresses = _parse_list(value)
    for address in addresses:
        if _ADDRESS.fullmatch(address) is None:
            raise ValueError(address)
    return ", ".join(addresses)


def _parse_web_address(value: Any) -> str:
    """Return an https address, or an http address of this computer; "" for none."""
    text = str(value).strip()
    if not text:
        return ""
    parts = urlsplit(text)
    plain = parts.scheme == "http" and parts.hostname in LOOPBACK
    printable = text.isascii() and text.isprintable() and " " not in text
    if not printable or not (plain or parts.scheme == "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError(text)
    parts.port  # noqa: B018 raises ValueError if it is not one
    return text


_PARSERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.FLAG: _parse_flag,
    Kind.INTEGER: _parse_integer,
    Kind.NUMBER: _parse_number,
    Kind.NUMBERS: lambda value: tuple(map(_parse_number, _parse_list(value))),
    Kind.CHOICE: str,
    Kind.TERMS: _parse_list,
    Kind.TERM_LISTS: _parse_list,
    Kind.SPEAKERS: lambda value: str(SpeakerCount.parse(value)),
    Kind.ENGINE: str,
    Kind.TRANSCRIBER: str,
    Kind.LANGUAGE: lambda value: parse_languages(str(value)) or "auto",
    Kind.LANGUAGES: _parse_codes,
    Kind.CLOCK: _parse_clock,
    Kind.FOLDER: _parse_folder,
    Kind.FORMATS: lambda value: tuple(dict.fromkeys(_parse_list(value))),
    Kind.TEMPLATE: lambda value: str(value).strip(),
    Kind.NAME_TEMPLATE: lambda value: checked_template(str(value)),
    Kind.TEXT: lambda value: str(value).strip(),
    Kind.SERVER: _parse_server,
    Kind.ADDRESSES: _parse_addresses,
    Kind.WEB_ADDRESS: _parse_web_address,
    Kind.NAME_PATTERN: lambda value: checked_pattern(str(value)),
}
