"""The welcome dialog: on a new data folder, and from the help menu."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDesktopServices, QFontMetrics
from PySide6.QtWidgets import QLabel

from fi_desktop.audio.media_files import sample_recording
from fi_desktop.gui.app_controller import AppController
from fi_desktop.gui.help import WelcomeDialog
from fi_desktop.models import PackKind
from fi_desktop.viewmodel.recommendation import recommend
from fi_desktop.workers.cluster.link import agreement
from tests.packs.install import install
from tests.packs.make_whisper import make_whisper


@pytest.fixture
def opened(monkeypatch):
    folders = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: folders.append(url.toLocalFile()))
    return folders


@pytest.fixture
def welcome(qtbot, opened, known_speed, desktop):
    """The welcome dialog, opened from the help menu."""
    return open_welcome(qtbot, desktop)


def open_welcome(qtbot, desktop):
    desktop.window.help.welcome.trigger()
    dialog = desktop.welcome.dialog
    qtbot.waitUntil(lambda: dialog.installed_models.text() != "Checking…")
    return dialog


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_welcome_is_shown_only_on_a_new_data_folder(qtbot, dressed, program, home, known_speed):
    for new in (True, False):
        desktop = AppController(program)
        desktop.window.show()
        desktop.welcome.open_first()
        assert (desktop.welcome.dialog is not None) is new
        if new:
            (home / "store").mkdir(parents=True)
        with qtbot.waitSignal(desktop.ended):
            desktop.stop()
        desktop.window.deleteLater()


def test_welcome_names_and_opens_the_data_folder(qtbot, opened, welcome, home):
    click(qtbot, welcome.folder)
    assert opened == [str(home)]
    assert str(home) in {label.text() for label in welcome.findChildren(QLabel)}


def test_welcome_names_engine_and_models(welcome):
    assert welcome.computer.text() in (
        "No usable graphics card was found; the processor does the work.",
        "A graphics card speeds up processing.",
    )
    assert welcome.installed_models.text() == (
        "The built-in engine identifies speakers. No transcription model is installed yet."
    )


def test_sample_is_added_and_the_welcome_closes(qtbot, welcome, desktop):
    click(qtbot, welcome.sample)
    assert desktop.welcome.dialog is None
    qtbot.waitUntil(lambda: desktop.window.jobs.rowCount() == 1)
    assert desktop.window.jobs.index(0, 0).data() == sample_recording().name


def test_welcome_opens_the_models_dialog(qtbot, welcome, desktop):
    click(qtbot, welcome.models)
    assert desktop.window.models.dialog.isVisible()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_key_closes_the_welcome_and_the_menu_reopens_it(qtbot, welcome, desktop, key):
    qtbot.keyClick(welcome, key)
    assert desktop.welcome.dialog is None
    desktop.window.help.welcome.trigger()
    assert desktop.welcome.dialog.isVisible()


def test_language_changes_at_once_and_is_saved(qtbot, welcome, desktop, program):
    welcome.language.setFocus()
    spanish = welcome.language.findData("es")
    welcome.language.setCurrentIndex(spanish)
    welcome.language.activated.emit(spanish)
    qtbot.waitUntil(lambda: desktop.language.choice == "es")
    assert desktop.welcome.dialog is not welcome
    assert desktop.welcome.dialog.language.currentData() == "es"
    qtbot.waitUntil(lambda: program.settings.language == "es")


@pytest.mark.parametrize("width", [520, 760])
def test_no_text_is_cut_off_in_a_small_window(qtbot, welcome, width):
    welcome.resize(width, 420)
    qtbot.waitUntil(lambda: welcome.width() == width)
    for shown in (welcome.computer, welcome.installed_models, *welcome.findChildren(QLabel)):
        if shown.wordWrap():
            metrics = QFontMetrics(shown.font())
            needed = metrics.boundingRect(shown.rect(), int(Qt.TextFlag.TextWordWrap), shown.text())
            assert needed.height() <= shown.height()
    bottom = welcome.begin.mapTo(welcome, QPoint(0, welcome.begin.height())).y()
    assert bottom <= welcome.height()


def test_welcome_recommends_one_model_for_this_computer(qtbot, opened, desktop):
    welcome = open_welcome(qtbot, desktop)
    qtbot.waitUntil(welcome.install.isEnabled)
    found = recommend(desktop._program.settings.home)
    assert found.measured
    assert welcome.words.text().startswith(f"{found.title} (")
    assert welcome.words.text().endswith(" per hour of recording on this computer.")
    assert str(found.minutes) in welcome.words.text()
    click(qtbot, welcome.install)
    qtbot.waitUntil(lambda: desktop.window.models.dialog is not None)
    dialog = desktop.window.models.dialog
    qtbot.waitUntil(lambda: dialog._prompts._open is not None)
    assert dialog._prompts._open.text() == f"Download {found.title}?"
    dialog._prompts._open.reject()


def test_welcome_recommends_nothing_if_words_are_there(qtbot, home, opened, desktop):
    folder = make_whisper(home / "models" / "test-words", ["Hola."], language="es")
    install(folder, PackKind.WHISPER)
    desktop.window.help.welcome.trigger()
    dialog = desktop.welcome.dialog
    qtbot.waitUntil(lambda: dialog.installed_models.text() != "Checking…")
    assert not dialog.words.isVisible()
    assert not dialog.install.isVisible()


def test_welcome_says_if_recordings_are_sent_to_the_server(qtbot, desktop, program, known_speed):
    def sentences() -> str:
        dialog = WelcomeDialog(program, "en", desktop._bridge, desktop.window)
        qtbot.addWidget(dialog)
        return " ".join(label.text() for label in dialog.findChildren(QLabel))

    assert "Nothing leaves this computer." in sentences()
    server = {"backend": "both", "broker": "rediss://server.example.org", "transfer": "s3://bucket/transfer"}
    program.settings = replace(program.settings, **server, send_recordings=True)
    assert "Nothing leaves this computer." in sentences()  # nobody has agreed
    program.settings = replace(program.settings, **agreement(program.settings))
    assert "Nothing leaves" not in sentences()
    assert "sent to your clinic's server" in sentences()
