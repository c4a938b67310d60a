"""Fields that choose one option of recordings, for forms and dialogs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QComboBox, QDialog, QSizePolicy, QWidget

from fi_desktop.core.values import SpeakerCount
from fi_desktop.gui.adding.languages_dialog import FIRST_LANGUAGES, LanguagesDialog
from fi_desktop.gui.adding.options_menu import Choices
from fi_desktop.gui.labels import UiLabels

_SEVERAL = "several"  # opens the list of languages


class OptionField(QComboBox):
    """A list of labels with values; a value that is not in it can be chosen all the same."""

    def __init__(self, name: str, parent: QWidget) -> None:
        """name: what it chooses, for screen readers."""
        super().__init__(parent)
        self._labels = UiLabels(self)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def fill(self, values: Iterable[tuple[str, Any]]) -> None:
        """Add labels with their values."""
        for label, value in values:
            self.addItem(label, value)

    def choose(self, value: Any, label: str) -> None:
        """Choose a value, adding it if it is not in the list."""
        index = next((index for index in range(self.count()) if self.itemData(index) == value), -1)
        if index < 0:
            self.addItem(label, value)
            index = self.count() - 1
        self.setCurrentIndex(index)


class SpeakersField(OptionField):
    """Chooses the number of speakers."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(name, parent)
        self.fill(Choices(self).speakers())

    @property
    def speakers(self) -> SpeakerCount:
        """The chosen number."""
        return SpeakerCount.parse(self.currentData())

    def show_speakers(self, speakers: SpeakerCount) -> None:
        """Choose a number."""
        self.choose(str(speakers), self._labels.requested_speakers(str(speakers)))


class TranscriberField(OptionField):
    """Chooses the transcription model."""

    @property
    def transcriber(self) -> str:
        """The chosen model pack, "auto" or "none"."""
        return str(self.currentData())

    def show_transcriber(self, transcriber: str, packs: Iterable[str]) -> None:
        """Choose a model. packs: names of the installed ones."""
        self.clear()
        self.fill(Choices(self).transcribers(packs))
        self.choose(transcriber, self._labels.transcriber(transcriber))


class LanguageField(OptionField):
    """Chooses the languages that may be spoken; its last entry opens a list to choose several."""

    def __init__(self, name: str, question: str, parent: QWidget) -> None:
        """question: what several languages are chosen for."""
        super().__init__(name, parent)
        self._question = question
        self._before: str | None = None
        self._dialog: LanguagesDialog | None = None
        choices = Choices(self)
        self.fill([*choices.languages(), *choices.other_languages()])
        self.addItem(self.tr("Several languages…"), _SEVERAL)
        self.activated.connect(self._on_activated)

    @property
    def language(self) -> str | None:
        """The chosen languages' codes, as in `JobOptions`; None to detect them."""
        chosen: str | None = self.currentData()
        return self._before if chosen == _SEVERAL else chosen

    def show_language(self, codes: str | None) -> None:
        """Choose languages."""
        self._before = codes
        self.choose(codes, self._labels.requested_language(codes))

    @Slot()
    def _on_activated(self) -> None:
        if self.currentData() != _SEVERAL or self._dialog is not None:
            return
        before = self._before.split(",") if self._before else FIRST_LANGUAGES
        self._dialog = LanguagesDialog(before, self._question, self)
        self._dialog.finished.connect(self._on_several_chosen)
        self._dialog.open()

    @Slot()
    def _on_several_chosen(self) -> None:
        if self._dialog is None:
            return
        codes = self._before
        if self._dialog.result() == QDialog.DialogCode.Accepted:
            codes = ",".join(self._dialog.languages)
        self.show_language(codes)
        self._dialog.deleteLater()
        self._dialog = None
