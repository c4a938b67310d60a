import os
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QProgressBar,
    QPushButton,
)

from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.gui.models_dialog.dialog import ModelsDialog
from fi_desktop.gui.models_dialog.model_list import ModelRow
from fi_desktop.models import PackKind, find, installed, verify
from fi_desktop.models.download import fetched_bytes
from fi_desktop.viewmodel.catalog_state import Activity, TaskProgress
from tests.gui.events import drop_files
from tests.models import packs
from tests.models.conftest import hub as hub
from tests.models.hub_server import TOKEN, FakeHub
from tests.models.test_hub_token import Memory, NoKeyring

TINY, COMMUNITY = "faster-whisper-tiny", "speaker-diarization-community-1"


@pytest.fixture(autouse=True)
def secrets() -> Iterator[Memory]:
    before = keyring.get_keyring()
    memory = Memory()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


@pytest.fixture
def models(home: Path) -> Path:
    return home / "models"


@pytest.fixture
def opened(qtbot, bridge, models: Path, hub: FakeHub):
    """Open the dialog on a local hub."""
    dialogs: list[ModelsDialog] = []

    def open_dialog() -> ModelsDialog:
        dialog = ModelsDialog(models, bridge, address=hub.address)
        dialogs.append(dialog)
        dialog.show()
        rows = dialog.list.rows
        qtbot.waitUntil(lambda: bool(rows) and all(row.isVisible() for row in rows.values()))
        return dialog

    yield open_dialog
    hub.release.set()
    for dialog in dialogs:
        dialog.controller.stop_all()
        qtbot.waitUntil(lambda dialog=dialog: not dialog.controller.busy)
        dialog.close()
        dialog.deleteLater()


def click(qtbot, button: QAbstractButton) -> None:
    assert button.isVisible()
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def answer(qtbot, dialog, text: str) -> str:
    """Click a button of the open prompt; return its text."""
    qtbot.waitUntil(lambda: any(box.isVisible() for box in dialog.findChildren(QMessageBox)))
    (box,) = [box for box in dialog.findChildren(QMessageBox) if box.isVisible()]
    (button,) = [button for button in box.buttons() if button.text().replace("&", "") == text]
    asked = f"{box.text()} {box.informativeText()}"
    click(qtbot, button)
    return asked


def state_is(qtbot, row: ModelRow, state: str) -> None:
    qtbot.waitUntil(lambda: row.state == state)


class TestList:
    def test_known_models_are_offered_and_installed_ones_shown(self, opened, models: Path):
        packs.make_pack(models, TINY)
        packs.make_pack(models, "clinic", PackKind.PYANNOTE)
        (models / "clinic" / "plda" / "plda.npz").unlink()
        rows = opened().list.rows
        assert rows[TINY].state == "Installed"
        assert rows["clinic"].state == "Cannot be used"
        assert rows[COMMUNITY].state == "Needs a free account"
        assert rows["faster-whisper-large-v3"].state == ""
        assert rows["faster-whisper-large-v3"].install.isVisible()
        assert not rows[TINY].install.isVisible()
        assert not rows["clinic"].install.isVisible()  # it has no known source
        assert rows["clinic"].remove.isVisible()

    def test_model_of_the_program_is_included_and_cannot_be_removed(
        self, opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        packs.make_pack(tmp_path / "bundle" / "models", TINY)
        part = "fi_desktop.gui.models_dialog.models_controller.resource"
        monkeypatch.setattr(part, tmp_path.joinpath("bundle").joinpath)
        row = opened().list.rows[TINY]
        assert row.state == "Included"
        assert row.check.isVisible()
        assert not row.remove.isVisible()
        assert not row.install.isVisible()

    def test_every_control_has_a_name(self, opened, models: Path):
        packs.make_pack(models, TINY)
        dialog = opened()
        kinds = (QAbstractButton, QAbstractScrollArea, QLineEdit, QProgressBar)
        controls = [control for kind in kinds for control in dialog.findChildren(kind)]
        assert len(controls) > 40
        parts = ("qt_", "ScrollLeftButton")
        assert not [c for c in controls if not c.accessibleName() and not c.objectName().startswith(parts)]
        names = [b.accessibleName() for b in dialog.findChildren(QPushButton) if b.isVisible()]
        assert len(names) == len(set(names))

    def test_opening_the_dialog_sends_no_request(self, opened, hub: FakeHub):
        opened()
        assert hub.seen == []


class TestInstall:
    def test_download_is_confirmed_with_source_and_size(self, qtbot, opened, models: Path, hub: FakeHub):
        dialog = opened()
        row = dialog.list.rows[TINY]
        click(qtbot, row.install)
        asked = answer(qtbot, dialog, "Download")
        assert "78 MB" in asked
        assert hub.address.removeprefix("http://") in asked
        assert "Your recordings are never sent anywhere" in asked
        state_is(qtbot, row, "Installed")
        assert dialog.message.text == "Whisper Tiny is installed. New recordings use it."
        pack = find(TINY, (models,))
        assert pack is not None
        verify(pack)

    def test_not_now_sends_no_request(self, qtbot, opened, hub: FakeHub):
        dialog = opened()
        click(qtbot, dialog.list.rows[TINY].install)
        answer(qtbot, dialog, "Not now")
        assert hub.seen == []
        assert not dialog.controller.busy

    def test_paused_download_is_resumed(self, qtbot, opened, models: Path, hub: FakeHub):
        row = self.hold(qtbot, opened(), hub)
        click(qtbot, row.pause)
        state_is(qtbot, row, "Paused")
        assert installed((models,)) == ()
        click(qtbot, row.install)
        state_is(qtbot, row, "Installed")
        assert hub.starts("model.bin")[-1] >= 300_000

    def test_cancelled_download_is_deleted(self, qtbot, opened, models: Path, hub: FakeHub):
        row = self.hold(qtbot, opened(), hub)
        click(qtbot, row.cancel)
        state_is(qtbot, row, "")
        assert not list(models.rglob("model.bin*"))

    def test_paused_download_of_an_earlier_session_can_be_cancelled(
        self, qtbot, opened, models: Path, hub: FakeHub
    ):
        packs.write_files(models / ".partial" / TINY, {"model.bin.0123.part": packs.noise(300_000, 5)})
        row = opened().list.rows[TINY]
        assert row.state == "Paused"
        click(qtbot, row.cancel)
        state_is(qtbot, row, "")
        assert not list(models.rglob("model.bin*"))

    def test_download_continues_when_the_dialog_is_closed(self, qtbot, opened, models: Path, hub: FakeHub):
        dialog = opened()
        self.hold(qtbot, dialog, hub)
        dialog.close()
        hub.release.set()
        qtbot.waitUntil(lambda: bool(installed((models,))))

    def test_failed_download_can_be_tried_again(self, qtbot, opened, hub: FakeHub):
        hub.down = 503
        dialog = opened()
        row = dialog.list.rows[TINY]
        click(qtbot, row.install)
        answer(qtbot, dialog, "Download")
        qtbot.waitUntil(dialog.message.isVisible)
        assert "Try again later" in dialog.message.text
        hub.down = 0
        click(qtbot, dialog.message.action_button)
        answer(qtbot, dialog, "Download")
        state_is(qtbot, row, "Installed")

    @staticmethod
    def hold(qtbot, dialog: ModelsDialog, hub: FakeHub) -> ModelRow:
        """Start a download that the hub interrupts half-way."""
        hub.hold_after = 350_000
        row = dialog.list.rows[TINY]
        click(qtbot, row.install)
        answer(qtbot, dialog, "Download")
        qtbot.waitUntil(lambda: dialog.controller.progress[TINY].done >= 300_000)
        assert row.activity is Activity.DOWNLOADING
        hub.hold_after = 0
        return row


class TestToken:
    def ask(self, qtbot, dialog: ModelsDialog) -> None:
        click(qtbot, dialog.list.rows[COMMUNITY].install)
        qtbot.waitUntil(dialog.token_panel.isVisible)

    def paste(self, qtbot, dialog: ModelsDialog, text: str) -> None:
        qtbot.keyClicks(dialog.token_panel.field, text)
        click(qtbot, dialog.token_panel.go)

    def test_token_is_pasted_once_and_saved_in_the_keyring(
        self, qtbot, opened, secrets: Memory, hub: FakeHub
    ):
        dialog = opened()
        self.ask(qtbot, dialog)
        assert dialog.token_panel.field.echoMode() is QLineEdit.EchoMode.Password
        assert not dialog.token_panel.go.isEnabled()
        self.paste(qtbot, dialog, TOKEN)
        state_is(qtbot, dialog.list.rows[COMMUNITY], "Installed")
        assert dialog.token_panel.field.text() == ""
        assert list(secrets.kept.values()) == [TOKEN]
        click(qtbot, dialog.list.rows["speaker-diarization-3.1"].install)
        answer(qtbot, dialog, "Download")
        state_is(qtbot, dialog.list.rows["speaker-diarization-3.1"], "Installed")

    def test_wrong_token_is_asked_for_again(self, qtbot, opened):
        dialog = opened()
        self.ask(qtbot, dialog)
        self.paste(qtbot, dialog, "hf_wrong")
        qtbot.waitUntil(dialog.token_panel.isVisible)
        assert "rejects this token" in dialog.token_panel.problem

    def test_unaccepted_conditions_are_reported(self, qtbot, opened, hub: FakeHub):
        hub.unaccepted = {"pyannote/speaker-diarization-community-1"}
        dialog = opened()
        self.ask(qtbot, dialog)
        self.paste(qtbot, dialog, TOKEN)
        qtbot.waitUntil(dialog.token_panel.isVisible)
        assert "Accept its conditions" in dialog.token_panel.problem

    def test_without_a_keyring_the_token_is_used_once(self, qtbot, opened, hub: FakeHub):
        keyring.set_keyring(NoKeyring())
        dialog = opened()
        hub.hold_after = 100
        self.ask(qtbot, dialog)
        self.paste(qtbot, dialog, TOKEN)
        qtbot.waitUntil(dialog.message.isVisible)
        assert "not saved" in dialog.message.text
        hub.release.set()
        state_is(qtbot, dialog.list.rows[COMMUNITY], "Installed")

    def test_not_now_clears_the_token(self, qtbot, opened, hub: FakeHub):
        dialog = opened()
        self.ask(qtbot, dialog)
        qtbot.keyClicks(dialog.token_panel.field, TOKEN)
        click(qtbot, dialog.token_panel.leave)
        assert dialog.token_panel.field.text() == ""
        assert hub.seen == []


class TestImport:
    def test_dropped_archive_is_imported(self, qtbot, opened, tmp_path: Path, hub: FakeHub):
        dialog = opened()
        drop_files(dialog, packs.make_zip(tmp_path / f"{TINY}.zip", packs.whisper_files(1000)))
        state_is(qtbot, dialog.list.rows[TINY], "Installed")
        assert hub.seen == []

    def test_weights_that_can_run_code_need_trust(self, qtbot, opened, models: Path, tmp_path: Path):
        stick = packs.write_files(tmp_path / COMMUNITY, packs.pyannote_files())
        dialog = opened()
        dialog.import_path(str(stick))
        assert "run any program" in answer(qtbot, dialog, "Do not import")
        assert installed((models,)) == ()
        dialog.import_path(str(stick))
        answer(qtbot, dialog, "I trust it: import")
        state_is(qtbot, dialog.list.rows[COMMUNITY], "Installed")

    def test_installed_model_is_replaced_only_if_confirmed(self, qtbot, opened, models: Path, tmp_path: Path):
        before = packs.make_pack(models, COMMUNITY, PackKind.PYANNOTE)
        changed = packs.pyannote_files() | {"plda/plda.npz": packs.noise(200, 9)}
        stick = packs.make_zip(tmp_path / f"{COMMUNITY}.zip", changed)
        dialog = opened()
        dialog.import_path(str(stick))
        answer(qtbot, dialog, "I trust it: import")
        assert "is already installed" in answer(qtbot, dialog, "Keep")
        verify(before)
        dialog.import_path(str(stick))
        answer(qtbot, dialog, "I trust it: import")
        answer(qtbot, dialog, "Replace")
        qtbot.waitUntil(lambda: find(COMMUNITY, (models,)) not in (None, before))

    def test_archive_without_a_model_is_rejected(self, qtbot, opened, tmp_path: Path):
        dialog = opened()
        dialog.import_path(str(packs.make_zip(tmp_path / "x.zip", {"holiday.jpg": b"x"})))
        qtbot.waitUntil(dialog.message.isVisible)
        assert "not a model pack" in dialog.message.text

    def test_unknown_pack_gets_a_row_at_the_top(self, qtbot, opened, tmp_path: Path):
        dialog = opened()
        dialog.import_path(str(packs.write_files(tmp_path / "clinic-es", packs.whisper_files(1000))))
        rows = dialog.list.rows
        qtbot.waitUntil(lambda: "clinic-es" in rows and rows["clinic-es"].isVisible())
        row = rows["clinic-es"]
        qtbot.waitUntil(lambda: row.y() > 0)
        whisper = [other for other in rows.values() if other.parentWidget() is row.parentWidget()]
        assert row.y() == min(other.y() for other in whisper if other.y() > 0)  # imported models come first
        assert "unknown licence" in " ".join(label.text() for label in row.findChildren(QLabel))
        click(qtbot, row.remove)
        answer(qtbot, dialog, "Remove")
        qtbot.waitUntil(lambda: "clinic-es" not in dialog.list.rows)

    def test_archive_and_folder_can_be_imported(self, opened):
        (menu,) = opened().import_button.findChildren(QMenu)
        assert [action.text() for action in menu.actions()] == ["ZIP file…", "Folder…"]


class TestCheck:
    def test_intact_model_is_reported(self, qtbot, opened, models: Path):
        packs.make_pack(models, TINY)
        dialog = opened()
        click(qtbot, dialog.list.rows[TINY].check)
        qtbot.waitUntil(dialog.message.isVisible)
        assert "is intact" in dialog.message.text

    def test_damaged_model_can_be_repaired(self, qtbot, opened, models: Path, hub: FakeHub):
        packs.make_pack(models, TINY, files=packs.whisper_files())
        (models / TINY / "model.bin").write_bytes(os.urandom(700_000))
        dialog = opened()
        click(qtbot, dialog.list.rows[TINY].check)
        qtbot.waitUntil(dialog.message.isVisible)
        assert "model.bin is damaged or was changed" in dialog.message.text
        click(qtbot, dialog.message.action_button)
        assert "At most 78 MB" in answer(qtbot, dialog, "Download")
        qtbot.waitUntil(lambda: "is installed" in dialog.message.text)
        pack = find(TINY, (models,))
        assert pack is not None
        verify(pack)

    def test_removal_is_confirmed(self, qtbot, opened, models: Path):
        packs.make_pack(models, TINY)
        dialog = opened()
        click(qtbot, dialog.list.rows[TINY].remove)
        answer(qtbot, dialog, "Keep")
        assert installed((models,))
        click(qtbot, dialog.list.rows[TINY].remove)
        answer(qtbot, dialog, "Remove")
        state_is(qtbot, dialog.list.rows[TINY], "")
        assert installed((models,)) == ()


class TestWindow:
    def test_menu_creates_and_opens_the_dialog(self, qtbot, window):
        assert window.models.dialog is None
        window.commands.models.trigger()
        assert window.models.dialog.isVisible()
        qtbot.waitUntil(lambda: bool(window.models.dialog.list.rows))

    def test_installed_transcription_models_are_offered_in_the_options(self, qtbot, window, models: Path):
        def offered():
            return [action.text() for action in window.options.menu.actions()]

        packs.make_pack(models, "clinic-es")
        window.models.show()
        qtbot.waitUntil(lambda: "clinic-es" in window.models.dialog.list.rows)
        row = window.models.dialog.list.rows["clinic-es"]
        qtbot.waitUntil(row.isVisible)
        click(qtbot, row.remove)
        answer(qtbot, window.models.dialog, "Remove")
        window.models.dialog.import_path(
            str(packs.write_files(models.parent / "clinic-en", packs.whisper_files(1000)))
        )
        qtbot.waitUntil(lambda: "clinic-en" in offered() and "clinic-es" not in offered())
        assert "&Models…" in offered()

    def test_stopping_the_program_closes_the_dialog(self, qtbot, window, desktop):
        window.models.show()
        with qtbot.waitSignal(desktop.ended):
            desktop.stop()
        assert not window.models.dialog.isVisible()

    def test_stopping_the_program_pauses_downloads(self, qtbot, window, desktop, models: Path, hub: FakeHub):
        window.models.dialog = ModelsDialog(models, window._bridge, window, address=hub.address)
        window.models.show()
        rows = window.models.dialog.list.rows
        qtbot.waitUntil(lambda: bool(rows) and rows[TINY].isVisible())
        TestInstall.hold(qtbot, window.models.dialog, hub)
        progress = window.models.dialog.controller.progress[TINY]
        with qtbot.waitSignal(desktop.ended):
            desktop.stop()
        assert progress.stopping
        hub.release.set()
        assert fetched_bytes(TINY, models) >= 300_000

    @pytest.mark.parametrize(
        ("code", "offered"), [("engine.no_model", True), ("models.changed", True), ("audio.bad", False)]
    )
    def test_job_without_its_model_offers_the_models_dialog(
        self, qtbot, window, hand, recordings, code, offered
    ):
        window.add_controller.add(recordings[:1])
        qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
        job = hand.claim()
        error = ErrorInfo(ErrorKind.USER, code, "The model is not there.")
        hand.do(lambda service: service.transitions.failed(job.id, job.claim, error))
        opened = window.windows.open(job.id)
        qtbot.waitUntil(lambda: opened.page.attempts.isVisible())
        assert opened.page.models.isVisible() is offered
        if offered:
            click(qtbot, opened.page.models)
            assert window.models.dialog.isVisible()
        opened.close()


def test_rate_ignores_resumed_bytes():
    progress = TaskProgress()
    assert progress.bytes_per_s(0.0) == 0.0
    progress.report(1_000_000_000, 3_000_000_000)  # from an earlier download
    for second in range(1, 20):
        progress.report(progress.done + 2_000_000, 3_000_000_000)
        assert progress.bytes_per_s(float(second)) == 2_000_000
