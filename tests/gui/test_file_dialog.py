"""The file dialog uses the window's language and the last folder, and leaves no names in Qt's settings."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, QStandardPaths, Qt
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QLabel, QTreeView

from fi_desktop.gui.language import WindowLanguage
from fi_desktop.gui.widgets import FileDialog


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[QSettings]:
    """The settings that all Qt programs of the account share."""
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericConfigLocation)
    native, person = QSettings.Format.NativeFormat, QSettings.Scope.UserScope
    QSettings.setPath(native, person, str(tmp_path / "config"))
    yield QSettings(person, "QtProject")
    QSettings.setPath(native, person, place)


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    folder = tmp_path / "Expediente Zutanita"
    folder.mkdir()
    (folder / "Zutanita.wav").write_bytes(b"RIFF")
    return folder


def choose(qtbot, window, folder: Path) -> None:
    """Add a recording through the dialog."""
    window.commands.add.trigger()
    (dialog,) = (found for found in window.findChildren(QFileDialog) if found.isVisible())
    dialog.setDirectory(str(folder))
    dialog.selectFile(str(folder / "Zutanita.wav"))
    qtbot.waitUntil(lambda: dialog.selectedFiles() == [str(folder / "Zutanita.wav")])
    dialog.accept()
    qtbot.waitUntil(lambda: not window.findChildren(QFileDialog))


def test_qt_settings_contain_no_folder(qtbot, window, settings, clinic, tmp_path):
    choose(qtbot, window, clinic)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    settings.sync()
    assert settings.contains("FileDialog/qtVersion")  # Qt has written its settings
    assert not [key for key in settings.allKeys() if "Zutanita" in str(settings.value(key))]
    assert "Zutanita" not in Path(settings.fileName()).read_text(encoding="utf-8")


def test_entries_of_other_programs_are_kept(qtbot, window, settings, clinic):
    settings.setValue("FileDialog/history", ["file:///home/person/Pictures"])
    settings.sync()
    choose(qtbot, window, clinic)
    settings.sync()
    assert settings.value("FileDialog/history") in (
        "file:///home/person/Pictures",
        ["file:///home/person/Pictures"],
    )


def test_dialog_opens_in_the_last_folder(qtbot, window, settings, clinic):
    choose(qtbot, window, clinic)
    window.commands.add_folder.trigger()
    (dialog,) = (found for found in window.findChildren(QFileDialog) if found.isVisible())
    assert Path(dialog.directory().absolutePath()) == clinic
    dialog.reject()


def test_dialog_is_in_the_windows_language(qtbot, dressed, settings, clinic):
    (clinic / "Audio").mkdir()
    language = WindowLanguage(dressed, "es")
    dialog = FileDialog(None, "Agregar")
    qtbot.addWidget(dialog)
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    dialog.setDirectory(str(clinic))
    dialog.show()
    tree = dialog.findChild(QTreeView)
    qtbot.waitUntil(lambda: tree.model().rowCount(tree.rootIndex()) == 2)
    words = [label.text() for label in dialog.findChildren(QLabel)]
    words += [button.text() for button in dialog.findChildren(QAbstractButton)]
    assert {word.replace("&", "") for word in words} - {""} == {
        *("Buscar en:", "Nombre de fichero:", "Archivos de tipo:", "Abrir", "Cancelar"),
    }
    kinds = {tree.model().index(row, 2, tree.rootIndex()).data(Qt.ItemDataRole.DisplayRole) for row in (0, 1)}
    assert "Carpeta" in kinds
    assert "Folder" not in kinds
    language.close()
