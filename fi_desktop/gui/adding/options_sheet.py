"""The sheet that changes the options of recordings just added, while they wait.

It is part of the window and opens only on request, so that a drop never takes the focus.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.core.values import JobOptions, NumberStyle, Priority
from fi_desktop.gui import theme
from fi_desktop.gui.adding.option_fields import LanguageField, OptionField, SpeakersField, TranscriberField
from fi_desktop.gui.adding.options_menu import Choices
from fi_desktop.gui.adding.profiles import ProfileController
from fi_desktop.gui.adding.vocabulary_dialog import VocabularyDialog
from fi_desktop.gui.labels import UiLabels
from fi_desktop.watch.config import Choice

Field = TypeVar("Field", bound=OptionField)
_COLUMNS = 3
_LONGEST_SUMMARY = 60  # characters


class OptionsForm(QWidget):
    """Edits options; the prompt stays as it is, and how results are written unless a profile is chosen.

    Attributes:
        profile, speakers, language, transcriber, engine, priority, numbers: the fields.
        vocabulary: opens the vocabulary.
    """

    def __init__(self, profiles: ProfileController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._profiles = profiles
        self._labels = UiLabels(self)
        self._shown = Choice()
        self._words: tuple[str, ...] = ()
        self._lists: tuple[str, ...] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        name = self.tr("Profile of these recordings")
        self.profile = self._field(self.tr("Pro&file"), OptionField(name, self))
        name = self.tr("Number of speakers in these recordings")
        self.speakers = self._field(self.tr("S&peakers"), SpeakersField(name, self))
        name, question = self.tr("Language of these recordings"), self.tr("Languages in these recordings:")
        self.language = self._field(self.tr("&Language"), LanguageField(name, question, self))
        name = self.tr("Transcription model")
        self.transcriber = self._field(self.tr("&Transcription"), TranscriberField(name, self))
        name = self.tr("Engine that identifies speakers")
        self.engine = self._field(self.tr("&Identify speakers"), OptionField(name, self))
        name = self.tr("Priority of these recordings")
        self.priority = self._field(self.tr("P&riority"), OptionField(name, self))
        name = self.tr("How numbers are written")
        self.numbers = self._field(self.tr("&Numbers"), OptionField(name, self))
        self.vocabulary = QPushButton(self.tr("&Vocabulary…"), self)
        self.vocabulary.setObjectName("plain")
        self.vocabulary.setAutoDefault(False)
        self.vocabulary.clicked.connect(self._on_vocabulary_requested)
        self._grid.addWidget(self.vocabulary, 5, 1, 1, 2)
        choices = Choices(self)
        self.numbers.fill(choices.numbers())
        self.engine.fill(choices.engines())
        self.priority.fill(choices.priorities())
        self.profile.activated.connect(self._on_profile_chosen)
        for field in (
            self.speakers,
            self.language,
            self.transcriber,
            self.engine,
            self.priority,
            self.numbers,
        ):
            field.currentIndexChanged.connect(self._show_profile)
        self._list_profiles()
        profiles.changed.connect(self._list_profiles)

    def choice(self) -> Choice:
        """Return the chosen options."""
        options = JobOptions(
            self.speakers.speakers,
            self.engine.currentData(),
            language=self.language.language,
            transcriber=self.transcriber.transcriber,
            vocabulary=self._words,
            prompt=self._shown.options.prompt,
            vocabulary_lists=self._lists,
            numbers=NumberStyle(self.numbers.currentData()),
        )
        return Choice(options, Priority(self.priority.currentData()), self._shown.exports)

    def show_choice(self, choice: Choice, packs: Iterable[str]) -> None:
        """Show these options. `packs`: transcription models to offer."""
        options, labels = choice.options, self._labels
        self._shown = choice
        self._words, self._lists = options.vocabulary, options.vocabulary_lists
        self.transcriber.show_transcriber(options.transcriber, packs)
        self.speakers.show_speakers(options.speakers)
        self.language.show_language(options.language)
        self.engine.choose(options.engine, labels.engine(options.engine))
        self.priority.choose(choice.priority, labels.priority(choice.priority))
        self.numbers.choose(options.numbers, labels.numbers(options.numbers))
        self._show_vocabulary()

    def _show_vocabulary(self) -> None:
        """Show on the button which lists and words are chosen."""
        parts = [self._labels.term_list(name) for name in self._lists]
        chosen = ", ".join((*parts, *self._words))
        if len(chosen) > _LONGEST_SUMMARY:
            chosen = chosen[: _LONGEST_SUMMARY - 1].rstrip(" ,")
        label = self.tr("&Vocabulary: {chosen}…").format(chosen=chosen.replace("&", "&&"))
        self.vocabulary.setText(label if chosen else self.tr("&Vocabulary…"))
        self._show_profile()

    @Slot()
    def _on_vocabulary_requested(self) -> None:
        dialog = VocabularyDialog(self._words, self._lists, self._profiles.term_lists(), self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._on_vocabulary_edited(dialog))
        dialog.open()

    def _on_vocabulary_edited(self, dialog: VocabularyDialog) -> None:
        self._words, self._lists = dialog.vocabulary, dialog.boxes.chosen
        self._show_vocabulary()

    def _field(self, text: str, field: Field) -> Field:
        row, column = divmod(self._grid.count() // 2, _COLUMNS)
        label = QLabel(text, self)
        label.setObjectName("quiet")
        label.setBuddy(field)
        self._grid.addWidget(label, 2 * row, column)
        self._grid.addWidget(field, 2 * row + 1, column)
        self._grid.setColumnStretch(column, 1)
        return field

    @Slot()
    def _list_profiles(self) -> None:
        self.profile.clear()
        self.profile.addItem(self.tr("None"), "")
        self.profile.fill((self._profiles.title(each), each.name) for each in self._profiles.all())
        if self.transcriber.count():
            self._show_profile()

    @Slot()
    def _show_profile(self) -> None:
        """Show the profile that has exactly these options, if any."""
        if self.transcriber.currentIndex() < 0:
            return  # its list is being filled
        chosen = self.choice()
        names = (each.name for each in self._profiles.all() if each.choice == chosen)
        self.profile.setCurrentIndex(self.profile.findData(next(names, "")))

    @Slot()
    def _on_profile_chosen(self) -> None:
        profile = self._profiles.find(self.profile.currentData())
        if profile is not None:
            self.show_choice(profile.choice, self._packs())

    def _packs(self) -> list[str]:
        names = [self.transcriber.itemData(index) for index in range(self.transcriber.count())]
        return [name for name in names if name not in ("auto", "none")]


class AddedOptionsSheet(QWidget):
    """Changes the options of recordings just added.

    Attributes:
        apply: applies the options.

    Signals:
        applied: ids of the jobs (tuple of int), and their new Choice.
    """

    applied = Signal(object, object)

    def __init__(self, profiles: ProfileController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ids: tuple[int, ...] = ()
        self.setAccessibleName(self.tr("Options of the recordings just added"))
        self._title = QLabel(self)
        self._title.setFont(theme.scaled(self.font(), 1.0, self.font().Weight.DemiBold))
        self.apply = QPushButton(self.tr("Apply"), self)
        self.apply.setObjectName("primary")
        self.apply.setToolTip(self.tr("Use these options for recordings that have not started yet"))
        self._close = QToolButton(self)
        self._close.setAutoRaise(True)
        self._close.setAccessibleName(self.tr("Close without changes"))
        self._close.setToolTip(self.tr("Close without changes (Esc)"))
        self._profiles = profiles
        self._form: OptionsForm | None = None  # made on first use, so that the window opens sooner
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._title, 1)
        head.addWidget(self.apply)
        head.addWidget(self._close)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 9, 8, 12)
        self._column.setSpacing(2)
        self._column.addLayout(head)
        self.apply.clicked.connect(self._on_apply)
        self._close.clicked.connect(self.hide)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._set_icon()
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
        """Show the options of these jobs. `packs`: transcription models to offer."""
        self._ids = ids
        self._title.setText(self.tr("The %Ln recording(s) just added", "", len(ids)))
        self.form.show_choice(choice, packs)
        self.show()
        self.form.speakers.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _on_apply(self) -> None:
        self.hide()
        self.applied.emit(self._ids, self.form.choice())

    def _set_icon(self) -> None:
        self._close.setIcon(theme.icon("close", self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Recolour the icon when the palette changes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_form"):
            self._set_icon()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close with Escape, apply with Enter."""
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_apply()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a tinted background with a line below."""
        painter = QPainter(self)
        base, text = (
            self.palette().color(role) for role in (QPalette.ColorRole.Base, QPalette.ColorRole.Text)
        )
        painter.fillRect(self.rect(), theme.mix(base, text, 0.025))
        painter.fillRect(self.rect().adjusted(0, self.height() - 1, 0, 0), theme.hairline(self.palette()))
