"""Shows how far an import is, and lets it be stopped."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.models_dialog.words import ModelWords
from fi_desktop.gui.models_dialog.work import Meter


class ImportStrip(QWidget):
    """One line; hidden while nothing is imported.

    Signals:
        stop_asked: the person does not want it any more.
    """

    stop_asked = Signal()

    def __init__(self, words: ModelWords, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._label = QLabel(self)
        self._label.setFont(theme.tabular(self.font()))
        self._bar = QProgressBar(self)
        self._bar.setAccessibleName(self.tr("Progress of the import"))
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(8)
        self._bar.setRange(0, 1000)
        self.stop = QPushButton(self.tr("Cancel"), self)
        self.stop.setObjectName("plain")
        self.stop.setAutoDefault(False)
        self.stop.setAccessibleName(self.tr("Cancel the import"))
        self.stop.clicked.connect(self.stop_asked)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 10, 24, 10)
        row.setSpacing(14)
        row.addWidget(self._label)
        row.addWidget(self._bar, 1)
        row.addWidget(self.stop)
        self.hide()

    def show_meter(self, meter: Meter, now: float) -> None:
        """Show how far it is; `now`: seconds, monotonic."""
        words = self._words.progress(meter.done, meter.total, meter.pace(now)) if meter.total else ""
        self._label.setText(self.tr("Importing  {progress}").format(progress=words))
        self._bar.setValue(round(1000 * meter.done / meter.total) if meter.total else 0)
        self.stop.setEnabled(not meter.stopping)
        self.show()
