"""Messages between processes as JSON: dataclasses out, and back in only if every field has its type.

A process that reads hostile data must not be able to make another one run code, as `pickle` would, or hand it
values that no code expects. What a message may say beyond its types is checked in `reports.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

_LARGEST_INT = 1 << 53  # that every JSON reader knows exactly
_MOST_ITEMS = 100_000
_KIND = "message"


def encoded(message: Any) -> bytes:
    """Return a message, a dataclass, as JSON."""
    data = {_KIND: type(message).__name__, **_plain(message)}
    return json.dumps(data, separators=(",", ":")).encode("ascii")


def decoded(data: bytes, kinds: Mapping[str, type]) -> Any:
    """Read what `encoded` wrote. kinds: the possible messages, by name.

    Raises:
        ValueError: it is none of these messages.
    """
    try:
        said = json.loads(data)
        return _typed(kinds[said.pop(_KIND)], said)
    except (AttributeError, KeyError, RecursionError, TypeError) as error:
        raise ValueError(f"no message: {type(error).__name__}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, bytes):
        return value.hex()
    # NumPy's numbers, too
    return float(value) if isinstance(value, float) else int(value)


def _typed(kind: Any, said: Any) -> Any:
    """Return a value of this type; TypeError or ValueError if it is of another."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _one_of(get_args(kind), said)
    if origin is tuple:
        if not isinstance(said, list) or len(said) > _MOST_ITEMS:
            raise TypeError("not a list")
        items = get_args(kind)
        if items[1:] == (...,):
            return tuple(_typed(items[0], item) for item in said)
        return tuple(_typed(item_kind, item) for item_kind, item in zip(items, said, strict=True))
    if is_dataclass(kind):
        return _object(kind, said)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(said)
    if kind is bytes:
        return bytes.fromhex(said)
    if kind is float and type(said) is int:
        said = float(said)
    if type(said) is not kind:
        raise TypeError("another type")
    if kind is int and abs(said) > _LARGEST_INT:
        raise ValueError("too large a number")
    if kind is float and not abs(said) < float("inf"):
        raise ValueError("not a number")
    return said


def _one_of(kinds: tuple[Any, ...], said: Any) -> Any:
    if said is None and NoneType in kinds:
        return None
    # an integer for a float is exact; the first that fits is meant
    for kind in kinds:
        try:
            return _typed(kind, said)
        except (TypeError, ValueError):
            continue
    raise TypeError("none of the types")


def _object(kind: Any, said: Any) -> Any:
    types = _types(kind)
    if not isinstance(said, dict) or said.keys() != types.keys():
        raise TypeError("other fields")
    return kind(**{name: _typed(types[name], item) for name, item in said.items()})


@cache
def _types(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}
