"""The review of a de-identified copy: what was found, what else to replace, and where the copy goes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.core.text import one_line
from fi_desktop.exporters.deidentified.copying import DeidentifiedCopy, random_shift, write_copy, write_key
from fi_desktop.exporters.deidentified.identifiers import IdentifierKind, Place
from fi_desktop.exporters.deidentified.name_lists import ClinicList, read_clinic_text
from fi_desktop.gui import theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.export_controller import export_options
from fi_desktop.gui.export_fields import FormatsField
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.gui.result.clinic_names_dialog import ClinicNamesDialog
from fi_desktop.gui.result.identifiers_text import IdentifiersText
from fi_desktop.gui.result.identifiers_tree import IdentifiersTree
from fi_desktop.gui.widgets import FileDialog
from fi_desktop.gui.window_state import resize_to_screen
from fi_desktop.vault.home_files import HomeFiles
from fi_desktop.viewmodel.copy_review import CopyReview

_SIZE, _LEAST = (1080, 720), (760, 520)
_FORMATS = ("docx",)


class DeidentifyDialog(QDialog):
    """Shows what was found, takes what a person decides, and writes the copy.

    Attributes:
        tree: what was found; text: the result with marks, or the copy.
        preview: shows the copy's text.
        field, kind, add: a text to replace everywhere, what it is, and the button that does.
        names: opens the clinic's own list.
        formats: of the copy; shift: shift dates; with_key: save the key too.
        save: asks for a folder and writes the copy.
        message: the outcome.

    Signals:
        written: the files of the copy.
    """

    written = Signal(object)

    def __init__(
        self, review: CopyReview, files: HomeFiles, bridge: Bridge, parent: QWidget | None = None
    ) -> None:
        """files: of the data folder, which has the clinic's list."""
        super().__init__(parent)
        self._review, self._files, self._bridge = review, files, bridge
        self._shift_days = random_shift()
        self._copy: DeidentifiedCopy | None = None  # what is written
        self._finding = False
        self.setWindowTitle(self.tr("De-identified copy"))
        self.setAutoFillBackground(True)
        self.message = MessageBar(self)
        self._warning = QLabel(
            self.tr(
                "This list is not complete. It comes from rules and lists of names, which miss some and "
                "find too many. Read the whole copy before you pass it on."
            ),
            self,
        )
        self._warning.setWordWrap(True)
        self._warning.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        names = self._kind_names()
        self.tree = IdentifiersTree(names, self)
        self.text = IdentifiersText(self)
        self.preview = QPushButton(self.tr("Show the copy"), self)
        self.preview.setObjectName("plain")
        self.preview.setCheckable(True)
        self.preview.setAutoDefault(False)
        self._count = QLabel(self)
        self._count.setObjectName("quiet")
        self.field = QLineEdit(self)
        self.field.setPlaceholderText(self.tr("Type or select what else to replace"))
        self.field.setAccessibleName(self.tr("Text to replace everywhere"))
        self.kind = QComboBox(self)
        self.kind.setAccessibleName(self.tr("What it is"))
        for kind, name in names.items():
            self.kind.addItem(name, kind)
        self.add = QPushButton(self.tr("Replace everywhere"), self)
        self.names = QPushButton(self.tr("Names of this clinic…"), self)
        self.formats = FormatsField(self)
        self.formats.show_value(_FORMATS)
        self.shift = QCheckBox(self.tr("Shift dates by some weeks, without labels"), self)
        self.shift.setToolTip(self.tr("All dates move by the same random number of weeks."))
        self.with_key = QCheckBox(self.tr("Also save what the labels stand for, to be kept elsewhere"), self)
        self.save = QPushButton(self.tr("Save the copy…"), self)
        self.save.setObjectName("primary")
        self._cancel = QPushButton(self.tr("Close"), self)
        self.save.setAutoDefault(False)  # Enter in the field must not save
        for button in (self.add, self.names, self._cancel):
            button.setObjectName("plain")
            button.setAutoDefault(False)
        self._lay_out()
        self._connect()
        self._apply_theme()
        self._refresh(new=True)
        resize_to_screen(self, _SIZE, _LEAST)

    def _kind_names(self) -> dict[IdentifierKind, str]:
        return {
            IdentifierKind.PERSON: self.tr("Person"),
            IdentifierKind.NAME: self.tr("Other name"),
            IdentifierKind.DATE: self.tr("Date"),
            IdentifierKind.AGE: self.tr("Age over 89"),
            IdentifierKind.PHONE: self.tr("Phone"),
            IdentifierKind.EMAIL: self.tr("E-mail"),
            IdentifierKind.LINK: self.tr("Link"),
            IdentifierKind.ADDRESS: self.tr("Address"),
            IdentifierKind.PLACE: self.tr("Place"),
            IdentifierKind.ORGANISATION: self.tr("Institution"),
            IdentifierKind.ID: self.tr("Number"),
            IdentifierKind.ACCOUNT: self.tr("Account"),
        }

    def _lay_out(self) -> None:
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.setChildrenCollapsible(False)
        split.addWidget(self.tree)
        split.addWidget(self.text)
        split.setSizes([_SIZE[0] // 2, _SIZE[0] // 2])
        above = QHBoxLayout()
        above.addWidget(self._count, 1)
        above.addWidget(self.preview)
        adding = QHBoxLayout()
        adding.setSpacing(8)
        adding.addWidget(self.field, 1)
        adding.addWidget(self.kind)
        adding.addWidget(self.add)
        adding.addWidget(self.names)
        options = QHBoxLayout()
        options.setSpacing(16)
        label = QLabel(self.tr("Save as:"), self)
        label.setBuddy(self.formats)
        options.addWidget(label)
        options.addWidget(self.formats)
        options.addWidget(self.shift)
        options.addStretch(1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.with_key)
        buttons.addStretch(1)
        buttons.addWidget(self._cancel)
        buttons.addWidget(self.save)
        content = QVBoxLayout()
        content.setContentsMargins(18, 12, 18, 14)
        content.setSpacing(10)
        content.addWidget(self._warning)
        content.addLayout(above)
        content.addWidget(split, 1)
        for row in (adding, options, buttons):
            content.addLayout(row)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.message)
        column.addLayout(content, 1)

    def _connect(self) -> None:
        self.tree.kept.connect(self._on_kept)
        self.tree.place_chosen.connect(self._on_place_chosen)
        self.text.text_selected.connect(self._on_text_selected)
        self.field.textChanged.connect(self._on_text_changed)
        self.field.returnPressed.connect(self._on_add)
        self.add.clicked.connect(self._on_add)
        self.preview.toggled.connect(self._on_preview_toggled)
        self.shift.toggled.connect(self._on_shift_toggled)
        self.names.clicked.connect(self._on_names)
        self.formats.edited.connect(self._show_state)
        self.save.clicked.connect(self._on_save)
        self._cancel.clicked.connect(self.reject)

    def _apply_theme(self) -> None:
        palette = QPalette(self.palette())
        palette.setColor(self._warning.foregroundRole(), theme.tone("warn", self.palette()))
        self._warning.setPalette(palette)

    # ---- what is shown

    def _refresh(self, *, new: bool) -> None:
        """Show the review as it is now. new: other rows than before."""
        groups = self._review.groups()
        if new:
            self.tree.show_groups(groups)
        else:
            self.tree.show_labels(groups)
        if new or self.preview.isChecked():
            self._show_text()
        elif not self.preview.isChecked():
            self._show_marks()
        self._show_state()

    def _show_text(self) -> None:
        copied = self.preview.isChecked()
        result = self._review.copy(self._shift).result if copied else self._review.result
        self.text.show_transcript(result.transcript, replace(export_options(), reviewed=result))
        if not self.preview.isChecked():
            self._show_marks()

    def _show_marks(self) -> None:
        kept = self._review.kept
        marks = [(place, one.kind, one.place in kept) for one in self._review.found for place in one.places]
        self.text.show_marks(tuple(marks))

    @Slot()
    def _show_state(self) -> None:
        count = len(self._review.replaced)
        self._count.setText(
            self.tr("%Ln place(s) will be replaced.", "", count) if count else self.tr("Nothing is replaced.")
        )
        self.add.setEnabled(bool(self.field.text().strip()) and not self._finding)
        self.save.setEnabled(bool(self.formats.raw_value()) and not self._finding)

    @property
    def _shift(self) -> int | None:
        return self._shift_days if self.shift.isChecked() else None

    # ---- what a person decides

    @Slot(object, bool)
    def _on_kept(self, places: list[Place], kept: bool) -> None:
        self._review.keep(places, kept)
        self._refresh(new=False)

    @Slot(object)
    def _on_place_chosen(self, place: Place) -> None:
        if not self.preview.isChecked():
            self.text.show_place(place)

    @Slot(str)
    def _on_text_selected(self, text: str) -> None:
        if text and self.text.hasFocus():
            self.field.setText(one_line(text))

    @Slot(str)
    def _on_text_changed(self, _text: str) -> None:
        self._show_state()

    @Slot()
    def _on_add(self) -> None:
        text = self.field.text().strip()
        if text and not self._finding:
            self._set_finding(finding=True)
            add = partial(self._review.add, text, self.kind.currentData())
            self._bridge.run_task(add, partial(self._on_added, text), self._on_not_found)

    def _on_added(self, text: str, count: int) -> None:
        self._set_finding(finding=False)
        if count:
            self.message.dismiss()
            self.field.clear()
            self._refresh(new=True)
        else:
            self.message.show_message(self.tr("“{text}” is not said.").format(text=text), "warn", None)

    def _set_finding(self, *, finding: bool) -> None:
        """Let nothing change while the review is looking for identifiers on the helper thread."""
        self._finding = finding
        self.tree.setEnabled(not finding)
        self.preview.setEnabled(not finding)
        self.names.setEnabled(not finding)
        self._show_state()

    @Slot(bool)
    def _on_preview_toggled(self, _checked: bool) -> None:
        self._show_text()

    @Slot(bool)
    def _on_shift_toggled(self, _checked: bool) -> None:
        if self.preview.isChecked():
            self._show_text()

    @Slot()
    def _on_names(self) -> None:
        self._bridge.run_task(partial(read_clinic_text, self._files), self._on_names_read, self.message.error)

    def _on_names_read(self, text: str) -> None:
        dialog = ClinicNamesDialog(text, self._files, self._bridge, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.list_saved.connect(self._on_names_saved)
        dialog.open()

    @Slot(object)
    def _on_names_saved(self, clinic: ClinicList) -> None:
        self._set_finding(finding=True)
        use = partial(self._review.use_clinic_list, clinic)
        self._bridge.run_task(use, self._on_found_again, self._on_not_found)

    @Slot(str)
    def _on_not_found(self, sentence: str) -> None:
        self._set_finding(finding=False)
        self.message.error(sentence)

    def _on_found_again(self, _nothing: None) -> None:
        self._set_finding(finding=False)
        self._refresh(new=True)

    # ---- writing

    @Slot()
    def _on_save(self) -> None:
        dialog = FileDialog(self, self.tr("Folder for the copy"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self._on_folder_chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def _on_folder_chosen(self, folder: str) -> None:
        self._copy = self._review.copy(self._shift)
        write = partial(write_copy, self._copy, self.formats.raw_value(), Path(folder), export_options())
        self._bridge.run_task(write, self._on_written, self.message.error)

    def _on_written(self, files: tuple[Path, ...]) -> None:
        names = ", ".join(one_line(file.name) for file in files)
        sentence = self.tr("Saved as {file}. Read it before you pass it on.").format(file=names)
        self.message.show_message(sentence, "info", None)
        self.written.emit(files)
        if self.with_key.isChecked():
            self._ask_for_key()

    def _ask_for_key(self) -> None:
        dialog = FileDialog(self, self.tr("What the labels stand for: keep it apart from the copy"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.setDirectory(str(self._files.home))
        dialog.selectFile(self.tr("Key of the copy") + ".json")
        dialog.fileSelected.connect(self._on_key_chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def _on_key_chosen(self, target: str) -> None:
        if self._copy is not None:
            write = partial(write_key, self._copy.key, Path(target))
            self._bridge.run_task(write, self._on_key_written, self.message.error)

    def _on_key_written(self, _nothing: None) -> None:
        self.message.show_message(
            self.tr("The key is saved. Anyone who has it can tell who the people are."), "info", None
        )
