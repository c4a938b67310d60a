"""One line of the settings dialog: a name, a sentence, and at the right what is set or done."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.core.errors import UserError
from fi_desktop.engines import registry
from fi_desktop.gui import theme
from fi_desktop.gui.job_options.menu import COUNTS, LANGUAGES, OTHER_LANGUAGES
from fi_desktop.gui.labels import UiLabels
from fi_desktop.settings import ABOUT, DEFAULTS, Kind, Unit
from fi_desktop.settings.pages import Deed, Page


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
        self._sign.setPixmap(theme.pixmap("error", 16, colour, self.devicePixelRatioF()))
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


_NUMBER_WIDTH = 80
_WIDTH = 240


class Field(QWidget):
    """Holds one value.

    Attributes:
        editor: the widget that has the focus while the person types.

    Signals:
        edited: the value may be another.
    """

    edited = Signal()
    editor: QWidget

    def given(self) -> Any:
        """Return what is there, as it was typed or chosen."""
        raise NotImplementedError

    def show_value(self, value: Any) -> None:
        """Show a value."""
        raise NotImplementedError

    def text_of(self, value: Any) -> str:
        """Return a value as a person reads it."""
        return str(value)

    def _hold(self, *widgets: QWidget) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for widget in widgets:
            row.addWidget(widget)
        self.editor = widgets[0]
        self.setFocusProxy(self.editor)


class ChoiceField(Field):
    """One of a list."""

    def __init__(self, choices: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        """Offer `choices`: each a word and its value."""
        super().__init__(parent)
        self._combo = QComboBox(self)
        self._combo.setFixedWidth(_WIDTH)
        for word, value in choices:
            self._combo.addItem(word, value)
        self._combo.currentIndexChanged.connect(self.edited)
        self._combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._hold(self._combo)

    def given(self) -> Any:
        """Return the value that is chosen."""
        return self._combo.currentData()

    def show_value(self, value: Any) -> None:
        """Choose a value; one that is not offered is added."""
        if self._combo.findData(value) < 0:
            self._combo.addItem(str(value), value)
        self._combo.setCurrentIndex(self._combo.findData(value))

    def text_of(self, value: Any) -> str:
        """Return the word of a value."""
        place = self._combo.findData(value)
        return self._combo.itemText(place) if place >= 0 else str(value)


class TruthField(Field):
    """Yes or no."""

    def __init__(self, words: tuple[str, str], parent: QWidget | None = None) -> None:
        """Show a box to tick; `words`: what off and on are called."""
        super().__init__(parent)
        self._words = words
        self._box = QCheckBox(self)
        self._box.toggled.connect(self.edited)
        self._hold(self._box)

    def given(self) -> Any:
        """Return whether it is ticked."""
        return self._box.isChecked()

    def show_value(self, value: Any) -> None:
        """Tick it, or not."""
        self._box.setChecked(value)

    def text_of(self, value: Any) -> str:
        """Return the word for on or off."""
        return self._words[bool(value)]


class NumberField(Field):
    """A number, or several with commas between them."""

    def __init__(self, kind: Kind, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line = QLineEdit(self)
        several = kind is Kind.NUMBERS
        self._line.setFixedWidth(2 * _NUMBER_WIDTH if several else _NUMBER_WIDTH)
        self._line.setAlignment(Qt.AlignmentFlag.AlignLeft if several else Qt.AlignmentFlag.AlignRight)
        self._line.textEdited.connect(self.edited)
        self._hold(self._line)

    def given(self) -> Any:
        """Return what is typed."""
        return self._line.text().strip()

    def show_value(self, value: Any) -> None:
        """Show a number, or several."""
        self._line.setText(self.text_of(value))

    def text_of(self, value: Any) -> str:
        """Return a number without needless digits."""
        if isinstance(value, tuple):
            return ", ".join(map(self.text_of, value))
        return f"{value:.10g}"


class WordsField(Field):
    """Words, one a line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._edit = QPlainTextEdit(self)
        self._edit.setFixedSize(_WIDTH, 84)
        self._edit.setTabChangesFocus(True)
        self._edit.setPlaceholderText(self.tr("One a line"))
        self._edit.textChanged.connect(self.edited)
        self._hold(self._edit)

    def given(self) -> Any:
        """Return the words, each once."""
        lines = (" ".join(line.split()) for line in self._edit.toPlainText().splitlines())
        return tuple(dict.fromkeys(line for line in lines if line))

    def show_value(self, value: Any) -> None:
        """Show words."""
        self._edit.setPlainText("\n".join(value))

    def text_of(self, value: Any) -> str:
        """Return the words in a line."""
        return ", ".join(value)


def make_field(name: str, words: PreferenceWords, packs: Iterable[str], parent: QWidget) -> Field:
    """Return a setting's field; `packs`: the installed model packs that write words down."""
    about = ABOUT[name]
    match about.kind:
        case Kind.TRUTH:
            return TruthField((words.truth(False), words.truth(True)), parent)
        case Kind.WORDS:
            return WordsField(parent)
        case Kind.CHOICE:
            return ChoiceField([(words.choice(value), value) for value in about.choices], parent)
        case Kind.WHOLE | Kind.NUMBER | Kind.NUMBERS:
            return NumberField(about.kind, parent)
        case _:
            return ChoiceField(_choices(name, UiLabels(parent), packs), parent)


def _choices(name: str, words: UiLabels, packs: Iterable[str]) -> list[tuple[str, str]]:
    match name:
        case "speakers":
            return [(words.speakers_asked(count), count) for count in COUNTS]
        case "engine":
            return [(words.engine(engine), engine) for engine in registry.NAMES]
        case "transcriber":
            offered = dict.fromkeys((registry.AUTO, registry.NONE, *packs))
            return [(words.transcriber(pack), pack) for pack in offered]
        case _:
            first = [(words.language_asked(code), code or "auto") for code in LANGUAGES]
            return first + sorted((words.language(code), code) for code in OTHER_LANGUAGES)


class PreferenceWords(QObject):
    """Words for settings: what one means is said as `fi_desktop.settings` says it, in another language."""

    def page(self, page: Page) -> str:
        """Return a page's name."""
        match page:
            case Page.GENERAL:
                return self.tr("General")
            case Page.RECORDINGS:
                return self.tr("Recordings")
            case Page.WORKERS:
                return self.tr("Workers and limits")
            case Page.RETRIES:
                return self.tr("Retries")
            case Page.STORAGE:
                return self.tr("Storage")
            case Page.MODELS:
                return self.tr("Models")
            case Page.PRIVACY:
                return self.tr("Privacy")

    def title(self, name: str) -> str:
        """Return a setting's name for a person."""
        return {
            "theme": self.tr("Appearance"),
            "language": self.tr("Language of the window"),
            "speakers": self.tr("Number of speakers"),
            "engine": self.tr("How voices are told apart"),
            "transcriber": self.tr("What writes the words down"),
            "spoken_language": self.tr("Language of the recordings"),
            "vocabulary": self.tr("Words that may come up"),
            "workers": self.tr("Recordings at a time"),
            "soft_limit_s": self.tr("Time limit"),
            "hard_limit_s": self.tr("Last time limit"),
            "limit_factor": self.tr("More time for long recordings"),
            "stop_grace_s": self.tr("Time to stop"),
            "stuck_after_s": self.tr("Replace a silent worker after"),
            "recycle_jobs": self.tr("Fresh worker after so many recordings"),
            "recycle_mb": self.tr("Fresh worker above this memory"),
            "retry_delays_s": self.tr("Waits before retries"),
            "max_deliveries": self.tr("Give up after so many beginnings"),
            "keep_days": self.tr("Keep finished recordings"),
            "keep_unseen": self.tr("Keep what nobody has seen"),
            "notify": self.tr("Notifications"),
            "names_in_notifications": self.tr("File names in notifications"),
            "lock_after_min": self.tr("Lock when not used"),
            "check_updates": self.tr("Look for newer versions"),
        }[name]

    def means(self, name: str) -> str:
        """Return what a setting means."""
        return {
            "theme": self.tr("Light, dark, or as the system is."),
            "language": self.tr("Menus, dialogs and messages are written in it."),
            "speakers": self.tr("How many people speak in a recording, where nothing else is chosen."),
            "engine": self.tr("The engine that tells voices apart."),
            "transcriber": self.tr(
                "The model that writes the words down; without one, only who spoke when is found."
            ),
            "spoken_language": self.tr("The language that is spoken in the recordings."),
            "vocabulary": self.tr(
                "Names of drugs, places or people: they are more likely to be spelt right."
            ),
            "workers": self.tr(
                "How many recordings are worked on at a time. 0: as many as the computer can do, two at most."
            ),
            "soft_limit_s": self.tr("How long an attempt may take before it is asked to stop."),
            "hard_limit_s": self.tr("How long an attempt may take before its worker is ended."),
            "limit_factor": self.tr("Long recordings get more time: so many times their own length."),
            "stop_grace_s": self.tr("How long workers may take to stop when the program ends."),
            "stuck_after_s": self.tr("A worker that is not heard of for so long is replaced."),
            "recycle_jobs": self.tr(
                "A worker is replaced by a fresh one after so many recordings. 0: never."
            ),
            "recycle_mb": self.tr(
                "A worker that holds so much memory after a recording is replaced. 0: never."
            ),
            "retry_delays_s": self.tr(
                "How long to wait before each retry; as many retries as there are numbers."
            ),
            "max_deliveries": self.tr("A recording that was begun so many times is given up."),
            "keep_days": self.tr(
                "Finished recordings leave the list, with their results, after so many days. 0: never."
            ),
            "keep_unseen": self.tr(
                "Keep results that nobody has looked at or written out, however old they are."
            ),
            "notify": self.tr(
                "When the desktop is told: never, at the end of all that waits, or after each recording."
            ),
            "names_in_notifications": self.tr(
                "Name the file in notifications, which others may see on the screen."
            ),
            "lock_after_min": self.tr(
                "Cover the window when nobody has used it for so long; wants a PIN. 0: never."
            ),
            "check_updates": self.tr(
                "Ask once a day whether there is a newer version. Nothing of you or this computer is sent."
            ),
        }[name]

    def choice(self, value: str) -> str:
        """Return the word for a value of a choice."""
        return {
            "system": self.tr("As the system"),
            "light": self.tr("Light"),
            "dark": self.tr("Dark"),
            "en": "English",
            "es": "Español",
            "never": self.tr("Never"),
            "end": self.tr("When all is done"),
            "each": self.tr("After each recording"),
        }[value]

    def unit(self, unit: Unit) -> str:
        """Return what stands behind a number."""
        match unit:
            case Unit.NONE:
                return ""
            case Unit.SECONDS:
                return self.tr("seconds")
            case Unit.MINUTES:
                return self.tr("minutes")
            case Unit.DAYS:
                return self.tr("days")
            case Unit.MEGABYTES:
                return self.tr("MB")

    def refusal(self, name: str) -> str:
        """Return why what was typed cannot be used: what is wanted instead."""
        about = ABOUT[name]
        if about.kind is Kind.NUMBERS:
            return self.tr("Numbers with commas between them are wanted, none below zero.")
        if about.or_zero:
            return self.tr("Enter 0, or a number from {least} up.").format(least=round(about.least))
        if about.most != math.inf:
            sentence = self.tr("A whole number from {least} to {most} is wanted.")
            return sentence.format(least=round(about.least), most=round(about.most))
        if about.kind is Kind.WHOLE:
            return self.tr("A whole number is wanted, not below zero.")
        return self.tr("A number is wanted, not below zero.")

    def usual(self, shown: str) -> str:
        """Return what the default is."""
        return self.tr("Default: {value}").format(value=shown or self.tr("none"))

    def truth(self, value: Any) -> str:
        """Return "on" or "off"."""
        return self.tr("on") if value else self.tr("off")

    def deed(self, deed: Deed) -> tuple[str, str, str]:
        """Return what a deed is called, what it does, and its button's word."""
        match deed:
            case Deed.SHOW_FOLDER:
                return (
                    self.tr("Data folder"),
                    self.tr("The queue, the results and the models all lie here."),
                    self.tr("Show in folder"),
                )
            case Deed.OPEN_WATCHED:
                return (
                    self.tr("Watched folders"),
                    self.tr("Recordings that arrive in them are added by themselves."),
                    self.tr("Watched folders…"),
                )
            case Deed.OPEN_MODELS:
                return (
                    self.tr("Models of this computer"),
                    self.tr("Models tell voices apart and write down what was said, on this computer."),
                    self.tr("Models…"),
                )
            case Deed.SET_PIN:
                return (
                    self.tr("PIN"),
                    self.tr("What takes the cover away once the window is locked."),
                    self.tr("Set or change…"),
                )
