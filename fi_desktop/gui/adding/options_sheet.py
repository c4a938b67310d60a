"""The options of recordings as a form: one labelled choice each, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.core.values import JobOptions, Priority, SpeakerCount
from fi_desktop.gui import theme
from fi_desktop.gui.job_options.menu import Choices
from fi_desktop.gui.job_options.profiles import ProfileController
from fi_desktop.gui.labels import UiLabels
from fi_desktop.watch.config import Choice

_COLUMNS = 3


class OptionsForm(QWidget):
    """Shows a choice and lets it be changed; words that may come up stay as they are.

    Attributes:
        profile, speakers, language, transcriber, engine, priority: the fields.
    """

    def __init__(self, profiles: ProfileController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._profiles = profiles
        self._words = UiLabels(self)
        self._choices = Choices(self)
        self._shown = Choice()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self.profile = self._field(self.tr("Pro&file"), self.tr("Profile of these recordings"))
        self.speakers = self._field(self.tr("S&peakers"), self.tr("Number of speakers in these recordings"))
        self.language = self._field(self.tr("&Language"), self.tr("Language of these recordings"))
        self.transcriber = self._field(self.tr("&Words"), self.tr("What writes the words down"))
        self.engine = self._field(self.tr("&Voices"), self.tr("How voices are told apart"))
        self.priority = self._field(self.tr("&How soon"), self.tr("How soon these recordings are done"))
        _fill(self.speakers, self._choices.speakers())
        _fill(self.language, [*self._choices.languages(), *self._choices.other_languages()])
        _fill(self.engine, self._choices.engines())
        _fill(self.priority, self._choices.priorities())
        self.profile.activated.connect(self._on_profile_chosen)
        for field in (self.speakers, self.language, self.transcriber, self.engine, self.priority):
            field.currentIndexChanged.connect(self._name)
        self._list_profiles()
        profiles.changed.connect(self._list_profiles)

    def choice(self) -> Choice:
        """Return what is chosen."""
        options = JobOptions(
            SpeakerCount.parse(self.speakers.currentData()),
            self.engine.currentData(),
            language=self.language.currentData(),
            transcriber=self.transcriber.currentData(),
            vocabulary=self._shown.options.vocabulary,
            prompt=self._shown.options.prompt,
        )
        return Choice(options, Priority(self.priority.currentData()))

    def show_choice(self, choice: Choice, packs: Iterable[str]) -> None:
        """Show a choice; these model packs are offered to write words down."""
        options, words = choice.options, self._words
        self._shown = choice
        self.transcriber.clear()
        _fill(self.transcriber, self._choices.transcribers(packs))
        _choose(self.speakers, str(options.speakers), words.requested_speakers(str(options.speakers)))
        _choose(self.language, options.language, words.requested_language(options.language))
        _choose(self.transcriber, options.transcriber, words.transcriber(options.transcriber))
        _choose(self.engine, options.engine, words.engine(options.engine))
        _choose(self.priority, choice.priority, words.priority(choice.priority))
        self._name()

    def _field(self, label: str, name: str) -> QComboBox:
        place = self._grid.count() // 2
        column, row = place % _COLUMNS, place // _COLUMNS * 2
        box = QComboBox(self)
        box.setAccessibleName(name)
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        said = QLabel(label, self)
        said.setObjectName("quiet")
        said.setBuddy(box)
        self._grid.addWidget(said, row, column)
        self._grid.addWidget(box, row + 1, column)
        self._grid.setColumnStretch(column, 1)
        return box

    @Slot()
    def _list_profiles(self) -> None:
        self.profile.clear()
        self.profile.addItem(self.tr("None"), "")
        _fill(self.profile, [(self._profiles.title(each), each.name) for each in self._profiles.all()])
        if self.transcriber.count():
            self._name()

    @Slot()
    def _name(self) -> None:
        """Name the profile of just this choice."""
        if self.transcriber.currentIndex() < 0:
            return  # its list is being made
        chosen = self.choice()
        same = (each.name for each in self._profiles.all() if each.choice == chosen)
        self.profile.setCurrentIndex(self.profile.findData(next(same, "")))

    @Slot()
    def _on_profile_chosen(self) -> None:
        profile = self._profiles.find(self.profile.currentData())
        if profile is not None:
            self.show_choice(profile.choice, self._packs())

    def _packs(self) -> list[str]:
        offered = [self.transcriber.itemData(place) for place in range(self.transcriber.count())]
        return [name for name in offered if name not in ("auto", "none")]


def _fill(box: QComboBox, offered: Iterable[tuple[str, Any]]) -> None:
    for text, value in offered:
        box.addItem(text, value)


def _choose(box: QComboBox, value: Any, text: str) -> None:
    """Choose a value; where it is not offered, it is offered from now on."""
    place = next((place for place in range(box.count()) if box.itemData(place) == value), -1)
    if place < 0:
        box.addItem(text, value)
        place = box.count() - 1
    box.setCurrentIndex(place)


class AddedOptionsSheet(QWidget):
    """A form for recordings that wait.

    Attributes:
        apply: hands the choice on.

    Signals:
        applied: the ids of the jobs (tuple of int), and the Choice for them.
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
        self._close.setIcon(theme.icon("close", self.palette()))

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
