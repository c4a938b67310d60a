"""The monitor's failures: grouped by cause, with retry and copy of a group, and the scheduled retries."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import PurePath

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.core.job import Job, JobState
from fi_desktop.gui import clipboard, theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.monitor.monitor_labels import MonitorLabels
from fi_desktop.gui.monitor.monitor_widgets import Cell, CellsModel, ColumnHeading, FiguresTable
from fi_desktop.jobs.metrics import Cause
from fi_desktop.jobs.service import JobService
from fi_desktop.viewmodel.monitor import MonitorSnapshot
from fi_desktop.viewmodel.monitor_tables import failure_list

_WIDE_TIME = 1_893_412_680.0  # a date and time with two digits in each part
_NAME_CHARS, _REASON_CHARS = 24, 32  # always visible
_LONG_WAIT_S = 59 * 60.0 + 59


class FailuresPage(QWidget):
    """Shows why recordings failed, and which are retried.

    Attributes:
        causes: the groups, the largest first.
        table: shows them.
        retry: retries the recordings of the chosen group.
        copy: copies their numbers and the cause.
        with_names: whether file names are copied as well.
        scheduled: the scheduled retries.

    Signals:
        retry_asked: numbers of jobs.
        done: a sentence about what was done.
        failed: a sentence.
    """

    retry_asked = Signal(object)
    done = Signal(str)
    failed = Signal(str)

    def __init__(
        self, labels: MonitorLabels, bridge: Bridge, service: JobService, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._labels, self._bridge, self._service = labels, bridge, service
        self._job_labels = UiLabels(self)
        self._causes: tuple[Cause, ...] = ()
        self._summary = QLabel(self)
        self._summary.setFont(theme.scaled(self.font(), 1.15, QFont.Weight.DemiBold))
        self.retry = self._button(self.tr("Retry the group"))
        self.copy = self._button(self.tr("Copy the list"))
        self.copy.setToolTip(self.tr("Numbers and cause of the recordings of the group"))
        self.with_names = QCheckBox(self.tr("With file names"), self)
        self.with_names.setToolTip(self.tr("File names may name patients"))
        self.retry.clicked.connect(self._on_retry)
        self.copy.clicked.connect(self._on_copy)
        self._make_tables()
        self._lay_out()
        self._update()

    @property
    def chosen(self) -> Cause | None:
        """The chosen group; the only one if there is one."""
        rows = self.table.selectionModel().selectedRows()
        if rows and rows[0].row() < len(self._causes):
            return self._causes[rows[0].row()]
        return self._causes[0] if len(self._causes) == 1 else None

    @property
    def shown(self) -> tuple[Cause, ...]:
        """The groups."""
        return self._causes

    def show_snapshot(self, snapshot: MonitorSnapshot) -> None:
        """Show a snapshot's failures and retries."""
        if snapshot.causes != self._causes:
            self._causes = snapshot.causes
            self.causes.show_rows([self._cause_row(cause) for cause in snapshot.causes])
        self._cause_stack.setCurrentIndex(0 if snapshot.causes else 1)
        self.scheduled.show_rows([self._scheduled_row(job, snapshot.at) for job in snapshot.retrying])
        self._schedule_stack.setCurrentIndex(0 if snapshot.retrying else 1)
        self._update()

    def _make_tables(self) -> None:
        self.causes = CellsModel(
            (
                ColumnHeading(self.tr("Cause")),
                ColumnHeading(self.tr("Code"), self.tr("As in the log and in exports")),
                ColumnHeading(self.tr("Recordings"), figures=True),
                ColumnHeading(self.tr("First")),
                ColumnHeading(self.tr("Last")),
            ),
            self,
        )
        at = self._job_labels.moment(_WIDE_TIME)
        widest = {1: "recording.unreadable", 2: "00,000", 3: at, 4: at}
        self.table = FiguresTable(self.tr("Failures"), self.causes, widest, self, min_chars=_REASON_CHARS)
        self.table.selectionModel().selectionChanged.connect(self._update)
        self.scheduled = CellsModel(
            (
                ColumnHeading(self.tr("Starts in"), figures=True),
                ColumnHeading(self.tr("Start time")),
                ColumnHeading(self.tr("Recording")),
                ColumnHeading(self.tr("Attempt"), figures=True),
                ColumnHeading(self.tr("Reason for the retry")),
            ),
            self,
        )
        widest = {0: self._labels.duration(_LONG_WAIT_S), 1: at, 2: "n" * _NAME_CHARS, 3: self.tr("Attempt")}
        self._scheduled_table = FiguresTable(
            self.tr("Scheduled retries"), self.scheduled, widest, self, min_chars=_REASON_CHARS
        )

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(16, 14, 16, 12)
        head.setSpacing(8)
        head.addWidget(self._summary, 1)
        for widget in (self.with_names, self.copy, self.retry):
            head.addWidget(widget)
        self._cause_stack = self._stack(self.table, self.tr("No recording has failed."))
        self._schedule_stack = self._stack(
            self._scheduled_table,
            self.tr(
                "No retries are scheduled. Recordings that will be retried, for example after a full disk, "
                "are listed here."
            ),
        )
        title = QLabel(self.tr("Scheduled retries"), self)
        title.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        title.setContentsMargins(16, 16, 16, 8)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._cause_stack, 3)
        column.addWidget(title)
        column.addWidget(self._schedule_stack, 2)

    def _stack(self, table: QWidget, nothing: str) -> QStackedWidget:
        """Return a table, or a sentence in its place."""
        label = QLabel(nothing, self)
        label.setObjectName("quiet")
        label.setContentsMargins(16, 8, 16, 8)
        label.setWordWrap(True)
        stack = QStackedWidget(self)
        stack.addWidget(table)
        stack.addWidget(label)
        stack.setCurrentIndex(1)
        return stack

    def _button(self, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName("plain")
        button.setAutoDefault(False)
        button.setAccessibleName(text)
        return button

    def _cause_row(self, cause: Cause) -> tuple[Cell, ...]:
        text = self._labels.cause(cause.code)
        return (
            Cell(text, spoken=text),
            Cell(cause.code, spoken=cause.code),
            Cell(self._labels.number(len(cause.ids), 0)),
            Cell(self._job_labels.moment(cause.first)),
            Cell(self._job_labels.moment(cause.last)),
        )

    def _scheduled_row(self, job: Job, now: float) -> tuple[Cell, ...]:
        due_at = job.due_at if job.due_at is not None else now
        name, why = (
            self._labels.title(PurePath(job.path).name, job.label.case),
            self._job_labels.error(job.error) if job.error is not None else "",
        )
        return (
            Cell(self._labels.duration(due_at - now + 0.5) if due_at > now else self.tr("now")),
            Cell(self._job_labels.moment(due_at)),
            Cell(name, spoken=job.path),
            Cell(str(len(job.attempts) + 1)),
            Cell(why, spoken=why),
        )

    @Slot()
    def _update(self) -> None:
        number = sum(len(cause.ids) for cause in self._causes)
        self._summary.setText(
            self.tr("%Ln failed recording(s)", "", number) if number else self.tr("No failures")
        )
        for widget in (self.retry, self.copy, self.with_names):
            widget.setEnabled(self.chosen is not None)

    @Slot()
    def _on_retry(self) -> None:
        if (cause := self.chosen) is not None:
            self.retry_asked.emit(cause.ids)

    @Slot()
    def _on_copy(self) -> None:
        cause = self.chosen
        if cause is None:
            return
        if not self.with_names.isChecked():
            self._copy(cause, ())
            return
        jobs = self._service.jobs(state=JobState.FAILED)
        self._bridge.when_done(jobs, partial(self._on_names, cause), self.failed.emit)

    def _on_names(self, cause: Cause, jobs: Sequence[Job]) -> None:
        ids = set(cause.ids)
        found = [job for job in jobs if job.id in ids]
        self._bridge.record(
            Act(ActKind.COPIED, detail={"what": "names", "jobs": ",".join(str(job.id) for job in found)})
        )
        self._copy(cause, found)

    def _copy(self, cause: Cause, jobs: Sequence[Job]) -> None:
        clipboard.copy_text(failure_list(cause, self._labels.cause(cause.code), jobs))
        self.done.emit(self.tr("%Ln line(s) copied.", "", len(cause.ids)))
