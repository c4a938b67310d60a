"""Queue commands: which methods are commands, and how they reach the thread that owns the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, TypeVar

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError

T = TypeVar("T")
Method = TypeVar("Method", bound=Callable[..., Future[Any]])

_MARK = "is_queue_command"


def command(method: Method) -> Method:
    """Make a method callable from other processes.

    It returns a Future. Its annotations must name types that `rpc.client` can encode.
    """
    setattr(method, _MARK, True)
    return method


def commands_of(*owners: object) -> Mapping[str, Callable[..., Future[Any]]]:
    """Return the bound methods of objects that are commands, by name."""
    return {
        name: getattr(owner, name)
        for owner in owners
        for name, member in vars(type(owner)).items()
        if getattr(member, _MARK, False)
    }


class CommandQueue:
    """Calls that wait for the thread that owns the store. Every Future is answered, even at shutdown.

    Attributes:
        wake: called on any thread when a call was added.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._lock = Lock()  # no call may slip in after the last transaction
        self._closed = False
        self.wake: Callable[[], None] = lambda: None

    def put(self, call: Callable[[], T]) -> Future[T]:
        """Add a call, to be run inside a transaction; fails with UserError once the queue is closed."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                future.set_exception(closing())
                return future
            self._calls.put((future, call))
        self.wake()
        return future

    def get(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        """Return the oldest call whose Future was not cancelled; None if none waits."""
        while True:
            try:
                future, call = self._calls.get_nowait()
            except Empty:
                return None
            if future.set_running_or_notify_cancel():
                return future, call

    @property
    def waiting(self) -> bool:
        """Whether calls wait."""
        return not self._calls.empty()

    def close(self) -> None:
        """Accept no more calls; those that wait can still be taken."""
        with self._lock:
            self._closed = True
        self.wake = lambda: None

    def refuse_all(self) -> None:
        """Answer all waiting calls with an error: the app is closing."""
        while (waiting := self.get()) is not None:
            waiting[0].set_exception(closing())


def closing() -> UserError:
    """Return the error that answers a command at shutdown."""
    return UserError(messages.APP_CLOSING)
