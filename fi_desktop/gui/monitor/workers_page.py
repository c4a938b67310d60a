"""The monitor's page of workers: each with what it does and uses, and how many there shall be."""

from __future__ import annotations

import os
from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from fi_desktop.gui import errors, theme
from fi_desktop.gui.monitor.words import MonitorWords
from fi_desktop.gui.monitor.worker_actions import WorkerActions
from fi_desktop.gui.monitor.workers_model import WorkersModel
from fi_desktop.gui.monitor.workers_table import WorkersTable
from fi_desktop.jobs.queue_events import QueueEvent, WorkersChanged
from fi_desktop.jobs.speed import Speeds
from fi_desktop.viewmodel.monitor_watch import Look


class WorkersPage(QWidget):
    """Shows the workers, and asks for more or fewer.

    Attributes:
        model: the workers.
        fewer, more: the buttons.
        actions_bar: what can be done with the selected worker.

    Signals:
        workers_asked: so many workers are wanted.
    """

    workers_asked = Signal(int)

    def __init__(
        self, words: MonitorWords, parent: QWidget | None = None, *, speeds: Speeds | None = None
    ) -> None:
        """Prepare; `speeds`: how fast the machine is, where the list of jobs knows it."""
        super().__init__(parent)
        self._wanted: int | None = None  # None: as many as the program was started with
        self._trouble = ""
        self._most = os.cpu_count() or 1
        self.model = WorkersModel(words, self, speeds=speeds)
        self.table = WorkersTable(self.model, self)
        self.actions_bar = WorkerActions(self)
        for action in self.actions_bar.all():
            self.table.addAction(action)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.table.selectionModel().selectionChanged.connect(self._fit)
        self.actions_bar.retire_asked.connect(self._on_retire_asked)
        self._number = QLabel(self)
        self._number.setFont(theme.tabular(theme.scaled(self.font(), 1.15, QFont.Weight.DemiBold)))
        self._about = QLabel(self)
        self._about.setObjectName("quiet")
        self._about.setWordWrap(True)
        self.fewer = self._button(self.tr("Remove a worker"))
        self.fewer.setToolTip(self.tr("The last one; it finishes its recording first"))
        self.more = self._button(self.tr("Add a worker"))
        self.more.setToolTip(
            self.tr("One for each of this computer's {number} cores at most").format(number=self._most)
        )
        self.fewer.clicked.connect(self._on_fewer_asked)
        self.more.clicked.connect(self._on_more_asked)
        words_column = QVBoxLayout()
        words_column.setSpacing(2)
        words_column.addWidget(self._number)
        words_column.addWidget(self._about)
        head = QHBoxLayout()
        head.setContentsMargins(16, 14, 16, 14)
        head.setSpacing(8)
        head.addLayout(words_column, 1)
        head.addWidget(self.fewer)
        head.addWidget(self.more)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.table, 1)
        column.addWidget(self.actions_bar)
        self._fit()

    def take_news(self, news: Iterable[QueueEvent]) -> None:
        """Show what happened."""
        for item in news:
            if isinstance(item, WorkersChanged):
                self._trouble = errors.sentence(item.trouble)
        self.model.take_news(news)
        self._fit()

    def take_look(self, look: Look) -> None:
        """Show what was measured."""
        self.model.take_look(look)
        self.table.show_gpu()
        self._fit()

    @property
    def wanted(self) -> int:
        """How many workers there shall be."""
        return self._wanted if self._wanted is not None else self.model.rowCount()

    def _button(self, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName("plain")
        button.setAutoDefault(False)
        button.setAccessibleName(text)
        return button

    @Slot()
    def _fit(self) -> None:
        selected = self.table.selectionModel().selectedRows()
        worker = self.model.worker(selected[0]) if selected else None
        self.actions_bar.fit(worker, spare=self.wanted > 1)
        known = self.model.rowCount() > 0 and not self._trouble
        self.fewer.setEnabled(known and self.wanted > 1)
        self.more.setEnabled(known and self.wanted < self._most)
        self._number.setText(self.tr("%Ln worker(s)", "", self.wanted))
        self._about.setText(self._trouble or self.tr("Each works on one recording at a time."))

    def _ask(self, workers: int) -> None:
        self._wanted = workers
        self._fit()
        self.workers_asked.emit(workers)

    @Slot()
    def _on_retire_asked(self) -> None:
        self._wanted = self.wanted - 1
        self._fit()

    @Slot()
    def _on_fewer_asked(self) -> None:
        self._ask(self.wanted - 1)

    @Slot()
    def _on_more_asked(self) -> None:
        self._ask(self.wanted + 1)
