"""The monitor's audit page: who did what, by day and kind; verifies and exports the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

from PySide6.QtCore import QDate, QLocale, QObject, Slot
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.audit.formats import as_csv
from fi_desktop.audit.trail import AuditTrail
from fi_desktop.core.messages import Note
from fi_desktop.exporters.files import write_export
from fi_desktop.gui import labels
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.language import setting_text
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.gui.monitor.monitor_widgets import Cell, CellsModel, ColumnHeading, FiguresTable
from fi_desktop.gui.widgets import FileDialog
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import SPECS
from fi_desktop.viewmodel.audit_rows import AuditPage, AuditRow, read_page, verify_all

_SHOWN_FINDINGS = 3


class ActLabels(QObject):
    """Names of acts and of what is said about them."""

    def kind(self, kind: ActKind) -> str:
        """Return what was done."""
        return {
            ActKind.ADDED: self.tr("Added"),
            ActKind.SENT: self.tr("Sent to the server"),
            ActKind.COMPLETED: self.tr("Completed"),
            ActKind.FAILED: self.tr("Failed"),
            ActKind.CANCELLED: self.tr("Cancelled"),
            ActKind.PROCESSED_AGAIN: self.tr("Processed again"),
            ActKind.VERSION_CHOSEN: self.tr("Version chosen"),
            ActKind.RELOCATED: self.tr("Recording found elsewhere"),
            ActKind.LABELLED: self.tr("Case or date changed"),
            ActKind.LISTED: self.tr("List shown"),
            ActKind.SEARCHED: self.tr("Searched"),
            ActKind.OPENED: self.tr("Opened"),
            ActKind.PLAYED: self.tr("Played"),
            ActKind.COPIED: self.tr("Copied"),
            ActKind.EXPORTED: self.tr("Exported"),
            ActKind.PRINTED: self.tr("Printed"),
            ActKind.EDITED: self.tr("Edited"),
            ActKind.REVIEWED: self.tr("Reviewed"),
            ActKind.SIGNED: self.tr("Signed"),
            ActKind.REMOVED: self.tr("Removed"),
            ActKind.SETTINGS_CHANGED: self.tr("Settings changed"),
            ActKind.RETENTION_CHANGED: self.tr("Retention changed"),
            ActKind.RETENTION_RAN: self.tr("Deleted by age"),
            ActKind.CLOCK_CONFIRMED: self.tr("Clock confirmed"),
            ActKind.HOLD_PLACED: self.tr("Legal hold placed"),
            ActKind.HOLD_RELEASED: self.tr("Legal hold released"),
            ActKind.RECORDING_TRASHED: self.tr("Recording moved to the trash"),
            ActKind.TRAIL_SHORTENED: self.tr("Old entries deleted"),
            ActKind.MODEL_APPROVED: self.tr("Model approved"),
            ActKind.MODEL_REMOVED: self.tr("Model removed"),
            ActKind.LOCKED: self.tr("Locked"),
            ActKind.UNLOCK_TRIED: self.tr("Unlock tried"),
            ActKind.PROGRAM_STARTED: self.tr("Program started"),
            ActKind.PROGRAM_STOPPED: self.tr("Program stopped"),
            ActKind.TRAIL_READ: self.tr("Audit trail read"),
            ActKind.QUEUE_FOUND: self.tr("Earlier jobs found"),
        }.get(kind, kind.value)

    def detail(self, row: AuditRow) -> str:
        """Return what else is known of an act."""
        detail = row.detail
        match row.kind:
            case ActKind.EXPORTED:
                place = self._place(str(detail.get("place", "")))
                return f"{detail.get('format', '')} → {place}"
            case ActKind.COPIED:
                copied = {"names": self.tr("file names"), "note": self.tr("as a note")}
                return copied.get(str(detail.get("what")), self.tr("text"))
            case ActKind.PRINTED:
                return self._place(str(detail.get("place", "")))
            case ActKind.REMOVED:
                by = {"age": self.tr("by age"), "replaced": self.tr("replaced by another job")}
                return by.get(str(detail.get("by")), self.tr("by a person"))
            case ActKind.SETTINGS_CHANGED:
                names = [str(name) for name in detail.get("settings", ())]
                titles = [setting_text(SPECS[name].title) if name in SPECS else name for name in names]
                return ", ".join(titles)
            case ActKind.MODEL_APPROVED | ActKind.MODEL_REMOVED:
                return str(detail.get("model", ""))
            case _:
                return ""

    def _place(self, place: str) -> str:
        return {
            "home": self.tr("folder in this account"),
            "drive": self.tr("removable drive"),
            "network": self.tr("network drive"),
            "terminal": self.tr("terminal"),
            "another program": self.tr("another program"),
            "printer": self.tr("printer"),
        }.get(place, self.tr("another folder"))


class AuditTrailPage(QWidget):
    """Lists entries, and verifies and exports the trail.

    Attributes:
        day, kind: choose what is shown; the first choice is everything.
        table: the entries.
        verify, export: the buttons.
    """

    def __init__(
        self, bridge: Bridge, service: JobService, message: MessageBar, parent: QWidget | None = None
    ) -> None:
        """Make the page; nothing is read before `refresh`. message: the outcome of buttons."""
        super().__init__(parent)
        self._bridge, self._service, self._message = bridge, service, message
        self._labels = ActLabels(self)
        self._page = AuditPage()
        self.day = QComboBox(self)
        self.day.setAccessibleName(self.tr("Day"))
        self.kind = QComboBox(self)
        self.kind.setAccessibleName(self.tr("What was done"))
        for box in (self.day, self.kind):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.currentIndexChanged.connect(self._on_chosen)
        self.verify = QPushButton(self.tr("&Verify"), self)
        self.verify.setToolTip(self.tr("Find entries that were changed, cut, swapped or left out"))
        self.verify.clicked.connect(self._on_verify)
        self.export = QPushButton(self.tr("&Export…"), self)
        self.export.clicked.connect(self._on_export)
        self.cells = CellsModel(
            (
                ColumnHeading(self.tr("When")),
                ColumnHeading(self.tr("Who")),
                ColumnHeading(self.tr("What was done")),
                ColumnHeading(self.tr("Job"), figures=True),
                ColumnHeading(self.tr("Details")),
            ),
            self,
        )
        widest = {0: "00/00/0000 00:00:00", 1: "0" * 18, 2: "0" * 24, 3: "000000"}
        self.table = FiguresTable(self.tr("Audit trail"), self.cells, widest, self, min_chars=18)
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 16, 12)
        head.setSpacing(8)
        for widget in (self.day, self.kind):
            head.addWidget(widget)
        head.addStretch(1)
        for button in (self.verify, self.export):
            head.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.table, 1)

    def refresh(self) -> None:
        """Read the trail."""
        if (trail := self._bridge.trail) is not None:
            self._bridge.run_in_thread(
                "audit reading", partial(read_page, trail), self._on_read, self._on_failed
            )

    def _on_read(self, page: AuditPage) -> None:
        self._page = page
        day, kind = self.day.currentData(), self.kind.currentData()
        locale = QLocale()
        days = [
            (locale.toString(_qt(each), QLocale.FormatType.LongFormat), each.isoformat())
            for each in page.days
        ]
        kinds = [(self._labels.kind(each), each.value) for each in page.kinds]
        _fill(self.day, self.tr("All days"), days, day)
        _fill(self.kind, self.tr("Everything"), kinds, kind)
        self._show()

    def _show(self) -> None:
        day, kind = self.day.currentData(), self.kind.currentData()
        rows = self._page.shown(date.fromisoformat(day) if day else None, ActKind(kind) if kind else None)
        self.cells.show_rows([self._cells(row) for row in rows])

    def _cells(self, row: AuditRow) -> tuple[Cell, ...]:
        job = "" if row.job is None else str(row.job)
        when = QLocale().toString(_qt(row.at.date()), QLocale.FormatType.ShortFormat)
        return (
            Cell(f"{when} {row.at:%H:%M:%S}"),
            Cell(row.who, spoken=row.program),
            Cell(self._labels.kind(row.kind)),
            Cell(job),
            Cell(self._labels.detail(row)),
        )

    @Slot(int)
    def _on_chosen(self, _index: int) -> None:
        self._show()

    @Slot()
    def _on_verify(self) -> None:
        if (trail := self._bridge.trail) is not None:
            self.verify.setEnabled(False)
            self._bridge.run_in_thread(
                "audit verification",
                partial(verify_all, trail, self._service),
                self._on_verified,
                self._on_failed,
            )

    def _on_verified(self, findings: Sequence[Note]) -> None:
        self.verify.setEnabled(True)
        if not findings:
            self._message.info(self.tr("The audit trail is as it was written."))
        else:
            sentences = [labels.sentence(finding) for finding in findings[:_SHOWN_FINDINGS]]
            if len(findings) > _SHOWN_FINDINGS:
                sentences.append(self.tr("%Ln more finding(s).", "", len(findings) - _SHOWN_FINDINGS))
            self._message.error(" ".join(sentences))
        self.refresh()

    @Slot()
    def _on_export(self) -> None:
        dialog = FileDialog(self.window(), self.tr("Export the audit trail"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.selectFile("audit.csv")
        dialog.fileSelected.connect(self._on_file_chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def _on_file_chosen(self, file: str) -> None:
        if (trail := self._bridge.trail) is not None:
            task = partial(_export, trail, self._page, Path(file))
            self._bridge.run_task(task, self._on_exported, self._on_failed)

    def _on_exported(self, name: str) -> None:
        self._message.info(self.tr("Saved as {file}.").format(file=name))
        self.refresh()

    @Slot(str)
    def _on_failed(self, sentence: str) -> None:
        self.verify.setEnabled(True)
        self._message.error(sentence)


def _export(trail: AuditTrail, page: AuditPage, file: Path) -> str:
    trail.record_first(Act(ActKind.TRAIL_READ, detail={"purpose": "export"}))
    write_export(as_csv(page.entries), file)
    return file.name


def _fill(box: QComboBox, everything: str, choices: Sequence[tuple[str, str]], chosen: str | None) -> None:
    """Show choices, and keep what was chosen if it is still there."""
    box.blockSignals(True)
    box.clear()
    box.addItem(everything, None)
    for text, data in choices:
        box.addItem(text, data)
    box.setCurrentIndex(max(0, box.findData(chosen)) if chosen else 0)
    box.blockSignals(False)


def _qt(day: date) -> QDate:
    return QDate(day.year, day.month, day.day)
