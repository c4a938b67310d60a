"""Commands on their way from any thread to the one that owns the store."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, TypeVar

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError

T = TypeVar("T")


class Inbox:
    """Takes commands until it is closed; each has a Future that is always answered."""

    def __init__(self) -> None:
        self._commands: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._gate = Lock()  # so that no command slips in behind the last turn
        self._closed = False
        self.wake: Callable[[], None] = lambda: None

    def post(self, command: Callable[[], T]) -> Future[T]:
        """Have a command carried out in a turn; refused (UserError) once the inbox is closed."""
        future: Future[T] = Future()
        with self._gate:
            if self._closed:
                future.set_exception(closing())
                return future
            self._commands.put((future, command))
        self.wake()
        return future

    def take(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        """Return the oldest command that nobody has given up waiting for; None: there is none."""
        while True:
            try:
                future, command = self._commands.get_nowait()
            except Empty:
                return None
            if future.set_running_or_notify_cancel():
                return future, command

    @property
    def waiting(self) -> bool:
        """Whether commands wait for a turn."""
        return not self._commands.empty()

    def close(self) -> None:
        """Take no more commands; those that wait can still be taken."""
        with self._gate:
            self._closed = True
        self.wake = lambda: None

    def refuse_all(self) -> None:
        """Answer all that wait: the app is closing."""
        while (waiting := self.take()) is not None:
            waiting[0].set_exception(closing())


def closing() -> UserError:
    """Return what a command is refused with that comes too late."""
    return UserError(messages.APP_CLOSING)
