"""The list of a result's versions, which chooses the one that is shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)

from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.widgets import plain_tooltip
from fi_desktop.jobs.review_files import VersionFacts

_LEAST_WIDTH = 160  # pixels
_PAD = 4


class VersionBox(QComboBox):
    """Chooses the version that is shown; hidden while there is only one.

    Signals:
        chosen: the file name of another version.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = UiLabels(self)
        self.setAccessibleName(self.tr("Version"))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.activated.connect(self._on_activated)
        self.hide()

    def show_versions(self, versions: Sequence[VersionFacts], shown: str) -> None:
        """List versions, oldest first. shown: the one on screen, see `StoredResult.version`."""
        with QSignalBlocker(self):
            self.clear()
            for facts in versions:
                self.addItem(self._describe(facts, len(versions)), facts.name)
                if facts.version == shown:
                    self.setCurrentIndex(self.count() - 1)
        self.setAccessibleDescription(self.currentText())
        hint = self.tr("Show another version of this result")
        self.setToolTip(plain_tooltip(f"{hint}\n{self.currentText()}"))
        self.setVisible(len(versions) > 1)

    def _describe(self, facts: VersionFacts, total: int) -> str:
        summary, labels = facts.summary, self._labels
        title = self.tr("Version {number} of {total}")
        if facts.current:
            title = self.tr("Version {number} of {total} (current)")
        parts = [title.format(number=facts.number, total=total), labels.review_state(facts.review)]
        try:
            made_at = datetime.fromisoformat(facts.made_at).timestamp()
        except ValueError:  # written by another program
            pass
        else:
            parts.append(self.tr("made {moment}").format(moment=labels.moment(made_at)))
        details = [self.tr("%Ln speaker(s)", "", summary.speakers)] if summary.speakers else []
        details += [labels.language(summary.language)] if summary.language else []
        details += [labels.transcriber(summary.model)] if summary.model else []
        parts.append(", ".join(details))
        return " · ".join(filter(None, parts))

    @Slot(int)
    def _on_activated(self, index: int) -> None:
        self.chosen.emit(self.itemData(index))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Elide the text, which a style sheet would cut."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        kind, part = QStyle.ComplexControl.CC_ComboBox, QStyle.SubControl.SC_ComboBoxEditField
        width = self.style().subControlRect(kind, option, part, self).width() - 2 * _PAD
        elided = Qt.TextElideMode.ElideRight
        option.currentText = self.fontMetrics().elidedText(self.currentText(), elided, width)
        painter.drawComplexControl(kind, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def minimumSizeHint(self) -> QSize:
        """Allow a narrow window; the text is elided."""
        return QSize(min(_LEAST_WIDTH, super().minimumSizeHint().width()), super().minimumSizeHint().height())
