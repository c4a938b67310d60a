"""One attempt of a job: where and when it ran, how it ended, the time of each stage, and its error."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QEvent, QLocale, QRectF, QSize, Qt, Slot
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
from fi_desktop.core.text import length
from fi_desktop.core.values import Stage, StageEnd, StageTime
from fi_desktop.gui import labels, theme
from fi_desktop.gui.labels import UiLabels

_ICONS = {  # icon and tone
    None: ("state-running", "info"),
    AttemptOutcome.COMPLETED: ("state-completed", "good"),
    AttemptOutcome.FAILED: ("state-failed", "bad"),
    AttemptOutcome.CRASHED: ("warning", "bad"),
    AttemptOutcome.RELEASED: ("state-queued", "neutral"),
    AttemptOutcome.CANCELLED: ("state-cancelled", "neutral"),
}
_ICON_PX = 16
_BAR_HEIGHT = 10
_BAR_RADIUS = 3.0
_LINES = 10  # of a collapsible text, before it scrolls


class AttemptCard(QFrame):
    """Shows an attempt; an expanded traceback stays expanded when the card is updated.

    Attributes:
        error: what went wrong, in a sentence.
        traceback: technical details of the error.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = UiLabels(self)
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
        self.traceback.use_fixed_width()
        self._lay_out()

    def show_attempt(self, job: Job, attempt: Attempt) -> None:
        """Show an attempt of a job."""
        self._shown = (job, attempt)
        outcome = self._labels.outcome(attempt.outcome)
        heading = self.tr("Attempt {number}: {outcome}").format(number=attempt.number, outcome=outcome)
        set_text(self._heading, heading)
        set_text(self._ran, self._where_and_when(attempt))
        self._bar.show_stages(attempt.stages)
        error = attempt.error
        set_text(self.error, labels.sentence(error) if error else "")
        self.traceback.show_text(f"{error.code}\n{error.details}".strip() if error else "")
        self._apply_palette()

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

    def _where_and_when(self, attempt: Attempt) -> str:
        labels = self._labels
        parts = [
            labels.exact(attempt.started_at),
            labels.worker(attempt.worker),
            labels.device(attempt.device),
        ]
        if attempt.ended_at is not None:
            parts.append(_length(attempt.ended_at - attempt.started_at))
        return " · ".join(parts)

    def _stage(self, time: StageTime, job: Job, attempt: int) -> str:
        """Return how long a stage of an attempt took."""
        stage = self._labels.stage(time.stage)
        match time.end:
            case StageEnd.KEPT:
                number = _made_by_attempt(time, job, attempt)
                return self.tr("{stage}: kept from attempt {number}").format(stage=stage, number=number)
            case StageEnd.BROKEN_OFF:
                took = _length(time.took_s)
                return self.tr("{stage}: interrupted after {time}").format(stage=stage, time=took)
            case StageEnd.DONE:
                return f"{stage}: {_length(time.took_s)}"

    def _apply_palette(self) -> None:
        if self._shown is None:
            return
        job, attempt = self._shown
        palette = self.palette()
        icon, tone = _ICONS[attempt.outcome]
        colour = theme.tone(tone, palette)
        self._icon.setPixmap(theme.pixmap(icon, _ICON_PX, colour, self.devicePixelRatioF()))
        lines = [
            f'<span style="color:{stage_colour(time.stage, palette).name()}">■</span>'
            f"&nbsp;{escape(self._stage(time, job, attempt.number))}"
            for time in attempt.stages
        ]
        set_text(self._stages, "<br>".join(lines))
        bad = theme.tone("bad", palette)
        palette.setColor(QPalette.ColorRole.WindowText, bad)
        palette.setColor(QPalette.ColorRole.Text, bad)  # used by labels with selectable text
        if self.error.palette() != palette:
            self.error.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        """Recolour when the palette changes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "traceback"):
            self._apply_palette()


class StageBar(QWidget):
    """A bar with a part for each stage, proportional to its time; interrupted stages are hatched."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stages: tuple[StageTime, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_stages(self, stages: tuple[StageTime, ...]) -> None:
        """Show the times of stages."""
        self._stages = stages
        self.setVisible(bool(stages))
        self.update()

    def sizeHint(self) -> QSize:
        """Return the bar's height."""
        return QSize(120, _BAR_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the parts."""
        total_s = sum(time.took_s for time in self._stages) or 1.0
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()), _BAR_RADIUS, _BAR_RADIUS)
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
    """A heading with an arrow; below it, once expanded, a text to scroll, select and copy.

    Attributes:
        button: the heading.
        text: the text.
    """

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

    def use_fixed_width(self) -> None:
        """Show the text in a fixed-width font."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(self.font().pointSizeF() * 0.9)
        self.text.setFont(font)

    def show_text(self, text: str) -> None:
        """Show a text and keep the scroll position; hide the widget if there is no text."""
        self.setVisible(bool(text))
        if text == self.text.toPlainText():
            return
        bars = self.text.horizontalScrollBar(), self.text.verticalScrollBar()
        positions = [bar.value() for bar in bars]
        self.text.setPlainText(text)
        lines = min(_LINES, text.count("\n") + 1)
        self.text.setFixedHeight(round((lines + 1.5) * self.text.fontMetrics().lineSpacing()) + 12)
        for bar, position in zip(bars, positions, strict=True):
            bar.setValue(position)

    @Slot(bool)
    def _on_toggled(self, expanded: bool) -> None:
        self.button.setArrowType(Qt.ArrowType.DownArrow if expanded else Qt.ArrowType.RightArrow)
        self.text.setVisible(expanded)


def stage_colour(stage: Stage, palette: QPalette) -> QColor:
    """Return a stage's colour."""
    return theme.speaker_colour(list(Stage).index(stage), palette)


def text_label(parent: QWidget) -> QLabel:
    """Return a label whose text wraps and can be copied."""
    label = QLabel(parent)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return label


def set_text(label: QLabel, text: str) -> None:
    """Show a text, or hide the label if it is empty; an unchanged text keeps its selection."""
    if label.text() != text:
        label.setText(text)
    label.setVisible(bool(text))


def _length(seconds: float) -> str:
    return length(seconds, lambda value, decimals: QLocale().toString(value, "f", decimals))


def _made_by_attempt(time: StageTime, job: Job, number: int) -> int:
    """Return the attempt that did a stage which attempt `number` reused."""
    made_by = [
        attempt.number
        for attempt in job.attempts[: number - 1]
        for other in attempt.stages
        if other.stage is time.stage and other.end is StageEnd.DONE
    ]
    return made_by[-1] if made_by else max(1, number - 1)
