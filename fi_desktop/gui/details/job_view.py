"""One job in the details panel: facts, attempts, history, and its lines of the log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from PySide6.QtCore import QEvent, QLocale, Qt, Signal, Slot
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.core import events as ev
from fi_desktop.core.case_labels import CaseLabel, LabelChange
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.text import clock, percent
from fi_desktop.core.transcript import wrong_words
from fi_desktop.core.values import NumberStyle, ReviewState, Summary
from fi_desktop.gui import labels, theme, widgets
from fi_desktop.gui.details.attempt_card import AttemptCard, CollapsibleText, set_text, text_label
from fi_desktop.gui.label_fields import CaseLine, DateLine
from fi_desktop.gui.labels import NoTranscriptLabels, UiLabels, no_transcript_reason
from fi_desktop.gui.widgets import ElidedLabel, PathLine
from fi_desktop.viewmodel.job_facts import JobFacts, diagnostics
from fi_desktop.viewmodel.result import options_with
from fi_desktop.viewmodel.rows import Row

_ICON_PX = 18


class JobView(QWidget):
    """Shows a job. Updates of the same job keep the scroll position and expanded texts.

    Attributes:
        form: the facts.
        events: the job's history.
        log: lines of the log that name the job.

    Signals:
        open_requested, retry_requested, words_requested: the job's id.
        again_requested: process the job again with these JobOptions.
        label_edited: the person changed the case or the date; the job's id and the LabelChange.
    """

    open_requested = Signal(int)
    retry_requested = Signal(int)
    words_requested = Signal(int)
    again_requested = Signal(object)
    label_edited = Signal(int, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = UiLabels(self)
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
        self.words = self._button(self.tr("Add words"))
        self.words.setToolTip(self.tr("Transcribe what was said; who spoke when stays as it is"))
        self.other_number = self._button("")
        self.copy = self._button(self.tr("Copy diagnostics"))
        self.copy.setToolTip(self.tr("Technical details for support, without patient data"))
        self.form = FactsForm(self)
        self.form.label_edited.connect(self._on_label_edited)
        self.events = CollapsibleText(self.tr("History"), self)
        self.log = CollapsibleText(self.tr("Log"), self)
        self.log.use_fixed_width()
        self.open.clicked.connect(self._on_open)
        self.retry.clicked.connect(self._on_retry)
        self.words.clicked.connect(self._on_words)
        self.other_number.clicked.connect(self._on_other_number)
        self.copy.clicked.connect(self._on_copy)
        self._lay_out()

    def show_row(self, row: Row, now: float, title: str) -> None:
        """Show a job's state and progress; title: what it is called."""
        if self._row is None or self._row.id != row.id:
            self._clear()
        self._row = row
        self._name.setText(title)
        self.form.show_label(row.label)
        self._name.setToolTip(widgets.plain_tooltip(row.path))
        state = self._labels.state_of(row)
        running = row.state is JobState.RUNNING
        self._state.setText(
            f"{state} · {self._labels.stage(row.stage)} {percent(row.share)}" if running else state
        )
        self.progress.setVisible(running)
        self.progress.setValue(round(row.share * 1000))
        self.open.setVisible(row.exportable)
        self.retry.setVisible(row.retriable)
        self.words.setVisible(row.lacks_words)
        if self._job is not None:
            self.form.show_job(self._job, row.duration_s, now)
        self._show_other_number()
        self._set_icon()

    def show_job(self, job: Job, events: Sequence[ev.JobEvent], now: float) -> None:
        """Show a job's facts, attempts and history."""
        self._job = job
        self.copy.setEnabled(True)
        self.form.show_job(job, self._row.duration_s if self._row else None, now)
        self.form.show_facts(job, self._facts)
        while len(self._cards) < len(job.attempts):
            card = AttemptCard(self)
            self._timeline.addWidget(card)
            self._cards.append(card)
        for card, attempt in zip(self._cards, job.attempts, strict=False):
            card.show_attempt(job, attempt)
        set_text(self._heading, self.tr("Attempts") if job.attempts else "")
        lines = (f"{self._labels.exact(event.at)}  {self._event(event)}" for event in events)
        self.events.show_text("\n".join(lines))

    def show_facts(self, facts: JobFacts) -> None:
        """Show what files say about the job."""
        self._facts = facts
        self.log.show_text("\n".join(facts.log))
        self._show_other_number()
        if self._job is not None:
            self.form.show_facts(self._job, facts)

    def cards(self) -> list[AttemptCard]:
        """Return the attempts, oldest first."""
        return list(self._cards)

    def _clear(self) -> None:
        self.form.commit()  # what is being written is for the job that was shown
        self._job = self._facts = None
        self.copy.setEnabled(False)
        for card in self._cards:
            self._timeline.removeWidget(card)
            card.deleteLater()
        self._cards.clear()
        self._heading.hide()
        for text in (self.events, self.log):
            text.show_text("")
        self.area.verticalScrollBar().setValue(0)

    def _show_other_number(self) -> None:
        """Offer the number of speakers that the voices suggest, if it is not the number in the result."""
        probable = self._facts.probable_speakers if self._facts else None
        if self._facts is not None and probable is not None:
            self.other_number.setText(self._labels.with_speakers(probable))
            self.other_number.setAccessibleName(self.other_number.text())
            self.other_number.setToolTip(self._labels.remarks(None, self._facts.notes))
        final = self._row is not None and self._row.state.final
        self.other_number.setVisible(probable is not None and final)

    def _event(self, event: ev.JobEvent) -> str:
        """Return what an event of the job's history says."""
        match event:
            case ev.Submitted():
                return self.tr("Added")
            case ev.Claimed(worker=worker):
                return self.tr("Started by {worker}").format(worker=self._labels.worker(worker))
            case ev.Due():
                return self.tr("Ready to retry")
            case ev.CancelAsked():
                return self.tr("Cancel requested")
            case ev.RetryAsked():
                return self.tr("Retry requested")
            case ev.Prioritized(priority=priority):
                label = self._labels.priority(priority)
                return self.tr("Priority changed to {priority}").format(priority=label)
            case ev.OptionsChanged():
                return self.tr("Options changed")
            case ev.StartChanged(start_at=None):
                return self.tr("Starts with the queue")
            case ev.StartChanged(start_at=at) if at:
                return self.tr("Starts at {time}").format(time=self._labels.moment(at))
            case ev.StartChanged():
                return self.tr("Starts now")
            case ev.Relocated():
                return self.tr("Recording found at another place")
            case ev.CopyAdded():
                return self.tr("Another file with the same recording added")
            case ev.ExportsChosen():
                return self.tr("Automatic export changed")
            case ev.LabelChanged():
                return self.tr("Case or date changed")
            case ev.LegalHoldPlaced(by=by):
                return self.tr("Legal hold placed by {name}").format(name=by)
            case ev.LegalHoldReleased(by=by):
                return self.tr("Legal hold released by {name}").format(name=by)
            case ev.Seen():
                return self.tr("Result opened")
            case ev.Reviewed(state=ReviewState.SIGNED, by=by):
                return self.tr("Signed by {name}").format(name=by)
            case ev.Reviewed(state=ReviewState.REVIEWED, by=by):
                return self.tr("Reviewed by {name}").format(name=by)
            case ev.Reviewed(by=by):
                return self.tr("Changed by {name}").format(name=by)
            case ev.VersionChosen():
                return self.tr("Version chosen")
            case ev.Completed():
                return self.tr("Completed")
            case ev.Failed(crashed=True):
                return self.tr("The worker stopped unexpectedly")
            case ev.Failed(error=error):
                return self.tr("Failed: {reason}").format(reason=labels.sentence(error))
            case ev.Released():
                return self.tr("Returned to the queue")
            case ev.Cancelled():
                return self.tr("Cancelled")
            case _:
                return type(event).__name__

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
        column.addWidget(self.words, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.other_number, 0, Qt.AlignmentFlag.AlignLeft)
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
            self.open_requested.emit(self._row.id)

    @Slot()
    def _on_retry(self) -> None:
        if self._row is not None:
            self.retry_requested.emit(self._row.id)

    @Slot()
    def _on_words(self) -> None:
        if self._row is not None:
            self.words_requested.emit(self._row.id)

    @Slot(object)
    def _on_label_edited(self, change: LabelChange) -> None:
        if self._row is not None:
            self.label_edited.emit(self._row.id, change)

    @Slot()
    def _on_other_number(self) -> None:
        facts = self._facts
        if facts is not None and facts.provenance is not None and facts.probable_speakers is not None:
            self.again_requested.emit(options_with(facts.probable_speakers, facts.provenance))

    @Slot()
    def _on_copy(self) -> None:
        if self._job is not None:
            provenance = self._facts.provenance if self._facts else None
            QGuiApplication.clipboard().setText(diagnostics(self._job, provenance))

    def _set_icon(self) -> None:
        if self._row is None:
            return
        colour = theme.tone(theme.STATE_TONES[self._row.state], self.palette())
        name = f"state-{self._row.state.value.lower()}"
        self._icon.setPixmap(theme.pixmap(name, _ICON_PX, colour, self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:
        """Recolour the icon when the palette changes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "area"):
            self._set_icon()


class FactsForm(QWidget):
    """A job's facts, one per line; lines without a value are hidden. Case and date can be changed.

    Signals:
        label_edited: the person changed the case or the date (LabelChange).
    """

    label_edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = UiLabels(self)
        self._no_transcript = NoTranscriptLabels(self)
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(12)
        self._form.setVerticalSpacing(4)
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self.case, self.date = CaseLine(self, in_place=True), DateLine(self, in_place=True)
        for line, caption in ((self.case, self.tr("Case")), (self.date, self.tr("Date"))):
            self._form.addRow(self._caption(caption), line)
        self.source = text_label(self)
        self.source.setObjectName("quiet")
        self.source.setAccessibleName(self.tr("Date"))
        self._form.addRow("", self.source)
        self.case.committed.connect(self._on_case_committed)
        self.date.committed.connect(self._on_date_committed)
        self.file = self._add_path(self.tr("File"))
        self.folder = self._add_path(self.tr("Folder"))
        self.size_bytes = self._add(self.tr("Size"))
        self.length = self._add(self.tr("Length"))
        self.added = self._add(self.tr("Added"))
        self.started = self._add(self.tr("Started"))
        self.finished = self._add(self.tr("Finished"))
        self.hold = self._add(self.tr("Legal hold"))
        self.speakers = self._add(self.tr("Speakers"))
        self.language = self._add(self.tr("Language"))
        self.words = self._add(self.tr("Words"))
        self.diarizer = self._add(self.tr("Speaker model"))
        self.transcriber = self._add(self.tr("Transcription model"))
        self.vocabulary = self._add(self.tr("Vocabulary"))
        self.numbers = self._add(self.tr("Numbers"))
        self.version = self._add(self.tr("Made by"))

    def show_label(self, label: CaseLabel) -> None:
        """Show the case and the date, unless the person is changing them."""
        self.case.show_value(label.case)
        self.date.show_value(label.recorded_at)
        self._set(self.source, self._labels.date_source(label.recorded_from) if label.recorded_at else "")

    def commit(self) -> None:
        """Report what the person is writing."""
        self.case.commit()
        self.date.commit()

    @Slot()
    def _on_case_committed(self) -> None:
        self.label_edited.emit(LabelChange(case=self.case.value))

    @Slot()
    def _on_date_committed(self) -> None:
        self.label_edited.emit(LabelChange(recorded_at=self.date.value))

    def show_job(self, job: Job, length_s: float | None, now: float) -> None:
        """Show what the queue knows."""
        path, labels, options = PurePath(job.path), self._labels, job.options
        self.file.show_path(path.name)
        self.folder.show_path(str(path.parent))
        self._set(self.length, "" if length_s is None else clock(length_s))
        started_at = job.attempts[-1].started_at if job.attempts else None
        for label, at in (
            (self.added, job.submitted_at),
            (self.started, started_at),
            (self.finished, job.finished_at),
            (self.hold, job.hold_since),
        ):
            self._set(label, "" if at is None else labels.ago(at, now))
            label.setToolTip("" if at is None else labels.exact(at))
        self._set(self.speakers, labels.requested_speakers(str(options.speakers)))
        found = job.summary.language if job.summary is not None else None
        # a completed job has detected the language, or has no transcript
        asked = "" if job.state is JobState.COMPLETED else labels.requested_language(options.language)
        self._set(self.language, labels.language(found) if found else asked)
        self._set(self.words, self._words(job.summary))
        self._set(
            self.vocabulary,
            ", ".join((*map(labels.term_list, options.vocabulary_lists), *options.vocabulary)),
        )
        as_heard = options.numbers is NumberStyle.AS_HEARD
        self._set(self.numbers, "" if as_heard else labels.numbers(options.numbers))

    def show_facts(self, job: Job, facts: JobFacts | None) -> None:
        """Show what files say; None if they are not read yet."""
        labels, options = self._labels, job.options
        provenance = facts.provenance if facts else None
        self._set(self.size_bytes, self._size(facts.size_bytes) if facts else "")
        if provenance is None:
            no_model = facts is not None and not facts.model and options.transcriber == "auto"
            transcriber = (
                self._no_transcript.no_model() if no_model else labels.transcriber(options.transcriber)
            )
            self._set(self.diarizer, labels.engine(options.engine))
            self._set(self.transcriber, transcriber)
            self._set(self.version, "")
            return
        diarizer = labels.engine(provenance.engine)
        self._set(self.diarizer, f"{diarizer} · {provenance.model}" if provenance.model else diarizer)
        if provenance.transcriber:
            transcriber = f"{labels.engine(provenance.transcriber)} · {provenance.transcriber_model}"
        else:
            reason = no_transcript_reason(provenance, facts.notes if facts else ())
            transcriber = self._no_transcript.short(reason)
        self._set(self.transcriber, transcriber)
        self._set(self.version, f"fi-desktop {provenance.app_version}")

    def _words(self, summary: Summary | None) -> str:
        """Return how many words there are, and how many may be wrong; "" without words."""
        if summary is None or not summary.words:
            return ""
        remark = labels.sentence(wrong_words(summary.wrong_share))
        return " · ".join(filter(None, (QLocale().toString(summary.words), remark)))

    def _size(self, size_bytes: int | None) -> str:
        if size_bytes is None:
            return self.tr("The file no longer exists")
        return QLocale().formattedDataSize(size_bytes, 1, QLocale.DataSizeFormat.DataSizeTraditionalFormat)

    def _add(self, caption: str) -> QLabel:
        label = text_label(self)
        label.setAccessibleName(caption)
        self._form.addRow(self._caption(caption), label)
        return label

    def _add_path(self, caption: str) -> PathLine:
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
