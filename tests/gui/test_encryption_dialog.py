"""The dialog of encryption at rest, its row in the settings, and the welcome's line."""

import stat

import pyrage
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from fi_desktop.gui.encryption.common import FittedDialog, FittedScrollArea, StateWords
from fi_desktop.gui.encryption.recovery_keys import NewRecoveryKeyDialog
from fi_desktop.gui.window_state import available
from fi_desktop.vault.vault import Vault
from fi_desktop.viewmodel.pin import Strength, strength
from tests.gui.sealed_window import PASSPHRASE, enter, passphrase_vault, real_window, wait_until_working
from tests.gui.test_encryption import finish, recording, start_with_passphrase, unlocker_of  # noqa: F401
from tests.vault.keyrings import memory_keyring


def click(button) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def opened(desktop):
    """The dialog, opened from the settings."""
    desktop.window.commands.preferences.trigger()
    click(desktop.preferences.dialog.encryption.button)
    return desktop.encryption.dialog


def type_twice(dialog, passphrase: str) -> None:
    for field in (dialog.choice.new, dialog.choice.repeat):
        field.clear()
        QTest.keyClicks(field, passphrase)


def test_an_existing_home_is_encrypted_with_a_passphrase(qtbot, dressed, home, recording):  # noqa: F811
    with real_window(qtbot, home) as desktop:
        wait_until_working(qtbot, desktop)
        job_id = finish(qtbot, desktop, recording)
        program = desktop._program
        assert program.vault is None  # no keyring
        dialog = opened(desktop)
        assert dialog.state.text() == "Results, words and names are not encrypted."
        assert not dialog.recovery.isVisible()
        assert dialog.choice.passphrase.isChecked()
        assert not dialog.choice.keyring.isEnabled()
        dialog.move(0, available(dialog).bottom() - dialog.height())
        type_twice(dialog, "corta")
        assert not dialog.apply.isEnabled()
        assert dialog.choice.hint.text().startswith("At least 8 characters")
        type_twice(dialog, PASSPHRASE)
        assert dialog.choice.hint.text() == "Fair. One more word makes it hard to guess."
        QTest.keyClicks(dialog.choice.repeat, "x")
        assert dialog.choice.problem == "The passphrases do not match."
        assert not dialog.apply.isEnabled()
        QTest.keyClick(dialog.choice.repeat, Qt.Key.Key_Backspace)
        click(dialog.apply)
        qtbot.waitUntil(lambda: dialog.message.text == "From now on everything is encrypted.")
        qtbot.waitUntil(lambda: program.sealing is not None and program.sealing.done.is_set())
        sealed = "Results, words and names are encrypted. The passphrase opens them."
        qtbot.waitUntil(lambda: dialog.state.text() == sealed)
        assert dialog.recovery.isVisible()
        assert dialog.height() > 600  # taller than before: it moved up
        assert available(dialog).contains(dialog.geometry())
        assert desktop.preferences.dialog.encryption._texts[1] == sealed
        assert dialog.choice.new.text() == ""
        assert program.service.folders.transcript(job_id).duration > 0
        click(dialog.close_button)
    with real_window(qtbot, home) as desktop:
        start_with_passphrase(qtbot, desktop)
        assert desktop._program.service.folders.transcript(job_id).duration > 0


def test_end_of_the_encryption_is_shown_although_it_comes_while_the_dialog_looks(
    qtbot, dressed, home, monkeypatch
):
    passphrase_vault(home)
    with memory_keyring(), real_window(qtbot, home) as desktop:
        start_with_passphrase(qtbot, desktop)
        vault, sentence = desktop._program.vault, StateWords.sentence
        vault.set_mixed(mixed=True)
        dialog = opened(desktop)
        assert dialog.state.text().endswith("Earlier results are being encrypted; you can go on working.")
        qtbot.waitUntil(dialog.choice.keyring.isEnabled)  # nothing else updates it from now on

        def and_then_it_ends(words, vault):
            said = sentence(words, vault)
            vault.set_mixed(mixed=False)
            return said

        monkeypatch.setattr(StateWords, "sentence", and_then_it_ends)
        sealed = "Results, words and names are encrypted. The passphrase opens them."
        qtbot.waitUntil(lambda: dialog.state.text() == sealed)
        click(dialog.close_button)


def test_what_unlocks_it_is_changed_only_with_the_current_passphrase(qtbot, dressed, home):
    passphrase_vault(home)
    with memory_keyring(), real_window(qtbot, home) as desktop:
        start_with_passphrase(qtbot, desktop)
        dialog = opened(desktop)
        qtbot.waitUntil(dialog.choice.keyring.isEnabled)
        dialog.choice.keyring.setChecked(True)
        assert not dialog.choice.new.isVisible()
        QTest.keyClicks(dialog.choice.current, "no es esta")
        click(dialog.apply)
        qtbot.waitUntil(lambda: dialog.message.text == "This is not the current passphrase.")
        assert desktop._program.vault.state.passphrase is not None
        qtbot.waitUntil(lambda: desktop.lock.attempts.wait_s == 0.0)
        dialog.choice.current.clear()
        QTest.keyClicks(dialog.choice.current, PASSPHRASE)
        click(dialog.apply)
        qtbot.waitUntil(lambda: dialog.message.text == "What unlocks your results was changed.")
        state = desktop._program.vault.state
        assert (state.keyring, state.passphrase) == (True, None)
        assert not dialog.choice.current.isVisible()
        click(dialog.close_button)


def test_a_recovery_key_is_made_shown_once_and_recovers(qtbot, dressed, home, tmp_path):
    passphrase_vault(home)
    file = tmp_path / "stick" / "key.txt"
    file.parent.mkdir()
    with real_window(qtbot, home) as desktop:
        start_with_passphrase(qtbot, desktop)
        dialog = opened(desktop)
        generation = desktop._program.vault.state.generation
        click(dialog.recovery.make)
        (made,) = dialog.findChildren(NewRecoveryKeyDialog)
        assert not made.kept.isEnabled()
        click(made.copy)
        assert QGuiApplication.clipboard().text() == made.key.text()
        made.save_to(str(file))
        qtbot.waitUntil(lambda: made.message.text() == f"Saved to {file}.")
        click(made.kept)
        qtbot.waitUntil(lambda: dialog.message.text == "The recovery keys were changed.")
        (public,) = dialog.recovery.keys
        assert [each.recipient for each in desktop._program.vault.state.recovery] == [public]
        click(dialog.rotate)
        qtbot.waitUntil(lambda: dialog.message.text == "The key of all keys was replaced.")
        assert desktop._program.vault.state.generation == generation + 2
        click(dialog.close_button)
        QGuiApplication.clipboard().clear()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (identity,) = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    with real_window(qtbot, home) as desktop:
        unlocker = unlocker_of(qtbot, desktop)
        click(unlocker.recovery)
        enter(qtbot, unlocker.form, identity)
        wait_until_working(qtbot, desktop)
        qtbot.waitUntil(lambda: desktop.encryption.dialog is not None)
        dialog = desktop.encryption.dialog
        assert not dialog.choice.current.isVisible()  # it may be forgotten
        assert not dialog.rotate.isEnabled()
        type_twice(dialog, "otra frase muy nueva")
        click(dialog.apply)
        qtbot.waitUntil(lambda: dialog.message.text == "What unlocks your results was changed.")
        dialog.recovery.list.setCurrentRow(0)
        click(dialog.recovery.remove)
        qtbot.waitUntil(lambda: dialog.message.text == "The recovery keys were changed.")
        assert dialog.recovery.keys == []
        dialog.recovery.wanted.emit(["age1nonsense"])
        qtbot.waitUntil(lambda: "is not a public key of age" in dialog.message.text)
        click(dialog.close_button)
    vault = Vault(home.with_name(f"{home.name}-keys"))
    vault.unlock("otra frase muy nueva")
    vault.close()


def test_a_recovered_vault_is_not_wrapped_without_its_passphrase(home):
    identity = pyrage.x25519.Identity.generate()
    passphrase_vault(home, str(identity.to_public()))
    vault = Vault(home.with_name(f"{home.name}-keys"), owner=True)
    vault.recover(str(identity))
    with pytest.raises(Exception, match="passphrase is needed"):
        vault.rotate()
    vault.close()


@pytest.mark.parametrize(
    ("passphrase", "expected"),
    [
        ("corta", Strength.SHORT),
        ("contraseña", Strength.WEAK),
        ("11111111", Strength.WEAK),
        ("abcdefgh", Strength.WEAK),
        ("caballo caballo caballo", Strength.WEAK),
        ("caballo grapa pila", Strength.FAIR),
        ("caballo grapa pila correcto", Strength.GOOD),
        ("x7!Kq9#mT2", Strength.GOOD),
    ],
)
def test_hints_tell_words_from_patterns(passphrase, expected):
    assert strength(passphrase) is expected


@pytest.mark.usefixtures("known_speed")
def test_the_welcome_says_that_the_keyring_opens_results(qtbot, desktop):
    with memory_keyring():
        desktop.window.help.welcome.trigger()
        row = desktop.welcome.dialog.encryption
        qtbot.waitUntil(lambda: "this account's keyring opens them" in row.text.text())
    assert not row.encrypt.isVisible()


@pytest.mark.usefixtures("known_speed")
def test_the_welcome_asks_once_without_a_keyring(qtbot, desktop):
    desktop.window.help.welcome.trigger()
    row = desktop.welcome.dialog.encryption
    qtbot.waitUntil(row.encrypt.isVisible)
    assert row.text.text() == "This account has no keyring, so results are not encrypted by themselves."
    click(row.later)
    assert not row.later.isVisible()
    desktop.welcome.close()
    desktop.window.help.welcome.trigger()
    row = desktop.welcome.dialog.encryption
    qtbot.waitUntil(row.encrypt.isVisible)
    assert not row.later.isVisible()
    click(row.encrypt)
    assert desktop.encryption.dialog.isVisible()


def test_a_dialog_that_needs_more_than_the_screen_scrolls(qtbot, dressed):
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog, content = FittedDialog(parent), QWidget()
    lines = QVBoxLayout(content)
    area = FittedScrollArea(content, dialog)
    QVBoxLayout(dialog).addWidget(area)
    lines.addWidget(QLabel("first"))
    dialog.show()
    assert area.verticalScrollBar().maximum() == 0
    for _ in range(100):
        lines.addWidget(QLabel("another"))
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() > 0)
    assert available(dialog).contains(dialog.geometry())
