"""The lanes with their title and zoom buttons, and how they and the text stay at the same place."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, Slot
from PySide6.QtGui import QAction, QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.result.lanes import LanesView
from fi_desktop.gui.result.review_session import ReviewSession
from fi_desktop.gui.result.segments_table import SegmentsTable
from fi_desktop.gui.widgets import action_button, separator
from fi_desktop.viewmodel.result import SegmentTurnMap, turns_to_show


class LanesPanel(QWidget):
    """The lanes below a title and the buttons that zoom them and open their figures.

    Attributes:
        figures: opens the figures of the conversation.
        zooms: the buttons, by the name of their icon.
    """

    def __init__(self, lanes: LanesView, figures: QAction, parent: QWidget | None = None) -> None:
        """figures: what opens the figures of the conversation."""
        super().__init__(parent)
        title = QLabel(lanes.title, self)
        title.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        bar = QHBoxLayout()
        bar.setContentsMargins(16, 6, 12, 0)
        bar.setSpacing(2)
        bar.addWidget(title, 1)
        self.figures = action_button(figures, self)
        self.figures.setText(self.tr("Figures"))
        self.figures.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.figures.setEnabled(figures.isEnabled())
        bar.addWidget(self.figures)
        bar.addSpacing(8)
        self.zooms: dict[str, QToolButton] = {}
        for icon, name, key, on_clicked in (
            ("zoom-out", self.tr("Zoom out"), "-", lanes.zoom_out),
            ("zoom-in", self.tr("Zoom in"), "+", lanes.zoom_in),
            ("zoom-fit", self.tr("Show all"), "0", lanes.zoom_to_fit),
        ):
            button = QToolButton(self)
            button.setObjectName("small")
            button.setIconSize(QSize(18, 18))
            button.setAccessibleName(name)
            button.setToolTip(f"{name} ({key})")
            button.clicked.connect(on_clicked)
            bar.addWidget(button)
            self.zooms[icon] = button
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(separator(self))
        column.addLayout(bar)
        column.addWidget(lanes, 1)
        column.addWidget(separator(self))
        self._apply_theme()

    def _apply_theme(self) -> None:
        self.figures.setIcon(theme.icon("figures", self.palette()))
        for icon, button in self.zooms.items():
            button.setIcon(theme.icon(icon, self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "zooms"):
            self._apply_theme()


class TextLink(QObject):
    """Selects the segment of a turn that is chosen in the lanes, and the turn of a segment."""

    def __init__(self, session: ReviewSession, lanes: LanesView, table: SegmentsTable) -> None:
        super().__init__(lanes)
        self._session = session
        self._lanes, self._table = lanes, table
        self._known: SegmentTurnMap | None = None
        lanes.turn_chosen.connect(self._on_turn_chosen)
        lanes.menu_asked.connect(self._on_menu_asked)
        table.segment_chosen.connect(self._on_segment_chosen)
        session.changed.connect(self._on_changed)

    @property
    def _map(self) -> SegmentTurnMap:
        """Which turn belongs to which segment; found when it is asked for."""
        if self._known is None:
            transcript = self._session.transcript
            self._known = SegmentTurnMap(turns_to_show(transcript), transcript)
        return self._known

    @Slot()
    def _on_changed(self) -> None:
        self._known = None

    @Slot(int)
    def _on_turn_chosen(self, turn: int) -> None:
        segment, near = self._map.segment_of(turn), self._map.segment_near(turn)
        if segment is not None:
            self._table.choose(segment)
        elif near is not None:
            self._table.show_row(near)

    @Slot(int, QPoint)
    def _on_menu_asked(self, turn: int, place: QPoint) -> None:
        segment = self._map.segment_of(turn)
        if segment is not None:
            self._table.menu_asked.emit(segment, -1, place)

    @Slot(int)
    def _on_segment_chosen(self, segment: int) -> None:
        turn = self._map.turn_of(segment)
        if turn is not None:
            self._lanes.choose(turn)
