"""Why a result has no words, and how that is said."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto

from PySide6.QtCore import QObject

from fi_desktop.core.transcript import Provenance
from fi_desktop.gui import errors

# The pipeline says why words are missing after this; what follows is an engine's own sentence.
WORDS_MISSING = "The words are missing: "


class WhyNoWords(Enum):
    """Why nothing was transcribed."""

    OFF = auto()  # the person did not want it
    FAILED = auto()
    NO_MODEL = auto()
    NOTHING_HEARD = auto()


def why_no_words(made: Provenance, notes: Iterable[str]) -> WhyNoWords:
    """Return why a result without words has none, by who made it and its notes."""
    if any(note.startswith(WORDS_MISSING) for note in notes):
        return WhyNoWords.FAILED
    if made.transcriber:
        return WhyNoWords.NOTHING_HEARD
    return WhyNoWords.OFF if made.options.get("transcriber") == "none" else WhyNoWords.NO_MODEL


class NoWordsSentences(QObject):
    """Says it."""

    def sentence(self, why: WhyNoWords, notes: Iterable[str]) -> str:
        """Return why there are no words, in a sentence or two."""
        match why:
            case WhyNoWords.OFF:
                return self.tr("Transcription was switched off for this recording.")
            case WhyNoWords.FAILED:
                reasons = (
                    note.removeprefix(WORDS_MISSING) for note in notes if note.startswith(WORDS_MISSING)
                )
                return self.tr("Transcription failed: {reason}").format(reason=errors.said(next(reasons)))
            case WhyNoWords.NOTHING_HEARD:
                return self.tr("No words could be made out in this recording.")
            case WhyNoWords.NO_MODEL:
                return self.tr("No transcription model was installed when this recording was processed.")

    def advice(self, why: WhyNoWords) -> str:
        """Return what the person can do about it; "" where there is nothing."""
        match why:
            case WhyNoWords.NO_MODEL:
                return self.tr("Install a model, then process the recording again.")
            case WhyNoWords.OFF | WhyNoWords.FAILED:
                return self.tr("This shows who spoke when.")
            case WhyNoWords.NOTHING_HEARD:
                return ""

    def short(self, why: WhyNoWords) -> str:
        """Return the same in a few words, in the place of what transcribed."""
        match why:
            case WhyNoWords.OFF:
                return self.tr("None: switched off")
            case WhyNoWords.FAILED:
                return self.tr("None: it failed")
            case WhyNoWords.NOTHING_HEARD:
                return self.tr("None: nothing was made out")
            case WhyNoWords.NO_MODEL:
                return self.no_model()

    def no_model(self) -> str:
        """Return what stands for a model while none is installed."""
        return self.tr("None: no model is installed")
