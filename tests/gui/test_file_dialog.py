"""Files are chosen in the window's language, where the last ones were, and no name stays behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, QStandardPaths, Qt
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QLabel, QTreeView

from fi_desktop.gui.language import WindowLanguage
from fi_desktop.gui.widgets import FileDialog


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[QSettings]:
    """What every Qt program of the person reads and writes."""
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
    """Add a recording of a folder, by the dialog."""
    window.commands.add.trigger()
    (dialog,) = (found for found in window.findChildren(QFileDialog) if found.isVisible())
    dialog.setDirectory(str(folder))
    dialog.selectFile(str(folder / "Zutanita.wav"))
    qtbot.waitUntil(lambda: dialog.selectedFiles() == [str(folder / "Zutanita.wav")])
    dialog.accept()
    qtbot.waitUntil(lambda: not window.findChildren(QFileDialog))


def test_no_folder_is_named_in_the_settings_of_qt(qtbot, window, settings, clinic, tmp_path):
    choose(qtbot, window, clinic)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    settings.sync()
    assert settings.contains("FileDialog/qtVersion")  # Qt did write them
    assert not [key for key in settings.allKeys() if "Zutanita" in str(settings.value(key))]
    assert "Zutanita" not in Path(settings.fileName()).read_text(encoding="utf-8")


def test_what_other_programs_wrote_there_stays(qtbot, window, settings, clinic):
    settings.setValue("FileDialog/history", ["file:///home/person/Pictures"])
    settings.sync()
    choose(qtbot, window, clinic)
    settings.sync()
    assert settings.value("FileDialog/history") in (
        "file:///home/person/Pictures",
        ["file:///home/person/Pictures"],
    )


def test_it_begins_where_the_last_one_ended(qtbot, window, settings, clinic):
    choose(qtbot, window, clinic)
    window.commands.add_folder.trigger()
    (dialog,) = (found for found in window.findChildren(QFileDialog) if found.isVisible())
    assert Path(dialog.directory().absolutePath()) == clinic
    dialog.reject()


def test_all_of_it_is_in_the_language_of_the_window(qtbot, dressed, settings, clinic):
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
