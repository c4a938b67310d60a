"""In the place of the text of a result without words: why there are none, and what can be done about it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from fi_desktop.core.transcript import Transcript
from fi_desktop.gui import theme
from fi_desktop.gui.labels import NoTranscriptLabels, NoTranscriptReason, no_transcript_reason

_ICON_PX = 20


class NoWordsNote(QWidget):
    """Says why there is no text.

    Attributes:
        why: the reason.
        models: leads to the models; shown where one is lacking.
        again: has the recording processed again.

    Signals:
        models_asked: the person wants to see to a model.
        again_asked: the person wants the recording processed again.
    """

    models_asked = Signal()
    again_asked = Signal()

    def __init__(self, transcript: Transcript, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.why = no_transcript_reason(transcript.provenance, transcript.notes)
        sentences = NoTranscriptLabels(self)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._icon = QLabel(self)
        self._title = QLabel(self.tr("No transcription"), self)
        self._title.setFont(theme.scaled(self.font(), 1.15, QFont.Weight.DemiBold))
        self._said = QLabel(sentences.sentence(self.why, transcript.notes), self)
        self._advice = QLabel(sentences.advice(self.why), self)
        self._advice.setObjectName("quiet")
        for label in (self._said, self._advice):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._advice.setVisible(bool(self._advice.text()))
        self.models = QPushButton(self.tr("Choose a model…"), self)
        self.models.setObjectName("primary")
        self.models.clicked.connect(self.models_asked)
        self.models.setVisible(self.why is NoTranscriptReason.NO_MODEL)
        self.again = QPushButton(self.tr("Process again"), self)
        self.again.setObjectName("plain")
        self.again.clicked.connect(self.again_asked)
        self.again.setVisible(self.why in (NoTranscriptReason.NO_MODEL, NoTranscriptReason.FAILED))
        for button in (self.models, self.again):
            button.setAccessibleName(button.text().removesuffix("…"))
        self._lay_out()
        self._dress()

    @property
    def said(self) -> str:
        """Why there are no words."""
        return self._said.text()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(7)
        head.addWidget(self._icon)
        head.addWidget(self._title, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.models)
        buttons.addWidget(self.again)
        buttons.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self._said)
        column.addWidget(self._advice)
        if self.models.isVisibleTo(self) or self.again.isVisibleTo(self):
            column.addSpacing(2)
            column.addLayout(buttons)

    def _dress(self) -> None:
        warns = self.why in (NoTranscriptReason.NO_MODEL, NoTranscriptReason.FAILED)
        colour = theme.tone("warn", self.palette()) if warns else theme.quiet(self.palette())
        name = "warning" if warns else "info"
        self._icon.setPixmap(theme.pixmap(name, _ICON_PX, colour, self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "again"):
            self._dress()
