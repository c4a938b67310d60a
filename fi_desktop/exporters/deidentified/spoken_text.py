"""A transcript as streams of words: what one speaker says, also across segments and interjections."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from fi_desktop.core import numerals
from fi_desktop.core.numerals import word_list
from fi_desktop.core.transcript import Segment, Transcript
from fi_desktop.exporters.deidentified.identifiers import Identifier, IdentifierKind, Place, SpokenDate

_LABEL = re.compile(r"\[[A-ZÁÉÍÓÚÑ0-9\- ]{2,40}\]")
_WORD = re.compile(rf"{_LABEL.pattern}|[^\W_]+")
_SENTENCE_END = re.compile(r"[.?!…¿¡:;\"“”«»—\n]")
_OTHER = {"es": "en", "en": "es"}  # people change languages
_TWO_MEANINGS = frozenset(("a", "once", "ten", "un", "una", "mil"))  # numbers that are other words there
_PAUSE_S = 15.0  # what a speaker says after a longer pause does not continue a number or a name
_ASKED = 14  # words of a question that tell what the answer is
_LOWER_CASE = 0.01  # a smaller share of capitals: the transcriber writes none
# "Dr. Ruiz": the point does not end the sentence
ABBREVIATIONS = frozenset(
    word_list(
        "sr sra srta srita dr dra lic ing prof mtro mtra mr mrs ms mx st ste av ave col blvd num dept apt "
        "tel ext"
    )
)


def key_of(text: str) -> str:
    """Return a word as it is looked up: without case and accents."""
    letters = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@cache
def _starts_number(key: str, language: str) -> bool:
    return key == "a" or numerals.parse((key,), language) is not None


def phrases(text: str) -> tuple[tuple[str, ...], ...]:
    """Return the words of phrases that are separated by commas."""
    return tuple(tuple(phrase.split()) for phrase in text.split(", "))


@dataclass(slots=True)
class Token:
    """A word of a stream.

    Attributes:
        text: without punctuation.
        key: see `key_of`; "" for a label of an earlier copy.
        place: where it stands.
        gap: what stands before it; a line break at the start of a segment.
        first: it starts a sentence, as far as can be told.
        taken: it belongs to an identifier, or is a label.
    """

    text: str
    key: str
    place: Place
    gap: str
    first: bool
    taken: bool = False

    @property
    def capital(self) -> bool:
        """Whether it starts with a capital."""
        return self.text[:1].isupper()

    @property
    def acronym(self) -> bool:
        """Whether it is written in capitals alone."""
        return len(self.text) > 1 and self.text.isupper() and self.text.isalpha()


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a stream. first, last: its words, last excluded; digits: as they are written."""

    first: int
    last: int
    value: int
    digits: str
    spelled: bool


@dataclass(slots=True)
class Stream:
    """What one speaker says without long pauses.

    Attributes:
        tokens: the words.
        language: "es" or "en": how numbers are said first of all.
        asked: by the position of a segment's first word: the last words of another speaker before it.
        questions: the positions of `asked` before which a question mark stands.
        cased: whether the transcript has capitals.
    """

    tokens: list[Token]
    language: str
    texts: Sequence[str]
    asked: dict[int, tuple[str, ...]] = field(default_factory=dict)
    questions: set[int] = field(default_factory=set)
    cased: bool = True

    def key(self, at: int) -> str:
        """Return the key of a word; "" outside the stream, and for what belongs to an identifier."""
        return self.tokens[at].key if 0 <= at < len(self.tokens) and not self.tokens[at].taken else ""

    def keys(self, at: int, count: int) -> tuple[str, ...]:
        """Return the keys of some words."""
        return tuple(self.key(index) for index in range(at, at + count))

    def before(self, at: int, count: int) -> tuple[str, ...]:
        """Return the keys of the words before one, back to the last identifier.

        In the first two sentences of an answer, such as "Sí. Es el …", those of the question precede them.
        """
        start = at
        while start > max(0, at - count) and not self.tokens[start - 1].taken:
            start -= 1
        said = tuple(token.key for token in self.tokens[start:at])
        sentences = 0
        for index in range(at, start - 1, -1):
            if index in self.asked:
                return (*self.asked[index], *said[index - start :])
            sentences += index < len(self.tokens) and self.tokens[index].first
            if sentences > 1:
                break
        return said

    def mentioned(self, at: int, count: int) -> frozenset[str]:
        """Return the keys of the words before one in its segment, also before an identifier."""
        segment = self.tokens[at].place.segment
        before = self.tokens[max(0, at - count) : at]
        return frozenset(token.key for token in before if token.place.segment == segment)

    def answers(self, at: int) -> tuple[str, ...]:
        """Return the last words of another speaker, if this word begins the answer; otherwise nothing."""
        return self.asked.get(at, ())

    def gap(self, at: int) -> str:
        """Return what stands before a word."""
        return self.tokens[at].gap if at < len(self.tokens) else "."

    def ends(self, at: int) -> bool:
        """Return whether a sentence, a clause or the stream ends before this word."""
        return at >= len(self.tokens) or self.tokens[at].first or any(mark in self.gap(at) for mark in ",.")

    def number(self, at: int) -> Number | None:
        """Return the number that starts with this word."""
        key = self.key(at)
        if key.isdecimal():
            return Number(at, at + 1, int(key), key, spelled=False)
        if not key or key[0].isdecimal():
            return None
        if key in ("oh", "o") and self._digit_near(at):
            return Number(at, at + 1, 0, "0", spelled=True)
        found = self._spelled(at, self.language) or self._spelled(at, _OTHER[self.language])
        if found is None or (found[0] == 1 and key in ("a", "un", "una")):
            return None
        return Number(at, at + found[1], found[0], str(found[0]), spelled=True)

    def _spelled(self, at: int, language: str) -> tuple[int, int] | None:
        """Return a number that is said in a language, and its number of words."""
        if not _starts_number(self.key(at), language) or (
            language != self.language and self.key(at) in _TWO_MEANINGS
        ):
            return None
        words = []
        for index in range(at, min(at + 10, len(self.tokens))):
            if self.tokens[index].taken or (index > at and not re.fullmatch(r"[ \-]+", self.gap(index))):
                break
            words.append(self.tokens[index].key)
        return numerals.parse(words, language)

    def _digit_near(self, at: int) -> bool:
        return any(numerals.parse((self.key(index),), "en") is not None for index in (at - 1, at + 1))

    def identifier(
        self, first: int, last: int, kind: IdentifierKind, value: str = "", date: SpokenDate | None = None
    ) -> Identifier:
        """Return words as an identifier; they are taken from now on."""
        places: list[Place] = []
        for token in self.tokens[first:last]:
            token.taken = True
            if places and places[-1].segment == token.place.segment:
                places[-1] = Place(token.place.segment, places[-1].start, token.place.end)
            else:
                places.append(token.place)
        text = " ".join(self.texts[place.segment][place.start : place.end] for place in places)
        return Identifier(kind, tuple(places), text, value or key_of(text), date)


class SpokenText:
    """The words of a transcript.

    Attributes:
        texts: of the segments, as they are exported.
        streams: what each speaker says.
        cased: whether it has capitals.
    """

    def __init__(self, transcript: Transcript) -> None:
        self.texts = [segment.text for segment in transcript.segments]
        self.streams: list[Stream] = []
        self.cased = _cased(self.texts)
        self._main = transcript.language
        self._tokens: dict[int, list[Token]] = {}
        self._fill(transcript.segments)

    def _fill(self, segments: Sequence[Segment]) -> None:
        open_streams: dict[str | None, tuple[Stream, float]] = {}
        last: tuple[str | None, tuple[str, ...]] = (None, ())
        for number, segment in enumerate(segments):
            tokens = list(_tokens(number, segment.text, cased=self.cased))
            if not tokens:
                continue
            language = self._language(segment)
            stream, end = open_streams.get(segment.speaker, (None, 0.0))
            if stream is None or segment.start - end > _PAUSE_S or stream.language != language:
                stream = Stream([], language, self.texts, cased=self.cased)
                self.streams.append(stream)
            if last[1] and last[0] != segment.speaker:
                stream.asked[len(stream.tokens)] = last[1]
                if self.texts[number - 1].rstrip().endswith("?"):
                    stream.questions.add(len(stream.tokens))
            stream.tokens += tokens
            self._tokens[number] = tokens
            open_streams[segment.speaker] = (stream, segment.end)
            last = (segment.speaker, _question(tokens))

    def _language(self, segment: Segment) -> str:
        for code in (segment.language, self._main):
            if code in numerals.LANGUAGES:
                return str(code)
        return "en"

    def take(self, place: Place) -> bool:
        """Mark the words of a place as taken; return whether all of them were free."""
        inside = [token for token in self._tokens[place.segment] if token.place.overlaps(place)]
        if not inside or any(token.taken for token in inside):
            return False
        for token in inside:
            token.taken = True
        return True


def _question(tokens: Sequence[Token]) -> tuple[str, ...]:
    """Return the last words of what somebody said, back to a label."""
    keys: list[str] = []
    for token in reversed(tokens[-_ASKED:]):
        if token.taken:
            break
        keys.insert(0, token.key)
    return tuple(keys)


def _tokens(segment: int, text: str, *, cased: bool) -> Iterator[Token]:
    end, before = 0, ""
    for found in _WORD.finditer(text):
        label = found[0].startswith("[")
        gap, end_before = text[end : found.start()], end
        first = end == 0 or (
            _SENTENCE_END.search(gap) is not None
            and not (gap == ". " and (before in ABBREVIATIONS or len(before) == 1))
        )
        before = "" if label else key_of(found[0])
        end = found.end()
        place = Place(segment, found.start(), end)
        yield Token(found[0], before, place, gap if end_before else "\n", first and cased, taken=label)


def _cased(texts: Sequence[str]) -> bool:
    """Return whether there are capitals; labels stand for words that had them."""
    words = [word for text in texts for word in _WORD.findall(text) if not word[0].isdecimal()]
    return not words or sum(word[0].isupper() or word[0] == "[" for word in words) >= _LOWER_CASE * len(words)
