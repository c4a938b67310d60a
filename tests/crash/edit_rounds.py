"""Kill people who correct a result, and check that what was acknowledged is there.

Each round one person edits alone, or two edit at once through the process that owns the queue. Processes are
killed by SIGKILL at random moments. Then every acknowledged step has to be on disk in its order, of the steps
on their way at most those of one request; a refused step must not be there. The machine's result has the same
bytes as before, and undoing all edits leads back to it.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path

from fi_desktop.core.review import Review, Step, StepKind, canonical
from fi_desktop.core.values import JobOptions, ReviewState, Summary
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.recovery import verify
from fi_desktop.jobs.review_files import ReviewFile
from fi_desktop.jobs.store import JobStore
from fi_desktop.pipeline.stages import write_result
from fi_desktop.system.files import RESULT
from fi_desktop.system.result_files import version_of
from tests.core.test_revision import spoken
from tests.crash.harness import PATIENCE_S, Broken
from tests.jobs.conftest import Bench

_LONGEST_S = 0.6  # that editors work before one is killed
_ROUNDS_PER_RESULT = 4
_IN_FLIGHT = 3
"""Steps of one request."""


@dataclass
class EditFigures:
    """The outcome of all rounds.

    Attributes:
        kills: by role.
        saved, refused: steps by the answer that editors got.
        untold: steps on disk whose editor was killed before the answer.
    """

    rounds: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    saved: int = 0
    refused: int = 0
    untold: int = 0


class Person:
    """A process that edits, or owns the queue.

    Attributes:
        told: what it said, line by line, once it has ended.
    """

    def __init__(self, role: str, home: Path, job_id: int, seed: int) -> None:
        self.role, self.seed = role, seed
        command = [sys.executable, "-m", "tests.crash.editor", role, str(home), str(job_id), str(seed)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._stdin, self._stdout = self.process.stdin, self.process.stdout
        self._text = b""

    def wait_for(self, *words: str) -> None:
        """Read until a line begins with one of these words."""
        while not any(f"\n{word}" in "\n" + self._text.decode() for word in words):
            if not wait([self._stdout.fileno()], PATIENCE_S):
                raise Broken(f"an editor says nothing after {self._text[-200:]!r}")
            more = self._stdout.read(65_536)
            if not more:
                raise Broken(f"an editor ended after {self._text[-200:]!r}")
            self._text += more

    def end(self, *, kill: bool) -> None:
        """Kill it, or let it end, and read the rest of what it says."""
        if kill:
            self.process.kill()
        self._stdin.close()
        while more := self._stdout.read(65_536):
            self._text += more
        self._stdout.close()
        self.process.wait(PATIENCE_S)

    @property
    def told(self) -> list[list[str]]:
        # a line that was cut off is no answer
        return [line.split() for line in self._text.decode().split("\n")[:-1]]

    def steps(self, word: str) -> list[float]:
        """Return the steps of which it said this."""
        return [float(line[1]) for line in self.told if line[0] == word]


class EditHarness:
    """Rounds on one result."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.figures = EditFigures()
        self._rng = random.Random(seed)
        self._folder = folder
        self._machine = spoken(
            *((f"SPEAKER_{number % 3:02d}", "what was said here was hard to hear") for number in range(8))
        )
        self._seed = 0
        self._begin(0)

    def run(self, rounds: int) -> EditFigures:
        """Run rounds.

        Raises:
            Broken: a guarantee was broken; has a note with the round and the folder.
        """
        for number in range(rounds):
            if number and number % _ROUNDS_PER_RESULT == 0:
                self._begin(number)
            try:
                people = self._two() if number % 2 else self._one()
                self._check(people)
            except Exception as error:
                error.add_note(f"in round {number} of editing, on {self._home}")
                raise
            self.figures.rounds += 1
        return self.figures

    def _begin(self, number: int) -> None:
        """Edit another result from now on: the steps of many rounds take long to read."""
        self._home = self._folder / f"home-{number}"
        self._job_id = self._finish()
        self._result = JobFolders(self._home / "jobs").folder(self._job_id) / RESULT
        self._bytes = self._result.read_bytes()
        self._known: list[Step] = []

    def _finish(self) -> int:
        """Complete a job with the machine's result."""
        self._folder.mkdir(exist_ok=True)
        bench = Bench(self._home)
        bench.now = time.time()  # or it would be removed as old
        try:
            (job_id,) = bench.submit("visit.wav", options=JobOptions())
            job = bench.claim()
            assert job is not None
            assert job.claim is not None
            folder = bench.service.folders.folder(job_id)
            folder.mkdir(parents=True, exist_ok=True)
            write_result(folder, self._machine)
            with bench.service.transaction():
                bench.service.transitions.completed(job_id, job.claim, Summary(3, 10.0, "builtin"))
        finally:
            bench.service.close()
        return job_id

    def _person(self, role: str) -> Person:
        self._seed += 1
        return Person(role, self._home, self._job_id, self._seed)

    def _one(self) -> list[Person]:
        person = self._person("alone")
        person.wait_for("saved")
        time.sleep(self._rng.uniform(0.0, _LONGEST_S))
        person.end(kill=True)
        self.figures.kills["alone"] += 1
        return [person]

    def _two(self) -> list[Person]:
        """Two people at once; one of them is killed first, or the owner under both."""
        owner = self._person("owner")
        owner.wait_for("started")
        people = [self._person("guest"), self._person("guest")]
        for person in people:
            person.wait_for("saved", "refused")  # the slower one may be refused for long
        first = self._rng.choice([owner, *people])
        for killed in [first, *(person for person in (*people, owner) if person is not first)]:
            time.sleep(self._rng.uniform(0.0, _LONGEST_S / 2))
            killed.end(kill=True)
            self.figures.kills[killed.role] += 1
        return people

    def _check(self, people: list[Person]) -> None:
        version = version_of(self._bytes)
        if self._result.read_bytes() != self._bytes:
            raise Broken("the machine's result was changed")
        steps = ReviewFile(self._result.parent, version).read()
        if steps[: len(self._known)] != self._known:
            raise Broken("steps of earlier rounds were changed")
        new = [step.at for step in steps[len(self._known) :]]
        self._known = steps
        untold = 0
        for person in people:
            there = [at for at in new if at // 1e6 == person.seed]
            saved, refused = person.steps("saved"), person.steps("refused")
            if there[: len(saved)] != saved:
                lost = sorted(set(saved) - set(there))
                raise Broken(f"steps that were acknowledged are lost or in another order: {lost}")
            if set(refused) & set(there):
                raise Broken("a step is saved that was said to be refused")
            if len(there) - len(saved) > _IN_FLIGHT:
                raise Broken(f"{len(there) - len(saved)} steps more were saved than acknowledged")
            untold += len(there) - len(saved)
            self.figures.saved += len(saved)
            self.figures.refused += len(refused)
        self.figures.untold += untold
        review = Review(self._machine, steps)
        self._check_store(review.state, exact=not untold)
        while review.can_undo:
            review.add(Step(StepKind.UNDO, 0.0, "Ana"))
        if canonical(review.transcript) != canonical(self._machine):
            raise Broken("undoing everything does not lead back to the machine's result")

    def _check_store(self, state: ReviewState, *, exact: bool) -> None:
        """Check the queue; exact: what it shows of the review is what the steps lead to."""
        store = JobStore(self._home / "store")
        try:
            job = store.get(self._job_id)
            findings = list(verify(store))
        finally:
            store.close()
        if job is None or findings:
            raise Broken(f"the queue is damaged: {findings}")
        if exact and job.review is not state:
            raise Broken(f"the job is {job.review}, its review {state}")
