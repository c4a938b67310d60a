"""What a setting is: its kind, its range and what it means, told once for all that read, show or write it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.speakers import SpeakerCount

_ABOUT = "about"
_TRUE, _FALSE = ("1", "true", "yes"), ("0", "false", "no")


class Kind(Enum):
    """What a setting's value is."""

    TRUTH = auto()
    WHOLE = auto()
    NUMBER = auto()
    TEXT = auto()
    CHOICE = auto()
    SPEAKERS = auto()
    WORDS = auto()
    NUMBERS = auto()


class Unit(Enum):
    """What a number counts; "" in the file stands for a bare number."""

    NONE = ""
    SECONDS = "seconds"
    MINUTES = "minutes"
    DAYS = "days"
    MEGABYTES = "MB"


@dataclass(frozen=True, slots=True)
class About:
    """What there is to know of a setting.

    Attributes:
        means: one or two sentences for the person.
        kind: what its value is.
        at_once: whether a change takes effect while the program runs, or at its next start.
        unit: what a number counts.
        least, most: the range of a number, or of each of several.
        or_zero: whether 0 is allowed too, for "never".
        choices: the values of a choice.
    """

    means: str
    kind: Kind
    at_once: bool = True
    unit: Unit = Unit.NONE
    least: float = 0.0
    most: float = math.inf
    or_zero: bool = False
    choices: tuple[str, ...] = ()

    def read(self, name: str, value: Any) -> Any:
        """Return a value that a file, the environment or a person gave, as this setting holds it.

        Raises:
            UserError: it cannot be used; the sentence names the setting.
        """
        try:
            typed = self._typed(value)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise UserError(messages.SETTINGS_BAD_VALUE, name=name, value=repr(value)) from error
        if self.kind is Kind.CHOICE and typed not in self.choices:
            raise UserError(
                messages.SETTINGS_NO_CHOICE,
                name=name,
                value=repr(value),
                choices=", ".join(self.choices),
            )
        for number in typed if self.kind is Kind.NUMBERS else (typed,):
            if isinstance(number, int | float) and number < self.least and not (self.or_zero and number == 0):
                raise UserError(
                    messages.SETTINGS_TOO_SMALL,
                    name=name,
                    value=repr(value),
                    least=f"{self.least:g}",
                )
            if isinstance(number, int | float) and number > self.most:
                raise UserError(
                    messages.SETTINGS_TOO_LARGE,
                    name=name,
                    value=repr(value),
                    most=f"{self.most:g}",
                )
        return typed

    def _typed(self, value: Any) -> Any:
        match self.kind:
            case Kind.TRUTH:
                return value if isinstance(value, bool) else _truth(str(value))
            case Kind.WHOLE:
                return _whole(value)
            case Kind.NUMBER:
                return _number(value)
            case Kind.SPEAKERS:
                return str(SpeakerCount.parse(value))
            case Kind.WORDS:
                return tuple(part for part in _parts(value) if part)
            case Kind.NUMBERS:
                return tuple(_number(part) for part in _parts(value) if part)
            case _:
                return str(value)


def setting(default: Any, about: About) -> Any:
    """Return a dataclass's field that is a setting."""
    return field(default=default, metadata={_ABOUT: about})


def about_of(metadata: Any) -> About | None:
    """Return what a field is as a setting; None: it is none."""
    about: About | None = metadata.get(_ABOUT)
    return about


def _truth(word: str) -> bool:
    if word.lower() not in _TRUE + _FALSE:
        raise ValueError(word)
    return word.lower() in _TRUE


def _whole(value: Any) -> int:
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(value)
    return int(value)


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _parts(value: Any) -> list[str]:
    given = value.split(",") if isinstance(value, str) else value
    return [str(part).strip() for part in given]
