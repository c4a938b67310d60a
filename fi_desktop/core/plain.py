"""Values as Python's own: what an engine returns is free of the types of the library that it is built on.

A `numpy.float64` is compared, shown and stored as a float is, until a comparison makes a `numpy.bool` that
JSON refuses. So everything that leaves an engine passes through here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar, cast

T = TypeVar("T")

_OWN = (str, int, float, bool, type(None))


def plain(value: T) -> T:
    """Return the same value with every scalar and array in it made Python's own.

    Dataclasses, tuples, lists and dicts are rebuilt; enums stay.

    Raises:
        TypeError: something in it is neither of these nor convertible by its `tolist`, as NumPy's and torch's
            values are.
    """
    return cast(T, _plain(value))


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _OWN or isinstance(value, Enum):
        return value
    if is_dataclass(value):
        return kind(**{field.name: _plain(getattr(value, field.name)) for field in fields(value)})
    if kind in (tuple, list):
        return kind(_plain(each) for each in value)
    if kind is dict:
        return {_plain(key): _plain(each) for key, each in value.items()}
    as_python: Callable[[], Any] | None = getattr(value, "tolist", None)
    if as_python is None:
        raise TypeError(f"an engine returned a {kind.__module__}.{kind.__qualname__}")
    return _plain(as_python())
