"""Asks for what gated models need: accepted conditions, and a Hugging Face token."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.models_dialog.words import ModelWords
from fi_desktop.models.catalog import HUB, TOKENS_PAGE, Known


class TokenPanel(QWidget):
    """Explains, takes a token, and forgets it as soon as it was handed on.

    Attributes:
        field: where the token is pasted.
        go, leave: its buttons.

    Signals:
        token_given: the pack's name, and the token.
        left: the person does not want it now.
    """

    token_given = Signal(str, str)
    left = Signal()

    def __init__(self, words: ModelWords, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._name = ""
        self.setAutoFillBackground(True)
        self._title = QLabel(self)
        self._title.setFont(theme.scaled(self.font(), 1.08, QFont.Weight.DemiBold))
        self._trouble, self._steps = QLabel(self), QLabel(self)
        self._trouble.setTextFormat(Qt.TextFormat.PlainText)
        self._steps.setTextFormat(Qt.TextFormat.RichText)
        self._steps.setOpenExternalLinks(True)
        self._steps.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self._steps.setAccessibleName(self.tr("What to do"))
        for label in (self._trouble, self._steps):
            label.setWordWrap(True)
        self.field = QLineEdit(self)
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.field.setPlaceholderText(self.tr("hf_…"))
        self.field.setAccessibleName(self.tr("Hugging Face token"))
        self.field.setMinimumHeight(30)
        self.go, self.leave = QPushButton(self.tr("Download"), self), QPushButton(self.tr("Not now"), self)
        self.go.setObjectName("primary")
        self.leave.setObjectName("plain")
        for button in (self.go, self.leave):
            button.setAccessibleName(button.text())
            button.setAutoDefault(False)
        note = QLabel(
            self.tr(
                "The token is kept in this computer's keyring, or not at all where there is none. Only "
                "huggingface.co gets to see it; of your recordings nothing is sent."
            ),
            self,
        )
        note.setObjectName("quiet")
        note.setWordWrap(True)
        self.field.textChanged.connect(self._on_text_changed)
        self.field.returnPressed.connect(self._on_go)
        self.go.clicked.connect(self._on_go)
        self.leave.clicked.connect(self._on_leave)
        entry = QHBoxLayout()
        entry.setSpacing(8)
        entry.addWidget(self.field, 1)
        entry.addWidget(self.go)
        entry.addWidget(self.leave)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(8)
        for widget in (self._title, self._trouble, self._steps):
            column.addWidget(widget)
        column.addLayout(entry)
        column.addWidget(note)
        self.hide()

    @property
    def trouble(self) -> str:
        """Why the last token did not do; "" where there was none."""
        return self._trouble.text()

    def ask(self, known: Known, trouble: str = "") -> None:
        """Ask for a token for this pack; `trouble`: why the last one did not do."""
        self._name = known.name
        title = self._words.title(known.name)
        self._title.setText(self.tr("{title} needs a free Hugging Face account").format(title=title))
        self._trouble.setText(trouble)
        self._trouble.setVisible(bool(trouble))
        pages = [f"{HUB}/{source.repo}" for source in known.sources if source.gated]
        links = ", ".join(self._link(page, page.removeprefix(f"{HUB}/")) for page in dict.fromkeys(pages))
        steps = [
            self.tr("Sign in, and accept the conditions of {pages}.").format(pages=links),
            self.tr("Make a token that may read: {page}.").format(
                page=self._link(TOKENS_PAGE, TOKENS_PAGE.removeprefix("https://"))
            ),
            self.tr("Paste it here. About {size} are then fetched from huggingface.co.").format(
                size=escape(self._words.size(known.about_bytes))
            ),
        ]
        self._steps.setText("<br>".join(f"{number}.&nbsp; {step}" for number, step in enumerate(steps, 1)))
        self.field.clear()
        self._on_text_changed("")
        self._dress()
        self.show()
        self.field.setFocus()

    def _link(self, address: str, text: str) -> str:
        colour = theme.tone("info", self.palette()).name()
        return f'<a href="{escape(address)}" style="color: {colour}">{escape(text)}</a>'

    def _dress(self) -> None:
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.WindowText, theme.tone("bad", self.palette()))
        self._trouble.setPalette(palette)

    @Slot(str)
    def _on_text_changed(self, text: str) -> None:
        self.go.setEnabled(bool(text.strip()))

    @Slot()
    def _on_go(self) -> None:
        token = self.field.text().strip()
        if not token:
            return
        self.field.clear()
        self.hide()
        self.token_given.emit(self._name, token)

    @Slot()
    def _on_leave(self) -> None:
        self.field.clear()
        self.hide()
        self.left.emit()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "field"):
            self._dress()
