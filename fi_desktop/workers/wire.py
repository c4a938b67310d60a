"""Messages between processes as JSON: dataclasses out, and back in only if every field has its type.

A process that reads hostile data must not be able to make another one run code, as `pickle` would, or hand it
values that no code expects. What a message may say beyond its types is checked in `reports.py`.

How a type is written and checked is worked out once, at the first message that has it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from enum import Enum
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from fi_desktop.core.dataclass_fields import members_of, names_of

_LARGEST_INT = 1 << 53  # that every JSON reader knows exactly
_MOST_ITEMS = 100_000
_KIND = "message"
_AS_THEY_ARE = frozenset({NoneType, str, bool, int, float})

_to_text = json.JSONEncoder(separators=(",", ":")).encode
_from_text = json.JSONDecoder().decode

Check = Callable[[Any], Any]
"""Returns a value of a type as it was before it was written; TypeError or ValueError if it is of another."""


def encoded(message: Any) -> bytes:
    """Return a message, a dataclass, as JSON."""
    return _to_text({_KIND: type(message).__name__, **_plain(message)}).encode("ascii")


def decoded(data: bytes, kinds: Mapping[str, type]) -> Any:
    """Read what `encoded` wrote. kinds: the possible messages, by name.

    Raises:
        ValueError: it is none of these messages.
    """
    try:
        said = _from_text(data.decode("ascii"))  # `json.loads` would guess the encoding first
        return _check(kinds[said.pop(_KIND)])(said)
    except (AttributeError, KeyError, OverflowError, RecursionError, TypeError) as error:
        raise ValueError(f"no message: {type(error).__name__}") from None


# ---- writing


def _plain(value: Any) -> Any:
    kind: Any = type(value)
    return _writer(kind)(value)


@cache
def _writer(kind: type) -> Callable[[Any], Any]:
    """Return what makes JSON values of a type's values; each is looked at, whatever its field declares."""
    if kind in _AS_THEY_ARE:
        return _as_it_is
    if issubclass(kind, Enum):
        return attrgetter("_value_")  # `value` runs Python code
    if is_dataclass(kind):
        names, members = names_of(kind), members_of(kind)
        return lambda value: {
            name: member if type(member) in _AS_THEY_ARE else _plain(member)
            for name, member in zip(names, members(value), strict=True)
        }
    if issubclass(kind, tuple):
        return lambda value: [_plain(item) for item in value]
    if issubclass(kind, bytes):
        return bytes.hex
    if issubclass(kind, str):
        return str
    # NumPy's numbers, too
    return float if issubclass(kind, float) else int


def _as_it_is(value: Any) -> Any:
    return value


# ---- checking


@cache
def _check(kind: Any) -> Check:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _one_of(get_args(kind))
    if origin is tuple:
        return _tuple_of(get_args(kind))
    if is_dataclass(kind):
        return _object_of(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if kind is bytes:
        return bytes.fromhex
    return {int: _int, float: _float}.get(kind) or _exactly(kind)


def _exactly(kind: Any) -> Check:
    def check(said: Any) -> Any:
        if type(said) is not kind:
            raise TypeError("another type")
        return said

    return check


def _int(said: Any) -> int:
    if type(said) is not int:
        raise TypeError("another type")
    if abs(said) > _LARGEST_INT:
        raise ValueError("too large a number")
    return said


def _float(said: Any) -> float:
    if type(said) is int:
        said = float(said)
    if type(said) is not float:
        raise TypeError("another type")
    if not math.isfinite(said):
        raise ValueError("not a number")
    return said


def _tuple_of(items: tuple[Any, ...]) -> Check:
    if items[1:] == (...,):
        each = _check(items[0])
        checks = None
    else:
        checks = [_check(item) for item in items]

    def check(said: Any) -> Any:
        if not isinstance(said, list) or len(said) > _MOST_ITEMS:
            raise TypeError("not a list")
        if checks is None:
            return tuple(map(each, said))
        return tuple(one(item) for one, item in zip(checks, said, strict=True))

    return check


def _one_of(kinds: tuple[Any, ...]) -> Check:
    optional = NoneType in kinds
    checks = [_check(kind) for kind in kinds if kind is not NoneType]

    def check(said: Any) -> Any:
        if said is None and optional:
            return None
        # an integer for a float is exact; the first that fits is meant
        for one in checks:
            try:
                return one(said)
            except (TypeError, ValueError):
                continue
        raise TypeError("none of the types")

    return check


def _object_of(kind: Any) -> Check:
    checks: dict[str, Check] | None = None

    def check(said: Any) -> Any:
        nonlocal checks
        if checks is None:  # not before: a type may have fields of itself
            hints = get_type_hints(kind)
            checks = {name: _check(hints[name]) for name in names_of(kind)}
        if not isinstance(said, dict) or said.keys() != checks.keys():
            raise TypeError("other fields")
        return kind(**{name: one(said[name]) for name, one in checks.items()})

    return check
