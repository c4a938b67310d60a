"""The review of a de-identified copy, by mouse and keyboard: what is found, ticked off, added and written."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QStyle, QStyleOptionViewItem, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from fi_desktop.core.transcript import Person, Role
from fi_desktop.exporters.deidentified.identifiers import IdentifierKind
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.result.clinic_names_dialog import ClinicNamesDialog
from fi_desktop.gui.result.deidentify_dialog import DeidentifyDialog
from fi_desktop.gui.result.view import ResultView
from tests.exporters.said_lines import transcript_of
from tests.gui import samples

LINES = (
    ("SPEAKER_00", "Pase, María Ruiz. Su teléfono es 55 1234 5678."),
    ("SPEAKER_01", "Sí. Le dije a Rosa que la torre azul 😀 es alta; vi a Rosa y a María."),
    ("SPEAKER_00", "Nos vemos el 15 de marzo de 2027 en la Torre Azul."),
)
PEOPLE = (Person("SPEAKER_00", "Dra. Robles", Role.CLINICIAN),)
TRANSCRIPT = transcript_of(LINES, "es", name="Ximénez.m4a", people=PEOPLE)


@pytest.fixture
def view(qtbot: QtBot, hand, bridge: Bridge) -> ResultView:
    view = ResultView(samples.session_of(TRANSCRIPT, bridge), "/recordings/Ximénez.m4a", bridge)
    qtbot.addWidget(view)
    view.resize(900, 640)
    view.show()
    assert QTest.qWaitForWindowExposed(view)
    return view


@pytest.fixture
def data_folder(bridge: Bridge) -> Path:
    folder = bridge._service.folders.data_folder
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def opened(qtbot: QtBot, view: ResultView) -> DeidentifyDialog:
    (action,) = (one for one in view.export.menu().actions() if "De-&identified" in one.text())
    assert action is view.deidentify
    action.trigger()
    qtbot.waitUntil(lambda: view.deidentify.dialog is not None)
    dialog = view.deidentify.dialog
    assert dialog is not None
    assert QTest.qWaitForWindowExposed(dialog)
    return dialog


@pytest.fixture
def dialog(qtbot: QtBot, data_folder: Path, view: ResultView) -> DeidentifyDialog:
    return opened(qtbot, view)


def rows(dialog: DeidentifyDialog) -> list[tuple[str, str, str]]:
    return [
        (item.text(0), item.text(1), item.text(2))
        for item in (dialog.tree.topLevelItem(at) for at in range(dialog.tree.topLevelItemCount()))
    ]


def box_of(dialog: DeidentifyDialog, item: QTreeWidgetItem) -> QPoint:
    """Return the middle of a row's check box."""
    option = QStyleOptionViewItem()
    dialog.tree.initViewItemOption(option)
    option.rect = dialog.tree.visualRect(dialog.tree.indexFromItem(item))
    option.features |= QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator
    area: QRect = dialog.tree.style().subElementRect(
        QStyle.SubElement.SE_ItemViewItemCheckIndicator, option, dialog.tree
    )
    return area.center()


def click_box(qtbot: QtBot, dialog: DeidentifyDialog, row: int, child: int | None = None) -> None:
    item = dialog.tree.topLevelItem(row)
    if child is not None:
        item.setExpanded(True)
        item = item.child(child)
    qtbot.mouseClick(dialog.tree.viewport(), Qt.MouseButton.LeftButton, pos=box_of(dialog, item))


def choose(dialog: DeidentifyDialog, target: Path) -> QFileDialog:
    """Choose a file or folder in the open file dialog."""
    (files,) = (one for one in dialog.findChildren(QFileDialog) if one.isVisible())
    files.fileSelected.emit(str(target))
    files.done(QFileDialog.DialogCode.Accepted)
    return files


def saved(qtbot: QtBot, dialog: DeidentifyDialog, folder: Path) -> list[Path]:
    with qtbot.waitSignal(dialog.written) as written:
        qtbot.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
        choose(dialog, folder)
    return list(written.args[0])


def copy_text(dialog: DeidentifyDialog) -> list[str]:
    return dialog._review.copy().result.transcript and [
        segment.text for segment in dialog._review.copy().result.transcript.segments
    ]


FOUND = [
    ("[PERSON 1]", "María Ruiz · María", "2"),
    ("[PHONE 1]", "55 1234 5678", "1"),
    ("[PERSON 2]", "Rosa", "2"),
    ("[DATE 1]", "15 de marzo de 2027", "1"),
    ("[PERSON 3]", "Torre Azul", "1"),
]


def test_what_was_found_is_listed_with_a_warning(dialog):
    assert rows(dialog) == FOUND
    assert "This list is not complete" in dialog._warning.text()
    assert dialog._count.text() == "7 places will be replaced."
    first = dialog.tree.topLevelItem(0)
    assert first.checkState(0) is Qt.CheckState.Checked
    assert "Pase, María Ruiz. Su teléfono" in first.child(0).text(1)
    interface = QAccessible.queryAccessibleInterface(dialog.tree)
    assert interface.text(QAccessible.Text.Name) == "What was found"
    marks = dialog.text.extraSelections()
    assert [mark.cursor.selectedText() for mark in marks] == [
        "María Ruiz", "55 1234 5678", "Rosa", "Rosa", "María", "15 de marzo de 2027", "Torre Azul",
    ]  # fmt: skip
    assert len({mark.format.background().color().name() for mark in marks}) == 3


def test_rows_and_places_are_ticked_off(qtbot, dialog):
    click_box(qtbot, dialog, 0)
    assert rows(dialog)[0] == ("stays", "María Ruiz · María", "2")
    assert rows(dialog)[2][0] == "[PERSON 1]"
    assert dialog._count.text() == "5 places will be replaced."
    assert copy_text(dialog)[0] == "Pase, María Ruiz. Su teléfono es [PHONE 1]."
    click_box(qtbot, dialog, 2, child=1)
    assert dialog.tree.topLevelItem(2).checkState(0) is Qt.CheckState.PartiallyChecked
    assert copy_text(dialog)[1].endswith(
        "Le dije a [PERSON 1] que la torre azul 😀 es alta; vi a Rosa y a María."
    )
    dialog.tree.setCurrentItem(dialog.tree.topLevelItem(0))
    qtbot.keyClick(dialog.tree, Qt.Key.Key_Space)
    assert rows(dialog)[0][0] == "[PERSON 1]"
    assert dialog.tree.topLevelItem(0).child(0).checkState(0) is Qt.CheckState.Checked
    assert dialog._count.text() == "6 places will be replaced."


def test_chosen_row_is_shown_in_the_text(qtbot, dialog):
    item = dialog.tree.topLevelItem(3)
    area = dialog.tree.visualItemRect(item)
    qtbot.mouseClick(dialog.tree.viewport(), Qt.MouseButton.LeftButton, pos=area.center())
    assert dialog.text.textCursor().selectedText() == "15 de marzo de 2027"
    assert dialog.field.text() == ""  # nobody selected it in the text


def test_text_is_added_by_typing(qtbot, dialog):
    assert not dialog.add.isEnabled()
    dialog.kind.setCurrentIndex(dialog.kind.findData(IdentifierKind.ORGANISATION))
    qtbot.keyClicks(dialog.field, "torre azul")
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: rows(dialog)[3] == ("[INSTITUTION 1]", "torre azul · Torre Azul", "2"))
    assert dialog.isVisible()
    assert dialog.field.text() == ""
    assert copy_text(dialog)[2] == "Nos vemos el [DATE 1] en la [INSTITUTION 1]."
    qtbot.keyClicks(dialog.field, "Nobody")
    qtbot.mouseClick(dialog.add, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(dialog.message.isVisible)
    assert dialog.message.text == "“Nobody” is not said."
    assert len(rows(dialog)) == 5


def test_text_is_added_by_selecting_it(qtbot, dialog):
    dialog.text.setFocus()
    cursor = dialog.text.document().find("alta")
    place = dialog.text.cursorRect(QTextCursor(cursor.block())).center()
    cursor.setPosition(cursor.selectionStart() + 1)
    place = dialog.text.cursorRect(cursor).center()
    qtbot.mouseDClick(dialog.text.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: dialog.field.text() == "alta")
    qtbot.mouseClick(dialog.add, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: ("[PERSON 3]", "alta", "1") in rows(dialog))
    click_box(qtbot, dialog, 3)
    assert ("stays", "alta", "1") in rows(dialog)
    qtbot.keyClicks(dialog.field, "ALTA")
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: ("[PERSON 3]", "alta", "1") in rows(dialog))


def test_copy_is_shown_before_it_is_saved(qtbot, dialog):
    qtbot.mouseClick(dialog.preview, Qt.MouseButton.LeftButton)
    shown = dialog.text.toPlainText()
    assert "Pase, [PERSON 1]. Su teléfono es [PHONE 1]." in shown
    assert "Robles" not in shown
    assert shown.startswith("Clinician: ")
    qtbot.mouseClick(dialog.shift, Qt.MouseButton.LeftButton, pos=QPoint(8, dialog.shift.height() // 2))
    assert dialog.shift.isChecked()
    assert "[DATE 1]" not in dialog.text.toPlainText()
    assert "15 de marzo" not in dialog.text.toPlainText()
    qtbot.mouseClick(dialog.preview, Qt.MouseButton.LeftButton)
    assert "María Ruiz" in dialog.text.toPlainText()
    assert "Dra. Robles" in dialog.text.toPlainText()
    assert len(dialog.text.extraSelections()) == 7


def test_copy_is_saved_without_a_key(qtbot, dialog, tmp_path):
    dialog.formats.show_value(("txt", "json"))
    click_box(qtbot, dialog, 4)
    files = saved(qtbot, dialog, tmp_path)
    assert [file.name for file in files] == ["De-identified copy.txt", "De-identified copy.json"]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert "Torre Azul" in text  # it was ticked off
        assert not [name for name in ("María", "Rosa", "Ximénez", "Robles", "1234") if name in text]
    assert "Read it before you pass it on." in dialog.message.text
    assert not [one for one in dialog.findChildren(QFileDialog) if one.isVisible()]


def test_key_is_saved_apart_if_it_is_wanted(qtbot, dialog, data_folder, tmp_path):
    dialog.formats.show_value(("txt",))
    qtbot.mouseClick(dialog.with_key, Qt.MouseButton.LeftButton, pos=QPoint(8, dialog.with_key.height() // 2))
    out, target = tmp_path / "out", tmp_path / "key.json"
    out.mkdir()
    saved(qtbot, dialog, out)
    files = choose(dialog, target)
    assert Path(files.directory().absolutePath()) == data_folder
    qtbot.waitUntil(lambda: "The key is saved" in dialog.message.text)
    key = json.loads(target.read_text(encoding="utf-8"))
    assert key["labels"]["[PERSON 1]"] == ["María Ruiz", "María"]
    assert key["speakers"] == {"SPEAKER_00": "Dra. Robles"}
    if sys.platform != "win32":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_folder_that_is_gone_is_reported(qtbot, dialog, tmp_path):
    qtbot.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    choose(dialog, tmp_path / "absent")
    qtbot.waitUntil(dialog.message.isVisible)
    assert dialog.message.text == "The file could not be written. Choose another folder."
    dialog.formats.show_value(())
    dialog.formats.edited.emit()
    assert not dialog.save.isEnabled()


def test_names_of_the_clinic_are_edited_and_found(qtbot, dialog, data_folder):
    qtbot.mouseClick(dialog.names, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(dialog.findChildren(ClinicNamesDialog)))
    (names,) = dialog.findChildren(ClinicNamesDialog)
    qtbot.keyClicks(names.field, "torre azul = castle")
    qtbot.mouseClick(names.save, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(names.error.isVisible)
    assert names.error.text().startswith("Line 1 of the list of names cannot be used.")
    assert not (data_folder / "identifiers.txt").exists()
    names.field.setPlainText("torre azul = place\n!Rosa\n")
    with qtbot.waitSignal(names.list_saved):
        qtbot.mouseClick(names.save, Qt.MouseButton.LeftButton)
    assert (data_folder / "identifiers.txt").read_text(encoding="utf-8") == "torre azul = place\n!Rosa\n"
    expected = ["María Ruiz · María", "55 1234 5678", "torre azul · Torre Azul", "15 de marzo de 2027"]
    qtbot.waitUntil(lambda: [row[1] for row in rows(dialog)] == expected)


def test_list_that_cannot_be_used_is_reported(qtbot, view, data_folder):
    (data_folder / "identifiers.txt").write_bytes(b"\xff\xfe\xff")
    view.deidentify.trigger()
    qtbot.waitUntil(view.message.isVisible)
    assert view.message.text == "The list of names is not a text in UTF-8."
    assert view.deidentify.dialog is None
    assert view.deidentify.isEnabled()


def test_dialog_opens_again_after_it_was_closed(qtbot, view, dialog):
    click_box(qtbot, dialog, 0)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: view.deidentify.dialog is None)
    assert rows(opened(qtbot, view)) == FOUND
