"""How far a result is checked: its state, the doubts that are left, undo, review and signature."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QAction, QFont, QKeySequence
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from fi_desktop.core.changes import Splice
from fi_desktop.core.transcript import Segment
from fi_desktop.core.values import ReviewState
from fi_desktop.gui import theme
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.result.review_session import ReviewSession
from fi_desktop.gui.widgets import action_button
from fi_desktop.system.account import account_name
from fi_desktop.viewmodel.doubts import Doubt, doubts_after, doubts_of


class ReviewBar(QWidget):
    """The work that is left, and the buttons that end it.

    Attributes:
        doubts: the places that nobody has checked yet.
        undo, redo, next_doubt, previous_doubt, accept: the actions.
        mark, sign: the buttons that say that somebody checked it.

    Signals:
        next_asked: go to the next doubt.
        previous_asked: go to the previous doubt.
        accept_asked: accept the current doubt.
    """

    next_asked = Signal()
    previous_asked = Signal()
    accept_asked = Signal()

    def __init__(self, session: ReviewSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._labels = UiLabels(self)
        self.doubts: tuple[Doubt, ...] = doubts_of(session.transcript)
        self._dressed: tuple[ReviewState, bool] | None = None
        self._state = QLabel(self)
        self._state.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        self._left = QLabel(self)
        self._left.setObjectName("quiet")
        self.undo = self._action(self.tr("Undo"), QKeySequence.StandardKey.Undo, session.undo)
        self.redo = self._action(self.tr("Redo"), QKeySequence.StandardKey.Redo, session.redo)
        self.next_doubt = self._action(self.tr("Next doubt"), QKeySequence("F8"), self.next_asked)
        self.previous_doubt = self._action(
            self.tr("Previous doubt"), QKeySequence("Shift+F8"), self.previous_asked
        )
        self.accept = self._action(
            self.tr("Accept, and go to the next doubt"), QKeySequence("F9"), self.accept_asked
        )
        self._next = self._push(self.next_doubt.text(), "F8", self.next_asked)
        self.mark = self._push(self.tr("Mark as reviewed"), "", self._on_mark)
        self.sign = self._push(self.tr("Sign…"), "", self._on_sign)
        self._undo, self._redo = action_button(self.undo, self), action_button(self.redo, self)
        self._saved = QLabel(self)
        self._saved.setObjectName("quiet")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 12, 6)
        row.setSpacing(8)
        for widget in (self._state, self._left, self._next, self.mark, self.sign):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self._saved)
        row.addWidget(self._undo)
        row.addWidget(self._redo)
        session.changed.connect(self._on_changed)
        session.saved.connect(self._show_saved)
        session.not_saved.connect(self._show_saved)
        session.read_only_changed.connect(self._show)
        self._show()

    @property
    def state_text(self) -> str:
        """How far it is checked, as text."""
        return self._state.text()

    @property
    def left_text(self) -> str:
        """How many doubts are left, as text."""
        return self._left.text()

    def _action(
        self, text: str, key: QKeySequence | QKeySequence.StandardKey, on_triggered: object
    ) -> QAction:
        action = QAction(text, self)
        if isinstance(key, QKeySequence):
            action.setShortcut(key)
        else:
            action.setShortcuts(key)
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.triggered.connect(on_triggered)
        self.addAction(action)
        return action

    def _push(self, text: str, key: str, on_clicked: object) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName("plain")
        button.setAccessibleName(text.removesuffix("…"))
        if key:
            button.setToolTip(f"{text} ({key})")
        button.clicked.connect(on_clicked)
        return button

    @Slot(object)
    def _on_changed(self, change: Splice[Segment]) -> None:
        self.doubts = doubts_after(self.doubts, change)
        self._show()

    def _show(self) -> None:
        session = self._session
        reviewed = session.reviewed
        text = self._labels.review_state(session.state)
        if reviewed.by:
            moment = self._labels.moment(reviewed.at)
            text = self.tr("{state}: {name}, {moment}").format(state=text, name=reviewed.by, moment=moment)
        self._state.setText(text)
        count = len(self.doubts)
        self._left.setText(self.tr("%Ln doubt(s) left", "", count) if count else self.tr("No doubts left"))
        for action in (self.next_doubt, self.previous_doubt, self.accept):
            action.setEnabled(bool(count))
        self.accept.setEnabled(bool(count) and not session.read_only)
        self._next.setVisible(bool(count))
        self.mark.setVisible(session.state is ReviewState.DRAFT and not session.read_only)
        self.mark.setObjectName("plain" if count else "primary")
        self.sign.setVisible(session.state is not ReviewState.SIGNED and not session.read_only)
        self.undo.setEnabled(session.can_undo)
        self.redo.setEnabled(session.can_redo)
        self._undo.setEnabled(session.can_undo)
        self._redo.setEnabled(session.can_redo)
        self._show_saved()
        if self._dressed != (session.state, bool(count)):  # a polish costs more than all else here
            self._dressed = session.state, bool(count)
            self._apply_theme()

    @Slot()
    def _show_saved(self) -> None:
        if not self._session.changed_here:
            self._saved.setText("")
        else:
            self._saved.setText(self.tr("Saved") if self._session.all_saved else self.tr("Not saved yet"))

    @Slot()
    def _on_mark(self) -> None:
        self._session.mark_reviewed(account_name())

    @Slot()
    def _on_sign(self) -> None:
        dialog = SignDialog(self.left_text if self.doubts else "", account_name(), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.signed.connect(self._session.sign)
        dialog.open()

    def _apply_theme(self) -> None:
        palette = self._state.palette()
        palette.setColor(
            self._state.foregroundRole(), theme.tone(theme.REVIEW_TONES[self._session.state], self.palette())
        )
        self._state.setPalette(palette)
        self._undo.setIcon(theme.icon("undo", self.palette()))
        self._redo.setIcon(theme.icon("redo", self.palette()))
        for button in (self.mark, self.sign):
            button.style().unpolish(button)
            button.style().polish(button)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_saved"):
            self._apply_theme()


class SignDialog(QDialog):
    """Asks who signs, and says what is not checked.

    Attributes:
        name: the field for the name.
        left: the doubts that nobody has checked; hidden without any.
        sign: the button that signs.

    Signals:
        signed: the name of the person who signs.
    """

    signed = Signal(str)

    def __init__(self, left: str, name: str, parent: QWidget | None = None) -> None:
        """left: says that doubts are left, or ""; name: of the system's account."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Sign this result"))
        what = QLabel(
            self.tr("You confirm that you checked it as it is now. A later change makes it a draft again."),
            self,
        )
        what.setWordWrap(True)
        self.left = QLabel(left, self)
        palette = self.left.palette()
        palette.setColor(self.left.foregroundRole(), theme.tone("warn", self.palette()))
        self.left.setPalette(palette)
        self.left.setVisible(bool(left))
        label = QLabel(self.tr("&Name"), self)
        self.name = QLineEdit(name, self)
        self.name.selectAll()
        self.name.textChanged.connect(self._on_name_changed)
        label.setBuddy(self.name)
        self.sign, cancel = QPushButton(self.tr("Sign"), self), QPushButton(self.tr("Cancel"), self)
        self.sign.setObjectName("primary")
        self.sign.setDefault(True)
        self.sign.clicked.connect(self.accept)
        cancel.setObjectName("plain")
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(cancel)
        buttons.addWidget(self.sign)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        for widget in (what, self.left, label, self.name):
            column.addWidget(widget)
        column.addSpacing(6)
        column.addLayout(buttons)
        self.setMinimumWidth(400)
        self.accepted.connect(self._on_accepted)
        self._on_name_changed()

    @Slot()
    def _on_name_changed(self) -> None:
        self.sign.setEnabled(bool(self.name.text().strip()))

    @Slot()
    def _on_accepted(self) -> None:
        self.signed.emit(self.name.text().strip())
