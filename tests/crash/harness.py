"""Kill the app and its workers, restart, and check that nothing was lost or done twice.

    python -m tests.crash.harness [ROUNDS] [SEED]        (make crash ROUNDS=200)

Each round submits three short recordings, and sometimes a file that is not one. The app or a worker is killed
by SIGKILL, sometimes the app once more while it recovers. Then the app is started again and finishes the
queue. Several harnesses share the rounds and run in parallel, each on its own data folder; all but one of
these are sealed. Two more kill people who correct a result (`edit_rounds.py`) and a process that rotates the
keys (`rotation_rounds.py`), a quarter as often. If a round fails, its harness stops, reports the failure on
stderr, and keeps the folder.
"""

from __future__ import annotations

import faulthandler
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import wave
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import Protocol

import psutil

from fi_desktop.audio.media_files import phone_call
from fi_desktop.core import events as ev
from fi_desktop.core.job import Job, JobState
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.recovery import verify
from fi_desktop.jobs.store import JobStore
from fi_desktop.settings import load
from fi_desktop.system.files import RESULT, WAVEFORM
from fi_desktop.vault.vault import Vault
from tests.crash.victim import PASSPHRASE, SPARED

KINDS = ("commit", "file", "app", "worker")
_POINTS = {"commit": ("before", "after"), "file": ("worker-before", "worker-after")}
ORPHANS_S = 2.0
"""How long a worker may outlive its app, seconds."""
PATIENCE_S = 300.0
_HARNESSES = 4
_SPEECH_S = (10.6, 26.0)
"""A part of the phone call with continuous speech, seconds."""


class Broken(AssertionError):
    """The queue broke a guarantee."""


@dataclass
class Figures:
    """The outcome of all rounds.

    Attributes:
        kills: by kind.
        points: the commit points at which the app or a worker died.
        exhausted: the kinds whose last commit point was passed: a run ended unharmed.
        lost: jobs that were acknowledged and are missing.
        doubled: jobs that were completed twice.
        slowest_end_s: the longest time a worker outlived its app, seconds.
    """

    rounds: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    points: set[str] = field(default_factory=set)
    exhausted: set[str] = field(default_factory=set)
    acknowledged: int = 0
    completed: int = 0
    failed: int = 0
    lost: int = 0
    doubled: int = 0
    slowest_end_s: float = 0.0
    seconds: float = 0.0


class Victim:
    """A running app, and the lines it has written."""

    def __init__(self, home: Path, doom: str, recordings: list[Path], passphrase: str = "") -> None:
        command = [sys.executable, "-m", "tests.crash.victim", str(home), doom, *map(str, recordings)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=os.environ | {PASSPHRASE: passphrase},
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin = self.process.stdin
        self.stdout = self.process.stdout
        self.text = b""

    @property
    def lines(self) -> list[str]:
        return self.text.decode().splitlines()

    def read_until(self, line: str | None) -> bool:
        """Read until this line, or until every writer has exited; return whether the line came."""
        while line is None or line not in self.lines:
            if not wait([self.stdout.fileno()], PATIENCE_S):
                raise Broken(f"no more output after {self.lines}")
            more = self.stdout.read(65536)
            if not more:
                return False
            self.text += more
        return True

    def workers(self) -> list[psutil.Process]:
        """Return the worker processes, without multiprocessing's resource tracker."""
        try:
            children = psutil.Process(self.process.pid).children()
            return [child for child in children if "--multiprocessing-fork" in child.cmdline()]
        except psutil.NoSuchProcess:
            return []

    def ended_after_s(self) -> float:
        """Wait for the app to exit; return how long its workers outlived it, seconds.

        All write to one pipe, which closes when the last of them exits.
        """
        self.process.wait(PATIENCE_S)
        exited_at = time.monotonic()
        self.stdin.close()
        self.read_until(None)
        self.stdout.close()
        return time.monotonic() - exited_at


class Harness:
    """Rounds on one data folder.

    Attributes:
        acknowledged: the recordings whose submit was answered, by job.
    """

    def __init__(
        self, folder: Path, seed: int, *, share: tuple[int, int] = (0, 1), sealed: bool = False
    ) -> None:
        """Prepare.

        Args:
            folder: for the data folder and the recordings.
            seed: of the random moments.
            share: the index and number of harnesses, which share the commit points.
            sealed: seal the data folder with a passphrase.
        """
        self.home = folder / "home"
        self.recordings = folder / "recordings"
        self.home.mkdir()
        self.recordings.mkdir()
        self.rng = random.Random(seed)
        self.figures = Figures()
        self.acknowledged: dict[int, str] = {}
        self._run_s = 2.0
        self._share = share
        self._passphrase = "caballo grapa pila" if sealed else ""
        if sealed:
            Vault.create(self._keys, keyring=False, passphrase=self._passphrase).close()
        self._points = {kind: self._points_of(kind) for kind in _POINTS}

    def run(self, rounds: int) -> Figures:
        """Run rounds.

        Raises:
            Broken: the queue broke a guarantee. Any error has a note with the round and the folder.
        """
        began = time.monotonic()
        for number in range(rounds):
            kind = KINDS[number % len(KINDS)]
            try:
                self._round(number, kind)
            except Exception as error:
                error.add_note(f"in round {number}, {kind}, on {self.home}")
                raise
            self.figures.rounds += 1
            self.figures.seconds = time.monotonic() - began
        return self.figures

    @property
    def _keys(self) -> Path:
        return load({"FI_DESKTOP_HOME": str(self.home)}).keys

    def _vault(self) -> Vault | None:
        """Return the keys, unlocked; None if the data folder is in clear."""
        if not self._passphrase:
            return None
        vault = Vault(self._keys, owner=True)
        vault.unlock(self._passphrase)
        return vault

    def _round(self, number: int, kind: str) -> None:
        files = [self._recording(f"{number:04}-{part}.wav") for part in range(3)]
        if self.rng.random() < 0.25:
            bad = self.recordings / f"{number:04}-bad.wav"
            bad.write_text(f"not a recording {number}")
            files.insert(self.rng.randrange(4), bad)
        match kind:
            case "app":
                self._kill_app(files)
            case "worker":
                self._kill_workers(files)
            case _:
                self._doom(kind, files)
        if self.rng.random() < 0.3:  # again, while it recovers
            self._kill_app([])
        victim = Victim(self.home, "none", [], self._passphrase)
        began = time.monotonic() if victim.read_until("started") else 0.0
        if not victim.read_until("done"):
            raise Broken("the app exited on its own")
        self._run_s = max(0.5, time.monotonic() - began)
        self._end(victim)
        if victim.process.returncode != 0:
            raise Broken(f"the app exited with {victim.process.returncode}")
        self._check()

    def _doom(self, kind: str, files: list[Path]) -> None:
        """Die at the next commit point; after the last one, start again with the first."""
        doom = next(self._points[kind])
        (self.home / SPARED).write_text(doom)
        victim = Victim(self.home, doom, files, self._passphrase)
        victim.read_until("done")
        self._end(victim)
        app_died, worker_died = victim.process.returncode != 0, not (self.home / SPARED).stat().st_size
        if app_died or worker_died:
            self.figures.kills[kind] += 1
            self.figures.points.add(doom)
        else:
            self.figures.exhausted.add(kind)
            self._points[kind] = self._points_of(kind)

    def _kill_app(self, files: list[Path]) -> None:
        victim = Victim(self.home, "none", files, self._passphrase)
        victim.read_until("started")
        _wait_for(victim, self.rng.uniform(0, 1.5 * self._run_s))
        if victim.process.poll() is None:
            victim.process.kill()
            self.figures.kills["app"] += 1
        self._end(victim)

    def _kill_workers(self, files: list[Path]) -> None:
        """Kill up to three workers of a running app; a fourth could use up a job's retries."""
        victim = Victim(self.home, "none", files, self._passphrase)
        victim.read_until("started")
        for _ in range(self.rng.randint(1, 3)):
            _wait_for(victim, self.rng.uniform(0, 0.7 * self._run_s))
            workers = victim.workers()
            if workers:
                try:
                    self.rng.choice(workers).kill()
                except psutil.NoSuchProcess:
                    continue
                self.figures.kills["worker"] += 1
        if not victim.read_until("done"):
            raise Broken("the app exited with its worker")
        self._end(victim)

    def _end(self, victim: Victim) -> None:
        outlived_s = victim.ended_after_s()
        self.figures.slowest_end_s = max(self.figures.slowest_end_s, outlived_s)
        for line in victim.lines:
            match line.split():
                case ["acknowledged", job_id, name]:
                    self.acknowledged[int(job_id)] = name
        if outlived_s > ORPHANS_S:
            raise Broken(f"a worker outlived its app by {outlived_s:.1f} s")

    def _check(self) -> None:
        """Check everything ever submitted, not just this round's."""
        vault = self._vault()
        folders = JobFolders(self.home / "jobs", vault)
        store = JobStore(self.home / "store", vault)
        try:
            jobs = {job.id: job for job in store.jobs()}
            findings = list(verify(store))
            completions = {
                job_id: sum(isinstance(event, ev.Completed) for event in store.events(job_id))
                for job_id in jobs
            }
        finally:
            store.close()
        figures = self.figures
        figures.acknowledged = len(self.acknowledged)
        figures.completed = sum(job.state is JobState.COMPLETED for job in jobs.values())
        figures.failed = sum(job.state is JobState.FAILED for job in jobs.values())
        figures.lost = sum(
            job_id not in jobs or Path(jobs[job_id].path).name != name
            for job_id, name in self.acknowledged.items()
        )
        figures.doubled = sum(number > 1 for number in completions.values())
        problems = findings + [
            problem for job in jobs.values() for problem in _problems(job, completions[job.id], folders)
        ]
        if vault is not None:
            vault.close()
        if figures.lost or figures.doubled or problems:
            raise Broken(f"{figures.lost} lost, {figures.doubled} doubled, {problems}")

    def _points_of(self, kind: str) -> Iterator[str]:
        every = (f"{moment}:{number}" for number in itertools.count(1) for moment in _POINTS[kind])
        which, harnesses = self._share
        return itertools.islice(every, which, None, harnesses)

    def _recording(self, name: str) -> Path:
        """Cut two seconds of speech out of the phone call, different ones each time."""
        sample = phone_call()
        assert sample is not None
        path = self.recordings / name
        with wave.open(str(sample)) as source, wave.open(str(path), "wb") as target:
            rate = source.getframerate()
            target.setparams(source.getparams())
            source.setpos(int(self.rng.uniform(*_SPEECH_S) * rate))
            target.writeframes(source.readframes(2 * rate))
        return path


def _problems(job: Job, completions: int, folders: JobFolders) -> Iterator[str]:
    bad = job.path.endswith("bad.wav")
    if job.state is not (JobState.FAILED if bad else JobState.COMPLETED):
        yield f"job {job.id} is {job.state}: {job.error}"
    if job.state is not JobState.COMPLETED:
        return
    if completions != 1:
        yield f"job {job.id} was completed {completions} times"
    try:
        folders.transcript(job.id)
    except (OSError, ValueError, KeyError) as error:
        yield f"job {job.id}: its result cannot be read ({error!r})"
    files = sorted(path.name for path in folders.folder(job.id).iterdir())
    if files != [RESULT, WAVEFORM]:
        yield f"job {job.id} left {files}"


def _wait_for(victim: Victim, seconds: float) -> None:
    """Let the app work for some seconds, or until it exits."""
    try:
        victim.process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


class Rounds(Protocol):
    """What runs rounds.

    Attributes:
        figures: of the rounds so far.
    """

    @property
    def figures(self) -> object: ...

    def run(self, rounds: int) -> object:
        """Run rounds; return figures."""


def run_rounds(harness: Rounds, rounds: int) -> bool:
    """Run rounds; return whether all passed, and print the first failure at once."""
    try:
        harness.run(rounds)
    except Exception:  # noqa: BLE001 - the other harnesses continue
        traceback.print_exc()
        return False
    return True


def main() -> None:
    from tests.crash.edit_rounds import EditHarness
    from tests.crash.rotation_rounds import RotationHarness

    # print the stack of each thread if stopped from outside
    faulthandler.register(signal.SIGTERM, chain=True)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10_000)
    folder = Path(tempfile.mkdtemp(prefix="crash-"))
    print(f"{rounds} rounds, seed {seed}, in {folder}", flush=True)
    shares = [len(range(which, rounds, _HARNESSES)) for which in range(_HARNESSES)]
    harnesses = []
    for which in range(_HARNESSES):
        home = folder / str(which)
        home.mkdir()
        harnesses.append(Harness(home, seed + which, share=(which, _HARNESSES), sealed=which > 0))
    editing = EditHarness(folder / "editing", seed)
    rotating = RotationHarness(folder / "keys", seed)
    everything: list[Rounds] = [*harnesses, editing, rotating]
    with ThreadPoolExecutor(len(everything)) as threads:
        passed = all(list(threads.map(run_rounds, everything, [*shares, rounds // 4, rounds // 4])))
    for each in everything:
        print(each.figures)
    if not passed:
        for process in psutil.Process().children(recursive=True):
            process.kill()
        sys.exit(f"A round failed, see above. Its files are in {folder}.")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
