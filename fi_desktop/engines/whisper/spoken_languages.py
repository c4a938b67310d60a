"""Which language is spoken when: windows are cut where it changes.

Whisper is given one language per window and translates speech in any other. The window as a whole does not
show a change: the model may be sure of either language. Instead, language is detected on spans of up to some
seconds of the encoder's output, none of which crosses a pause. An unclear span is encoded alone: the speech
around it may hide its language. The Viterbi algorithm finds the most likely sequence of languages, in which
every change has a cost: a name or a cough does not change the language. A change at a pause costs less than
one within speech.

A part for which the evidence is small is decoded in the second most likely language too, and so is one whose
text is written in another language than the one asked for; see `prefers_rival`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.core.transcript import Region
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.whisper.decoded import DecodedWindow
from fi_desktop.engines.whisper.windows import Window, quietest_offset, regions_within
from fi_desktop.engines.whisper.written_language import written_language

SPAN_S = 3.0
_STEP_S = 1.5  # from one span to the next within speech
_FULL_WEIGHT_S = 2.0  # shorter spans are less evidence

_NEITHER = 0.05  # a span with no language likelier than this is no evidence
_CHANGE_COST = 3.2  # slightly more than the evidence of one span that is sure of the other language
_CHANGE_COST_AT_PAUSE = 1.1  # less than half of it: one short sentence may be in the other language
# A language that is not expected is found after some 9 s of speech, all of it surely in that language.
_UNEXPECTED_COST = 15.0
_SURE = 0.8
_CLEAR = 0.5  # spans in which no language is likelier than this say nothing about how sure the detection is

_SHORTEST_ALONE_S = 0.8  # shorter spans are no evidence alone, either
_REACH_S = 1.75  # how far from the middle of two spans a change within speech may be
_SHORTEST_S = 0.5
_CLOSE = (
    3.0  # parts with less evidence than one sure span are decoded in two languages, or without a sure one
)
# Text in the right language is more probable by 0.2 to 1.2 per token than in the other, for the base model.
_PER_LOG_PROBABILITY = 15.0


@dataclass(frozen=True, slots=True)
class Span:
    """Speech without a pause. start, end: seconds of the window; after_pause: no speech precedes it."""

    start: float
    end: float
    after_pause: bool = True

    @property
    def weight(self) -> float:
        """How much evidence it is, 0 to 1."""
        return min(1.0, (self.end - self.start) / _FULL_WEIGHT_S)

    def cut(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return its part of the window's samples, float32 (samples,)."""
        return samples[round(self.start * SAMPLE_RATE_HZ) : round(self.end * SAMPLE_RATE_HZ)]


@dataclass(frozen=True, slots=True, eq=False)
class LanguageWindow:
    """A window in one language.

    Attributes:
        samples: float32 (samples,).
        language: ISO 639-1 code.
        rival: the second most likely language, if the evidence is small.
        lead: how much more evidence there is for `language` than for any other, nats.
        allowed: the languages that may be spoken.
    """

    window: Window
    samples: NDArray[np.float32]
    language: str
    rival: str | None = None
    lead: float = math.inf
    allowed: tuple[str, ...] = ()


def spans_of(window: Window, regions: Sequence[Region]) -> list[Span]:
    """Return the spans of a window, in order; regions: speech of the recording."""
    spans: list[Span] = []
    offset = 0.0
    for piece in window.pieces:
        for region in regions_within(regions, Window((piece,))):
            start, length = offset + region.start - piece.start, region.duration
            steps = max(0, math.ceil((length - SPAN_S) / _STEP_S))
            for number in range(steps + 1):
                at = start + (number * (length - SPAN_S) / steps if steps else 0.0)
                spans.append(Span(at, min(at + SPAN_S, start + length), after_pause=not number))
        offset += piece.duration
    return spans or [Span(0.0, window.duration)]


class LanguageTracker:
    """Follows the languages of one recording from window to window.

    Attributes:
        allowed: the languages that may be spoken, ISO 639-1; grows if any language may be found.
        before: the language at the end of the last window; None before the first.
    """

    def __init__(
        self, known: Sequence[str], languages: Sequence[str] = (), likely: Sequence[str] = ()
    ) -> None:
        """Start before the first window.

        Args:
            known: the languages that the model knows.
            languages: the only languages that may be spoken; empty for any.
            likely: the languages to expect if any may be spoken.
        """
        self._known = tuple(known)
        if len(known) == 1:
            languages = languages or known
        self._open = not languages
        self.allowed = list(languages) or [code for code in likely if code in known]
        self.before: str | None = None
        self._sure = self._clear = 0.0

    @property
    def state(self) -> list[Any]:
        """What is known after the windows so far, JSON values; see `restore`."""
        return [self.allowed, self.before, self._sure, self._clear]

    def restore(self, state: Sequence[Any]) -> None:
        """Go on after the windows of an earlier attempt."""
        allowed, self.before, self._sure, self._clear = state
        self.allowed = list(allowed)

    @property
    def only(self) -> str | None:
        """The language, if no other may be spoken."""
        return self.allowed[0] if len(self.allowed) == 1 and not self._open else None

    @property
    def certainty(self) -> float:
        """The mean probability of the languages found, over speech that is clearly in some language."""
        if self.only is not None:
            return 1.0
        return self._sure / self._clear if self._clear else 0.0

    def unclear(
        self, spans: Sequence[Sequence[Span]], found: Sequence[NDArray[np.float64]]
    ) -> list[tuple[int, int]]:
        """Return the window and number of spans in which none of the languages is likely.

        The encoder has seen the whole window, and another language around a span may hide its own. So the
        span is worth encoding alone. spans, found: see `split`.
        """
        allowed = [self._known.index(code) for code in self.allowed]
        return [
            (window, number)
            for window, (row, probabilities) in enumerate(zip(spans, found, strict=True))
            for number, span in enumerate(row)
            if span.end - span.start >= _SHORTEST_ALONE_S
            and not (probabilities[number, allowed] >= _CLEAR).any()
        ]

    def split(
        self,
        batch: Sequence[tuple[Window, NDArray[np.float32]]],
        spans: Sequence[Sequence[Span]],
        found: Sequence[NDArray[np.float64]],
        speech: Speech,
    ) -> list[LanguageWindow]:
        """Cut consecutive windows where the language changes.

        Args:
            batch: windows with their samples.
            spans: of each window; see `spans_of`.
            found: for each window, the probability of each known language, (spans, languages).
            speech: finds quiet moments.
        """
        every = [span for row in spans for span in row]
        probabilities = np.concatenate(found)
        if self._open:
            self._admit(probabilities, every)
        path = self._path(probabilities, every)
        self._measure(probabilities, path)
        parts: list[LanguageWindow] = []
        at = 0
        for (window, samples), row in zip(batch, spans, strict=True):
            for piece, sound, first, end in _cut(
                window, samples, row, path.states[at : at + len(row)], speech
            ):
                state, rival, lead = path.contest(at + first, at + end)
                likely = probabilities[at + first : at + end, self._known.index(self.allowed[state])]
                close = lead < _CLOSE or (likely < _SURE).all()
                second = self.allowed[rival] if close and rival != state else None
                parts.append(
                    LanguageWindow(piece, sound, self.allowed[state], second, lead, tuple(self.allowed))
                )
            at += len(row)
        self.before = parts[-1].language
        return parts

    def _admit(self, probabilities: NDArray[np.float64], spans: Sequence[Span]) -> None:
        """Add the languages that are not expected but clearly spoken."""
        if not self.allowed:
            weights = np.array([span.weight for span in spans])
            self.allowed.append(self._known[int((weights @ probabilities).argmax())])
        expected = np.isin(self._known, self.allowed)
        sure = np.where(expected | (probabilities >= _SURE), probabilities, 0.0)
        surcharge = np.where(expected, 0.0, _UNEXPECTED_COST)
        path = LanguagePath(_evidence(sure, spans), _change_costs(spans), surcharge, surcharge)
        self.allowed += dict.fromkeys(self._known[state] for state in path.states if not expected[state])

    def _path(self, probabilities: NDArray[np.float64], spans: Sequence[Span]) -> LanguagePath:
        allowed = probabilities[:, [self._known.index(code) for code in self.allowed]]
        costs = _change_costs(spans)
        start = np.zeros(len(self.allowed))
        if self.before is not None:
            start[:] = costs[0]
            start[self.allowed.index(self.before)] = 0.0
        return LanguagePath(_evidence(allowed, spans), costs, start)

    def _measure(self, probabilities: NDArray[np.float64], path: LanguagePath) -> None:
        for row, state in zip(probabilities, path.states, strict=True):
            if row.max() >= _CLEAR:
                self._sure += float(row[self._known.index(self.allowed[state])])
                self._clear += 1.0


class LanguagePath:
    """The most likely language of each span (Viterbi).

    Attributes:
        states: the language of each span, as a column of the evidence.
    """

    def __init__(
        self,
        evidence: NDArray[np.float64],
        costs: NDArray[np.float64],
        start: NDArray[np.float64],
        surcharge: NDArray[np.float64] | None = None,
    ) -> None:
        """Find the path.

        Args:
            evidence: log probabilities, (spans, languages).
            costs: of a change before each span, nats, (spans,).
            start: of starting in each language, nats, (languages,).
            surcharge: of a change to each language, nats, (languages,).
        """
        self._evidence, self._start = evidence, start
        changes = 1.0 - np.eye(evidence.shape[1])
        extra = changes * (0.0 if surcharge is None else surcharge)
        self._costs = changes * costs[:, None, None] + extra
        score = evidence[0] - start
        origins = []
        for row, cost in zip(evidence[1:], self._costs[1:], strict=True):
            candidates = score[:, None] - cost
            origins.append(candidates.argmax(axis=0))
            score = candidates.max(axis=0) + row
        states = [int(score.argmax())]
        for origin in reversed(origins):
            states.append(int(origin[states[-1]]))
        self.states = states[::-1]

    def contest(self, first: int, end: int) -> tuple[int, int, float]:
        """Return the language of the spans from `first` to `end`, the second most likely, and the lead, nats.

        All of them have one language. The lead is infinite, and the second the same, if there is no other.
        """
        state = self.states[first]
        scores = [self._score(other, first, end) for other in range(self._evidence.shape[1])]
        rivals = sorted((score, other) for other, score in enumerate(scores) if other != state)
        if not rivals:
            return state, state, math.inf
        score, rival = rivals[-1]
        return state, rival, float(scores[state] - score)

    def _score(self, state: int, first: int, end: int) -> float:
        """Return the evidence for a language from `first` to `end`, less the changes at both ends."""
        into = self._costs[first][self.states[first - 1], state] if first else self._start[state]
        out = self._costs[end][state, self.states[end]] if end < len(self.states) else 0.0
        return float(self._evidence[first:end, state].sum() - into - out)


def rival_of(part: LanguageWindow, decoded: DecodedWindow) -> str | None:
    """Return the other language in which a decoded part is worth decoding too, if there is one."""
    if part.rival is not None:
        return part.rival
    written = written_language(decoded.text, part.allowed)
    return written if written != part.language else None


def prefers_rival(part: LanguageWindow, own: DecodedWindow, other: DecodedWindow, rival: str) -> bool:
    """Return whether a part is more likely in its rival language, after it was decoded in both.

    Text in a language that is not spoken is a translation: less probable, token for token. And the model
    writes the language that it hears rather than the one that it is given.
    """
    if not own.words or not other.words or own.trusted != other.trusted:
        return bool(own.words) and bool(other.words) and other.trusted
    languages = (part.language, rival)
    written = {written_language(decoded.text, languages) for decoded in (own, other)}
    if len(written) == 1 and None not in written:
        return written == {rival}
    lead = min(part.lead, _CLOSE)
    return lead + _PER_LOG_PROBABILITY * (own.log_probability - other.log_probability) < 0.0


def _evidence(probabilities: NDArray[np.float64], spans: Sequence[Span]) -> NDArray[np.float64]:
    weights = np.array([span.weight for span in spans])
    return np.asarray(weights[:, None] * np.log(probabilities + _NEITHER))


def _change_costs(spans: Sequence[Span]) -> NDArray[np.float64]:
    return np.array([_CHANGE_COST_AT_PAUSE if span.after_pause else _CHANGE_COST for span in spans])


def _cut(
    window: Window, samples: NDArray[np.float32], spans: Sequence[Span], states: Sequence[int], speech: Speech
) -> Iterator[tuple[Window, NDArray[np.float32], int, int]]:
    """Yield the parts of a window in one language each, with their samples and their spans, first and end."""
    first, done_s = 0, 0.0
    for number in range(1, len(spans)):
        if states[number] == states[number - 1]:
            continue
        earliest, latest = _border(spans[number - 1], spans[number])
        cut = quietest_offset(window, speech, earliest - done_s, latest - done_s)
        if not _SHORTEST_S <= cut <= window.duration - _SHORTEST_S:
            continue
        before, window = window.cut(cut)
        length = round(cut * SAMPLE_RATE_HZ)
        yield before, samples[:length], first, number
        samples, first, done_s = samples[length:], number, done_s + cut
    yield window, samples, first, len(spans)


def _border(before: Span, after: Span) -> tuple[float, float]:
    """Return between which moments the language changes, seconds of the window."""
    if after.after_pause:
        return before.end, max(before.end, after.start)
    middle = (before.start + before.end + after.start + after.end) / 4
    return middle - _REACH_S, middle + _REACH_S
