"""How the next recordings are to be done: the number of speakers, and all else below "more"."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolBar, QToolButton, QWidget

from fi_desktop.core.values import JobOptions, Priority, SpeakerCount
from fi_desktop.gui import theme
from fi_desktop.gui.job_options.menu import Choices, OptionsMenu
from fi_desktop.gui.labels import UiLabels
from fi_desktop.watch.config import Choice

_SUMMARY_WIDTH = 190  # pixels at most
_LEAST_SUMMARY = 50
_BESIDE = 16  # pixels between icon and summary, and to spare


class OptionsBar(QWidget):
    """The options of the next drop.

    Attributes:
        speakers: the choice of their number.
        more: the button of the menu; it says what is chosen there, where that is not the usual.
        menu: the other choices.
        usual: what is chosen where nobody chooses.

    Signals:
        changed: something else is chosen.
    """

    changed = Signal()

    def __init__(
        self, usual: JobOptions, parent: QWidget | None = None, *, packs: Iterable[str] = ()
    ) -> None:
        """Offer the choices; what is `usual` is chosen at the start.

        packs: names of the installed model packs that write words down.
        """
        super().__init__(parent)
        self._words = UiLabels(self)
        self.usual = Choice(usual)
        self._profiles: dict[Choice, str] = {}
        self.setAccessibleName(self.tr("Options of the next recordings"))
        self.speakers = QComboBox(self)
        for text, count in Choices(self).speakers():
            self.speakers.addItem(text, count)
        self._choose_speakers(usual.speakers)
        self.speakers.setAccessibleName(self.tr("Number of speakers in the next recordings"))
        self.speakers.setToolTip(self.tr("How many people speak in the recordings that you add next"))
        label = QLabel(self.tr("&Speakers"), self)
        label.setBuddy(self.speakers)
        self.more = QToolButton(self)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setIconSize(QSize(20, 20))
        self.more.setAccessibleName(self.tr("More options of the next recordings"))
        self.menu = OptionsMenu(self.usual, packs, self)
        self.speakers.currentIndexChanged.connect(self._on_changed)
        self.menu.changed.connect(self._on_changed)
        self.more.setMenu(self.menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(label)
        row.addWidget(self.speakers)
        row.addWidget(self.more)
        self._on_changed()
        self._dress()

    def options(self) -> JobOptions:
        """Return what is chosen."""
        return JobOptions(
            SpeakerCount.parse(self.speakers.currentData()),
            self.menu.engine,
            language=self.menu.language,
            transcriber=self.menu.transcriber,
            vocabulary=self.menu.vocabulary,
            prompt=self.menu.prompt,
        )

    def choice(self) -> Choice:
        """Return what is chosen, and how soon it is to be done."""
        return Choice(self.options(), self.menu.priority)

    def choose(self, choice: Choice) -> None:
        """Choose all of this."""
        with QSignalBlocker(self.speakers):
            self._choose_speakers(choice.options.speakers)
        self.menu.choose(choice)

    def name_profiles(self, profiles: dict[Choice, str]) -> None:
        """Say a profile's name where just its choice is chosen."""
        self._profiles = profiles
        self.sum_up()

    def _choose_speakers(self, count: SpeakerCount) -> None:
        asked = str(count)
        if self.speakers.findData(asked) < 0:
            self.speakers.addItem(self._words.requested_speakers(asked), asked)
        self.speakers.setCurrentIndex(self.speakers.findData(asked))

    def offer_packs(self, packs: Iterable[str]) -> None:
        """Offer these model packs from now on: others were installed, or some were removed."""
        self.menu.offer_packs(packs)

    def take_usual(self, usual: JobOptions) -> None:
        """Choose what is usual from now on."""
        self.usual = Choice(usual)
        self.choose(self.usual)

    def _unusual(self) -> list[str]:
        """Return what is chosen below "more" that is not chosen by itself, in a word or two each."""
        menu, words, usual = self.menu, self._words, self.usual.options
        if self.choice() != self.usual and (profile := self._profiles.get(self.choice())):
            return [profile]
        unusual = []
        if menu.transcriber != usual.transcriber:
            none = menu.transcriber == "none"
            unusual.append(self.tr("No words") if none else words.transcriber(menu.transcriber))
        if menu.language != usual.language:
            unusual.append(words.requested_language(menu.language))
        if menu.engine != usual.engine:
            unusual.append(words.engine(menu.engine))
        if menu.vocabulary != usual.vocabulary:
            unusual.append(self.tr("%Ln word(s)", "", len(menu.vocabulary)))
        if menu.priority is not Priority.NORMAL:
            unusual.insert(0, words.priority(menu.priority))
        return unusual

    @Slot()
    def _on_changed(self) -> None:
        menu, words = self.menu, self._words
        chosen = [
            self.tr("Words: {choice}").format(choice=words.transcriber(menu.transcriber)),
            self.tr("Language: {choice}").format(choice=words.requested_language(menu.language)),
            self.tr("Voices: {choice}").format(choice=words.engine(menu.engine)),
        ]
        if menu.priority is not Priority.NORMAL:
            chosen.append(self.tr("How soon: {choice}").format(choice=words.priority(menu.priority)))
        if menu.vocabulary:
            chosen.append(self.tr("May come up: {words}").format(words=", ".join(menu.vocabulary)))
        self.more.setToolTip(
            "\n".join((self.tr("More options of the recordings that you add next"), *chosen))
        )
        self.more.setAccessibleDescription(". ".join(chosen))
        self.sum_up()
        self.changed.emit()

    def shrink(self) -> None:
        """Take as little room as can be, so that the toolbar sees what is left for others."""
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self._invalidate()

    def sum_up(self) -> None:
        """Say beside the icon what is unusual, as far as the toolbar has room: it would drop the bar else."""
        self.shrink()
        summary, room = " · ".join(self._unusual()), self._room()
        if summary and room >= _LEAST_SUMMARY:
            shown = self.fontMetrics().elidedText(summary, Qt.TextElideMode.ElideRight, room)
            self.more.setText(shown.replace("&", "&&"))
            self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            self._invalidate()

    def _invalidate(self) -> None:
        """Have the toolbar measure again: it does not hear of what it has dropped."""
        for widget in (self, self.parentWidget()):
            if widget is not None and (layout := widget.layout()) is not None:
                layout.invalidate()

    def _room(self) -> int:
        """Return the pixels that a summary may take."""
        bar = self.parentWidget()
        if not isinstance(bar, QToolBar):
            return _SUMMARY_WIDTH
        return min(_SUMMARY_WIDTH, bar.width() - bar.sizeHint().width() - _BESIDE)

    def _dress(self) -> None:
        self.more.setIcon(theme.icon("more", self.palette()))

    def event(self, event: QEvent) -> bool:
        """Follow the width of the toolbar that the bar is put into."""
        bar = self.parentWidget()
        if event.type() == QEvent.Type.ParentChange and bar is not None:
            bar.installEventFilter(self)
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Say as much as there is room for."""
        if event.type() == QEvent.Type.Resize and watched is self.parentWidget():
            self.sum_up()
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
