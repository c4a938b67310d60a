"""One attempt: when and where it ran, how it ended, what its stages took, and what went wrong."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from fi_desktop.core.job import Attempt, Job, Outcome
from fi_desktop.gui import errors, icons, theme
from fi_desktop.gui.details.fold import Fold
from fi_desktop.gui.details.stage_bar import StageBar, stage_colour
from fi_desktop.gui.details.words import DetailWords

# the shapes that the table has for a job's state
_SHAPES = {
    None: ("state-running", "info"),
    Outcome.COMPLETED: ("state-completed", "good"),
    Outcome.FAILED: ("state-failed", "bad"),
    Outcome.CRASHED: ("warning", "bad"),
    Outcome.RELEASED: ("state-queued", "neutral"),
    Outcome.CANCELLED: ("state-cancelled", "neutral"),
}
_ICON_PX = 16


class AttemptCard(QFrame):
    """Shows an attempt; what was folded open stays open when it is shown again."""

    def __init__(self, words: DetailWords, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._shown: tuple[Job, Attempt] | None = None
        self._icon, self._heading = QLabel(self), text_label(self)
        self._heading.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        self._ran = text_label(self)
        self._ran.setObjectName("quiet")
        self._bar = StageBar(self)
        self._stages = text_label(self)
        self._stages.setTextFormat(Qt.TextFormat.RichText)
        self.error = text_label(self)
        self.traceback = Fold(self.tr("Technical details"), self)
        self.traceback.set_code()
        self._lay_out()

    def show_attempt(self, job: Job, attempt: Attempt) -> None:
        """Show how an attempt of the job goes, or went."""
        self._shown = (job, attempt)
        outcome = self._words.common.outcome(attempt.outcome)
        heading = self.tr("Attempt {number}: {outcome}").format(number=attempt.number, outcome=outcome)
        set_text(self._heading, heading)
        set_text(self._ran, self._words.attempt(attempt))
        self._bar.show_stages(attempt.stages)
        error = attempt.error
        set_text(self.error, errors.sentence(error) if error else "")
        self.traceback.show_lines(f"{error.code}\n{error.details}".strip() if error else "")
        self._dress()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(7)
        top.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self._heading, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 8)
        column.setSpacing(5)
        column.addLayout(top)
        for widget in (self._ran, self._bar, self._stages, self.error, self.traceback):
            column.addWidget(widget)

    def _dress(self) -> None:
        if self._shown is None:
            return
        job, attempt = self._shown
        name, meaning = _SHAPES[attempt.outcome]
        colour = theme.tone(meaning, self.palette())
        self._icon.setPixmap(icons.pixmap(name, _ICON_PX, colour, self.devicePixelRatioF()))
        told = [
            f'<span style="color:{stage_colour(time.stage, self.palette()).name()}">■</span>'
            f"&nbsp;{escape(self._words.stage(time, job, attempt.number))}"
            for time in attempt.stages
        ]
        set_text(self._stages, "<br>".join(told))
        palette = self.palette()
        for role in (
            QPalette.ColorRole.WindowText,
            QPalette.ColorRole.Text,
        ):  # text to be copied has the other
            palette.setColor(role, theme.tone("bad", palette))
        if self.error.palette() != palette:
            self.error.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "traceback"):
            self._dress()


def text_label(parent: QWidget) -> QLabel:
    """Return a label whose text wraps and can be copied."""
    label = QLabel(parent)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return label


def set_text(label: QLabel, text: str) -> None:
    """Show a text, and the label only where there is one; what is selected in it stays so."""
    if label.text() != text:
        label.setText(text)
    label.setVisible(bool(text))
