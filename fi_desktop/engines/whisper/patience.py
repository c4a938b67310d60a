"""Long native work that can still be given up: half a minute of speech may take a slow computer a minute."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")

_ASK_EVERY_S = 0.5


class Patience:
    """Does steps in a thread of their own, one at a time, while the caller's thread asks whether to go on.

    A step cannot be broken off. Where the caller gives up, the step ends by itself and what it found is
    forgotten; the next one waits for it.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def wait_for(self, step: Callable[[], T], *, ask: Callable[[], None]) -> T:
        """Return what `step` returns, or raise what it raises; `ask` is called twice a second meanwhile.

        What `ask` raises is passed on at once.
        """
        future: Future[T] = Future()

        def work() -> None:
            with self._turn:
                try:
                    future.set_result(step())
                except BaseException as error:  # noqa: BLE001 - it belongs to the thread that waits
                    future.set_exception(error)

        # daemon: a worker that is to end does not wait for words that nobody wants any more
        threading.Thread(target=work, name="whisper", daemon=True).start()
        while not wait([future], timeout=_ASK_EVERY_S).done:
            ask()
        return future.result()
