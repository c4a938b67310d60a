"""Where recordings are dropped: the empty window, and the overlay during a drag."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from fi_desktop.gui import theme

_ICON_PX = 72


class EmptyState(QWidget):
    """Shown while there are no jobs: an invitation to drop recordings.

    Signals:
        add_requested: choose files.
        sample_requested: try the sample.
    """

    add_requested = Signal()
    sample_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._icon = QLabel(self)
        self._icon.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._title = QLabel(self.tr("Drop recordings here"), self)
        self._title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._title.setFont(theme.scaled(self.font(), 1.75, QFont.Weight.DemiBold))
        hint = QLabel(
            self.tr(
                "Files or folders with audio or video. You will see who spoke when.\n"
                "Everything stays on this computer."
            ),
            self,
        )
        hint.setObjectName("quiet")
        hint.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        hint.setFont(theme.scaled(self.font(), 1.05))
        self.add = QPushButton(self.tr("Choose recordings…"), self)
        self.add.setObjectName("primary")
        self.add.clicked.connect(self.add_requested)
        self.sample = QPushButton(self.tr("Try a sample"), self)
        self.sample.setObjectName("plain")
        self.sample.setToolTip(self.tr("A short conversation between two people, included with the program"))
        self.sample.clicked.connect(self.sample_requested)
        for button in (self.add, self.sample):
            button.setAccessibleName(button.text())
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            button.setAutoDefault(True)
        self.setFocusProxy(self.add)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addStretch()
        buttons.addWidget(self.add)
        buttons.addWidget(self.sample)
        buttons.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(48, 48, 48, 48)
        column.addStretch(4)
        column.addWidget(self._icon)
        column.addSpacing(18)
        column.addWidget(self._title)
        column.addSpacing(8)
        column.addWidget(hint)
        column.addSpacing(24)
        column.addLayout(buttons)
        column.addStretch(5)
        self._update_icon()

    def _update_icon(self) -> None:
        ratio = self.devicePixelRatioF()
        self._icon.setPixmap(theme.app_icon().pixmap(QSize(_ICON_PX, _ICON_PX), ratio))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the screen's resolution."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._update_icon()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a dashed frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        base, text = (
            self.palette().color(QPalette.ColorRole.Base),
            self.palette().color(QPalette.ColorRole.Text),
        )
        painter.fillRect(self.rect(), base)
        pen = QPen(theme.mix(base, text, 0.28), 1.5)
        pen.setStyle(Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([5, 5])
        painter.setPen(pen)
        painter.setBrush(theme.mix(base, theme.tone("info", self.palette()), 0.025))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(22, 22, -22, -22), 14, 14)


class DropOverlay(QWidget):
    """Covers its parent during a drag, and shows that a drop adds the files; ignores the mouse."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent
        self.setObjectName("overlay")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(self.tr("Drop to add"))
        parent.installEventFilter(self)
        self.hide()

    def cover_parent(self) -> None:
        """Show the overlay above the parent."""
        self.setGeometry(self._parent.rect())
        self.raise_()
        self.show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the parent's size."""
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._parent.rect())
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Hide the content below, and show what a drop does."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        accent = theme.tone("info", self.palette())
        background = theme.mix(self.palette().color(QPalette.ColorRole.Base), accent, 0.10)
        painter.fillRect(self.rect(), background)
        pen = QPen(accent, 2.5)
        pen.setStyle(Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(14, 14, -14, -14), 14, 14)
        center = self.rect().center()
        icon = theme.pixmap("add", 56, accent, self.devicePixelRatioF())
        painter.drawPixmap(center.x() - 28, center.y() - 64, icon)
        painter.setFont(theme.scaled(self.font(), 1.75, QFont.Weight.DemiBold))
        painter.drawText(self.rect().translated(0, 22), Qt.AlignmentFlag.AlignCenter, self.tr("Drop to add"))
