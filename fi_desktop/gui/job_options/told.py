"""A choice of options in a few words: "2 speakers · Español"."""

from __future__ import annotations

from PySide6.QtCore import QObject

from fi_desktop.core.job import JobOptions, Priority
from fi_desktop.gui.words import Words
from fi_desktop.watch.profiles import Choice


class ChoiceWords(QObject):
    """Tells how recordings are done; what is as always is left out."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words = Words(self)

    def told(self, choice: Choice) -> str:
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
        return self.tr("{range} speakers").format(range=self._words.speakers_asked(asked))
