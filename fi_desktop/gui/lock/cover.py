"""What is seen of a locked program: its name, and a field for the PIN."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from fi_desktop.gui import icons, theme
from fi_desktop.gui.addresses import path_of
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.drag_and_drop import is_ours
from fi_desktop.viewmodel import pin
from fi_desktop.viewmodel.pin import Tries

_WIDTH = 340
_TICK_MS = 250


class Cover(QWidget):
    """Stands where the window stood.

    Attributes:
        field: where the PIN is typed.
        unlock: tries it.
        forgot: says what can be done without it.

    Signals:
        opened: the PIN was right.
        dropped: paths that were dropped, a list of Path.
        end_asked: the person logs out.
    """

    opened = Signal()
    dropped = Signal(object)
    end_asked = Signal()

    def __init__(self, home: Path, bridge: Bridge, tries: Tries) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self._home, self._bridge, self._tries = home, bridge, tries
        self._asking = False
        self.setWindowTitle("fi-desktop")
        self.setWindowIcon(icons.app_icon())
        self.setMinimumSize(420, 360)
        self.setAcceptDrops(True)
        self._sign, title = QLabel(self), QLabel(self.tr("fi-desktop is locked"), self)
        title.setFont(theme.scaled(self.font(), 1.5, QFont.Weight.DemiBold))
        more = QLabel(self.tr("Recordings that wait are worked on meanwhile."), self)
        more.setObjectName("quiet")
        self.field = QLineEdit(self)
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.field.setPlaceholderText(self.tr("PIN"))
        self.field.setAccessibleName(self.tr("PIN"))
        self.field.setFixedWidth(200)
        self.unlock = QPushButton(self.tr("Unlock"), self)
        self.unlock.setObjectName("primary")
        self._trouble = QLabel(self)
        self.forgot = QPushButton(self.tr("Forgot the PIN?"), self)
        self.forgot.setObjectName("link")
        self._way_out = QLabel(
            self.tr(
                "The PIN keeps passing eyes out; your recordings are as safe as your account on this "
                "computer. To remove it, delete this file and unlock with an empty field:"
            ),
            self,
        )
        self._way_out.setObjectName("quiet")
        self._path = QLineEdit(str(pin.pin_file(home)), self)
        self._path.setReadOnly(True)
        self._path.setAccessibleName(self.tr("File of the PIN"))
        self._path.setFixedWidth(_WIDTH)
        self._path.setCursorPosition(0)
        for label in (self._trouble, self._way_out):
            label.setWordWrap(True)
            label.setFixedWidth(_WIDTH)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._way_out.setMinimumHeight(self._way_out.heightForWidth(_WIDTH))
        self._show_way_out(False)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._show_wait)
        self.field.returnPressed.connect(self._on_unlock)
        self.unlock.clicked.connect(self._on_unlock)
        self.forgot.clicked.connect(partial(self._show_way_out, True))
        self._lay_out((self._sign, title, more))
        self._dress()
        self._show_wait()

    @property
    def trouble(self) -> str:
        """Why it did not open."""
        return self._trouble.text()

    def _lay_out(self, head: tuple[QWidget, ...]) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(self.field)
        row.addWidget(self.unlock)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addStretch(2)
        for widget in head:
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(14)
        column.addLayout(row)
        for widget in (self._trouble, self.forgot, self._way_out, self._path):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)

    def _show_way_out(self, shown: bool) -> None:
        self._way_out.setVisible(shown)
        self._path.setVisible(shown)

    @Slot()
    def _on_unlock(self) -> None:
        if self._asking or self._tries.wait_s > 0:
            return
        self._asking = True
        work = partial(pin.fits, self._home, self.field.text())
        self._bridge.work(work, self._on_tried, self._on_failed)

    def _on_tried(self, right: bool) -> None:
        self._asking = False
        self._tries.take(right=right)
        self.field.clear()
        if right:
            self.opened.emit()
        else:
            self._show_wait()

    def _on_failed(self, sentence: str) -> None:
        self._asking = False
        self._trouble.setText(sentence)

    @Slot()
    def _show_wait(self) -> None:
        wait_s = self._tries.wait_s
        self.field.setEnabled(wait_s <= 0)
        self.unlock.setEnabled(wait_s <= 0)
        if wait_s > 0:
            sentence = self.tr("That is not the PIN. Try again in {seconds} s.")
            self._trouble.setText(sentence.format(seconds=math.ceil(wait_s)))
            self._tick.start()
        else:
            self._trouble.setText(self.tr("That is not the PIN.") if self._tries.wrong else "")
            self._tick.stop()
            self.field.setFocus()

    def _dress(self) -> None:
        colour = theme.tone("bad", self.palette())
        palette = QPalette(self.palette())
        palette.setColor(self._trouble.foregroundRole(), colour)
        self._trouble.setPalette(palette)
        quiet = theme.quiet(self.palette())
        self._sign.setPixmap(icons.pixmap("lock", 48, quiet, self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_tick"):
            self._dress()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stay: behind it is the window, which asks before it ends. A log-out is not held up."""
        event.ignore()
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication) and application.isSavingSession():
            self.end_asked.emit()
        else:
            self.showMinimized()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take recordings all the same."""
        if is_ours(event.mimeData()):
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand them on; nothing is shown of them."""
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        urls = event.mimeData().urls()
        self.dropped.emit([path for url in urls if (path := path_of(url)) is not None])
