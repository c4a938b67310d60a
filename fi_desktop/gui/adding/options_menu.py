"""What can be chosen for recordings: the lists of choices, and the options menu."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from fi_desktop.core.values import JobOptions, NumberStyle, Priority
from fi_desktop.engines import registry, term_lists
from fi_desktop.gui.adding.languages_dialog import FIRST_LANGUAGES, OTHER_LANGUAGES, LanguagesDialog
from fi_desktop.gui.adding.vocabulary_dialog import VocabularyDialog
from fi_desktop.gui.labels import UiLabels
from fi_desktop.watch.config import Choice

COUNTS = ("1", "2", "3", "4", "5", "2-4", "auto")
LANGUAGES = (None, "es,en", "es", "en")

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
        """Return automatic detection, the most common languages and both of them."""
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

    def numbers(self) -> list[tuple[str, NumberStyle]]:
        """Return the ways to write numbers."""
        return [(self._labels.numbers(style), style) for style in NumberStyle]

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
        parts += [labels.term_list(name) for name in options.vocabulary_lists]
        if options.numbers is not NumberStyle.AS_HEARD:
            parts.append(labels.numbers(options.numbers))
        if choice.priority is not Priority.NORMAL:
            parts.append(labels.priority(choice.priority))
        if choice.exports:
            parts.append(self.tr("own export"))
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
        term_lists: vocabulary lists on offer.
        vocabulary: words that are likely to come up.
        vocabulary_lists: the chosen lists.
        prompt: a text that precedes the transcript; from settings or a profile.
        own_export: whether results are written as the chosen profile says; shown if it has a say.
        edit_words: opens the vocabulary.
        edit_languages: opens the list of languages, to allow several.

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
        self._dialog: VocabularyDialog | LanguagesDialog | None = None
        self._transcriber = default.options.transcriber  # as requested, even if not available
        self.term_lists: tuple[str, ...] = term_lists.SPECIALTIES
        self.vocabulary: tuple[str, ...] = ()
        self.vocabulary_lists: tuple[str, ...] = ()
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
        self.edit_languages = self._others.addAction(self.tr("&Several languages…"))
        self.edit_languages.triggered.connect(self._on_several_languages_requested)
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
        self._numbers = self._group()
        numbers = QMenu(self.tr("&Numbers"), self)
        for label, style in self._choices.numbers():
            numbers.addAction(self._action(self._numbers, label, style))
        self.addMenu(numbers)
        self.edit_words = self.addAction(self.tr("&Vocabulary…"))
        self.edit_words.triggered.connect(self._on_edit_words_requested)
        self._exports = ""
        self.own_export = self.addAction(self.tr("E&xport as the profile says"))
        self.own_export.setCheckable(True)
        self.own_export.triggered.connect(self.changed)
        self.choose(default)

    @property
    def exports(self) -> str:
        """The key of the chosen profile's `ExportRule`; "": as the settings say."""
        return self._exports if self.own_export.isChecked() else ""

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
        """The chosen languages' codes, as in `JobOptions`; None to detect them."""
        code: str | None = self._languages.checkedAction().data()
        return code

    @property
    def priority(self) -> Priority:
        """The chosen priority."""
        return Priority(self._priorities.checkedAction().data())

    @property
    def numbers(self) -> NumberStyle:
        """The chosen way to write numbers."""
        return NumberStyle(self._numbers.checkedAction().data())

    def choose(self, choice: Choice) -> None:
        """Choose these options; "auto" stands in for a model pack that is not installed."""
        options = choice.options
        self._transcriber = options.transcriber
        self.vocabulary, self.prompt = options.vocabulary, options.prompt
        self.vocabulary_lists = options.vocabulary_lists
        self._choose_language(options.language)
        if not self._check(self._engines, options.engine):
            action = self._action(self._engines, self._labels.engine(options.engine), options.engine)
            self.insertAction(self._end_of_engines, action)
            self._check(self._engines, options.engine)
        self._check(self._priorities, choice.priority)
        self._check(self._numbers, options.numbers)
        self._exports = choice.exports
        self.own_export.setChecked(bool(choice.exports))
        self.own_export.setVisible(bool(choice.exports))
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

    def _choose_language(self, codes: str | None) -> None:
        if not self._check(self._languages, codes) and codes is not None:
            action = self._action(self._languages, self._labels.language(codes), codes)
            self._others.insertAction(self.edit_languages, action)
            self._check(self._languages, codes)

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
    def _on_several_languages_requested(self) -> None:
        if self._dialog is not None:
            return
        chosen = self.language.split(",") if self.language else FIRST_LANGUAGES
        question = self.tr("Languages in the recordings you add next:")
        self._dialog = LanguagesDialog(chosen, question, self.parentWidget())
        self._dialog.accepted.connect(self._on_languages_chosen)
        self._dialog.finished.connect(self._on_dialog_finished)
        self._dialog.open()

    @Slot()
    def _on_languages_chosen(self) -> None:
        if isinstance(self._dialog, LanguagesDialog):
            self._choose_language(",".join(self._dialog.languages))
            self.changed.emit()

    @Slot()
    def _on_edit_words_requested(self) -> None:
        if self._dialog is not None:
            return
        self._dialog = VocabularyDialog(
            self.vocabulary, self.vocabulary_lists, self.term_lists, self.parentWidget()
        )
        self._dialog.accepted.connect(self._on_words_edited)
        self._dialog.finished.connect(self._on_dialog_finished)
        self._dialog.open()

    @Slot()
    def _on_words_edited(self) -> None:
        if isinstance(self._dialog, VocabularyDialog):
            self.vocabulary = self._dialog.vocabulary
            self.vocabulary_lists = self._dialog.boxes.chosen
            self.changed.emit()

    @Slot()
    def _on_dialog_finished(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None
