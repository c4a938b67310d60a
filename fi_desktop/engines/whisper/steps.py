"""The model's steps: how they are run while the caller may stop, and how their progress is estimated."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from fi_desktop.engines.contracts import Progress

T = TypeVar("T")

_POLL_S = 0.5
_FIRST_GUESS = 0.2  # seconds of work per second of sound, before anything is measured
_EXPECTED_SHARE = 0.9  # progress within a step when its expected time is over


class InterruptibleRunner:
    """Runs native steps in a thread while the caller polls whether to go on.

    A step can take a slow computer a minute and cannot be interrupted. If the caller stops, the step ends
    by itself and its result is dropped; the next step waits for it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def run(self, step: Callable[[], T], *, poll: Callable[[], None]) -> T:
        """Return what `step` returns, or raise what it raises; call `poll` twice a second meanwhile.

        What `poll` raises is raised at once.
        """
        future: Future[T] = Future()

        def work() -> None:
            with self._lock:
                try:
                    future.set_result(step())
                except BaseException as error:  # noqa: BLE001 - raised in the waiting thread
                    future.set_exception(error)

        # daemon: an ending worker does not wait for words that nobody needs any more
        threading.Thread(target=work, name="whisper", daemon=True).start()
        while not wait([future], timeout=_POLL_S).done:
            poll()
        return future.result()


class Throughput:
    """Measures how long a second of sound takes, over all jobs of the worker.

    Attributes:
        worked_s, sound_s: seconds of work, and of the sound that it was for.
    """

    def __init__(self) -> None:
        self.worked_s = 0.0
        self.sound_s = 0.0

    def expected_s(self, sound_s: float) -> float:
        """Return how long this much sound is going to take."""
        return sound_s * (self.worked_s / self.sound_s if self.sound_s else _FIRST_GUESS)


class ProgressMeter:
    """Progress through one recording: exact between steps, estimated from elapsed time within a step.

    The model reports nothing between one batch of windows and the next. Progress never decreases, and
    within a step it neither stops nor reaches the step's end.
    """

    def __init__(
        self,
        throughput: Throughput,
        total_s: float,
        progress: Progress,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """total_s: of all sound; clock: returns seconds."""
        self._throughput = throughput
        self._total_s = total_s
        self._progress = progress
        self._clock = clock
        self._done_s = 0.0
        self._started = clock()
        self._step_s = 0.0

    def skip(self, sound_s: float) -> None:
        """Count this much sound as done by an earlier attempt."""
        self._done_s += sound_s
        self.report()

    def start(self, sound_s: float) -> None:
        """Start a step of this much sound."""
        self._started, self._step_s = self._clock(), sound_s

    def report(self) -> None:
        """Report the current progress; called repeatedly within a step."""
        elapsed = (self._clock() - self._started) / max(1e-9, self._throughput.expected_s(self._step_s))
        share = _EXPECTED_SHARE * elapsed if elapsed <= 1.0 else 1.0 - (1.0 - _EXPECTED_SHARE) / elapsed
        self._progress((self._done_s + share * self._step_s) / self._total_s)

    def end(self) -> None:
        """End the step."""
        self._throughput.worked_s += self._clock() - self._started
        self._throughput.sound_s += self._step_s
        self._done_s += self._step_s
        self._step_s = 0.0
        self._progress(self._done_s / self._total_s)
