"""The menu below "more": profiles, words, language, engine, how soon, and words that may come up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.core.values import JobOptions, Priority
from fi_desktop.engines import registry
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.window_state import resize_to_screen
from fi_desktop.watch.config import Choice

COUNTS = ("1", "2", "3", "4", "5", "2-4", "auto")
LANGUAGES = (None, "es", "en")
# The most spoken of those that Whisper knows, and Spain's own; all hundred would be a list to get lost in.
OTHER_LANGUAGES = (
    "ar", "bg", "ca", "cs", "da", "de", "el", "eu", "fi", "fr", "gl", "he", "hi", "hr", "hu", "id", "it",
    "ja", "ko", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sv", "th", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip

Offered = list[tuple[str, str | None]]
"""What is offered: the words for it, and the value."""


class OptionsMenu(QMenu):
    """Holds the choices of the next drop but for the number of speakers.

    Attributes:
        packs: the model packs that are offered to write words down.
        profiles: the sub-menu of profiles; whoever knows them fills it.
        vocabulary: words that may come up.
        prompt: a text as it might have been said before; from settings or a profile.
        edit_words: opens the dialog for words that may come up.

    Signals:
        changed: something else is chosen.
    """

    changed = Signal()

    def __init__(self, usual: Choice, packs: Iterable[str], parent: QWidget) -> None:
        """Offer the choices; what is `usual` is chosen at the start."""
        super().__init__(parent)
        self._words = UiLabels(self)
        self._choices = Choices(self)
        self.packs: tuple[str, ...] = tuple(dict.fromkeys(packs))
        self._dialog: VocabularyDialog | None = None
        self._wanted = usual.options.transcriber
        self.vocabulary: tuple[str, ...] = ()
        self.prompt = ""
        self.profiles = QMenu(self.tr("&Profile"), self)
        self.addMenu(self.profiles)
        self.addSection(self.tr("What writes the words down"))
        self._transcribers = self._group()
        self._transcribers.triggered.connect(self._on_transcriber_chosen)
        self._end_of_transcribers = self.addSection(self.tr("Language of the recordings"))
        self._languages = self._group()
        for text, code in self._choices.languages():
            self.addAction(self._action(self._languages, text, code))
        self._others = QMenu(self.tr("Other languages"), self)
        for text, code in self._choices.other_languages():
            self._others.addAction(self._action(self._languages, text, code))
        self.addMenu(self._others)
        self.addSection(self.tr("How voices are told apart"))
        self._engines = self._group()
        for text, name in self._choices.engines():
            self.addAction(self._action(self._engines, text, name))
        self._end_of_engines = self.addSeparator()
        self._priorities = self._group()
        soon = QMenu(self.tr("&How soon"), self)
        for text, priority in self._choices.priorities():
            soon.addAction(self._action(self._priorities, text, priority))
        self.addMenu(soon)
        self.edit_words = self.addAction(self.tr("&Words that may come up…"))
        self.edit_words.triggered.connect(self._on_edit_words_asked)
        self.choose(usual)

    @property
    def engine(self) -> str:
        """What tells voices apart."""
        return str(self._engines.checkedAction().data())

    @property
    def transcriber(self) -> str:
        """What writes the words down."""
        return str(self._transcribers.checkedAction().data())

    @property
    def language(self) -> str | None:
        """The language's code; None: it is to be found out."""
        code: str | None = self._languages.checkedAction().data()
        return code

    @property
    def priority(self) -> Priority:
        """How soon it is done."""
        return Priority(self._priorities.checkedAction().data())

    def choose(self, choice: Choice) -> None:
        """Choose all of this; where a model pack is not there (yet), the best there is stands for it."""
        options = choice.options
        self._wanted = options.transcriber
        self.vocabulary, self.prompt = options.vocabulary, options.prompt
        if not self._check(self._languages, options.language) and options.language is not None:
            text = self._words.language(options.language)
            self._others.addAction(self._action(self._languages, text, options.language))
            self._check(self._languages, options.language)
        if not self._check(self._engines, options.engine):
            action = self._action(self._engines, self._words.engine(options.engine), options.engine)
            self.insertAction(self._end_of_engines, action)
            self._check(self._engines, options.engine)
        self._check(self._priorities, choice.priority)
        self._list_transcribers()
        self.changed.emit()

    def offer_packs(self, packs: Iterable[str]) -> None:
        """Offer these model packs to write words down; the choice stays where it is still there."""
        packs = tuple(dict.fromkeys(packs))
        if packs == self.packs:
            return  # the menu may be open: nothing moves under the pointer without need
        self.packs = packs
        self._list_transcribers()
        self.changed.emit()

    def _list_transcribers(self) -> None:
        for action in self._transcribers.actions():
            self._transcribers.removeAction(action)
            self.removeAction(action)
            action.deleteLater()
        for text, name in self._choices.transcribers(self.packs):
            self.insertAction(self._end_of_transcribers, self._action(self._transcribers, text, name))
        if not self._check(self._transcribers, self._wanted):
            self._transcribers.actions()[0].setChecked(True)

    def _group(self) -> QActionGroup:
        group = QActionGroup(self)
        group.triggered.connect(self.changed)
        return group

    def _action(self, group: QActionGroup, text: str, value: Any) -> QAction:
        action = QAction(text.replace("&", "&&"), self, checkable=True)
        action.setData(value)
        group.addAction(action)
        return action

    def _check(self, group: QActionGroup, value: Any) -> bool:
        """Check what stands for a value; return whether there is such an action."""
        found = next((action for action in group.actions() if action.data() == value), None)
        if found is not None:
            found.setChecked(True)
        return found is not None

    @Slot(QAction)
    def _on_transcriber_chosen(self, action: QAction) -> None:
        self._wanted = str(action.data())

    @Slot()
    def _on_edit_words_asked(self) -> None:
        if self._dialog is not None:
            return
        self._dialog = VocabularyDialog(self.vocabulary, self.parentWidget())
        self._dialog.accepted.connect(self._on_words_edited)
        self._dialog.finished.connect(self._on_dialog_finished)
        self._dialog.open()

    @Slot()
    def _on_words_edited(self) -> None:
        if self._dialog is not None:
            self.vocabulary = self._dialog.vocabulary
            self.changed.emit()

    @Slot()
    def _on_dialog_finished(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None


class Choices(QObject):
    """Lists what can be chosen."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words = UiLabels(self)

    def speakers(self) -> Offered:
        """Return the numbers of speakers."""
        return [(self._words.requested_speakers(count), count) for count in COUNTS]

    def languages(self) -> Offered:
        """Return the languages that come first, and that it is found out."""
        return [(self._words.requested_language(code), code) for code in LANGUAGES]

    def other_languages(self) -> Offered:
        """Return further languages by name."""
        return sorted((self._words.language(code), code) for code in OTHER_LANGUAGES)

    def engines(self) -> Offered:
        """Return what tells voices apart."""
        return [(self._words.engine(name), name) for name in registry.diarizer_names()]

    def transcribers(self, packs: Iterable[str]) -> Offered:
        """Return what writes the words down: these model packs, the best of them, or nothing."""
        return [(self._words.transcriber(name), name) for name in registry.transcriber_names(packs)]

    def priorities(self) -> list[tuple[str, Priority]]:
        """Return how soon it can be done."""
        return [(self._words.priority(priority), priority) for priority in Priority]


class VocabularyDialog(QDialog):
    """One field, one word a line.

    Attributes:
        field: where they are typed.
    """

    def __init__(self, vocabulary: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Words that may come up"))
        label = QLabel(
            self.tr("&Names of drugs, places or people in the recordings that you add next, one a line:"),
            self,
        )
        label.setWordWrap(True)
        self.field = QPlainTextEdit("\n".join(vocabulary), self)
        self.field.setAccessibleName(self.tr("Words that may come up"))
        self.field.setAccessibleDescription(self.tr("One a line"))
        self.field.setPlaceholderText("sumatriptán\nlorazepam")
        self.field.setTabChangesFocus(True)
        label.setBuddy(self.field)
        hint = QLabel(self.tr("They are more likely to be spelt right. A few dozen at most."), self)
        hint.setObjectName("quiet")
        hint.setWordWrap(True)
        use, drop = QPushButton(self.tr("Use them"), self), QPushButton(self.tr("Cancel"), self)
        use.setObjectName("primary")
        drop.setObjectName("plain")
        buttons = QDialogButtonBox(self)
        buttons.addButton(use, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(drop, QDialogButtonBox.ButtonRole.RejectRole)
        use.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        column.addWidget(label)
        column.addWidget(self.field, 1)
        column.addWidget(hint)
        column.addWidget(buttons)
        resize_to_screen(self, (420, 340))

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The words, each once, in the order they were typed."""
        lines = (" ".join(line.split()) for line in self.field.toPlainText().splitlines())
        return tuple(dict.fromkeys(line for line in lines if line))


class ChoiceLabels(QObject):
    """Tells how recordings are done; what is as always is left out."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words = UiLabels(self)

    def summary(self, choice: Choice) -> str:
        """Return the words."""
        options, plain, words = choice.options, JobOptions(), self._words
        parts = [self._speakers(str(options.speakers))]
        if options.language is not None:
            parts.append(words.language(options.language))
        if options.transcriber == "none":
            parts.append(self.tr("no words"))
        elif options.transcriber != plain.transcriber:
            parts.append(words.transcriber(options.transcriber))
        if options.engine != plain.engine:
            parts.append(words.engine(options.engine))
        if choice.priority is not Priority.NORMAL:
            parts.append(words.priority(choice.priority))
        return " · ".join(parts)

    def _speakers(self, asked: str) -> str:
        if asked == "auto":
            return self.tr("any number of speakers")
        if asked.isdecimal():
            return self.tr("%Ln speaker(s)", "", int(asked))
        return self.tr("{range} speakers").format(range=self._words.requested_speakers(asked))
