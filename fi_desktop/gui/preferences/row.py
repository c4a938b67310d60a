"""One line of the settings dialog: a name, a sentence, and at the right what is set or done."""

from __future__ import annotations

from html import escape
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from fi_desktop.core.errors import UserError
from fi_desktop.gui import icons, theme
from fi_desktop.gui.preferences.fields import Field
from fi_desktop.gui.preferences.words import PreferenceWords
from fi_desktop.settings import ABOUT, DEFAULTS


class Line(QWidget):
    """A name with a sentence below it, and room at the right and below."""

    def __init__(self, title: str, means: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._texts = (title, means)
        self._title, self._means = QLabel(self), QLabel(self)
        self._title.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        self._means.setObjectName("quiet")
        self._means.setWordWrap(True)
        for label in (self._title, self._means):
            label.setTextFormat(Qt.TextFormat.RichText)
        self.text = QVBoxLayout()
        self.text.setSpacing(3)
        self.text.addWidget(self._title)
        self.text.addWidget(self._means)
        self.right = QHBoxLayout()
        self.right.setSpacing(8)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 11, 24, 11)
        row.setSpacing(20)
        row.addLayout(self.text, 1)
        row.addLayout(self.right)
        row.setAlignment(self.right, Qt.AlignmentFlag.AlignTop)
        self.seek("")

    def seek(self, sought: str) -> bool:
        """Mark what is sought in the texts; return whether it is there, "" being everywhere."""
        for label, text in zip((self._title, self._means), self._texts, strict=True):
            label.setText(self._marked(text, sought))
        return any(sought.casefold() in text.casefold() for text in self._texts)

    def _marked(self, text: str, sought: str) -> str:
        at = text.casefold().find(sought.casefold()) if sought else -1
        if at < 0:
            return escape(text)
        base, mark = self.palette().color(QPalette.ColorRole.Base), theme.tone("warn", self.palette())
        end = at + len(sought)
        ground = theme.mix(base, mark, 0.3).name()
        return (
            f'{escape(text[:at])}<span style="background-color:{ground}">{escape(text[at:end])}</span>'
            f"{escape(text[end:])}"
        )


class SettingRow(Line):
    """One setting.

    Attributes:
        name: the setting's.
        field: where its value is.
        reset: puts the default back; shown where the value is another.
        trouble: why what is typed cannot be used; "" where it can.

    Signals:
        changed: the value is another, or can be used or not.
    """

    changed = Signal()

    def __init__(
        self, name: str, field: Field, words: PreferenceWords, *, fixed: bool, parent: QWidget | None = None
    ) -> None:
        """Show a setting; `fixed`: the environment or the command line gave it."""
        super().__init__(words.title(name), words.means(name), parent)
        self.name, self.field, self.trouble = name, field, ""
        self._words = words
        about = ABOUT[name]
        self._usual = QLabel(self)
        self._usual.setObjectName("quiet")
        self._usual.setFont(theme.scaled(self.font(), 0.9))
        self._usual.setTextFormat(Qt.TextFormat.PlainText)
        unit = words.unit(about.unit)
        notes = [words.usual(f"{field.text_of(DEFAULTS[name])} {unit}".strip())]
        if not about.at_once:
            notes.append(self.tr("from the next start on"))
        if fixed:
            notes = [self.tr("Given by the environment or the command line, and not changed here")]
        self._usual.setText("  ·  ".join(notes))
        self.reset = QPushButton(self.tr("Reset to default"), self)
        self.reset.setObjectName("link")
        self.reset.setAutoDefault(False)
        self.reset.setAccessibleName(self.tr("Reset to default: {name}").format(name=words.title(name)))
        self.reset.clicked.connect(self._on_reset)
        self._sign, self._trouble = QLabel(self), QLabel(self)
        self._trouble.setWordWrap(True)
        field.setEnabled(not fixed)
        field.editor.setAccessibleName(words.title(name))
        field.editor.setAccessibleDescription(f"{words.means(name)} {self._usual.text()}")
        self._fixed = fixed
        field.edited.connect(self._on_edited)
        self._lay_out(unit)

    @property
    def value(self) -> Any:
        """The value, as settings hold it; to be asked for where there is no trouble."""
        return ABOUT[self.name].read(self.name, self.field.given())

    def show_value(self, value: Any) -> None:
        """Show a value."""
        self.field.show_value(value)
        self._on_edited()

    def _lay_out(self, unit: str) -> None:
        below = QHBoxLayout()
        below.setSpacing(10)
        below.addWidget(self._usual)
        below.addWidget(self.reset)
        below.addStretch(1)
        refused = QHBoxLayout()
        refused.setSpacing(6)
        refused.addWidget(self._sign)
        refused.addWidget(self._trouble, 1)
        self.text.addLayout(below)
        self.text.addLayout(refused)
        self.text.addStretch(1)  # a field may be taller than what is said of it
        if unit:
            label = QLabel(unit, self)
            label.setObjectName("quiet")
            self.right.addWidget(self.field)
            self.right.addWidget(label)
        else:
            self.right.addWidget(self.field)

    def _differs(self) -> bool:
        return bool(self.trouble) or self.value != DEFAULTS[self.name]

    @Slot()
    def _on_edited(self) -> None:
        try:
            _ = self.value
        except UserError:
            self.trouble = self._words.refusal(self.name)
        else:
            self.trouble = ""
        self._trouble.setText(self.trouble)
        self._trouble.setVisible(bool(self.trouble))
        self._sign.setVisible(bool(self.trouble))
        self.reset.setVisible(self._differs() and not self._fixed)
        self._dress()
        self.changed.emit()

    @Slot()
    def _on_reset(self) -> None:
        self.show_value(DEFAULTS[self.name])
        self.field.editor.setFocus()

    def _dress(self) -> None:
        colour = theme.tone("bad", self.palette())
        self._sign.setPixmap(icons.pixmap("error", 16, colour, self.devicePixelRatioF()))
        palette = QPalette(self.palette())
        palette.setColor(self._trouble.foregroundRole(), colour)
        self._trouble.setPalette(palette)
        field = QPalette(self.palette())
        if self.trouble:
            field.setColor(QPalette.ColorRole.Text, colour)
        self.field.editor.setPalette(field)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_fixed"):
            self._dress()


class DeedRow(Line):
    """Something that can be done.

    Attributes:
        button: does it.
    """

    def __init__(self, texts: tuple[str, str, str], detail: str = "", parent: QWidget | None = None) -> None:
        """Show its name, what it does, and its button; `detail` stands below, such as a path."""
        title, means, word = texts
        super().__init__(title, means, parent)
        self.button = QPushButton(word, self)
        self.button.setObjectName("plain")
        self.button.setAutoDefault(False)
        self.button.setAccessibleName(f"{title}: {word.removesuffix('…')}")
        self.right.addWidget(self.button)
        if detail:
            label = QLabel(detail, self)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setWordWrap(True)
            self.text.addWidget(label)
