"""In which words and at what time of day an export for people is written: English and UTC unless asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from fi_desktop.core.messages import Note
from fi_desktop.core.transcript import Word
from fi_desktop.exporters.names import one_line

_LABEL = re.compile(r"SPEAKER_(\d+)")
_BARE = re.compile(r"(\W*)(.*?)(\W*)", re.DOTALL)  # a word between its punctuation


@dataclass(frozen=True, slots=True)
class Labels:
    """The words of an export in one language. Names in braces are filled in.

    Attributes:
        speaker: what a speaker is called, by {number} from 1; unknown: one who is not known.
        length: of the recording, {time}; one_speaker, speakers: how many there are, {number}.
        made_by: with which {version} and {engines}, and at which {moment}; both: {one} and {other} of two.
        note: leads a {note}.
        draft: what is said of a transcript that no person has checked.
        doubt: marks a {word} that was hard to hear; doubts: explains the mark.
        silence: said of a recording in which nobody speaks.
        moment: date and time, as strftime takes it.
    """

    speaker: str
    unknown: str
    length: str
    one_speaker: str
    speakers: str
    made_by: str
    both: str
    note: str
    draft: str
    doubt: str
    doubts: str
    silence: str
    moment: str


LABELS = {
    "en": Labels(
        speaker="Speaker {number}",
        unknown="Unknown speaker",
        length="{time} long",
        one_speaker="1 speaker",
        speakers="{number} speakers",
        made_by="Made by fi-desktop {version} ({engines}), {moment}",
        both="{one} and {other}",
        note="Note: {note}",
        draft="Draft, not reviewed.",
        doubt="[{word}?]",
        doubts="Words in [brackets?] were hard to hear.",
        silence="Nobody speaks in this recording.",
        moment="%Y-%m-%d %H:%M",
    ),
    "es": Labels(
        speaker="Hablante {number}",
        unknown="Hablante desconocido",
        length="Duración {time}",
        one_speaker="1 hablante",
        speakers="{number} hablantes",
        made_by="Hecho con fi-desktop {version} ({engines}), {moment}",
        both="{one} y {other}",
        note="Nota: {note}",
        draft="Borrador sin revisar.",
        doubt="[¿{word}?]",
        doubts="Las palabras entre [¿corchetes?] se oyeron mal.",
        silence="Nadie habla en esta grabación.",
        moment="%d/%m/%Y %H:%M",
    ),
}
"""By language, ISO 639-1. Window, clipboard and command line take them from here."""


@dataclass(frozen=True, slots=True)
class Style:
    """How an export for people is written.

    Attributes:
        labels: its words.
        zone: in which time zone moments are told.
        say: returns a note as text in the labels' language.
    """

    labels: Labels = LABELS["en"]
    zone: tzinfo = UTC
    say: Callable[[Note], str] = str

    def speaker(self, label: str | None) -> str:
        """Return a person's number, counted from one; a name given instead of the label stays as it is."""
        if label is None:
            return self.labels.unknown
        match = _LABEL.fullmatch(label)
        return self.labels.speaker.format(number=int(match[1]) + 1) if match else one_line(label)

    def word(self, word: Word) -> str:
        """Return a word's text, marked if it was hard to hear; its punctuation stays outside the mark."""
        return self.marked(word.text) if word.doubtful else word.text

    def marked(self, text: str) -> str:
        """Return the text of a word that was hard to hear, with its mark."""
        before, bare, after = _BARE.fullmatch(text).groups()  # type: ignore[union-attr] # it takes any text
        return f"{before}{self.labels.doubt.format(word=bare)}{after}" if bare else text

    def moment(self, iso: str) -> str:
        """Return a moment, given as ISO 8601, as it is written in this language; "" if it is not one."""
        try:
            moment = datetime.fromisoformat(iso)
        except ValueError:
            return ""
        told = moment.astimezone(self.zone).strftime(self.labels.moment)
        return f"{told} UTC" if self.zone is UTC else told


PLAIN = Style()
"""English, UTC."""
