"""The menu below "more": engine, words, language, and words that may come up."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from fi_desktop.core.job import JobOptions
from fi_desktop.engines import registry
from fi_desktop.ui.options.vocabulary import VocabularyDialog
from fi_desktop.ui.words import Words

LANGUAGES = (None, "es", "en")
# The most spoken of those that Whisper knows, and Spain's own; all hundred would be a list to get lost in.
OTHER_LANGUAGES = (
    "ar", "bg", "ca", "cs", "da", "de", "el", "eu", "fi", "fr", "gl", "he", "hi", "hr", "hu", "id", "it",
    "ja", "ko", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sv", "th", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip


class OptionsMenu(QMenu):
    """Holds the choices of the next drop but for the number of speakers.

    Attributes:
        packs: the model packs that are offered to write words down.
        vocabulary: words that may come up.
        edit_words: opens the dialog for them.

    Signals:
        changed: something else is chosen.
    """

    changed = Signal()

    def __init__(self, usual: JobOptions, packs: Iterable[str], parent: QWidget) -> None:
        """Offer the choices; what is `usual` is chosen at the start."""
        super().__init__(parent)
        self._words = Words(self)
        self.packs: tuple[str, ...] = ()
        self._dialog: VocabularyDialog | None = None
        self._wanted = usual.transcriber
        self.vocabulary = usual.vocabulary
        self.addSection(self.tr("What writes the words down"))
        self._transcribers = self._group()
        self._end_of_transcribers = self.addSection(self.tr("Language of the recordings"))
        self._languages = self._group()
        for code in LANGUAGES:
            self.addAction(self._choice(self._languages, self._words.language_asked(code), code))
        self._offer_other_languages(usual.language)
        for action in self._languages.actions():
            action.setChecked(action.data() == usual.language)
        self.addSection(self.tr("How voices are told apart"))
        self._engines = self._group()
        for name in dict.fromkeys((*registry.NAMES, usual.engine)):
            action = self._choice(self._engines, self._words.engine(name), name)
            action.setChecked(name == usual.engine)
            self.addAction(action)
        self.addSeparator()
        self.edit_words = self.addAction(self.tr("&Words that may come up…"))
        self.edit_words.triggered.connect(self._on_edit_words_asked)
        self.offer_packs(packs)

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

    def offer_packs(self, packs: Iterable[str]) -> None:
        """Offer these model packs to write words down; the choice stays where it is still there."""
        packs = tuple(dict.fromkeys(packs))
        chosen = self._transcribers.checkedAction()
        if chosen is not None and packs == self.packs:
            return  # the menu may be open: nothing moves under the pointer without need
        self.packs = packs
        wanted = chosen.data() if chosen is not None else self._wanted
        for action in self._transcribers.actions():
            self._transcribers.removeAction(action)
            self.removeAction(action)
            action.deleteLater()
        for name in ("auto", "none", *packs):
            action = self._choice(self._transcribers, self._words.transcriber(name), name)
            action.setChecked(name == wanted)
            self.insertAction(self._end_of_transcribers, action)
        if self._transcribers.checkedAction() is None:
            self._transcribers.actions()[0].setChecked(True)
        self.changed.emit()

    def choose(self, options: JobOptions) -> None:
        """Choose what is offered and asked for here."""
        for group, value in (
            (self._transcribers, options.transcriber),
            (self._languages, options.language),
            (self._engines, options.engine),
        ):
            for action in group.actions():
                if action.data() == value:
                    action.setChecked(True)
        self.vocabulary = options.vocabulary
        self.changed.emit()

    def _group(self) -> QActionGroup:
        group = QActionGroup(self)
        group.triggered.connect(self.changed)
        return group

    def _choice(self, group: QActionGroup, text: str, value: str | None) -> QAction:
        action = QAction(text.replace("&", "&&"), self, checkable=True)
        action.setData(value)
        group.addAction(action)
        return action

    def _offer_other_languages(self, usual: str | None) -> None:
        others = QMenu(self.tr("Other languages"), self)
        codes = {*OTHER_LANGUAGES, *([usual] if usual not in LANGUAGES else [])}
        named = sorted((self._words.language(code), code) for code in codes if code is not None)
        for name, code in named:
            others.addAction(self._choice(self._languages, name, code))
        self.addMenu(others)

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
