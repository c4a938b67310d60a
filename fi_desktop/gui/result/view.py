"""A result: who spoke when as lanes, what was said or the list of turns, and a way to take it out."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QFont, QKeyEvent, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QSplitter,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.core.transcript import Transcript
from fi_desktop.gui import theme, widgets
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.export_controller import ExportController
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.gui.result.export_button import ExportButton
from fi_desktop.gui.result.lanes import LanesView
from fi_desktop.gui.result.no_words_note import NoWordsNote
from fi_desktop.gui.result.reading_panel import ReadingPanel
from fi_desktop.gui.result.turns_table import TurnsTable
from fi_desktop.gui.widgets import ElidedLabel
from fi_desktop.viewmodel.places import Places
from fi_desktop.viewmodel.spot import Spot
from fi_desktop.viewmodel.timeline import turns_to_show
from fi_desktop.viewmodel.times import clock


class ResultView(QWidget):
    """Shows one transcript.

    Attributes:
        lanes: the lanes; where the speakers are missing, one that shows when anybody spoke.
        reading: what was said; None where no words were written down.
        turns: the list of turns that takes its place then; else None.
        export: the button that offers files.
        exports: writes them.
        message: what became of an export.
        no_words: why there is no text; None where there is.

    Signals:
        models_asked: the person wants to see to a model.
        again_asked: the person wants the recording processed again.
    """

    models_asked = Signal()
    again_asked = Signal()

    def __init__(
        self, transcript: Transcript, path: str, bridge: Bridge, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._words = UiLabels(self)
        self._transcript = transcript
        self._list: QTableView
        self.no_words: NoWordsNote | None = None
        self.lanes = LanesView(transcript, self)
        self.reading, self.turns = self._make_list()
        self.message = MessageBar(self)
        self.exports = ExportController(bridge, self.message)
        self.export = ExportButton(transcript, self.exports, self)
        self._zoom_buttons: list[tuple[QToolButton, str]] = []
        self._grade_icon, self._grade = QLabel(self), QLabel(self)
        self._grade.setTextFormat(Qt.TextFormat.PlainText)  # an engine may say why something is missing
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._lay_out(path)
        self._dress()
        self._places = Places(turns_to_show(transcript), transcript)
        self._connect()

    @property
    def verdict(self) -> str:
        """How sure the result is, and what the person should know of it."""
        return self._grade.text()

    @property
    def spot(self) -> Spot:
        """Where the person is."""
        return Spot(
            self._list.verticalScrollBar().value(),
            self.reading.sought if self.reading is not None else None,
            self.lanes.scale,
            self.lanes.horizontalScrollBar().value(),
        )

    def go_to(self, spot: Spot) -> None:
        """Show that spot, once all is laid out."""
        QTimer.singleShot(0, self, partial(self._show_spot, spot))

    def _show_spot(self, spot: Spot) -> None:
        self.lanes.zoom_to(spot.scale, spot.across)
        if self.reading is not None and spot.sought is not None:
            self.reading.seek(spot.sought)
        self._list.verticalScrollBar().setValue(spot.down)

    def _make_list(self) -> tuple[ReadingPanel | None, TurnsTable | None]:
        if any(segment.text for segment in self._transcript.segments):
            reading = ReadingPanel(self._transcript, self)
            self._list = reading.table
            return reading, None
        turns = TurnsTable(self._transcript, self)
        self._list = turns
        return None, turns

    def _connect(self) -> None:
        if self.reading is not None:
            self.lanes.turn_chosen.connect(self._on_turn_chosen)
            self.reading.table.segment_chosen.connect(self._on_segment_chosen)
            self.addActions(self.reading.commands)
        elif self.turns is not None:
            self.lanes.turn_chosen.connect(self.turns.choose)
            self.turns.turn_chosen.connect(self.lanes.choose)

    def _lay_out(self, path: str) -> None:
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(5)
        lanes = self._lanes_panel()
        lanes.setVisible(bool(self._transcript.segments))
        split.addWidget(lanes)
        if self.reading is not None:
            split.addWidget(self.reading)
        elif self.turns is not None:
            split.addWidget(self._without_words(self.turns))
        split.setStretchFactor(0, 0)
        split.setStretchFactor(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.message)
        column.addLayout(self._header(path))
        column.addWidget(split, 1)

    def _without_words(self, turns: TurnsTable) -> QWidget:
        """In the place of the text: why there is none, above the turns."""
        if not self._transcript.segments:
            return turns  # nobody speaks
        panel = QWidget(self)
        self.no_words = NoWordsNote(self._transcript, panel)
        self.no_words.models_asked.connect(self.models_asked)
        self.no_words.again_asked.connect(self.again_asked)
        column = QVBoxLayout(panel)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.no_words)
        column.addWidget(self._line(panel))
        column.addWidget(turns, 1)
        return panel

    def _header(self, path: str) -> QHBoxLayout:
        transcript = self._transcript
        name = ElidedLabel(transcript.provenance.source_name, self)
        name.setFont(theme.scaled(self.font(), 1.4, QFont.Weight.DemiBold))
        name.setToolTip(widgets.plain_tooltip(path))
        facts = QLabel(self._facts(), self)
        facts.setObjectName("quiet")
        facts.setFont(theme.tabular(self.font()))
        facts.setWordWrap(True)
        sure = QHBoxLayout()
        sure.setSpacing(7)
        sure.addWidget(self._grade_icon)
        sure.addWidget(self._grade, 1)
        left = QVBoxLayout()
        left.setSpacing(5)
        left.addWidget(name)
        left.addWidget(facts)
        if transcript.grade is not None or transcript.notes:
            left.addLayout(sure)
        header = QHBoxLayout()
        header.setContentsMargins(16, 14, 12, 14)
        header.setSpacing(16)
        header.addLayout(left, 1)
        header.addWidget(self.export, 0, Qt.AlignmentFlag.AlignTop)
        return header

    def _lanes_panel(self) -> QWidget:
        panel = QWidget(self)
        title = QLabel(self.lanes.title, panel)
        title.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        bar = QHBoxLayout()
        bar.setContentsMargins(16, 6, 12, 0)
        bar.setSpacing(2)
        bar.addWidget(title, 1)
        zooms = (
            ("zoom-out", self.tr("Zoom out"), "-", self.lanes.zoom_out),
            ("zoom-in", self.tr("Zoom in"), "+", self.lanes.zoom_in),
            ("zoom-fit", self.tr("Show all"), "0", self.lanes.zoom_to_fit),
        )
        for icon, name, key, act in zooms:
            button = QToolButton(panel)
            button.setObjectName("small")
            button.setIconSize(QSize(18, 18))
            button.setAccessibleName(name)
            button.setToolTip(f"{name} ({key})")
            button.clicked.connect(act)
            bar.addWidget(button)
            self._zoom_buttons.append((button, icon))
        column = QVBoxLayout(panel)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._line(panel))
        column.addLayout(bar)
        column.addWidget(self.lanes, 1)
        column.addWidget(self._line(panel))
        return panel

    def _line(self, parent: QWidget) -> QFrame:
        line = QFrame(parent)
        line.setObjectName("line")
        line.setFixedHeight(1)
        return line

    def _facts(self) -> str:
        transcript = self._transcript
        made = transcript.provenance
        facts = []
        if transcript.turns:
            facts += [
                self.tr("%Ln speaker(s)", "", len(transcript.speakers)),
                self.tr("%Ln turn(s)", "", len(transcript.turns)),
            ]
        facts += [
            self.tr("{time} long").format(time=clock(transcript.duration)),
            self.tr("{time} of speech").format(time=clock(transcript.speech)),
        ]
        if transcript.language is not None:
            facts.append(self._words.language(transcript.language))
        words = sum(len(segment.words) for segment in transcript.segments)
        if words:
            facts.append(self.tr("%Ln word(s)", "", words))
        facts.append(self._words.engine(made.engine))
        if made.transcriber:
            facts.append(self._transcriber(self._words.engine(made.transcriber), made.transcriber_model))
        return "  ·  ".join(facts)

    def _transcriber(self, engine: str, model: str) -> str:
        """The model's name where it has one that people use; else the engine's, with the model's folder."""
        if not model:
            return engine
        title = self._words.transcriber(model)
        return title if title != model else f"{engine} ({model})"

    def _dress(self) -> None:
        palette, transcript = self.palette(), self._transcript
        grade = transcript.grade.value if transcript.grade else None
        colour = theme.tone(theme.GRADE_TONES[grade], palette) if grade else theme.quiet(palette)
        icon = {"doubtful": "warning", None: "info"}.get(grade, f"grade-{grade}")
        if self._words.lacks(transcript.notes):
            colour, icon = theme.tone("warn", palette), "warning"
        self._grade_icon.setPixmap(theme.pixmap(icon, 18, colour, self.devicePixelRatioF()))
        good = self._words.grade_sentence(grade) if grade != "doubtful" else ""
        self._grade.setText(" ".join(filter(None, (good, self._words.remarks(grade, transcript.notes)))))
        self._grade.setWordWrap(True)
        for button, name in self._zoom_buttons:
            button.setIcon(theme.icon(name, palette))

    @Slot(int)
    def _on_turn_chosen(self, turn: int) -> None:
        if self.reading is None:
            return
        segment = self._places.segment_of(turn)
        near = self._places.segment_near(turn)
        if segment is not None:
            self.reading.table.choose(segment)
        elif near is not None:
            self.reading.table.show_place(near)

    @Slot(int)
    def _on_segment_chosen(self, segment: int) -> None:
        turn = self._places.turn_of(segment)
        if turn is not None:
            self.lanes.choose(turn)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close the find bar with Escape, before the window would be closed."""
        if event.key() == Qt.Key.Key_Escape and self.reading is not None and self.reading.bar.isVisible():
            self.reading.stop_finding()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._zoom_buttons:
            self._dress()
