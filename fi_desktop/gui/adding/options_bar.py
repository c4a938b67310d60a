"""The options for the next recordings in the toolbar: number of speakers, and a menu with the rest."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolBar, QToolButton, QWidget

from fi_desktop.core.values import JobOptions, NumberStyle, Priority, SpeakerCount
from fi_desktop.gui import theme
from fi_desktop.gui.adding.options_menu import Choices, OptionsMenu
from fi_desktop.gui.labels import UiLabels
from fi_desktop.watch.config import Choice

_SUMMARY_WIDTH = 190  # most pixels of a summary
_LEAST_SUMMARY = 50
_SPARE = 16  # pixels between icon and summary, and to spare


class OptionsBar(QWidget):
    """The options for the next recordings.

    Attributes:
        speakers: chooses the number of speakers.
        more: opens the menu; shows which options differ from their defaults.
        menu: chooses the other options.
        default: what is chosen at first.

    Signals:
        changed: another choice was made.
    """

    changed = Signal()

    def __init__(
        self, default: JobOptions, parent: QWidget | None = None, *, packs: Iterable[str] = ()
    ) -> None:
        """Offer the choices, with the default chosen. packs: names of installed transcription models."""
        super().__init__(parent)
        self._labels = UiLabels(self)
        self.default = Choice(default)
        self._profiles: dict[Choice, str] = {}
        self.setAccessibleName(self.tr("Options for the next recordings"))
        self.speakers = QComboBox(self)
        for text, count in Choices(self).speakers():
            self.speakers.addItem(text, count)
        self._choose_speakers(default.speakers)
        self.speakers.setAccessibleName(self.tr("Number of speakers in the next recordings"))
        self.speakers.setToolTip(self.tr("How many people speak in the recordings you add next"))
        label = QLabel(self.tr("&Speakers"), self)
        label.setBuddy(self.speakers)
        self.more = QToolButton(self)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setIconSize(QSize(20, 20))
        self.more.setAccessibleName(self.tr("More options for the next recordings"))
        self.menu = OptionsMenu(self.default, packs, self)
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
        self._set_icon()

    def options(self) -> JobOptions:
        """Return the chosen options."""
        return JobOptions(
            SpeakerCount.parse(self.speakers.currentData()),
            self.menu.engine,
            language=self.menu.language,
            transcriber=self.menu.transcriber,
            vocabulary=self.menu.vocabulary,
            prompt=self.menu.prompt,
            vocabulary_lists=self.menu.vocabulary_lists,
            numbers=self.menu.numbers,
        )

    def choice(self) -> Choice:
        """Return the chosen options and priority, and how results are written."""
        return Choice(self.options(), self.menu.priority, self.menu.exports)

    def choose(self, choice: Choice) -> None:
        """Choose these options and this priority."""
        with QSignalBlocker(self.speakers):
            self._choose_speakers(choice.options.speakers)
        self.menu.choose(choice)

    def set_profile_names(self, profiles: dict[Choice, str]) -> None:
        """Show a profile's name when exactly its options are chosen."""
        self._profiles = profiles
        self.show_summary()

    def offer_packs(self, packs: Iterable[str]) -> None:
        """Offer these transcription models."""
        self.menu.offer_packs(packs)

    def offer_term_lists(self, names: tuple[str, ...]) -> None:
        """Offer these vocabulary lists."""
        self.menu.term_lists = names

    def set_default(self, default: JobOptions) -> None:
        """Change the default and choose it."""
        self.default = Choice(default)
        self.choose(self.default)

    def show_summary(self) -> None:
        """Show what differs from the default, if there is room; a bar that is too wide would be hidden."""
        self.shrink()
        summary, width = " · ".join(self._differences()), self._available_width()
        if summary and width >= _LEAST_SUMMARY:
            text = self.fontMetrics().elidedText(summary, Qt.TextElideMode.ElideRight, width)
            self.more.setText(text.replace("&", "&&"))
            self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            self._invalidate_layouts()

    def shrink(self) -> None:
        """Hide the summary, so that the toolbar can measure what is left for other buttons."""
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self._invalidate_layouts()

    def _choose_speakers(self, count: SpeakerCount) -> None:
        asked = str(count)
        if self.speakers.findData(asked) < 0:
            self.speakers.addItem(self._labels.requested_speakers(asked), asked)
        self.speakers.setCurrentIndex(self.speakers.findData(asked))

    def _differences(self) -> list[str]:
        """Return the name of the chosen profile, or a label for each option that differs from its default."""
        menu, labels, default = self.menu, self._labels, self.default.options
        if self.choice() != self.default and (profile := self._profiles.get(self.choice())):
            return [profile]
        differences = []
        if menu.priority is not Priority.NORMAL:
            differences.append(labels.priority(menu.priority))
        if menu.transcriber != default.transcriber:
            none = menu.transcriber == "none"
            differences.append(self.tr("No transcript") if none else labels.transcriber(menu.transcriber))
        if menu.language != default.language:
            differences.append(labels.requested_language(menu.language))
        if menu.engine != default.engine:
            differences.append(labels.engine(menu.engine))
        if menu.vocabulary_lists != default.vocabulary_lists:
            differences += [labels.term_list(name) for name in menu.vocabulary_lists]
        if menu.numbers is not default.numbers:
            differences.append(labels.numbers(menu.numbers))
        if menu.vocabulary != default.vocabulary:
            differences.append(self.tr("%Ln word(s)", "", len(menu.vocabulary)))
        if menu.exports:
            differences.append(self.tr("Own export"))
        return differences

    @Slot()
    def _on_changed(self) -> None:
        menu, labels = self.menu, self._labels
        chosen = [
            self.tr("Transcription: {choice}").format(choice=labels.transcriber(menu.transcriber)),
            self.tr("Language: {choice}").format(choice=labels.requested_language(menu.language)),
            self.tr("Speakers: {choice}").format(choice=labels.engine(menu.engine)),
        ]
        if menu.priority is not Priority.NORMAL:
            chosen.append(self.tr("Priority: {choice}").format(choice=labels.priority(menu.priority)))
        if menu.vocabulary_lists:
            names = ", ".join(map(labels.term_list, menu.vocabulary_lists))
            chosen.append(self.tr("Vocabulary lists: {names}").format(names=names))
        if menu.numbers is not NumberStyle.AS_HEARD:
            chosen.append(labels.numbers(menu.numbers))
        if menu.vocabulary:
            chosen.append(self.tr("Vocabulary: {words}").format(words=", ".join(menu.vocabulary)))
        if menu.exports:
            chosen.append(self.tr("Export: as the profile says"))
        self.more.setToolTip("\n".join((self.tr("More options for the recordings you add next"), *chosen)))
        self.more.setAccessibleDescription(". ".join(chosen))
        self.show_summary()
        self.changed.emit()

    def _invalidate_layouts(self) -> None:
        """Have the toolbar measure again, which it does not do for widgets it has hidden."""
        for widget in (self, self.parentWidget()):
            if widget is not None and (layout := widget.layout()) is not None:
                layout.invalidate()

    def _available_width(self) -> int:
        """Return the pixels available for a summary."""
        bar = self.parentWidget()
        if not isinstance(bar, QToolBar):
            return _SUMMARY_WIDTH
        return min(_SUMMARY_WIDTH, bar.width() - bar.sizeHint().width() - _SPARE)

    def _set_icon(self) -> None:
        self.more.setIcon(theme.icon("more", self.palette()))

    def event(self, event: QEvent) -> bool:
        """Watch the toolbar that the bar is put into."""
        bar = self.parentWidget()
        if event.type() == QEvent.Type.ParentChange and bar is not None:
            bar.installEventFilter(self)
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Fit the summary when the toolbar is resized."""
        if event.type() == QEvent.Type.Resize and watched is self.parentWidget():
            self.show_summary()
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        """Recolour the icon when the palette changes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._set_icon()
