"""The passes over a window: in a batch, with fallback, and over speech without words."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.core.transcript import Region, Word
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.whisper import postprocess
from fi_desktop.engines.whisper.confidence import chance_right
from fi_desktop.engines.whisper.decoded import DecodedWindow
from fi_desktop.engines.whisper.decoder import NO_SPEECH, Decoder, DecodingOptions
from fi_desktop.engines.whisper.seams import join_words
from fi_desktop.engines.whisper.spoken_languages import LanguageWindow, prefers_rival, rival_of
from fi_desktop.engines.whisper.steps import InterruptibleRunner
from fi_desktop.engines.whisper.windows import Window, regions_within

_SILENT_S = 5.0  # this much speech without a single word is decoded again
_GAP_S = 1.5  # and this much among words; less may be a short sentence in another language
_STRETCHED_S = 5.0  # words this near before a gap may belong after it
_REPEATED = 4  # words
_GAP_CONTEXT_S = 2.0  # of speech decoded before and after a gap, to recognize the words around it
_OTHER_CONTEXT_S = 0.2  # in another language, they would be translated
_WORTHWHILE_S = 1.0  # decoding again has to cover this much more speech

_WITHOUT_SPACES = frozenset({"zh", "ja", "th", "lo", "my", "yue"})  # as in faster_whisper.tokenizer
_SECOND_HALF = re.compile(r"-[^\W\d_]")


class WindowDecoder:
    """Decodes windows again until their text can be trusted and covers their speech."""

    def __init__(self, decoder: Decoder, runner: InterruptibleRunner) -> None:
        self._decoder = decoder
        self._runner = runner

    def decode(
        self,
        parts: Sequence[LanguageWindow],
        options: Callable[[str], DecodingOptions],
        poll: Callable[[], None],
    ) -> list[tuple[LanguageWindow, DecodedWindow]]:
        """Decode each part, in its rival language too if there is one, and return the likelier text.

        Args:
            parts: of a batch of windows.
            options: for a language.
            poll: called twice a second; may raise to stop.
        """
        chosen = list(zip(parts, self._decode_all(parts, options, poll), strict=True))
        contested = {n: rival for n, found in enumerate(chosen) if (rival := rival_of(*found)) is not None}
        others = [replace(parts[number], language=rival) for number, rival in contested.items()]
        for number, other, decoded in zip(
            contested, others, self._decode_all(others, options, poll), strict=True
        ):
            if prefers_rival(*chosen[number], decoded, other.language):
                chosen[number] = other, decoded
        return chosen

    def _decode_all(
        self,
        parts: Sequence[LanguageWindow],
        options: Callable[[str], DecodingOptions],
        poll: Callable[[], None],
    ) -> list[DecodedWindow]:
        """Decode in batches of one language each."""
        decoded: dict[int, DecodedWindow] = {}
        for language in dict.fromkeys(part.language for part in parts):
            numbers = [number for number, part in enumerate(parts) if part.language == language]
            numbers.sort(key=lambda number: len(parts[number].samples), reverse=True)
            for first in range(0, len(numbers), self._decoder.batch):
                batch = numbers[first : first + self._decoder.batch]
                sounds = [parts[number].samples for number in batch]
                decode = partial(self._decoder.decode_batch, sounds, options(language))
                decoded.update(zip(batch, self._runner.run(decode, poll=poll), strict=True))
        return [decoded[number] for number in range(len(parts))]

    def finish(
        self,
        part: LanguageWindow,
        decoded: DecodedWindow,
        speech: Speech,
        options: Callable[[str], DecodingOptions],
        poll: Callable[[], None],
    ) -> list[Word]:
        """Return a part's words: decode again what is not trusted, and gaps; drop hallucinations."""
        words = to_words(part, decoded, speech)
        spoken = regions_within(speech.regions, part.window)
        silent = not words and postprocess.uncovered_s(words, spoken) >= _SILENT_S
        doubtful = (
            not decoded.trusted or postprocess.has_crammed(words) or postprocess.has_repeated_digits(words)
        )
        if doubtful or silent:
            again = self._with_fallback(part, options(part.language), poll)
            found = to_words(part, again, speech)
            if again.repetitive:
                found = postprocess.collapse_loops(found)
            if doubtful or again.trusted:
                words = postprocess.drop_crammed(found)
        if words:
            words = self._fill_gaps(part, words, speech, options, poll)
            gaps = [gap for gap, speech_s in _gaps(words, spoken) if speech_s >= _GAP_S]
            if gaps and not doubtful:
                again = self._with_fallback(part, options(part.language), poll)
                words = _completed(words, again, gaps, part, speech)
        return words

    def _with_fallback(
        self, part: LanguageWindow, options: DecodingOptions, poll: Callable[[], None]
    ) -> DecodedWindow:
        decode = partial(self._decoder.decode_with_fallback, part.samples, options)
        return self._runner.run(decode, poll=poll)

    def _fill_gaps(
        self,
        part: LanguageWindow,
        words: list[Word],
        speech: Speech,
        options: Callable[[str], DecodingOptions],
        poll: Callable[[], None],
    ) -> list[Word]:
        """Decode speech without words in windows around it; keep the text if it can be trusted."""
        spoken = regions_within(speech.regions, part.window)
        for gap, speech_s in _gaps(words, spoken):
            ways = _around_gap(words, gap, spoken) if speech_s >= _GAP_S else ()
            for kept, whole, around in self._windows_around(part, words, gap, ways, poll):
                decode = partial(self._decoder.decode_gap, around.samples, options(around.language))
                decoded = self._runner.run(decode, poll=poll)
                if not decoded.trusted or decoded.no_speech > NO_SPEECH:
                    continue
                found = to_words(around, decoded, speech)
                if (filled := _filled(words, kept, found, whole, around.window)) is not None:
                    words = filled
                    break
        return words

    def _windows_around(
        self,
        part: LanguageWindow,
        words: list[Word],
        gap: Region,
        ways: Iterable[tuple[list[Word], Region]],
        poll: Callable[[], None],
    ) -> Iterator[tuple[list[Word], Region, LanguageWindow]]:
        """Yield the words to keep, the speech to decode and its window; in another language at last.

        ways: see `_around_gap`.
        """
        for kept, whole in ways:
            yield kept, whole, _around(part, whole, _GAP_CONTEXT_S)
        alone = _around(part, gap, _OTHER_CONTEXT_S)
        if (language := self._language_of(alone, poll)) != part.language:
            yield words, gap, replace(alone, language=language)

    def _language_of(self, part: LanguageWindow, poll: Callable[[], None]) -> str:
        """Return the likeliest of the languages that may be spoken."""
        if len(part.allowed) < 2:
            return part.language
        detect = partial(self._decoder.detect_languages_alone, [part.samples])
        (found,) = self._runner.run(detect, poll=poll)
        known = self._decoder.languages
        return max(part.allowed, key=lambda code: float(found[known.index(code)]))


def _around(part: LanguageWindow, gap: Region, context_s: float) -> LanguageWindow:
    """Return the part of a window with a gap and some sound before and after it."""
    start = max(0.0, part.window.offset_of(gap.start) - context_s)
    end = min(part.window.duration, part.window.offset_of(gap.end) + context_s)
    samples = part.samples[round(start * SAMPLE_RATE_HZ) : round(end * SAMPLE_RATE_HZ)]
    return replace(part, window=part.window.part(start, end), samples=samples)


def _gaps(words: Sequence[Word], spoken: Sequence[Region]) -> list[tuple[Region, float]]:
    """Return the gaps with speech but without words, and the seconds of speech in each.

    Without a word between them, two are one.
    """
    starts = [word.start for word in words]
    rows: list[list[Region]] = []
    for region in postprocess.uncovered(words, spoken):
        if rows and bisect_left(starts, rows[-1][-1].end) == bisect_left(starts, region.start):
            rows[-1].append(region)
        else:
            rows.append([region])
    return [(Region(row[0].start, row[-1].end), sum(each.duration for each in row)) for row in rows]


def _completed(
    words: list[Word], again: DecodedWindow, gaps: Sequence[Region], part: LanguageWindow, speech: Speech
) -> list[Word]:
    """Return a window's words with what was found in its gaps when it was decoded again.

    A text that can be trusted as a whole replaces the first if it covers more; of another, trusted sentences
    fill the gaps.
    """
    if again.trusted:
        spoken = regions_within(speech.regions, part.window)
        found = to_words(part, again, speech)
        uncovered_s = postprocess.uncovered_s(words, spoken)
        covers_more = postprocess.uncovered_s(found, spoken) <= uncovered_s - _WORTHWHILE_S
        return found if covers_more and not postprocess.has_crammed(found) else words
    trusted = replace(again, words=tuple(word for word in again.words if word.trusted))
    found = to_words(part, trusted, speech)
    for gap in gaps:
        words = _filled(words, words, found, gap, part.window) or words
    return words


def _filled(
    words: Sequence[Word], kept: Sequence[Word], found: Sequence[Word], gap: Region, around: Window
) -> list[Word] | None:
    """Return words with those found in a gap; None if they do not cover it, or cannot be right.

    words: so far; kept: those of them that stay; found: of the gap and of the words around it.
    """
    filled = _insert(kept, found, gap, around)
    before, after = postprocess.uncovered_s(words, [gap]), postprocess.uncovered_s(filled, [gap])
    covers_more = after <= before - _WORTHWHILE_S and len(filled) > len(words)
    if not covers_more or postprocess.has_crammed(filled) or _repeats(kept, filled, gap):
        return None
    return filled


def _around_gap(
    words: list[Word], gap: Region, spoken: Sequence[Region]
) -> Iterator[tuple[list[Word], Region]]:
    """Yield the words to keep and the speech to decode, the likelier first.

    A word that is stretched over a gap was said after it: what is missing begins where its speech begins.
    """
    (region,) = (region for region in spoken if region.start <= gap.start < region.end)
    stretched = [word for word in words if word.start < gap.start < word.end]
    start = max(region.start, gap.start - _STRETCHED_S)
    if stretched and start < gap.start:
        yield [word for word in words if not start <= word.start < gap.start], Region(start, gap.end)
    yield words, gap


def _repeats(kept: Sequence[Word], filled: Sequence[Word], gap: Region) -> bool:
    """Return whether the words found in a gap begin as those before it end: decoded twice."""
    before = [word.text for word in kept if word.start < gap.start]
    found = [word.text for word in filled[len(before) :]]
    return any(
        before[-count:] == found[:count] for count in range(_REPEATED, min(len(before), len(found)) + 1)
    )


def _insert(words: Sequence[Word], found: Sequence[Word], gap: Region, around: Window) -> list[Word]:
    """Return words with those found in a gap among them; found: of the gap and of the words around it."""
    before = [word for word in words if word.start < gap.start]
    after = [word for word in words if word.start >= gap.start]
    _before, found = join_words(before, found, around.pieces[0].start, gap.start, border=gap.start)
    inside, _after = join_words(found, after, gap.end, around.pieces[-1].end, border=gap.end)
    # words that were already there stay
    start = min([gap.start, *(word.end for word in before[-1:])])
    end = max([gap.end, *(word.start for word in after[:1])])
    return [*before, *(word for word in inside if start <= (word.start + word.end) / 2 <= end), *after]


def to_words(part: LanguageWindow, decoded: DecodedWindow, speech: Speech) -> list[Word]:
    """Convert to words in the recording's time; times past the window's end are moved to its end."""
    words: list[Word] = []
    chances = chance_right(decoded, part.window, part.language, speech)
    for word, chance in zip(decoded.words, chances, strict=True):
        text = word.text
        region = part.window.to_recording(word.start, word.end)
        if stripped := text.strip():
            # in languages with spaces, a window's first word sometimes comes without
            joined = not text[0].isspace() and (bool(words) or part.language in _WITHOUT_SPACES)
            if words and _SECOND_HALF.match(stripped) and words[-1].text[-1].isalpha():
                joined = True  # the model puts a space before the hyphen of "hard-working"
            words.append(
                Word(region.start, region.end, stripped, chance, joined=joined, language=part.language)
            )
    return words
