"""What can be chosen for recordings, with its words: the same lists in the menu and in forms."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject

from fi_desktop.core.job import Priority
from fi_desktop.engines import registry
from fi_desktop.gui.words import Words

COUNTS = ("1", "2", "3", "4", "5", "2-4", "auto")
LANGUAGES = (None, "es", "en")
# The most spoken of those that Whisper knows, and Spain's own; all hundred would be a list to get lost in.
OTHER_LANGUAGES = (
    "ar", "bg", "ca", "cs", "da", "de", "el", "eu", "fi", "fr", "gl", "he", "hi", "hr", "hu", "id", "it",
    "ja", "ko", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sv", "th", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip

Offered = list[tuple[str, str | None]]
"""What is offered: the words for it, and the value."""


class Choices(QObject):
    """Lists what can be chosen."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words = Words(self)

    def speakers(self) -> Offered:
        """Return the numbers of speakers."""
        return [(self._words.speakers_asked(count), count) for count in COUNTS]

    def languages(self) -> Offered:
        """Return the languages that come first, and that it is found out."""
        return [(self._words.language_asked(code), code) for code in LANGUAGES]

    def other_languages(self) -> Offered:
        """Return further languages by name."""
        return sorted((self._words.language(code), code) for code in OTHER_LANGUAGES)

    def engines(self) -> Offered:
        """Return what tells voices apart."""
        return [(self._words.engine(name), name) for name in registry.NAMES]

    def transcribers(self, packs: Iterable[str]) -> Offered:
        """Return what writes the words down: these model packs, the best of them, or nothing."""
        return [(self._words.transcriber(name), name) for name in ("auto", "none", *packs)]

    def priorities(self) -> list[tuple[str, Priority]]:
        """Return how soon it can be done."""
        return [(self._words.priority(priority), priority) for priority in Priority]
