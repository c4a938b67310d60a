"""Hands damaged recordings to processes, and keeps those that did harm.

An input does harm if its process dies, if it takes too long, if its error is one that no sentence is for,
or if it takes far more memory than a recording may.
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
"""A second of sound is decoded in milliseconds."""

MOST_BYTES = 600_000_000
"""Resident memory of a process that decodes."""

_STARTS_IN_S = 120.0


@dataclass(slots=True)
class Figures:
    """What a run showed.

    Attributes:
        said: how often what was said of an input; see `Outcome`.
        dead, hung, unexplained, greedy: the numbers of the inputs that did harm.
        peak_rss_bytes: the largest of all processes.
    """

    inputs: int = 0
    said: Counter[str] = field(default_factory=Counter)
    dead: list[int] = field(default_factory=list)
    hung: list[int] = field(default_factory=list)
    unexplained: list[int] = field(default_factory=list)
    greedy: list[int] = field(default_factory=list)
    peak_rss_bytes: int = 0
    seconds: float = 0.0

    @property
    def harmless(self) -> bool:
        """Whether no input did harm."""
        return not (self.dead or self.hung or self.unexplained or self.greedy)

    def __str__(self) -> str:
        counts = ", ".join(f"{code} {count}" for code, count in self.said.most_common())
        return (
            f"{self.inputs} inputs in {self.seconds:.0f} s: {len(self.dead)} deaths, {len(self.hung)} hangs, "
            f"{len(self.unexplained)} unexplained errors, {len(self.greedy)} greedy for memory; "
            f"peak RSS {self.peak_rss_bytes / 1e6:.0f} MB\n{counts}"
        )


class _Victim:
    """A process that reads, and the input that it has."""

    def __init__(self, read: Read, recordings: dict[str, bytes], seed: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = multiprocessing.Pipe()
        self._process = context.Process(target=main, args=(theirs, read, recordings, seed), daemon=True)
        self._process.start()
        theirs.close()
        # It has begun once it has told of the input before the first.
        self.number: int | None = NO_INPUT
        self.overdue_at = time.monotonic() + _STARTS_IN_S

    def give(self, number: int, *, hang_s: float) -> None:
        self.number = number
        self.overdue_at = time.monotonic() + hang_s
        self.pipe.send(number)

    def end(self) -> int | None:
        """End the process; return its exit code."""
        self.pipe.close()
        self._process.join(1.0)
        self._process.kill()
        self._process.join()
        return self._process.exitcode


class Harness:
    """One run of the fuzzer.

    Attributes:
        figures: what it showed so far.
    """

    def __init__(
        self,
        *,
        seed: int,
        keep: Path,
        processes: int = 1,
        read: Read = decode_it,
        hang_s: float = HANG_S,
        most_bytes: int = MOST_BYTES,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """Prepare. keep: the folder for inputs that did harm; hang_s: how long one input may take."""
        self.figures = Figures()
        self._seed = seed
        self._keep_in = keep
        self._processes = processes
        self._read = read
        self._hang_s = hang_s
        self._most_bytes = most_bytes
        self._tell = tell
        self._recordings = seeds()

    def run(self, *, inputs: int | None = None, seconds: float | None = None, first: int = 0) -> Figures:
        """Try so many inputs, or for so long; `first` is the first one's number."""
        # Freed and fresh memory holds no zeros: what uses it is seen.
        os.environ.setdefault("MALLOC_PERTURB_", "165")
        began = time.monotonic()
        numbers = itertools.count(first) if inputs is None else iter(range(first, first + inputs))
        victims: list[_Victim] = []
        try:
            victims += [self._start() for _ in range(self._processes)]
            while True:
                late = seconds is not None and time.monotonic() - began > seconds
                for victim in victims:
                    if victim.number is None and not late and (number := next(numbers, None)) is not None:
                        victim.give(number, hang_s=self._hang_s)
                busy = [victim for victim in victims if victim.number is not None]
                if not busy:
                    break
                patience_s = max(0.0, min(victim.overdue_at for victim in busy) - time.monotonic())
                heard = wait([victim.pipe for victim in busy], patience_s)
                for victim in busy:
                    if victim.pipe in heard:
                        self._hear(victim, victims)
                    elif time.monotonic() > victim.overdue_at:
                        self._lose(victim, victims, self.figures.hung, "hang")
        finally:
            for victim in victims:
                victim.end()
            self.figures.seconds = time.monotonic() - began
        return self.figures

    def _start(self) -> _Victim:
        return _Victim(self._read, self._recordings, self._seed)

    def _hear(self, victim: _Victim, victims: list[_Victim]) -> None:
        figures = self.figures
        try:
            outcome: Outcome = victim.pipe.recv()
        except (EOFError, OSError):
            self._lose(victim, victims, figures.dead, "death")
            return
        victim.number = None
        if outcome.number == NO_INPUT:
            return
        figures.inputs += 1
        figures.said[outcome.said] += 1
        figures.peak_rss_bytes = max(figures.peak_rss_bytes, outcome.rss_bytes)
        if outcome.said == "unexplained":
            figures.unexplained.append(outcome.number)
            self._keep(outcome.number, "unexplained", outcome.details)
        if outcome.rss_bytes > self._most_bytes:
            # The next input starts with a small process again.
            self._lose(victim, victims, figures.greedy, "greed", number=outcome.number)

    def _lose(
        self,
        victim: _Victim,
        victims: list[_Victim],
        found: list[int],
        how: str,
        *,
        number: int | None = None,
    ) -> None:
        """Note the input that a process had, and start another."""
        if number is None:
            assert victim.number is not None
            number = victim.number
            if number == NO_INPUT:
                raise RuntimeError("a process that reads could not be started")
            self.figures.inputs += 1
        exit_code = victim.end()
        victims[victims.index(victim)] = self._start()
        found.append(number)
        self._keep(number, how, f"exit code {exit_code}")

    def _keep(self, number: int, how: str, details: str) -> None:
        made = damaged(self._recordings, seed=self._seed, number=number)
        self._keep_in.mkdir(parents=True, exist_ok=True)
        path = self._keep_in / f"{how}-{self._seed}-{number}.{made.ending}"
        path.write_bytes(made.data)
        self._tell(f"{how}: {path}\n{details}")
