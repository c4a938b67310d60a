"""The queue's commands as blocking calls, and their arguments and results as JSON.

    client.call(JobService.cancel, [1, 2])

A command is a method marked `@command`. `LocalClient` calls it in this process; `RemoteClient` sends its name
and arguments to the process that owns the queue, which must have the same version. Only plain JSON crosses,
read by the types that the command is annotated with.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import fields, is_dataclass
from enum import Enum
from inspect import signature
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

from fi_desktop import __version__
from fi_desktop.core.codec import (
    job_from_json,
    job_to_json,
    note_from_json,
    note_to_json,
    options_from_json,
    options_to_json,
)
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.job import Job
from fi_desktop.core.messages import Message, Note
from fi_desktop.core.review import Step
from fi_desktop.core.step_lines import step_from_json, step_to_json
from fi_desktop.core.values import JobOptions
from fi_desktop.jobs.service import JobService

P = ParamSpec("P")
T = TypeVar("T")

# stored like this as well
_RECORDS: dict[type, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    Job: (job_to_json, job_from_json),
    JobOptions: (options_to_json, options_from_json),
    Note: (note_to_json, note_from_json),
    Step: (step_to_json, step_from_json),
}
_PLAIN = (str, int, float, bool, type(None))


class QueueClient(Protocol):
    """Calls commands of the queue, whichever process owns it."""

    def call(self, command: Callable[Concatenate[Any, P], Future[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a command and wait for its result.

        Raises:
            UserError, TransientError: the command failed, or the owner does not answer.
        """


class LocalClient:
    """Calls commands of a queue in this process."""

    def __init__(self, service: JobService) -> None:
        self._service = service

    def call(self, command: Callable[Concatenate[Any, P], Future[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a command and wait for its result; see `QueueClient`."""
        return command(self._service, *args, **kwargs).result()


class RemoteClient:
    """Calls commands of the process that owns the queue."""

    def __init__(self, request: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Prepare; `request` sends a message to the owner and returns its answer."""
        self._request = request

    def call(self, command: Callable[Concatenate[Any, P], Future[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a command and wait for its result; see `QueueClient`."""
        given = signature(command).bind(self, *args, **kwargs).arguments
        arguments = {name: encode(value) for name, value in given.items() if value is not self}
        name: str = getattr(command, "__name__", "")
        answer = self._request({"version": __version__, "command": name, "arguments": arguments})
        if (refusal := answer.get("refusal")) is not None:
            kind = TransientError if refusal["transient"] else UserError
            raise kind(Message(refusal["code"], refusal["message"]))
        (returned,) = get_args(get_type_hints(command)["return"])
        result: T = decode(returned, answer["value"])
        return result


def decode_arguments(method: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a bound method from JSON values.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: the method takes other arguments.
    """
    hints = get_type_hints(method)
    decoded = {name: decode(hints[name], value) for name, value in arguments.items()}
    signature(method).bind(**decoded)
    return decoded


def encode(value: Any) -> Any:
    """Return JSON values for an argument or a result. Paths become absolute."""
    if (record := _RECORDS.get(type(value))) is not None:
        return record[0](value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value.absolute())
    if isinstance(value, _PLAIN):
        return value
    if is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [encode(item) for item in value]
    raise TypeError(f"a command takes or returns a {type(value).__name__}")


def decode(kind: Any, value: Any) -> Any:
    """Return what `encode` made of a value of this type.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: it was something else.
    """
    if kind in _RECORDS:
        return _RECORDS[kind][1](value)
    if get_origin(kind) in (Union, types.UnionType):
        (some,) = (item for item in get_args(kind) if item is not type(None))
        return None if value is None else decode(some, value)
    items = get_args(kind)
    if items and isinstance(value, list):
        if get_origin(kind) is not tuple:
            return [decode(items[0], item) for item in value]
        if items[1:] == (...,):
            return tuple(decode(items[0], item) for item in value)
        return tuple(decode(one, item) for one, item in zip(items, value, strict=True))
    if items and isinstance(value, dict):
        return {items[0](key): decode(items[1], item) for key, item in value.items()}
    if kind is Path or (isinstance(kind, type) and issubclass(kind, Enum)):
        return kind(value)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{name: decode(hints[name], item) for name, item in value.items()})
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is (type(None) if kind is None else kind) and isinstance(value, _PLAIN):
        return value
    raise TypeError(f"a {type(value).__name__} is not a {kind}")
