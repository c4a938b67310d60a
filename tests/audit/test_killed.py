"""A killed program leaves a trail that verifies, and every act that was acknowledged is in it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.audit.chain import Entry
from fi_desktop.audit.trail_store import TrailStore
from fi_desktop.audit.verification import verify_trail
from fi_desktop.cli.queue_access import idle_queue
from fi_desktop.jobs.audit_check import check_jobs
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import load
from tests.e2e.commands import environment

ROUNDS = 12
DAMAGED = "damaged"  # the only finding: a line that was being written was cut off
pytestmark = pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")

RECORD = """
import sys
from pathlib import Path
from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.audit.trail import AuditTrail

trail = AuditTrail(Path(sys.argv[1]) / "audit", program="test")
first = int(sys.argv[2])
for number in range(first, first + 10_000):
    trail.record(Act(ActKind.OPENED, number)).result()
    print(number, flush=True)
"""

SUBMIT = """
import itertools, sys
from pathlib import Path
from fi_desktop.cli.queue_access import idle_queue
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import load

folder = Path(sys.argv[3])
with idle_queue(load()) as client:
    for number in itertools.count(int(sys.argv[2])):
        path = folder / f"{number}.wav"
        path.write_text(str(number))
        job, = client.call(JobService.submit, [path]).ids
        print(job, flush=True)
        if job % 3 == 0:
            client.call(JobService.remove, [job])
            print(-job, flush=True)
"""


def acknowledged_until_killed(script: str, *arguments: object, home: Path, lines: int) -> list[int]:
    """Run a script, kill it after some acknowledgements, and return all it gave."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=environment(home),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    read = [process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    return [int(line) for line in [*read, *rest.splitlines(keepends=True)] if line.endswith("\n")]


def verified(home: Path) -> list[Entry]:
    store = TrailStore(home / "audit")
    store.append([], {})  # what the next process does first
    found = verify_trail(store)
    assert [str(each) for each in found.findings if DAMAGED not in str(each)] == []
    return list(found.entries)


def jobs_of(entries: list[Entry], kind: str) -> list[int]:
    return [entry.fields["job"] for entry in entries if entry.fields["kind"] == kind]


KILLED_BEFORE_SAVING = """
import os, signal, sys
from pathlib import Path
from fi_desktop.audit import trail_store
from fi_desktop.audit.acts import Act, ActKind

real, calls = trail_store.save_state, 0

def save_state(folder, state):
    global calls
    calls += 1
    if calls == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    real(folder, state)

trail_store.save_state = save_state
trail_store.TrailStore(Path(sys.argv[1]) / "audit").append([(1.0, Act(ActKind.OPENED, 1))], {})
"""


@pytest.mark.parametrize("call", [1, 2])
def test_first_act_of_a_trail_survives_a_kill_before_its_state_is_saved(home: Path, call: int):
    command = [sys.executable, "-c", KILLED_BEFORE_SAVING, str(home), str(call)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    entries = verified(home)
    assert jobs_of(entries, "opened") == ([1] if call == 2 else [])
    TrailStore(home / "audit").append([(2.0, Act(ActKind.OPENED, 2))], {})
    kinds = [entry.fields["kind"] for entry in verified(home)]
    assert kinds.count("trail began") == 1


@pytest.mark.slow
def test_every_acknowledged_act_is_in_the_trail(home: Path):
    rng = random.Random(17)
    expected: list[int] = []
    for round_number in range(ROUNDS):
        first = 1 + 10_000 * round_number
        expected += acknowledged_until_killed(RECORD, home, first, home=home, lines=rng.randrange(1, 40))
        found = jobs_of(verified(home), "opened")
        assert set(expected) <= set(found)
        assert len(found) == len(set(found))


@pytest.mark.slow
def test_every_acknowledged_change_of_the_queue_is_in_the_trail(home: Path, tmp_path: Path):
    rng = random.Random(3)
    acknowledged: list[int] = []
    for round_number in range(ROUNDS // 2):
        first = 1000 * round_number
        acknowledged += acknowledged_until_killed(
            SUBMIT, home, first, tmp_path, home=home, lines=rng.randrange(1, 25)
        )
        settings = load({"FI_DESKTOP_HOME": str(home)})
        with idle_queue(settings) as client:
            ids = {job.id for job in client.call(JobService.jobs)}
        entries = verified(home)
        added, removed = jobs_of(entries, "added"), jobs_of(entries, "removed")
        assert {job for job in acknowledged if job > 0} <= set(added)
        assert {-job for job in acknowledged if job < 0} <= set(removed)
        assert len(added) == len(set(added))
        assert len(removed) == len(set(removed))
        assert list(check_jobs(entries, ids, JobFolders(settings.jobs))) == []
