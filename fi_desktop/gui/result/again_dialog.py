"""Asks how a recording is to be processed again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from fi_desktop.core.values import JobOptions
from fi_desktop.gui.adding.option_fields import LanguageField, SpeakersField, TranscriberField

_WIDTH = 440


class AgainDialog(QDialog):
    """Chooses number of speakers, languages and model; the other options stay as they are.

    Attributes:
        speakers, language, transcriber: the fields.
        start: accepts the choice.
    """

    def __init__(self, options: JobOptions, packs: Iterable[str], parent: QWidget | None = None) -> None:
        """Show the options of a result. packs: names of the installed transcription models."""
        super().__init__(parent)
        self._options = options
        self.setWindowTitle(self.tr("Process again"))
        promise = QLabel(
            self.tr(
                "This makes a new version. The current one stays with all its corrections, "
                "and you can return to it at any time."
            ),
            self,
        )
        promise.setWordWrap(True)
        self.speakers = SpeakersField(self.tr("Number of speakers"), self)
        self.language = LanguageField(self.tr("Language"), self.tr("Languages in this recording:"), self)
        self.transcriber = TranscriberField(self.tr("Transcription model"), self)
        self.speakers.show_speakers(options.speakers)
        self.language.show_language(options.language)
        self.transcriber.show_transcriber(options.transcriber, packs)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        form.addRow(self.tr("&Speakers"), self.speakers)
        form.addRow(self.tr("&Language"), self.language)
        form.addRow(self.tr("&Transcription"), self.transcriber)
        self.start = QPushButton(self.tr("Process again"), self)
        self.start.setObjectName("primary")
        self.start.setDefault(True)
        self.start.clicked.connect(self.accept)
        cancel = QPushButton(self.tr("Cancel"), self)
        cancel.setObjectName("plain")
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.start)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(14)
        column.addWidget(promise)
        column.addLayout(form)
        column.addLayout(buttons)
        self.setMinimumWidth(_WIDTH)

    def options(self) -> JobOptions:
        """Return the chosen options."""
        return replace(
            self._options,
            speakers=self.speakers.speakers,
            language=self.language.language,
            transcriber=self.transcriber.transcriber,
        )
