"""Deletion by age, legal holds and the trash in a sealed home."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from fi_desktop.audio.media_files import source_sha256
from fi_desktop.cli import main
from fi_desktop.core.errors import UserError
from fi_desktop.core.job import JobState
from fi_desktop.core.transcript import summarize
from fi_desktop.jobs.conversion import seal_folder
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.recording_removal import check_recordings, trash_recordings
from fi_desktop.jobs.retention import DAY_S, KeepTimes
from fi_desktop.jobs.store import JobStore
from fi_desktop.pipeline.stages import write_result
from fi_desktop.vault.job_keys import KeyDestroyed
from fi_desktop.vault.vault import Vault
from tests.jobs.archive import VISIT, transcript
from tests.jobs.test_retention import BROKEN, KEPT, MONTH, START, AgingQueue, kinds_of
from tests.vault.keyrings import memory_keyring

NAME = "Zutanita Quiquirimundi"
UNSEEN = replace(MONTH, unseen=True)


class SealedQueue(AgingQueue):
    """An aging queue whose rows and files are sealed; results are real ones."""

    def __init__(self, home: Path, vault: Vault, times: KeepTimes = MONTH) -> None:
        self.vault = vault
        super().__init__(home, times)

    def complete(self, *names: str) -> tuple[int, ...]:
        """Add recordings and complete their jobs, each with a result of its recording."""
        ids = self.submit(*names)
        for _ in ids:
            job = self.claim()
            folder = self.service.folders.folder(job.id)
            folder.mkdir(parents=True)
            made = transcript(*VISIT)
            sha256 = source_sha256(Path(job.path))
            made = replace(made, provenance=replace(made.provenance, source_sha256=sha256))
            version = write_result(folder, made, self.service.folders.files(job.id))
            with self.service.transaction():
                self.service.transitions.completed(job.id, job.claim, summarize(made, version))
        return ids

    def lock(self) -> None:
        self.answer(self.service.lock(self.vault))


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with memory_keyring():
        vault = Vault.create(tmp_path / "home-keys", keyring=True)
        yield vault
        vault.close()


@pytest.fixture
def clinic(tmp_path: Path, vault: Vault) -> Iterator[SealedQueue]:
    clinic = SealedQueue(tmp_path / "home", vault)
    yield clinic
    clinic.close()


def readable(clinic: SealedQueue) -> list[int]:
    """Return the jobs whose results can be read."""
    found = []
    for job_id in clinic.ids:
        with suppress(OSError, KeyError, ValueError):
            clinic.service.folders.transcript(job_id)
            found.append(job_id)
    return found


def test_results_that_nobody_has_seen_stay_and_the_others_go_with_their_keys(
    clinic: SealedQueue, vault: Vault, tmp_path: Path
):
    seen, unseen, held = clinic.complete(f"{NAME}.wav", "b.wav", "c.wav")
    clinic.answer(clinic.service.mark_seen([seen, held]))
    clinic.answer(clinic.service.hold([held]))
    clinic.service.retention.change(UNSEEN)
    clinic.pass_days(29)
    assert readable(clinic) == [seen, unseen, held]
    shutil.copytree(clinic.home / "jobs", tmp_path / "copy")
    planned = clinic.answer(clinic.service.plan_retention())
    assert (planned.results, planned.on_hold) == ((), ())
    clinic.pass_days(2)
    assert readable(clinic) == [unseen, held]
    assert vault.jobs() == [unseen, held]
    copied = JobFolders(tmp_path / "copy", vault)
    assert copied.transcript(unseen)
    with pytest.raises(KeyDestroyed):
        copied.transcript(seen)
    clinic.answer(clinic.service.mark_seen([unseen]))
    clinic.reopen(0)
    clinic.service.retention.change(UNSEEN)
    clinic.expire()
    assert readable(clinic) == [held]
    assert clinic.answer(clinic.service.verify()) == []


def test_nothing_is_deleted_while_locked_and_what_is_due_goes_afterwards(clinic: SealedQueue, vault: Vault):
    done = clinic.complete("a.wav", "b.wav", "c.wav")
    clinic.answer(clinic.service.hold([done[1]]))
    clinic.lock()
    clinic.pass_days(31)
    assert vault.jobs() == list(done)
    for command in (clinic.service.plan_retention, clinic.service.run_retention):
        with pytest.raises(UserError, match="locked"):
            clinic.answer(command())
    vault.unlock()
    clinic.expire()
    assert readable(clinic) == [done[1]]
    assert kinds_of(clinic).count("removed") == 2


def test_a_report_claims_nothing_that_stayed_because_the_vault_is_locked(clinic: SealedQueue):
    moment = "20231114-221320-000000"  # of `START`
    aside = clinic.home / f"store-damaged-{moment}"
    aside.mkdir()
    clinic.complete("a.wav")
    clinic.service.retention.change(KeepTimes(damaged_s=DAY_S))
    clinic.lock()
    clinic.now += 3 * DAY_S
    with pytest.raises(UserError, match="locked"):
        clinic.answer(clinic.service.run_retention())
    assert aside.exists()


def test_the_sealed_sound_of_a_waiting_job_goes_and_the_job_starts_again(clinic: SealedQueue):
    (waiting,) = clinic.submit("waiting.wav")
    job = clinic.claim()
    folder = clinic.service.folders.folder(waiting)
    folder.mkdir(parents=True)
    clinic.service.folders.files(waiting).write(folder / "audio.s16", b"speech")
    with clinic.service.transaction():
        clinic.service.transitions.failed(job.id, job.claim, BROKEN)
    clinic.answer(clinic.service.hold([waiting]))
    clinic.pass_days(9)
    assert clinic.service.folders.files(waiting).read(folder / "audio.s16") == b"speech"
    clinic.answer(clinic.service.release([waiting]))
    clinic.expire()
    assert not (folder / "audio.s16").exists()
    assert clinic.claim().id == waiting


# ---- legal holds


def test_nothing_removes_a_sealed_job_on_legal_hold(clinic: SealedQueue, vault: Vault):
    kept, other = clinic.complete(f"{NAME}.wav", "other.wav")
    clinic.answer(clinic.service.hold([kept]))
    with pytest.raises(UserError, match="Job 1 is on legal hold"):
        clinic.answer(clinic.service.remove([other, kept]))
    assert readable(clinic) == [kept, other]
    assert clinic.answer(clinic.service.purge([JobState.COMPLETED])) == 1
    assert vault.jobs() == [kept]
    clinic.lock()
    for command in (clinic.service.remove, clinic.service.release):
        with pytest.raises(UserError, match="locked"):
            clinic.answer(command([kept]))
    vault.unlock()
    clinic.pass_days(40)
    clinic.reopen(1)
    clinic.expire()
    assert readable(clinic) == [kept]
    assert clinic.answer(clinic.service.jobs_on_hold()) == [clinic.job(kept)]
    vault.rotate()
    assert readable(clinic) == [kept]
    clinic.answer(clinic.service.release([kept]))
    clinic.expire()
    assert (clinic.ids, vault.jobs()) == ([], [])


@pytest.mark.parametrize("offset", [0, 16], ids=["the head", "all but the head"])
def test_a_hold_is_kept_when_a_damaged_sealed_queue_is_rebuilt(
    clinic: SealedQueue, vault: Vault, offset: int
):
    kept, gone, other = clinic.complete("kept.wav", "gone.wav", "other.wav")
    clinic.answer(clinic.service.hold([kept]))
    clinic.answer(clinic.service.remove([gone]))
    clinic.close()
    database = clinic.home / "store" / "cache.db"
    with database.open("r+b") as file:
        file.seek(offset)
        file.write(bytes(database.stat().st_size - offset))
    clinic.service = clinic._service()
    assert readable(clinic) == [kept, other]
    assert [job.id for job in clinic.answer(clinic.service.jobs_on_hold())] == [kept]
    with pytest.raises(UserError, match="Job 1 is on legal hold"):
        clinic.answer(clinic.service.remove([kept]))
    assert clinic.answer(clinic.service.verify()) == []
    clinic.pass_days(40)
    assert readable(clinic) == [kept]
    clinic.answer(clinic.service.release([kept]))
    clinic.expire()
    assert vault.jobs() == []


def test_a_hold_stays_when_a_home_is_sealed_and_unsealed(tmp_path: Path, vault: Vault):
    clinic = AgingQueue(tmp_path / "home")
    kept, other = clinic.complete("kept.wav", "other.wav")
    clinic.answer(clinic.service.hold([kept]))
    clinic.answer(clinic.service.seal(vault))
    clinic.vault = vault
    for job_id in (kept, other):
        seal_folder(clinic.service.folders.folder(job_id), clinic.service.folders.files(job_id))
    assert clinic.service.folders.is_marked(kept)
    clinic.pass_days(31)
    clinic.reopen(0)
    clinic.expire()
    assert (clinic.ids, vault.jobs()) == ([kept], [kept])
    assert clinic.job(kept).hold_since == START
    clinic.close()


# ---- recordings that go to the trash


@pytest.fixture
def trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's trash, in a folder of the test."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_DATA_HOME", str(data))
    return data / "Trash" / "files"


def test_recordings_are_compared_with_sealed_results(clinic: SealedQueue, vault: Vault):
    same, changed, lost = clinic.complete("same.wav", "changed.wav", "lost.wav")
    (clinic.home / "changed.wav").write_bytes(b"another take")
    vault.destroy(lost)

    def jobs_after(after: int, limit: int) -> list:
        return clinic.answer(clinic.service.jobs(after=after, limit=limit))

    checked = check_recordings([same, changed, lost], jobs_after, clinic.service.folders)
    assert [recording.job for recording in checked.going] == [same]
    moved: list[Path] = []
    gone = trash_recordings(checked, lambda path: not moved.append(path), clinic.trail)
    assert moved == [clinic.home / "same.wav"]
    assert [recording.job for recording in gone.going] == [same]
    clinic.lock()
    with pytest.raises(UserError, match="locked"):
        check_recordings([same], jobs_after, clinic.service.folders)


def test_the_command_line_moves_recordings_of_a_sealed_home_to_the_trash(
    home: Path, tmp_path: Path, trash: Path, capsys: pytest.CaptureFixture
):
    with memory_keyring():
        vault = Vault.create(home.with_name(f"{home.name}-keys"), keyring=True)
        clinic = SealedQueue(home, vault, KEPT)
        clinic.now = 4e9  # nothing is old
        same, changed, held = clinic.complete(f"{NAME}.wav", "changed.wav", "held.wav")
        (home / "changed.wav").write_bytes(b"another take")
        clinic.close()
        vault.close()
        assert main(["retention", "hold", str(held)]) == 0
        assert main(["jobs", "remove", str(same), str(held), "--with-recording"]) == 1
        assert f"Job {held} is on legal hold." in capsys.readouterr().err
        assert (home / f"{NAME}.wav").exists()
        assert main(["jobs", "remove", str(same), str(changed), "--with-recording"]) == 1
        output = capsys.readouterr()
        assert "Moved to the trash: 1 recording." in output.out
        assert "changed.wav stays: it is no longer the recording that was processed." in " ".join(
            output.err.split()
        )
        assert [path.name for path in trash.iterdir()] == [f"{NAME}.wav"]
        vault = Vault(home.with_name(f"{home.name}-keys"), owner=True)
        vault.unlock()
        assert vault.jobs() == [held]
        store = JobStore(home / "store", vault)
        assert [job.id for job in store.on_hold()] == [held]
        store.close()
        vault.close()
