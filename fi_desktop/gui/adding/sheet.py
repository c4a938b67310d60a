"""The sheet below the message bar: how the recordings just added are done, while they wait.

It lies in the window and opens only where a person asks for it: a drop steals nobody's focus.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from fi_desktop.gui import icons, theme
from fi_desktop.gui.job_options.form import OptionsForm
from fi_desktop.gui.job_options.profiles import ProfileDesk
from fi_desktop.watch.profiles import Choice


class IntakeSheet(QWidget):
    """A form for recordings that wait.

    Attributes:
        apply: hands the choice on.

    Signals:
        applied: the ids of the jobs (tuple of int), and the Choice for them.
    """

    applied = Signal(object, object)

    def __init__(self, profiles: ProfileDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ids: tuple[int, ...] = ()
        self.setAccessibleName(self.tr("Options of the recordings just added"))
        self._title = QLabel(self)
        self._title.setFont(theme.scaled(self.font(), 1.0, self.font().Weight.DemiBold))
        self.apply = QPushButton(self.tr("Apply"), self)
        self.apply.setObjectName("primary")
        self.apply.setToolTip(self.tr("Do them so, as far as they have not begun"))
        self._close = QToolButton(self)
        self._close.setAutoRaise(True)
        self._close.setAccessibleName(self.tr("Leave them as they are"))
        self._close.setToolTip(self.tr("Leave them as they are (Esc)"))
        self._profiles = profiles
        self._form: OptionsForm | None = None  # made when it is asked for: the first window does not wait
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._title, 1)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(16, 9, 8, 12)
        column.setSpacing(2)
        column.addLayout(head)
        head.addWidget(self.apply)
        head.addWidget(self._close)
        self.apply.clicked.connect(self._on_apply)
        self._close.clicked.connect(self.shut)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._dress()
        self.hide()

    @property
    def form(self) -> OptionsForm:
        """The fields."""
        if self._form is None:
            self._form = OptionsForm(self._profiles, self)
            self._column.addWidget(self._form)
            QWidget.setTabOrder(self._form.priority, self.apply)
            QWidget.setTabOrder(self.apply, self._close)
        return self._form

    def open(self, ids: tuple[int, ...], choice: Choice, packs: tuple[str, ...]) -> None:
        """Show how these jobs are done."""
        self._ids = ids
        self._title.setText(self.tr("The %Ln recording(s) just added", "", len(ids)))
        self.form.show_choice(choice, packs)
        self.show()
        self.form.speakers.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def shut(self) -> None:
        """Take it away."""
        self.hide()

    @Slot()
    def _on_apply(self) -> None:
        ids, choice = self._ids, self.form.choice()
        self.shut()
        self.applied.emit(ids, choice)

    def _dress(self) -> None:
        self._close.setIcon(icons.icon("close", self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_form"):
            self._dress()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close with Escape, apply with Enter."""
        if event.key() == Qt.Key.Key_Escape:
            self.shut()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_apply()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a ground of its own with a line below."""
        painter = QPainter(self)
        base, text = (
            self.palette().color(role) for role in (QPalette.ColorRole.Base, QPalette.ColorRole.Text)
        )
        painter.fillRect(self.rect(), theme.mix(base, text, 0.025))
        painter.fillRect(self.rect().adjusted(0, self.height() - 1, 0, 0), theme.hairline(self.palette()))
