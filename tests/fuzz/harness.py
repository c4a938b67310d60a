"""Passes damaged recordings to processes, and keeps those that cause failures.

A failure is a crash, a hang, an exception without a sentence for people, or excessive memory.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path

from tests.fuzz.mutation import damaged
from tests.fuzz.seeds import seeds
from tests.fuzz.victim import NO_INPUT, Outcome, Read, decode_it, main

HANG_S = 20.0
"""Time limit; a second of audio is decoded in milliseconds."""

MAX_RSS_BYTES = 600_000_000
"""Limit on the resident memory of a decoding process."""

_START_TIMEOUT_S = 120.0


@dataclass(slots=True)
class Figures:
    """Results of a run.

    Attributes:
        results: how often each result occurred; see `Outcome`.
        contained: numbers of the inputs that crashed or took over a decoder process, and no other.
        crashed, hung, unexplained, oversized: numbers of the inputs that failed.
        peak_rss_bytes: largest of all processes.
    """

    inputs: int = 0
    results: Counter[str] = field(default_factory=Counter)
    contained: list[int] = field(default_factory=list)
    crashed: list[int] = field(default_factory=list)
    hung: list[int] = field(default_factory=list)
    unexplained: list[int] = field(default_factory=list)
    oversized: list[int] = field(default_factory=list)
    peak_rss_bytes: int = 0
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether no input failed."""
        return not (self.crashed or self.hung or self.unexplained or self.oversized)

    def __str__(self) -> str:
        counts = ", ".join(f"{code} {count}" for code, count in self.results.most_common())
        return (
            f"{self.inputs} inputs in {self.seconds:.0f} s: {len(self.crashed)} crashes, "
            f"{len(self.contained)} contained, "
            f"{len(self.hung)} hangs, {len(self.unexplained)} unexplained errors, "
            f"{len(self.oversized)} oversized; peak RSS {self.peak_rss_bytes / 1e6:.0f} MB\n{counts}"
        )


class _Victim:
    """A reading process and its current input."""

    def __init__(self, read: Read, recordings: dict[str, bytes], seed: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = multiprocessing.Pipe()
        self._process = context.Process(target=main, args=(theirs, read, recordings, seed), daemon=True)
        self._process.start()
        theirs.close()
        # It sends NO_INPUT once it has started.
        self.number: int | None = NO_INPUT
        self.deadline = time.monotonic() + _START_TIMEOUT_S

    def send(self, number: int, *, hang_s: float) -> None:
        self.number = number
        self.deadline = time.monotonic() + hang_s
        self.pipe.send(number)

    def stop(self) -> int | None:
        """Kill the process; return its exit code."""
        self.pipe.close()
        self._process.join(1.0)
        self._process.kill()
        self._process.join()
        return self._process.exitcode


class Harness:
    """One run of the fuzzer.

    Attributes:
        figures: results so far.
    """

    def __init__(
        self,
        *,
        seed: int,
        keep: Path,
        processes: int = 1,
        read: Read = decode_it,
        hang_s: float = HANG_S,
        max_rss_bytes: int = MAX_RSS_BYTES,
        log: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """Prepare. keep: folder for inputs that fail; hang_s: time limit of one input."""
        self.figures = Figures()
        self._seed = seed
        self._keep_in = keep
        self._processes = processes
        self._read = read
        self._hang_s = hang_s
        self._max_rss_bytes = max_rss_bytes
        self._log = log
        self._recordings = seeds()

    def run(self, *, inputs: int | None = None, seconds: float | None = None, first: int = 0) -> Figures:
        """Run a number of inputs, or for a time; `first` is the number of the first input."""
        # A process that forks has one thread.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        # Fill freed and fresh memory, to expose its use.
        os.environ.setdefault("MALLOC_PERTURB_", "165")
        started = time.monotonic()
        numbers = itertools.count(first) if inputs is None else iter(range(first, first + inputs))
        victims: list[_Victim] = []
        try:
            victims += [self._start() for _ in range(self._processes)]
            while True:
                late = seconds is not None and time.monotonic() - started > seconds
                for victim in victims:
                    if victim.number is None and not late and (number := next(numbers, None)) is not None:
                        victim.send(number, hang_s=self._hang_s)
                busy = [victim for victim in victims if victim.number is not None]
                if not busy:
                    break
                timeout_s = max(0.0, min(victim.deadline for victim in busy) - time.monotonic())
                ready = wait([victim.pipe for victim in busy], timeout_s)
                for victim in busy:
                    if victim.pipe in ready:
                        self._receive(victim, victims)
                    elif time.monotonic() > victim.deadline:
                        self._replace(victim, victims, self.figures.hung, "hang")
        finally:
            for victim in victims:
                victim.stop()
            self.figures.seconds = time.monotonic() - started
        return self.figures

    def _start(self) -> _Victim:
        return _Victim(self._read, self._recordings, self._seed)

    def _receive(self, victim: _Victim, victims: list[_Victim]) -> None:
        figures = self.figures
        try:
            outcome: Outcome = victim.pipe.recv()
        except (EOFError, OSError):
            self._replace(victim, victims, figures.crashed, "crash")
            return
        victim.number = None
        if outcome.number == NO_INPUT:
            return
        figures.inputs += 1
        figures.results[outcome.result] += 1
        figures.peak_rss_bytes = max(figures.peak_rss_bytes, outcome.rss_bytes)
        if outcome.result.startswith("decoder."):
            figures.contained.append(outcome.number)
            self._keep(outcome.number, "contained", outcome.result)
        if outcome.result == "unexplained":
            figures.unexplained.append(outcome.number)
            self._keep(outcome.number, "unexplained", outcome.details)
        if outcome.rss_bytes > self._max_rss_bytes:
            # Continue with a fresh process.
            self._replace(victim, victims, figures.oversized, "memory", number=outcome.number)

    def _replace(
        self,
        victim: _Victim,
        victims: list[_Victim],
        found: list[int],
        how: str,
        *,
        number: int | None = None,
    ) -> None:
        """Record the input that a process had, and start another process."""
        if number is None:
            assert victim.number is not None
            number = victim.number
            if number == NO_INPUT:
                raise RuntimeError("a reading process could not be started")
            self.figures.inputs += 1
        exit_code = victim.stop()
        victims[victims.index(victim)] = self._start()
        found.append(number)
        self._keep(number, how, f"exit code {exit_code}")

    def _keep(self, number: int, how: str, details: str) -> None:
        input_ = damaged(self._recordings, seed=self._seed, number=number)
        self._keep_in.mkdir(parents=True, exist_ok=True)
        path = self._keep_in / f"{how}-{self._seed}-{number}.{input_.extension}"
        path.write_bytes(input_.data)
        self._log(f"{how}: {path}\n{details}")
