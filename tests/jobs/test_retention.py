"""What is deleted by age, what a legal hold keeps, and clocks that jump."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from fi_desktop.audit.acts import ActKind
from fi_desktop.audit.trail import AuditTrail
from fi_desktop.audit.trail_store import TrailStore
from fi_desktop.audit.verification import verify_trail
from fi_desktop.cli import main
from fi_desktop.core.codec import transcript_to_json
from fi_desktop.core.errors import ErrorInfo, ErrorKind, UserError
from fi_desktop.core.job import JobState
from fi_desktop.core.values import Summary
from fi_desktop.jobs.audit_check import check_jobs
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.queue_events import ClockDoubted, QueueEvent, RetentionRan
from fi_desktop.jobs.recovery import open_or_rebuild
from fi_desktop.jobs.retention import DAY_S, KeepTimes
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.store import JobStore
from fi_desktop.settings import load, save
from fi_desktop.vault.vault import Vault
from tests.jobs.archive import VISIT, transcript
from tests.jobs.conftest import Bench

BROKEN = ErrorInfo(ErrorKind.TRANSIENT, "audio.read", "The drive did not answer.")
SUMMARY = Summary(2, 30.0, "builtin")
START = 1.7e9
KEPT = KeepTimes(clock_gap_s=14 * DAY_S)
MONTH = KeepTimes(
    results_s=30 * DAY_S, audio_s=7 * DAY_S, damaged_s=30 * DAY_S, trail_s=365 * DAY_S, clock_gap_s=14 * DAY_S
)


class AgingQueue(Bench):
    """A service with an audit trail, whose clock the test moves.

    Attributes:
        vault: has the keys; None: everything is in clear.
    """

    vault: Vault | None = None

    def __init__(self, home: Path, times: KeepTimes = MONTH, *, file_bytes: int = 2000) -> None:
        self._times, self._file_bytes = times, file_bytes
        self._start = START
        super().__init__(home)

    def _service(self) -> JobService:
        self.now = max(self.now, START)
        folders = JobFolders(self.home / "jobs", self.vault)
        self.trail = AuditTrail(self.home / "audit", program="window", now=lambda: self.now)
        self.trail.store = TrailStore(self.home / "audit", file_bytes=self._file_bytes)
        service = JobService(
            partial(open_or_rebuild, self.home / "store", folders, now=lambda: self.now),
            folders,
            now=lambda: self.now,
            rng=random.Random(1),
            keep=self._times,
            trail=self.trail,
        )
        self.events: list[QueueEvent] = []
        service.listen(self.events.extend)
        service.open(lambda: None)
        with service.transaction():
            pass  # publishes what opening found
        return service

    def close(self) -> None:
        self.service.close()
        self.trail.close()

    def reopen(self, days: float) -> None:
        """Close the program and start it some days later."""
        self.close()
        self.now += days * DAY_S
        self.service = self._service()

    def pass_days(self, days: float) -> None:
        """Let days pass while the program runs, which looks at the clock every hour."""
        for _ in range(int(days)):
            self.now += DAY_S
            self.expire()

    def expire(self) -> None:
        with self.service.transaction():
            while not self.service.retention.expire():
                pass

    def complete(self, *names: str) -> tuple[int, ...]:
        """Add recordings and complete their jobs, each with a result."""
        ids = self.submit(*names)
        for _ in ids:
            job = self.claim()
            folder = self.service.folders.folder(job.id)
            folder.mkdir(parents=True, exist_ok=True)
            self.service.folders.files(job.id).write(folder / "result.json", b"{}")
            with self.service.transaction():
                self.service.transitions.completed(job.id, job.claim, SUMMARY)
        return ids

    @property
    def ids(self) -> list[int]:
        return [job.id for job in self.answer(self.service.jobs())]


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[AgingQueue]:
    clinic = AgingQueue(tmp_path / "home")
    yield clinic
    clinic.close()


def kinds_of(clinic: AgingQueue) -> list[str]:
    clinic.trail.close()
    return [str(entry.fields["kind"]) for entry in verify_trail(TrailStore(clinic.home / "audit")).entries]


def test_results_and_decoded_sound_have_separate_times(clinic: AgingQueue):
    (done,) = clinic.complete("done.wav")
    (waiting,) = clinic.submit("waiting.wav")
    job = clinic.claim()
    folder = clinic.service.folders.folder(waiting)
    folder.mkdir(parents=True)
    (folder / "audio.s16").write_bytes(b"speech")
    with clinic.service.transaction():
        clinic.service.transitions.failed(job.id, job.claim, BROKEN)
    assert clinic.job(waiting).state is JobState.RETRYING
    clinic.pass_days(6)
    assert (folder / "audio.s16").exists()
    clinic.pass_days(2)
    assert not (folder / "audio.s16").exists()
    assert clinic.ids == [done, waiting]
    clinic.pass_days(23)
    assert clinic.ids == [waiting]
    assert clinic.job(waiting).state is JobState.RETRYING
    ran = [event for event in clinic.events if isinstance(event, RetentionRan)]
    assert ran == [RetentionRan(0, 1, 0, 0), RetentionRan(1, 0, 0, 0)]
    assert clinic.claim().id == waiting


def test_the_sound_of_a_running_job_stays(clinic: AgingQueue):
    clinic.submit("a.wav")
    job = clinic.claim()
    with clinic.service.transaction():
        clinic.service.transitions.released(job.id, job.claim)
    folder = clinic.service.folders.folder(job.id)
    folder.mkdir(parents=True)
    (folder / "audio.s16").write_bytes(b"speech")
    clinic.claim()
    clinic.pass_days(13)
    assert (folder / "audio.s16").exists()


def test_a_report_names_what_is_due_and_deletes_nothing(clinic: AgingQueue):
    done = clinic.complete("a.wav", "b.wav", "c.wav")
    clinic.answer(clinic.service.hold([done[1]]))
    clinic.service.retention.change(KEPT)
    clinic.pass_days(31)
    clinic.service.retention.change(MONTH)
    before = sorted(path for path in clinic.home.rglob("*") if path.is_file() and "audit" not in path.parts)
    planned = clinic.answer(clinic.service.plan_retention())
    assert planned.dry_run
    assert (planned.results, planned.on_hold) == ((done[0], done[2]), (done[1],))
    after = sorted(path for path in clinic.home.rglob("*") if path.is_file() and "audit" not in path.parts)
    assert (clinic.ids, after) == (list(done), before)
    ran = clinic.answer(clinic.service.run_retention())
    assert (ran.results, ran.on_hold, ran.dry_run) == ((done[0], done[2]), (done[1],), False)
    assert clinic.ids == [done[1]]
    assert not clinic.answer(clinic.service.plan_retention()).anything


def test_nothing_removes_a_job_on_legal_hold_until_it_is_released(clinic: AgingQueue):
    kept, other = clinic.complete("kept.wav", "other.wav")
    clinic.answer(clinic.service.hold([kept]))
    assert clinic.job(kept).hold_since == clinic.now
    with pytest.raises(UserError, match="Job 1 is on legal hold"):
        clinic.answer(clinic.service.remove([other, kept]))
    assert clinic.ids == [kept, other]  # neither went
    assert clinic.answer(clinic.service.purge([JobState.COMPLETED])) == 1
    assert clinic.answer(clinic.service.remove_superseded(kept))
    clinic.pass_days(40)
    clinic.reopen(3)
    clinic.service.retention.change(MONTH)
    clinic.expire()
    assert clinic.ids == [kept]
    assert (clinic.service.folders.folder(kept) / "result.json").exists()
    assert clinic.answer(clinic.service.jobs_on_hold()) == [clinic.job(kept)]
    assert clinic.answer(clinic.service.verify()) == []
    clinic.answer(clinic.service.release([kept]))
    clinic.expire()
    assert clinic.ids == []
    kinds = kinds_of(clinic)
    assert kinds.count("legal hold placed") == kinds.count("legal hold released") == 1
    assert kinds.index("legal hold released") < len(kinds) - 1 - kinds[::-1].index("removed")


@pytest.mark.parametrize("offset", [0, 16], ids=["the head", "all but the head"])
def test_a_hold_is_kept_when_a_damaged_queue_is_rebuilt(clinic: AgingQueue, offset: int):
    (kept,) = clinic.complete("kept.wav")
    folder = clinic.service.folders.folder(kept)
    (folder / "result.json").write_text(json.dumps(transcript_to_json(transcript(*VISIT))))
    clinic.answer(clinic.service.hold([kept]))
    clinic.close()
    database = clinic.home / "store" / "cache.db"
    with database.open("r+b") as file:
        file.seek(offset)
        file.write(bytes(database.stat().st_size - offset))
    clinic.service = clinic._service()
    assert clinic.job(kept).hold_since is not None
    assert clinic.job(kept).state is JobState.COMPLETED
    assert clinic.answer(clinic.service.verify()) == []
    clinic.answer(clinic.service.release([kept]))
    assert not (folder / "hold").exists()


def test_retry_and_a_new_result_keep_the_hold(clinic: AgingQueue):
    (kept,) = clinic.complete("kept.wav")
    clinic.answer(clinic.service.hold([kept]))
    clinic.answer(clinic.service.retry([kept]))
    job = clinic.claim()
    with clinic.service.transaction():
        clinic.service.transitions.completed(job.id, job.claim, SUMMARY)
    assert clinic.job(kept).hold_since == START


@pytest.mark.parametrize("days", [15, 365, 36_500])
def test_a_clock_set_to_the_future_deletes_nothing(clinic: AgingQueue, days: int):
    done = clinic.complete("a.wav")
    clinic.pass_days(10)
    clinic.reopen(days)
    (notice,) = (event.note for event in clinic.events if isinstance(event, ClockDoubted))
    assert f"clock is {days} days later than when the program was last used" in str(notice)
    for _ in range(3):
        clinic.pass_days(1)
        report = clinic.answer(clinic.service.run_retention())
        assert report.stopped is not None
        assert not report.anything
    clinic.reopen(0)  # a restart does not make it right
    clinic.expire()
    assert tuple(clinic.ids) == done
    clinic.reopen(-days - 3)  # somebody sets it right
    clinic.expire()
    assert not any(isinstance(event, ClockDoubted) for event in clinic.events)
    assert tuple(clinic.ids) == done
    clinic.pass_days(21)
    assert clinic.ids == []


def test_a_person_confirms_that_the_clock_is_right(clinic: AgingQueue):
    done = clinic.complete("a.wav")
    clinic.reopen(40)
    assert clinic.answer(clinic.service.plan_retention()).results == done
    report = clinic.answer(clinic.service.run_retention(clock_is_right=True))
    assert (report.stopped, report.results) == (None, done)
    assert clinic.ids == []
    assert "clock confirmed" in kinds_of(clinic)


def test_a_clock_that_was_ahead_and_is_set_back_deletes_nothing_early(clinic: AgingQueue):
    clinic.now += 10 * DAY_S  # ahead
    done = clinic.complete("a.wav")
    clinic.reopen(-10)
    clinic.pass_days(35)
    assert tuple(clinic.ids) == done
    clinic.pass_days(6)
    assert clinic.ids == []


def test_a_failed_transaction_is_not_reported(clinic: AgingQueue, monkeypatch: pytest.MonkeyPatch):
    done = clinic.complete("a.wav")
    clinic.service.retention.change(KEPT)
    clinic.pass_days(31)
    clinic.service.retention.change(MONTH)
    with pytest.raises(ZeroDivisionError), clinic.service.transaction():
        clinic.service.retention.expire()
        raise ZeroDivisionError
    assert tuple(clinic.ids) == done
    assert (clinic.service.folders.folder(done[0]) / "result.json").exists()
    clinic.expire()
    assert clinic.ids == []
    assert [event for event in clinic.events if isinstance(event, RetentionRan)] == [RetentionRan(1, 0, 0, 0)]


def test_damaged_queues_go_after_their_time_but_not_while_anything_is_on_hold(clinic: AgingQueue):
    moment = datetime.fromtimestamp(START, UTC).strftime("%Y%m%d-%H%M%S-%f")
    aside = clinic.home / f"store-damaged-{moment}"
    named = clinic.home / "store-damaged-of-a-person"
    for folder in (aside, named):
        folder.mkdir()
        (folder / "cache.db").write_text("names")
    (held,) = clinic.submit("a.wav")
    clinic.answer(clinic.service.hold([held]))
    clinic.pass_days(31)
    assert aside.exists()
    clinic.answer(clinic.service.release([held]))
    assert clinic.answer(clinic.service.plan_retention()).damaged == 1
    clinic.pass_days(1)
    assert not aside.exists()
    assert named.exists()


def aged(clinic: AgingQueue) -> None:
    """Give the files of the trail the age of their entries, by the test's clock."""
    for number in clinic.trail.store.files():
        path = clinic.trail.store.path(number)
        last = json.loads(path.read_bytes().splitlines()[-1])
        at = datetime.fromisoformat(last["at"]).timestamp()
        os.utime(path, (at, at))


def test_old_files_of_the_audit_trail_go_and_the_rest_is_verified(clinic: AgingQueue):
    first_key = ""
    clinic.close()
    clinic = AgingQueue(clinic.home, replace(KEPT, trail_s=365 * DAY_S))
    for month in range(16):
        clinic.complete(f"{month}.wav")
        clinic.pass_days(10)
        clinic.reopen(10)
        first_key = first_key or verify_trail(clinic.trail.store).first_key
    clinic.close()
    verified = verify_trail(clinic.trail.store)
    assert verified.findings == []
    aged(clinic)
    clinic.service = clinic._service()
    clinic.pass_days(101)  # 421 days after the first entry
    clinic.close()
    store = TrailStore(clinic.home / "audit")
    assert store.files()[0] > 1
    after = verify_trail(store)
    assert after.findings == []
    assert after.first_key == first_key
    assert 1 < after.entries[0].number < verified.entries[-1].number
    shortened = [entry for entry in after.entries if entry.fields["kind"] == ActKind.TRAIL_SHORTENED]
    assert shortened[-1].fields["detail"]["first"] == after.entries[0].number
    jobs = JobStore(clinic.home / "store")
    ids = jobs.ids()
    jobs.close()
    assert ids
    assert list(check_jobs(after.entries, ids, JobFolders(clinic.home / "jobs"))) == []


# ---- the command line


def test_the_command_line_shows_runs_holds_and_releases(
    home: Path, capsys: pytest.CaptureFixture, tmp_path: Path
):
    bench = Bench(home)  # its clock is in 1970
    ids = bench.submit(*(f"Zutanita {number}.wav" for number in range(3)))
    bench.answer(bench.service.cancel(ids))
    bench.service.close()
    save(home, {"keep_days": 0})
    assert main(["retention", "hold", "2"]) == 0
    save(home, {"keep_days": 20})
    assert main(["retention", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["settings"]["keep_days"] == 20.0
    assert shown["on_hold"] == [2]
    assert (shown["due"]["results"], shown["due"]["on_hold"]) == ([1, 3], [2])
    assert main(["retention", "show"]) == 0
    said = capsys.readouterr().out
    assert "On legal hold: 2." in said
    assert "Due now: 2 results (jobs 1,3)." in said
    assert main(["retention", "run", "--dry-run"]) == 0
    assert "Due now: 2 results" in capsys.readouterr().out
    file = tmp_path / "report.json"
    assert main(["retention", "run", "-o", str(file)]) == 0
    assert "Deleted: 2 results (jobs 1,3)." in capsys.readouterr().out
    report = json.loads(file.read_text())
    assert (report["results"], report["dry_run"]) == ([1, 3], False)
    assert "Zutanita" not in file.read_text()
    assert main(["jobs", "remove", "2"]) == 1
    assert "Job 2 is on legal hold." in capsys.readouterr().err
    assert main(["retention", "release", "2"]) == 0
    assert main(["jobs", "list"]) == 0  # opens the queue, so what is due goes
    assert main(["retention", "show"]) == 0
    assert "Due now: nothing." in capsys.readouterr().out
    kinds = [entry.fields["kind"] for entry in verify_trail(TrailStore(load().audit)).entries]
    for kind in ("legal hold placed", "legal hold released", "retention ran"):
        assert kind in kinds


def test_the_command_line_asks_about_a_clock_that_jumped(home: Path, capsys: pytest.CaptureFixture):
    bench = Bench(home)
    bench.answer(bench.service.cancel(bench.submit("a.wav")))
    with bench.service.transaction():
        bench.service.transitions.store.rows.put("m:clock", 1_000)
    bench.service.close()
    assert main(["retention", "run"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "Deleted: nothing." in said
    assert "Nothing is deleted by age until you confirm that the clock is right." in said
    assert main(["retention", "run", "--clock-is-right", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["results"] == [1]


def test_the_policy_is_shown_with_the_times(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    policy = tmp_path / "policy.toml"
    policy.write_text("keep_days = {fixed = 20}\nkeep_trail_days = {min = 1825}")
    monkeypatch.setenv("FI_DESKTOP_POLICY", str(policy))
    assert main(["retention", "show"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-4:] for line in lines if "recordings" in line] == [["set", "by", "your", "clinic"]]
    assert any("audit trail" in line and "limited by your clinic" in line for line in lines)
    assert main(["retention", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["policy"]["fixed"] == ["keep_days"]
