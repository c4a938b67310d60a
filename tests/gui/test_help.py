from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from fi_desktop import __version__


def test_f1_lists_every_shortcut_of_the_menus(qtbot, window):
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window, Qt.Key.Key_F1)
    sheet = window.help.shortcuts_dialog
    assert sheet.isVisible()
    keys = dict(sheet.shortcuts)
    assert (keys["Add recordings"], keys["Settings"], keys["Quit"]) == ("Ctrl+O", "Ctrl+,", "Ctrl+Q")
    assert keys["Keyboard shortcuts"].startswith("F1")
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_about_shows_version_libraries_and_models(qtbot, window):
    window.help.about.trigger()
    dialog = window.help.about_dialog
    qtbot.waitUntil(lambda: "Libraries" in dialog.components.toPlainText())
    lines = dialog.components.toPlainText().splitlines()
    assert any(line.startswith("diskcache 5") and "Apache" in line for line in lines)
    assert any(line.lower().startswith("pyside6") for line in lines)
    for name in ("LibriSpeech", "segmentation-3.0", "CAM++"):
        assert any(name in line for line in lines), name
    assert any(line.startswith("onnxruntime 1") and "MIT" in line for line in lines)
    assert not any(line.startswith("pytest") for line in lines)
    qtbot.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text().startswith(f"fi-desktop {__version__}, Python 3.")
