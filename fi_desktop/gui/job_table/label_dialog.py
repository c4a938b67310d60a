"""Case and date of selected jobs: the dialog that asks for them, and changes that can be undone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from fi_desktop.core.case_labels import LabelChange
from fi_desktop.core.name_patterns import change_by_name
from fi_desktop.gui.label_fields import CaseLine, DateLine, LabelLine
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.local_dates import shown_date
from fi_desktop.gui.message_bar import MessageAction, MessageBar
from fi_desktop.gui.widgets import ElidedLabel
from fi_desktop.viewmodel.rows import Row

_FIELD_WIDTH = 320
_SAMPLE = "2026-11-27T10:30:00"


class LabelDialog(QDialog):
    """Asks for the case and the date of one or several jobs; what is not touched stays as it is.

    Attributes:
        case, date: what is written.
        done_button: accepts it.
        by_name: asks for what the files' names say.

    Signals:
        chosen: the LabelChange.
        names_chosen: what the files' names say is wanted.
    """

    chosen = Signal(object)
    names_chosen = Signal()

    def __init__(self, rows: Sequence[Row], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Case and date"))
        self.setModal(True)
        heading = ElidedLabel(
            rows[0].name if len(rows) == 1 else self.tr("%Ln recording(s)", "", len(rows)), self
        )
        heading.setObjectName("quiet")
        self.case, self.date = CaseLine(self), DateLine(self)
        self._fill(self.case, {row.case for row in rows})
        self._fill(self.date, {row.recorded_at for row in rows})
        self._hint = QLabel(self._source(rows), self)
        self._hint.setObjectName("quiet")
        self._hint.setWordWrap(True)
        self._source_text = self._hint.text()
        self.done_button, cancel = QPushButton(self.tr("OK"), self), QPushButton(self.tr("Cancel"), self)
        self.done_button.setObjectName("primary")
        self.done_button.setDefault(True)
        cancel.setObjectName("plain")
        cancel.setAutoDefault(False)
        self.by_name = QPushButton(self.tr("From the file &name"), self)
        self.by_name.setObjectName("plain")
        self.by_name.setAutoDefault(False)
        self.by_name.setToolTip(
            self.tr("As the settings say that files are named; a date entered by hand stays")
        )
        self.by_name.clicked.connect(self._on_names_chosen)
        self.done_button.clicked.connect(self.accept)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(self.by_name)
        buttons.addStretch()
        buttons.addSpacing(12)
        buttons.addWidget(cancel)
        buttons.addWidget(self.done_button)
        self.date.textChanged.connect(self._on_date_changed)
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.addRow(self.tr("&Case"), self.case)
        form.addRow(self.tr("&Date"), self.date)
        form.addRow("", self._hint)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 16)
        column.setSpacing(12)
        column.addWidget(heading)
        column.addLayout(form)
        column.addLayout(buttons)
        self.case.setFocus()

    @property
    def change(self) -> LabelChange:
        """What the person changed."""
        return LabelChange(
            self.case.value if self.case.changed else None, self.date.value if self.date.changed else None
        )

    def accept(self) -> None:
        """Report what was changed, unless the date makes no sense."""
        if self.date.changed and self.date.value is None:
            self.date.setFocus()
            return
        self.chosen.emit(self.change)
        super().accept()

    @Slot()
    def _on_names_chosen(self) -> None:
        self.names_chosen.emit()
        self.reject()

    def _fill(self, line: LabelLine, values: set[str]) -> None:
        line.setMinimumWidth(_FIELD_WIDTH)
        if len(values) == 1:
            line.show_value(values.pop())
            line.selectAll()
        else:
            line.setPlaceholderText(self.tr("several; they stay as they are"))

    def _source(self, rows: Sequence[Row]) -> str:
        sources = {row.label.recorded_from for row in rows}
        return UiLabels(self).date_source(sources.pop()) if len(sources) == 1 else ""

    @Slot()
    def _on_date_changed(self) -> None:
        bad = self.date.changed and self.date.value is None
        mended = self.tr("Write a date such as {example}.").format(example=shown_date(_SAMPLE))
        self._hint.setText(mended if bad else self._source_text)
        self.done_button.setEnabled(not bad)


class UndoableLabels(QObject):
    """Changes case and date of jobs, and offers to undo it.

    Attributes:
        dialog: the open dialog, if any.
        pattern: how files are named, see `name_patterns.py`.
    """

    def __init__(
        self, window: QWidget, message: MessageBar, relabel: Callable[[Mapping[int, LabelChange]], None]
    ) -> None:
        super().__init__(window)
        self._window, self._message, self._relabel = window, message, relabel
        self.dialog: LabelDialog | None = None
        self.pattern = ""

    def ask(self, rows: Sequence[Row]) -> None:
        """Ask for the case and the date of these jobs."""
        if not rows or self.dialog is not None:
            return
        self.dialog = LabelDialog(rows, self._window)
        self.dialog.chosen.connect(lambda change: self.change(rows, change))
        self.dialog.names_chosen.connect(lambda: self.read_names(rows))
        self.dialog.finished.connect(self._on_finished)
        self.dialog.open()

    def change(self, rows: Sequence[Row], change: LabelChange) -> None:
        """Change the case, the date or both of these jobs."""
        self._change([(row, change) for row in rows])

    def read_names(self, rows: Sequence[Row]) -> None:
        """Change what the names of these jobs' files say otherwise."""
        now = time.time()
        found = [(row, change_by_name(Path(row.path).stem, self.pattern, row.label, now=now)) for row in rows]
        if not self._change(found):
            self._message.info(self.tr("Nothing to change"))

    def _change(self, wanted: Sequence[tuple[Row, LabelChange]]) -> bool:
        """Change labels, and offer to undo it; return whether anything changed."""
        changes = {row.id: (row, change) for row, change in wanted if change.apply(row.label) != row.label}
        if not changes:
            return False
        before = {job_id: change.undone(row.label) for job_id, (row, change) in changes.items()}
        self._relabel({job_id: change for job_id, (_, change) in changes.items()})
        made = [change for _, change in changes.values()]
        if all(change.recorded_at is None for change in made):
            sentence = self.tr("Case of %Ln recording(s) changed", "", len(before))
        elif all(change.case is None for change in made):
            sentence = self.tr("Date of %Ln recording(s) changed", "", len(before))
        else:
            sentence = self.tr("Case and date of %Ln recording(s) changed", "", len(before))
        self._message.info(sentence, MessageAction(self.tr("Undo"), lambda: self._relabel(before)))
        return True

    @Slot()
    def _on_finished(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
        self.dialog = None
