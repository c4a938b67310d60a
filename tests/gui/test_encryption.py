"""Encryption at rest in the window: unlocking it at the start, and a lock that takes the key from memory."""

import shutil
from pathlib import Path

import pyrage
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from fi_desktop.core.job import JobState
from fi_desktop.core.values import JobOptions
from fi_desktop.gui import clipboard
from fi_desktop.settings import save
from fi_desktop.vault.home_files import HomeFiles
from fi_desktop.vault.vault import Vault, VaultLocked
from fi_desktop.viewmodel import pin
from fi_desktop.watch.config import Choice, Profile, WatchedFolder, save_folders, save_profiles
from tests.gui.sealed_window import PASSPHRASE, enter, passphrase_vault, real_window, wait_until_working
from tests.gui.test_remove_question import press, tick, trash
from tests.gui.test_remove_question import shown as shown_rows
from tests.recordings import write_part
from tests.vault.keyrings import memory_keyring

__all__ = ["trash"]  # a fixture

PIN = "2468"
TEXT = "su prueba es positiva"


@pytest.fixture(autouse=True)
def _empty_clipboard(dressed):
    yield
    QGuiApplication.clipboard().clear()


@pytest.fixture
def recording(tmp_path: Path, sample: Path) -> Path:
    """Ten seconds of the phone call."""
    path = tmp_path / "recorder" / "Zutanita.wav"
    path.parent.mkdir()
    return write_part(sample, path, 5)


def shown() -> list:
    return [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]


def unlocker_of(qtbot, desktop):
    qtbot.waitUntil(lambda: desktop.unlocker is not None and desktop.unlocker.isVisible())
    return desktop.unlocker


def start_with_passphrase(qtbot, desktop) -> None:
    enter(qtbot, unlocker_of(qtbot, desktop).form, PASSPHRASE)
    wait_until_working(qtbot, desktop)


def finish(qtbot, desktop, recording: Path) -> int:
    """Have a recording processed; return its number."""
    service = desktop._program.service
    options = JobOptions(engine="builtin", transcriber="none")
    (job_id,) = service.submit([recording], options, again=True).result(60).ids
    qtbot.waitUntil(lambda: desktop.window.jobs.counts[JobState.COMPLETED] >= 1)
    return job_id


def test_the_passphrase_is_asked_for_and_starts_the_program(qtbot, dressed, home):
    passphrase_vault(home)
    with real_window(qtbot, home) as desktop:
        unlocker = unlocker_of(qtbot, desktop)
        assert unlocker.form.isVisible()
        assert not unlocker.recovery.isVisible()  # there is no recovery key
        assert not unlocker.again.isVisible()
        assert desktop.window.message.text == ""
        enter(qtbot, unlocker.form, "")
        assert desktop.lock.attempts.failures == 0
        enter(qtbot, unlocker.form, "grapa caballo pila")
        qtbot.waitUntil(lambda: unlocker.form.error == "This is not the passphrase. Try again in 1 s.")
        assert not unlocker.form.field.isEnabled()
        assert pin.attempts_file(home).read_text() == "1"
        enter(qtbot, unlocker.form, PASSPHRASE)
        wait_until_working(qtbot, desktop)
        assert desktop.unlocker is None
        assert not pin.attempts_file(home).exists()
        assert desktop._program.vault is not None
        assert not desktop._program.vault.locked
        assert desktop.window.message.text == ""
        assert desktop._program.service.jobs().result(60) == []


def test_a_recording_goes_to_the_trash_that_is_the_one_of_the_sealed_result(
    qtbot, dressed, home, recording, trash
):
    passphrase_vault(home)
    with real_window(qtbot, home) as desktop:
        start_with_passphrase(qtbot, desktop)
        job_id = finish(qtbot, desktop, recording)
        folder = desktop._program.service.folders.folder(job_id)
        assert not (folder / "result.json").read_bytes().startswith(b"{")
        qtbot.waitUntil(lambda: shown_rows(desktop.window.jobs)[0].exportable)
        desktop.window.table.select(job_id)
        desktop.window.job_controller.remove()
        box = desktop.window.job_controller.remove_question.box
        tick(qtbot, box)
        press(qtbot, box, "Remove")
        qtbot.waitUntil(lambda: desktop.window.message.text == "1 recording moved to the trash")
        assert [path.name for path in trash.iterdir()] == ["Zutanita.wav"]
        assert not recording.exists()
        assert not folder.exists()
        assert desktop._program.vault.jobs() == []


def test_the_program_can_be_ended_instead_of_unlocked(qtbot, dressed, home):
    passphrase_vault(home)
    with real_window(qtbot, home) as desktop:
        unlocker = unlocker_of(qtbot, desktop)
        with qtbot.waitSignal(desktop.ended):
            QTest.mouseClick(unlocker.quit, Qt.MouseButton.LeftButton)
    with real_window(qtbot, home) as desktop:
        unlocker = unlocker_of(qtbot, desktop)
        with qtbot.waitSignal(desktop.ended):
            QTest.keyClick(unlocker, Qt.Key.Key_Escape)


def test_wrong_passphrases_slow_down_after_a_restart_too(qtbot, dressed, home):
    passphrase_vault(home)
    pin.attempts_file(home).parent.mkdir(parents=True, exist_ok=True)
    pin.attempts_file(home).write_text("3")
    with real_window(qtbot, home) as desktop:
        unlocker = unlocker_of(qtbot, desktop)
        assert not unlocker.form.field.isEnabled()
        assert unlocker.form.error.startswith("This is not the passphrase. Try again in ")
        assert 0.0 < desktop.lock.attempts.wait_s <= 4.0
        start_with_passphrase(qtbot, desktop)


def test_locking_takes_the_results_away_and_unlocking_brings_them_back(qtbot, dressed, home, recording):
    passphrase_vault(home)
    with real_window(qtbot, home) as desktop:
        start_with_passphrase(qtbot, desktop)
        program, window = desktop._program, desktop.window
        job_id = finish(qtbot, desktop, recording)
        folders = program.service.folders
        duration = folders.transcript(job_id).duration
        window.table.select(job_id)
        clipboard.copy_text(TEXT)
        window.commands.lock.trigger()
        assert shown() == [desktop.lock.screen]
        assert program.settings.locked.exists()
        qtbot.waitUntil(lambda: program.vault.locked)
        with pytest.raises(VaultLocked):
            folders.transcript(job_id)
        assert QGuiApplication.clipboard().text() == ""
        desktop.lock.screen.forgot.click()
        assert "There is no other way." in desktop.lock.screen.help
        assert not desktop.lock.screen._path.isVisible()
        result = window.windows.open(job_id)  # as from a notification
        second = recording.with_name("Second.wav")
        shutil.copy(recording, second)
        desktop.lock.screen.files_dropped.emit([second])
        qtbot.waitUntil(lambda: window.jobs.rowCount() == 2)
        qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 2)
        enter(qtbot, desktop.lock.screen.form, "")
        enter(qtbot, desktop.lock.screen.form, PIN)
        qtbot.waitUntil(lambda: desktop.lock.attempts.failures == 1)
        assert program.vault.locked
        enter(qtbot, desktop.lock.screen.form, PASSPHRASE)
        qtbot.waitUntil(lambda: not desktop.lock.locked)
        assert not program.vault.locked
        assert not program.settings.locked.exists()
        assert folders.transcript(job_id).duration == duration
        qtbot.waitUntil(lambda: result.result is not None)
        assert window.message.text == "1 recording added: 2 speakers."
        assert len(program.service.jobs().result(60)) == 2


def test_an_empty_field_never_unlocks_while_the_vault_is_still_unlocked(qtbot, dressed, home, monkeypatch):
    passphrase_vault(home)
    with real_window(qtbot, home) as desktop:
        start_with_passphrase(qtbot, desktop)
        monkeypatch.setattr(desktop._program, "lock", lambda: None)  # as if it had failed
        desktop.lock.lock()
        form = desktop.lock.screen.form
        enter(qtbot, form, "")
        enter(qtbot, form, "quien sabe que")
        qtbot.waitUntil(lambda: desktop.lock.attempts.failures == 1)
        assert desktop.lock.locked
        enter(qtbot, form, PASSPHRASE)
        qtbot.waitUntil(lambda: not desktop.lock.locked)


def test_with_a_keyring_the_pin_unlocks_the_vault(qtbot, dressed, home, recording):
    with memory_keyring(), real_window(qtbot, home) as desktop:
        wait_until_working(qtbot, desktop)
        program = desktop._program
        qtbot.waitUntil(lambda: program.vault is not None)  # there is a keyring
        pin.change(home, "", PIN)
        job_id = finish(qtbot, desktop, recording)
        desktop.lock.lock()
        qtbot.waitUntil(lambda: program.vault.locked)
        assert "keyring opens them without the PIN" in desktop.lock.screen.help
        enter(qtbot, desktop.lock.screen.form, PIN)
        qtbot.waitUntil(lambda: not desktop.lock.locked)
        assert not program.vault.locked
        assert program.service.folders.transcript(job_id).duration > 0


def test_a_program_that_ended_while_locked_starts_locked(qtbot, dressed, home, recording):
    with memory_keyring():
        with real_window(qtbot, home) as desktop:
            wait_until_working(qtbot, desktop)
            qtbot.waitUntil(lambda: desktop._program.vault is not None)
            pin.change(home, "", PIN)
            finish(qtbot, desktop, recording)
            desktop.lock.lock()
        with real_window(qtbot, home) as desktop:
            assert shown() == [desktop.lock.screen]
            qtbot.waitUntil(lambda: desktop._program.vault is not None and desktop.lock._ready)
            qtbot.waitUntil(lambda: desktop._program.vault.locked)
            assert desktop.window.jobs.rowCount() == 1
            enter(qtbot, desktop.lock.screen.form, PIN)
            qtbot.waitUntil(lambda: not desktop.lock.locked)
            assert not desktop._program.vault.locked


def test_with_a_passphrase_a_locked_program_asks_once_at_its_next_start(qtbot, dressed, home):
    passphrase_vault(home)
    with real_window(qtbot, home) as desktop:
        start_with_passphrase(qtbot, desktop)
        desktop.lock.lock()
        locked = desktop._program.settings.locked
    assert locked.exists()
    with real_window(qtbot, home) as desktop:
        unlocker_of(qtbot, desktop)
        assert desktop.lock.screen is None
        assert locked.exists()
        start_with_passphrase(qtbot, desktop)
        assert not locked.exists()
        assert not desktop.lock.locked


def test_a_recovery_key_replaces_a_lost_keyring(qtbot, dressed, home):
    identity = pyrage.x25519.Identity.generate()
    keys = home.with_name(f"{home.name}-keys")
    with memory_keyring():
        Vault.create(keys, keyring=True, recipients=[str(identity.to_public())]).close()
    with memory_keyring(), real_window(qtbot, home) as desktop:  # an empty one
        unlocker = unlocker_of(qtbot, desktop)
        assert not unlocker.form.isVisible()
        assert unlocker.again.isVisible()
        unlocker.recovery.click()
        other = pyrage.x25519.Identity.generate()
        enter(qtbot, unlocker.form, str(other))
        qtbot.waitUntil(lambda: desktop.lock.attempts.failures == 1)
        enter(qtbot, unlocker.form, str(identity))
        wait_until_working(qtbot, desktop)
        qtbot.waitUntil(lambda: desktop.encryption.dialog is not None)
        dialog = desktop.encryption.dialog
        qtbot.waitUntil(dialog.choice.keyring.isEnabled)
        assert dialog.message.text.startswith("The recovery key opened your results.")
        dialog.choice.passphrase.setChecked(True)
        for field in (dialog.choice.new, dialog.choice.repeat):
            QTest.keyClicks(field, PASSPHRASE)
        QTest.mouseClick(dialog.apply, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: dialog.message.text == "What unlocks your results was changed.")
        dialog.close_button.click()
    with real_window(qtbot, home) as desktop:
        start_with_passphrase(qtbot, desktop)


def test_profiles_watched_folders_and_files_wait_for_the_passphrase(
    qtbot, dressed, home, recording, tmp_path
):
    files = HomeFiles(home)
    watched = tmp_path / "Ocaranzita"
    watched.mkdir()
    save_folders(files, [WatchedFolder(watched, profile="Con Tiburcia")])
    save_profiles(files, [Profile("Con Tiburcia", Choice(JobOptions(prompt="Tiburcia")))])
    save(home, {"vocabulary": "ciclofosfotol", "transcriber": "none"})
    passphrase_vault(home)
    for known in (["Con Tiburcia"], []):  # as an earlier version left them in clear, then sealed
        start_with_clinic_files(qtbot, home, recording, watched, known)
        content = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
        assert not any(name in content for name in (b"Tiburcia", b"Ocaranzita", b"ciclofosfotol"))


def start_with_clinic_files(qtbot, home, recording, watched, known) -> None:
    """Give the passphrase after a recording; see that it and the watched folder waited for it."""
    with real_window(qtbot, home, backend="idle") as desktop:
        window, watcher = desktop.window, desktop.watch.watcher
        unlocker = unlocker_of(qtbot, desktop)
        desktop.open_files([str(recording)])  # of a second launch
        for action in (window.commands.watch, window.commands.preferences):
            assert not action.isEnabled()
        qtbot.waitUntil(lambda: [each.name for each in window.profiles.custom] == known)
        assert watcher.folders == ()
        enter(qtbot, unlocker.form, PASSPHRASE)
        wait_until_working(qtbot, desktop)
        assert window.commands.watch.isEnabled()
        assert window.options.choice().options.vocabulary == ("ciclofosfotol",)
        qtbot.waitUntil(lambda: [each.name for each in window.profiles.custom] == ["Con Tiburcia"])
        qtbot.waitUntil(lambda: [each.path for each in watcher.folders] == [watched])
        assert watcher.choice_for(watcher.folders[0]).options.prompt == "Tiburcia"
        qtbot.waitUntil(lambda: window.jobs.total == 1)
        (job,) = desktop._program.service.jobs().result(60)
        assert (job.path, job.options.vocabulary) == (str(recording), ("ciclofosfotol",))
        desktop._program.service.remove([job.id]).result(60)


def test_options_typed_before_the_home_was_encrypted_are_forgotten(qtbot, dressed, home):
    save(home, {"vocabulary": "ciclofosfotol"})
    typed = Choice(JobOptions(language="ca", prompt="Tiburcia", vocabulary=("Ocaranzita",)))
    with real_window(qtbot, home, backend="idle") as desktop:
        wait_until_working(qtbot, desktop)
        desktop.window.options.choose(typed)
        desktop._program.seal(keyring=False, passphrase=PASSPHRASE)
        desktop._on_encryption_changed()
    assert b"Tiburcia" not in (home / "window.ini").read_bytes()
    assert b"Ocaranzita" not in (home / "window.ini").read_bytes()
    with real_window(qtbot, home, backend="idle") as desktop:
        start_with_passphrase(qtbot, desktop)
        expected = JobOptions(language="ca", vocabulary=("ciclofosfotol",))
        assert desktop.window.options.choice() == Choice(expected)
