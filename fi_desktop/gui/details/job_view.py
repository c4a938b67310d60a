"""One job: what it is, each attempt, what happened to it, and what the log says of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFont, QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.core.events import JobEvent
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.text import clock
from fi_desktop.gui import theme, widgets
from fi_desktop.gui.details.attempt_card import AttemptCard, CollapsibleText, set_text, text_label
from fi_desktop.gui.details.labels import DetailLabels
from fi_desktop.gui.labels import NoTranscriptLabels, no_transcript_reason
from fi_desktop.gui.widgets import ElidedLabel
from fi_desktop.viewmodel.diagnostics import diagnostics
from fi_desktop.viewmodel.job_facts import JobFacts
from fi_desktop.viewmodel.rows import Row

_ICON_PX = 18
_INNER_PX = 2  # what Qt leaves free on each side of an edited line's text


class JobView(QWidget):
    """Shows a job; what is shown of the same job again keeps its place and its open folds.

    Signals:
        open_asked, retry_asked: of the job that is shown (its id).
    """

    open_asked = Signal(int)
    retry_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = DetailLabels(self)
        self._row: Row | None = None
        self._job: Job | None = None
        self._facts: JobFacts | None = None
        self._cards: list[AttemptCard] = []
        self._name = ElidedLabel("", self)
        self._name.setFont(theme.scaled(self.font(), 1.15, QFont.Weight.DemiBold))
        self._icon, self._state = QLabel(self), text_label(self)
        self.progress = QProgressBar(self)
        self.progress.setAccessibleName(self.tr("Progress"))
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.progress.setRange(0, 1000)
        self.open = self._button(self.tr("Open result"))
        self.retry = self._button(self.tr("Retry"))
        self.copy = self._button(self.tr("Copy diagnostics"))
        self.copy.setToolTip(self.tr("What whoever mends the program needs, without anything of the patient"))
        self.form = FactsForm(self.words, self)
        self.events = CollapsibleText(self.tr("What happened"), self)
        self.log = CollapsibleText(self.tr("Log"), self)
        self.log.set_code()
        self.open.clicked.connect(self._on_open)
        self.retry.clicked.connect(self._on_retry)
        self.copy.clicked.connect(self._on_copy)
        self._lay_out()

    def show_row(self, row: Row, now: float) -> None:
        """Show where the job stands; at once, and at each step of its progress."""
        if self._row is None or self._row.id != row.id:
            self._begin()
        self._row = row
        self._name.setText(row.name)
        self._name.setToolTip(widgets.plain_tooltip(row.path))
        state = self.words.common.state_of(row)
        running = row.state is JobState.RUNNING
        self._state.setText(
            f"{state} · {self.words.common.stage(row.stage)} {row.share:.0%}" if running else state
        )
        self.progress.setVisible(running)
        self.progress.setValue(round(row.share * 1000))
        self.open.setVisible(row.exportable)
        self.retry.setVisible(row.retriable)
        if self._job is not None:
            self.form.show_job(self._job, row.duration_s, now)
        self._dress()

    def show_job(self, job: Job, events: Sequence[JobEvent], now: float) -> None:
        """Show the whole of the job."""
        self._job = job
        self.copy.setEnabled(True)
        self.form.show_job(job, self._row.duration_s if self._row else None, now)
        self.form.show_facts(job, self._facts)
        while len(self._cards) < len(job.attempts):
            card = AttemptCard(self.words, self)
            self._timeline.addWidget(card)
            self._cards.append(card)
        for card, attempt in zip(self._cards, job.attempts, strict=False):
            card.show_attempt(job, attempt)
        set_text(self._heading, self.tr("Attempts") if job.attempts else "")
        told = (f"{self.words.common.exact(event.at)}  {self.words.happened(event)}" for event in events)
        self.events.show_lines("\n".join(told))

    def show_facts(self, facts: JobFacts) -> None:
        """Show what files say."""
        self._facts = facts
        self.log.show_lines("\n".join(facts.log))
        if self._job is not None:
            self.form.show_facts(self._job, facts)

    def cards(self) -> list[AttemptCard]:
        """Return the attempts that are shown, the first one first."""
        return list(self._cards)

    def _begin(self) -> None:
        """Another job: nothing is known of it yet."""
        self._job = self._facts = None
        self.copy.setEnabled(False)
        for card in self._cards:
            self._timeline.removeWidget(card)
            card.deleteLater()
        self._cards.clear()
        self._heading.hide()
        for fold in (self.events, self.log):
            fold.show_lines("")
        self.area.verticalScrollBar().setValue(0)

    def _button(self, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName("plain")
        button.setAccessibleName(text)
        return button

    def _lay_out(self) -> None:
        self._heading = text_label(self)
        self._heading.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        state = QHBoxLayout()
        state.setSpacing(7)
        state.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        state.addWidget(self._state, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.open)
        buttons.addWidget(self.retry)
        buttons.addStretch()
        self._timeline = QVBoxLayout()
        self._timeline.setSpacing(4)
        body = QWidget(self)
        column = QVBoxLayout(body)
        column.setContentsMargins(14, 12, 14, 14)
        column.setSpacing(8)
        column.addWidget(self._name)
        column.addLayout(state)
        column.addWidget(self.progress)
        column.addLayout(buttons)
        column.addWidget(self.form)
        column.addSpacing(4)
        column.addWidget(self._heading)
        column.addLayout(self._timeline)
        column.addWidget(self.events)
        column.addWidget(self.log)
        column.addSpacing(4)
        column.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch()
        self.area = QScrollArea(self)
        self.area.setAccessibleName(self.tr("Details"))
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidgetResizable(True)
        self.area.setWidget(body)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(self.area)

    @Slot()
    def _on_open(self) -> None:
        if self._row is not None:
            self.open_asked.emit(self._row.id)

    @Slot()
    def _on_retry(self) -> None:
        if self._row is not None:
            self.retry_asked.emit(self._row.id)

    @Slot()
    def _on_copy(self) -> None:
        if self._job is not None:
            made = self._facts.provenance if self._facts else None
            QGuiApplication.clipboard().setText(diagnostics(self._job, made))

    def _dress(self) -> None:
        if self._row is None:
            return
        colour = theme.tone(theme.STATE_TONES[self._row.state], self.palette())
        name = f"state-{self._row.state.value.lower()}"
        self._icon.setPixmap(theme.pixmap(name, _ICON_PX, colour, self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "area"):
            self._dress()


class FactsForm(QWidget):
    """Lines that appear once there is something to say in them."""

    def __init__(self, words: DetailLabels, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._none = NoTranscriptLabels(self)
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(12)
        self._form.setVerticalSpacing(4)
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self.file = self._path_line(self.tr("File"))
        self.folder = self._path_line(self.tr("Folder"))
        self.amount = self._line(self.tr("Size"))
        self.length = self._line(self.tr("Length"))
        self.added = self._line(self.tr("Added"))
        self.started = self._line(self.tr("Started"))
        self.finished = self._line(self.tr("Finished"))
        self.speakers = self._line(self.tr("Speakers"))
        self.language = self._line(self.tr("Language"))
        self.voices = self._line(self.tr("Voices by"))
        self.writes = self._line(self.tr("Words by"))
        self.vocabulary = self._line(self.tr("Vocabulary"))
        self.version = self._line(self.tr("Made by"))

    def show_job(self, job: Job, length_s: float | None, now: float) -> None:
        """Show what the queue knows."""
        path, words, options = PurePath(job.path), self._words.common, job.options
        for line, text in ((self.file, path.name), (self.folder, str(path.parent))):
            line.show_path(text)
        self._set(self.length, "" if length_s is None else clock(length_s))
        started = job.attempts[-1].started_at if job.attempts else None
        for label, at in (
            (self.added, job.submitted_at),
            (self.started, started),
            (self.finished, job.finished_at),
        ):
            self._set(label, "" if at is None else self._words.common.ago(at, now))
            label.setToolTip("" if at is None else self._words.common.exact(at))
        self._set(self.speakers, words.requested_speakers(str(options.speakers)))
        found = job.summary.language if job.summary is not None else None
        # once it is done, a language that was to be found out is found, or nothing was transcribed
        asked = "" if job.state is JobState.COMPLETED else words.requested_language(options.language)
        self._set(self.language, words.language(found) if found else asked)
        self._set(self.vocabulary, self._words.vocabulary(options))

    def show_facts(self, job: Job, facts: JobFacts | None) -> None:
        """Show what files say; None: that is not known yet."""
        words, options, made = self._words.common, job.options, facts.provenance if facts else None
        self._set(self.amount, self._words.size(facts.size_bytes) if facts else "")
        if made is None:
            lacks = facts is not None and not facts.model and options.transcriber == "auto"
            self._set(self.voices, words.engine(options.engine))
            self._set(self.writes, self._none.no_model() if lacks else words.transcriber(options.transcriber))
            self._set(self.version, "")
            return
        voices = f"{words.engine(made.engine)} · {made.model}" if made.model else words.engine(made.engine)
        self._set(self.voices, voices)
        if made.transcriber:
            wrote = f"{words.engine(made.transcriber)} · {made.transcriber_model}"
        else:
            wrote = self._none.short(no_transcript_reason(made, facts.notes if facts else ()))
        self._set(self.writes, wrote)
        self._set(self.version, f"fi-desktop {made.app_version}")

    def _line(self, caption: str) -> QLabel:
        label = text_label(self)
        label.setAccessibleName(caption)
        self._form.addRow(self._caption(caption), label)
        return label

    def _path_line(self, caption: str) -> PathLine:
        line = PathLine(self)
        line.setAccessibleName(caption)
        self._form.addRow(self._caption(caption), line)
        return line

    def _caption(self, text: str) -> QLabel:
        caption = QLabel(text, self)
        caption.setObjectName("quiet")
        return caption

    def _set(self, label: QLabel, text: str) -> None:
        set_text(label, text)
        self._form.setRowVisible(label, bool(text))


class PathLine(QLineEdit):
    """Shows both ends of a path that is too long, until somebody goes into it to see or copy all of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("fact")
        self.setReadOnly(True)
        self.setFrame(False)
        self.setTextMargins(-_INNER_PX, 0, -_INNER_PX, 0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_path(self, text: str) -> None:
        """Show a path, and all of it as the tooltip; what is selected in the same one stays so."""
        if self.text() != text:
            self.setText(text)
            self.setCursorPosition(0)
            self.setToolTip(widgets.plain_tooltip(text))

    def shown(self) -> str:
        """Return what is to be read."""
        if self.hasFocus():
            return self.text()
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, self.width())

    def sizeHint(self) -> QSize:
        """Return the height of the labels beside it."""
        return QSize(self.fontMetrics().averageCharWidth() * 8, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        """Return room for a few letters."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint it whole where it fits, or is gone through."""
        shown = self.shown()
        if shown == self.text():
            super().paintEvent(event)
            return
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
