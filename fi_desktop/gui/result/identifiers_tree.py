"""The list of what identifies people, by label, with the places where it is said."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from fi_desktop.core.text import clock, one_line
from fi_desktop.exporters.deidentified.identifiers import IdentifierKind, Place
from fi_desktop.gui import theme
from fi_desktop.viewmodel.copy_review import ReviewedGroup, ReviewedPlace

_SWATCH = 10  # pixels
_LEAD = 14  # characters before what is said, so that it is in sight
_PLACE = Qt.ItemDataRole.UserRole
_COLOURS = {
    IdentifierKind.PERSON: 0,
    IdentifierKind.NAME: 1,
    IdentifierKind.DATE: 2,
    IdentifierKind.AGE: 2,
    IdentifierKind.PHONE: 3,
    IdentifierKind.EMAIL: 3,
    IdentifierKind.LINK: 3,
    IdentifierKind.ADDRESS: 5,
    IdentifierKind.PLACE: 5,
    IdentifierKind.ORGANISATION: 6,
    IdentifierKind.ID: 7,
    IdentifierKind.ACCOUNT: 7,
}


def kind_colour(kind: IdentifierKind, palette: QPalette) -> QColor:
    """Return the colour of a kind."""
    return theme.speaker_colour(_COLOURS[kind], palette)


class IdentifiersTree(QTreeWidget):
    """A row for each label, with a row below for each place; boxes choose what is replaced.

    Signals:
        kept: places that stay in the copy from now on, or do not; whether they stay.
        place_chosen: a place whose row was chosen.
    """

    kept = Signal(object, bool)
    place_chosen = Signal(object)

    def __init__(self, kinds: dict[IdentifierKind, str], parent: QWidget | None = None) -> None:
        """kinds: their names."""
        super().__init__(parent)
        self._kinds = kinds
        self._groups: tuple[ReviewedGroup, ...] = ()
        self.setColumnCount(3)
        self.setHeaderLabels([self.tr("Replaced by"), self.tr("What is said"), self.tr("Count")])
        self.setAccessibleName(self.tr("What was found"))
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setIconSize(QSize(_SWATCH, _SWATCH))
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self.headerItem().setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.itemChanged.connect(self._on_item_changed)
        self.currentItemChanged.connect(self._on_current_changed)

    def show_groups(self, groups: Sequence[ReviewedGroup]) -> None:
        """Show what was found; what is open, chosen and scrolled stays so."""
        opened = {self._key(item) for item in self._tops() if item.isExpanded()}
        current = self.currentItem()
        chosen = None if current is None else self._key(current)
        scrolled = self.verticalScrollBar().value()
        self.blockSignals(True)
        self.clear()
        self._groups = tuple(groups)
        for group in groups:
            item = self._top(group)
            self.addTopLevelItem(item)
            item.setExpanded(self._key(item) in opened)
            for row in (item, *_children(item)):
                if self._key(row) == chosen:
                    self.setCurrentItem(row)
        self._size_first_column()
        self.blockSignals(False)
        self.verticalScrollBar().setValue(scrolled)

    def show_labels(self, groups: Sequence[ReviewedGroup]) -> None:
        """Show the labels and boxes of the same rows as they are now."""
        self.blockSignals(True)
        self._groups = tuple(groups)
        for item, group in zip(self._tops(), groups, strict=True):
            self._fill(item, group)
            for child, place in zip(_children(item), group.places, strict=True):
                child.setCheckState(0, _state(place.kept))
        self.blockSignals(False)
        self.viewport().update()

    def _tops(self) -> list[QTreeWidgetItem]:
        found = (self.topLevelItem(at) for at in range(self.topLevelItemCount()))
        return [item for item in found if item is not None]

    def _top(self, group: ReviewedGroup) -> QTreeWidgetItem:
        item = QTreeWidgetItem()
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        self._fill(item, group)
        for place in group.places:
            item.addChild(self._child(place))
        return item

    def _fill(self, item: QTreeWidgetItem, group: ReviewedGroup) -> None:
        staying = sum(place.kept for place in group.places)
        state = Qt.CheckState.PartiallyChecked if 0 < staying < len(group.places) else _state(bool(staying))
        label = group.label or self.tr("stays")
        said = " · ".join(one_line(text) for text in group.texts)
        item.setText(0, label)
        item.setText(1, said)
        item.setText(2, str(len(group.places)))
        item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setCheckState(0, state)
        item.setIcon(0, _swatch(kind_colour(group.kind, self.palette()), self.devicePixelRatioF()))
        item.setToolTip(0, self._kinds[group.kind])
        item.setToolTip(1, said)
        told = self.tr("{kind} “{text}”, {label}")
        item.setData(
            0,
            Qt.ItemDataRole.AccessibleTextRole,
            told.format(kind=self._kinds[group.kind], text=said, label=label),
        )
        item.setData(0, _PLACE, group.places[0].place)
        font = self.font()
        font.setStrikeOut(not group.label)
        item.setFont(1, font)

    def _child(self, place: ReviewedPlace) -> QTreeWidgetItem:
        context = one_line(f"{place.before}{place.text}{place.after}".strip())
        shown = one_line(f"…{place.before[-_LEAD:]}{place.text}{place.after}…")
        item = QTreeWidgetItem([clock(place.at_s), shown, ""])
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(0, _state(place.kept))
        item.setToolTip(1, context)
        item.setData(0, _PLACE, place.place)
        item.setFont(0, theme.tabular(self.font()))
        return item

    def _size_first_column(self) -> None:
        widest = max((theme.text_width(self.font(), item.text(0)) for item in self._tops()), default=80)
        self.header().resizeSection(0, min(240, widest + 72))

    def _key(self, item: QTreeWidgetItem) -> tuple[bool, Place]:
        return item.parent() is None, item.data(0, _PLACE)

    @Slot(QTreeWidgetItem, int)
    def _on_item_changed(self, item: QTreeWidgetItem, column: int) -> None:
        if column != 0:
            return
        parent = item.parent()
        top = item if parent is None else parent
        group = self._groups[self.indexOfTopLevelItem(top)]
        if parent is None:
            places = [place.place for place in group.places]
        else:
            places = [group.places[parent.indexOfChild(item)].place]
        self.kept.emit(places, item.checkState(0) is Qt.CheckState.Unchecked)

    @Slot(QTreeWidgetItem, QTreeWidgetItem)
    def _on_current_changed(self, item: QTreeWidgetItem | None, _before: QTreeWidgetItem | None) -> None:
        if item is not None:
            self.place_chosen.emit(item.data(0, _PLACE))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_groups"):
            self.show_labels(self._groups)


def _children(item: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    found = (item.child(at) for at in range(item.childCount()))
    return [child for child in found if child is not None]


def _state(kept: bool) -> Qt.CheckState:
    return Qt.CheckState.Unchecked if kept else Qt.CheckState.Checked


def _swatch(colour: QColor, ratio: float) -> QIcon:
    picture = QPixmap(QSize(_SWATCH, _SWATCH) * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(0, 0, _SWATCH, _SWATCH, 2, 2)
    painter.end()
    return QIcon(picture)
