"""What is known of a job, a line a thing: file, times, options, versions."""

from __future__ import annotations

from pathlib import PurePath

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QLabel, QWidget

from fi_desktop.core.job import Job, JobState
from fi_desktop.gui.details.attempt_card import set_text, text_label
from fi_desktop.gui.details.path_line import PathLine
from fi_desktop.gui.details.words import DetailWords
from fi_desktop.gui.no_words import NoWordsSentences, why_no_words
from fi_desktop.viewmodel.job_facts import Facts
from fi_desktop.viewmodel.times import clock


class FactsForm(QWidget):
    """Lines that appear once there is something to say in them."""

    def __init__(self, words: DetailWords, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._none = NoWordsSentences(self)
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
        self._set(self.speakers, words.speakers_asked(str(options.speakers)))
        found = job.summary.language if job.summary is not None else None
        # once it is done, a language that was to be found out is found, or nothing was transcribed
        asked = "" if job.state is JobState.COMPLETED else words.language_asked(options.language)
        self._set(self.language, words.language(found) if found else asked)
        self._set(self.vocabulary, self._words.vocabulary(options))

    def show_facts(self, job: Job, facts: Facts | None) -> None:
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
            wrote = self._none.short(why_no_words(made, facts.notes if facts else ()))
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
