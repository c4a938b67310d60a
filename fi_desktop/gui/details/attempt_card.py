"""One attempt: when and where it ran, how it ended, what its stages took, and what went wrong."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QBrush, QColor, QFont, QFontDatabase, QPainter, QPainterPath, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.core.job import Attempt, AttemptOutcome, Job
from fi_desktop.core.values import Stage, StageEnd, StageTime
from fi_desktop.gui import errors, theme
from fi_desktop.gui.details.labels import DetailLabels

# the shapes that the table has for a job's state
_SHAPES = {
    None: ("state-running", "info"),
    AttemptOutcome.COMPLETED: ("state-completed", "good"),
    AttemptOutcome.FAILED: ("state-failed", "bad"),
    AttemptOutcome.CRASHED: ("warning", "bad"),
    AttemptOutcome.RELEASED: ("state-queued", "neutral"),
    AttemptOutcome.CANCELLED: ("state-cancelled", "neutral"),
}
_ICON_PX = 16
_HEIGHT = 10
_RADIUS = 3.0
_LINES = 10


class AttemptCard(QFrame):
    """Shows an attempt; what was folded open stays open when it is shown again."""

    def __init__(self, words: DetailLabels, parent: QWidget | None = None) -> None:
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
        self.traceback = CollapsibleText(self.tr("Technical details"), self)
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
        self._icon.setPixmap(theme.pixmap(name, _ICON_PX, colour, self.devicePixelRatioF()))
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


def stage_colour(stage: Stage, palette: QPalette) -> QColor:
    """Return a stage's colour; the words beside it say the same."""
    return theme.speaker_colour(list(Stage).index(stage), palette)


class StageBar(QWidget):
    """A bar with a part for each stage, as wide as what it took; hatched where it was broken off."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stages: tuple[StageTime, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_stages(self, stages: tuple[StageTime, ...]) -> None:
        """Show what stages took."""
        self._stages = stages
        self.setVisible(bool(stages))
        self.update()

    def sizeHint(self) -> QSize:
        """Return a bar's height."""
        return QSize(120, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the parts."""
        total_s = sum(time.took_s for time in self._stages) or 1.0
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()), _RADIUS, _RADIUS)
        painter.setClipPath(shape)
        painter.fillRect(self.rect(), theme.hairline(self.palette()))
        stages = self._stages
        if self.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            stages = stages[::-1]
        left = 0.0
        for time in stages:
            width = self.width() * time.took_s / total_s
            part = QRectF(left, 0.0, max(1.0, width - 1.0), self.height())
            painter.fillRect(part, stage_colour(time.stage, self.palette()))
            if time.end is StageEnd.BROKEN_OFF:
                base = self.palette().color(QPalette.ColorRole.Base)
                painter.fillRect(part, QBrush(base, Qt.BrushStyle.BDiagPattern))
            left += width


class CollapsibleText(QWidget):
    """A heading with a triangle, and a text below it that can be read, scrolled and copied."""

    def __init__(self, heading: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.button = QToolButton(self)
        self.button.setObjectName("collapse")
        self.button.setText(heading)
        self.button.setAccessibleName(heading)
        self.button.setCheckable(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setArrowType(Qt.ArrowType.RightArrow)
        self.text = QPlainTextEdit(self)
        self.text.setAccessibleName(heading)
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.text.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.button)
        column.addWidget(self.text)
        self.button.toggled.connect(self._on_toggled)

    def set_code(self) -> None:
        """Show the text in letters of one width."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(self.font().pointSizeF() * 0.9)
        self.text.setFont(font)

    def show_lines(self, lines: str) -> None:
        """Show a text; nothing at all where it is empty. What was scrolled to stays where it is."""
        self.setVisible(bool(lines))
        if lines == self.text.toPlainText():
            return
        across, down = self.text.horizontalScrollBar().value(), self.text.verticalScrollBar().value()
        self.text.setPlainText(lines)
        shown = min(_LINES, lines.count("\n") + 1)
        self.text.setFixedHeight(round((shown + 1.5) * self.text.fontMetrics().lineSpacing()) + 12)
        self.text.horizontalScrollBar().setValue(across)
        self.text.verticalScrollBar().setValue(down)

    @Slot(bool)
    def _on_toggled(self, unfolded: bool) -> None:
        self.button.setArrowType(Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow)
        self.text.setVisible(unfolded)
