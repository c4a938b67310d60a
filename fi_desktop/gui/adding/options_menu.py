"""What can be chosen for recordings: the lists of choices, the options menu, and the vocabulary."""

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
# Widely spoken languages that Whisper knows, and those of Spain; all hundred would be too long a list.
OTHER_LANGUAGES = (
    "ar", "bg", "ca", "cs", "da", "de", "el", "eu", "fi", "fr", "gl", "he", "hi", "hr", "hu", "id", "it",
    "ja", "ko", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sv", "th", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip

LabeledValues = list[tuple[str, str | None]]
"""Labels with the values they stand for."""


class Choices(QObject):
    """Lists the choices of each option, with labels; the same in menus and forms."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._labels = UiLabels(self)

    def speakers(self) -> LabeledValues:
        """Return numbers of speakers."""
        return [(self._labels.requested_speakers(count), count) for count in COUNTS]

    def languages(self) -> LabeledValues:
        """Return automatic detection and the most common languages."""
        return [(self._labels.requested_language(code), code) for code in LANGUAGES]

    def other_languages(self) -> LabeledValues:
        """Return further languages by name."""
        return sorted((self._labels.language(code), code) for code in OTHER_LANGUAGES)

    def engines(self) -> LabeledValues:
        """Return the diarizers."""
        return [(self._labels.engine(name), name) for name in registry.diarizer_names()]

    def transcribers(self, packs: Iterable[str]) -> LabeledValues:
        """Return the best model available, no transcript, and these model packs."""
        return [(self._labels.transcriber(name), name) for name in registry.transcriber_names(packs)]

    def priorities(self) -> list[tuple[str, Priority]]:
        """Return the priorities."""
        return [(self._labels.priority(priority), priority) for priority in Priority]


class ChoiceLabels(QObject):
    """Summarizes options in a few words: "2 speakers · Spanish"."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._labels = UiLabels(self)

    def summary(self, choice: Choice) -> str:
        """Return the number of speakers and every option that differs from its default."""
        options, default, labels = choice.options, JobOptions(), self._labels
        parts = [self._speakers(str(options.speakers))]
        if options.language is not None:
            parts.append(labels.language(options.language))
        if options.transcriber == "none":
            parts.append(self.tr("no transcript"))
        elif options.transcriber != default.transcriber:
            parts.append(labels.transcriber(options.transcriber))
        if options.engine != default.engine:
            parts.append(labels.engine(options.engine))
        if choice.priority is not Priority.NORMAL:
            parts.append(labels.priority(choice.priority))
        return " · ".join(parts)

    def _speakers(self, asked: str) -> str:
        if asked == "auto":
            return self.tr("any number of speakers")
        if asked.isdecimal():
            return self.tr("%Ln speaker(s)", "", int(asked))
        return self.tr("{range} speakers").format(range=self._labels.requested_speakers(asked))


class OptionsMenu(QMenu):
    """The options for the next recordings, except the number of speakers.

    Attributes:
        packs: model packs offered for transcription.
        profiles: the submenu of profiles, filled by `ProfileController`.
        vocabulary: words that are likely to come up.
        prompt: a text that precedes the transcript; from settings or a profile.
        edit_words: opens the vocabulary.

    Signals:
        changed: another choice was made.
    """

    changed = Signal()

    def __init__(self, default: Choice, packs: Iterable[str], parent: QWidget) -> None:
        """Offer the choices, with the default chosen."""
        super().__init__(parent)
        self._labels = UiLabels(self)
        self._choices = Choices(self)
        self.packs: tuple[str, ...] = tuple(dict.fromkeys(packs))
        self._dialog: VocabularyDialog | None = None
        self._transcriber = default.options.transcriber  # as requested, even if not available
        self.vocabulary: tuple[str, ...] = ()
        self.prompt = ""
        self.profiles = QMenu(self.tr("&Profile"), self)
        self.addMenu(self.profiles)
        self.addSection(self.tr("Transcription model"))
        self._transcribers = self._group()
        self._transcribers.triggered.connect(self._on_transcriber_chosen)
        self._end_of_transcribers = self.addSection(self.tr("Language of the recordings"))
        self._languages = self._group()
        for label, code in self._choices.languages():
            self.addAction(self._action(self._languages, label, code))
        self._others = QMenu(self.tr("Other languages"), self)
        for label, code in self._choices.other_languages():
            self._others.addAction(self._action(self._languages, label, code))
        self.addMenu(self._others)
        self.addSection(self.tr("Identify speakers with"))
        self._engines = self._group()
        for label, name in self._choices.engines():
            self.addAction(self._action(self._engines, label, name))
        self._end_of_engines = self.addSeparator()
        self._priorities = self._group()
        priorities = QMenu(self.tr("P&riority"), self)
        for label, priority in self._choices.priorities():
            priorities.addAction(self._action(self._priorities, label, priority))
        self.addMenu(priorities)
        self.edit_words = self.addAction(self.tr("&Vocabulary…"))
        self.edit_words.triggered.connect(self._on_edit_words_requested)
        self.choose(default)

    @property
    def engine(self) -> str:
        """The chosen diarizer."""
        return str(self._engines.checkedAction().data())

    @property
    def transcriber(self) -> str:
        """The chosen model pack, "auto" or "none"."""
        return str(self._transcribers.checkedAction().data())

    @property
    def language(self) -> str | None:
        """The chosen language's code; None to detect it."""
        code: str | None = self._languages.checkedAction().data()
        return code

    @property
    def priority(self) -> Priority:
        """The chosen priority."""
        return Priority(self._priorities.checkedAction().data())

    def choose(self, choice: Choice) -> None:
        """Choose these options; "auto" stands in for a model pack that is not installed."""
        options = choice.options
        self._transcriber = options.transcriber
        self.vocabulary, self.prompt = options.vocabulary, options.prompt
        if not self._check(self._languages, options.language) and options.language is not None:
            label = self._labels.language(options.language)
            self._others.addAction(self._action(self._languages, label, options.language))
            self._check(self._languages, options.language)
        if not self._check(self._engines, options.engine):
            action = self._action(self._engines, self._labels.engine(options.engine), options.engine)
            self.insertAction(self._end_of_engines, action)
            self._check(self._engines, options.engine)
        self._check(self._priorities, choice.priority)
        self._list_transcribers()
        self.changed.emit()

    def offer_packs(self, packs: Iterable[str]) -> None:
        """Offer these model packs; the choice stays if it is still available."""
        packs = tuple(dict.fromkeys(packs))
        if packs == self.packs:
            return  # the menu may be open: entries must not move under the pointer
        self.packs = packs
        self._list_transcribers()
        self.changed.emit()

    def _list_transcribers(self) -> None:
        for action in self._transcribers.actions():
            self._transcribers.removeAction(action)
            self.removeAction(action)
            action.deleteLater()
        for label, name in self._choices.transcribers(self.packs):
            self.insertAction(self._end_of_transcribers, self._action(self._transcribers, label, name))
        if not self._check(self._transcribers, self._transcriber):
            self._transcribers.actions()[0].setChecked(True)

    def _group(self) -> QActionGroup:
        group = QActionGroup(self)
        group.triggered.connect(self.changed)
        return group

    def _action(self, group: QActionGroup, label: str, value: Any) -> QAction:
        action = QAction(label.replace("&", "&&"), self, checkable=True)
        action.setData(value)
        group.addAction(action)
        return action

    def _check(self, group: QActionGroup, value: Any) -> bool:
        """Check the action with this value; return whether there is one."""
        action = next((action for action in group.actions() if action.data() == value), None)
        if action is not None:
            action.setChecked(True)
        return action is not None

    @Slot(QAction)
    def _on_transcriber_chosen(self, action: QAction) -> None:
        self._transcriber = str(action.data())

    @Slot()
    def _on_edit_words_requested(self) -> None:
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


class VocabularyDialog(QDialog):
    """Edits the vocabulary, one word per line.

    Attributes:
        field: the words.
    """

    def __init__(self, vocabulary: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Vocabulary"))
        label = QLabel(
            self.tr("&Drug names, places or people in the recordings you add next, one per line:"), self
        )
        label.setWordWrap(True)
        self.field = QPlainTextEdit("\n".join(vocabulary), self)
        self.field.setAccessibleName(self.tr("Vocabulary"))
        self.field.setAccessibleDescription(self.tr("One per line"))
        self.field.setPlaceholderText("sumatriptán\nlorazepam")
        self.field.setTabChangesFocus(True)
        label.setBuddy(self.field)
        hint = QLabel(self.tr("These words are more likely to be spelled right. A few dozen at most."), self)
        hint.setObjectName("quiet")
        hint.setWordWrap(True)
        use, cancel = QPushButton(self.tr("Use these words"), self), QPushButton(self.tr("Cancel"), self)
        use.setObjectName("primary")
        cancel.setObjectName("plain")
        buttons = QDialogButtonBox(self)
        buttons.addButton(use, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(cancel, QDialogButtonBox.ButtonRole.RejectRole)
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
        """The words without duplicates, in the order they were typed."""
        lines = (" ".join(line.split()) for line in self.field.toPlainText().splitlines())
        return tuple(dict.fromkeys(line for line in lines if line))
