"""The passes over a window: quick, with beam search, with fallback, and over speech without words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.core.transcript import Region, Word
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.whisper import postprocess
from fi_desktop.engines.whisper.confidence import chance_right
from fi_desktop.engines.whisper.decoded import DecodedWindow, DecodingPass
from fi_desktop.engines.whisper.decoder import NO_SPEECH, Decoder, DecodingOptions
from fi_desktop.engines.whisper.seams import join_words
from fi_desktop.engines.whisper.spoken_languages import LanguageWindow, prefers_rival, rival_of
from fi_desktop.engines.whisper.steps import InterruptibleRunner
from fi_desktop.engines.whisper.windows import Window, regions_within

_BEAM = 5
# Quick texts below this mean log probability are decoded again with beam search.
_SURE_ENOUGH = -0.2
_SILENT_S = 5.0  # this much speech without a single word is decoded again
_GAP_S = 1.5  # and this much among words
_STRETCHED_S = 5.0  # words this near before a gap may belong after it
_REPEATED = 4  # words
_GAP_CONTEXT_S = 2.0  # of speech decoded before and after a gap, to recognize the words around it
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
        """Decode in batches of one language each: quickly, and with beam search if the text is doubtful."""
        decoded: dict[int, DecodedWindow] = {}
        for language in dict.fromkeys(part.language for part in parts):
            numbers = [number for number, part in enumerate(parts) if part.language == language]
            decoded.update(self._pass(parts, numbers, options(language), 1, poll))
            doubtful = [number for number in numbers if _is_doubtful(decoded[number])]
            for number, found in self._pass(parts, doubtful, options(language), _BEAM, poll).items():
                if found.trusted or not decoded[number].trusted:
                    decoded[number] = found
        return [decoded[number] for number in range(len(parts))]

    def _pass(
        self,
        parts: Sequence[LanguageWindow],
        numbers: Sequence[int],
        options: DecodingOptions,
        beam: int,
        poll: Callable[[], None],
    ) -> dict[int, DecodedWindow]:
        decoded: dict[int, DecodedWindow] = {}
        for first in range(0, len(numbers), self._decoder.batch):
            batch = numbers[first : first + self._decoder.batch]
            sounds = [parts[number].samples for number in batch]
            decode = partial(self._decoder.decode_batch, sounds, options, beam=beam)
            decoded.update(zip(batch, self._runner.run(decode, poll=poll), strict=True))
        return decoded

    def finish(
        self,
        part: LanguageWindow,
        decoded: DecodedWindow,
        speech: Speech,
        options: DecodingOptions,
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
            again = self._with_fallback(part, options, poll)
            found = to_words(part, again, speech)
            if again.repetitive:
                found = postprocess.collapse_loops(found)
            if doubtful or again.trusted:
                words = postprocess.drop_crammed(found)
        if words:
            words = self._fill_gaps(part, words, speech, options, poll)
            uncovered_s = postprocess.uncovered_s(words, spoken)
            if uncovered_s >= _GAP_S and not doubtful:
                again = self._with_fallback(part, options, poll)
                found = to_words(part, again, speech)
                covers_more = postprocess.uncovered_s(found, spoken) <= uncovered_s - _WORTHWHILE_S
                if again.trusted and covers_more and not postprocess.has_crammed(found):
                    words = found
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
        options: DecodingOptions,
        poll: Callable[[], None],
    ) -> list[Word]:
        """Decode speech without words in windows around it; keep the text if it can be trusted."""
        spoken = regions_within(speech.regions, part.window)
        for gap in postprocess.uncovered(words, spoken):
            if gap.duration < _GAP_S:
                continue
            for kept, whole in _around_gap(words, gap, spoken):
                around, decoded = self._decode_around(part, whole, options, poll)
                if not decoded.trusted or decoded.no_speech > NO_SPEECH:
                    continue
                filled = _insert(kept, to_words(around, decoded, speech), whole, around.window)
                before, after = postprocess.uncovered_s(words, [gap]), postprocess.uncovered_s(filled, [gap])
                covers_more = after <= before - _WORTHWHILE_S and len(filled) > len(words)
                if covers_more and not postprocess.has_crammed(filled) and not _repeats(kept, filled, whole):
                    words = filled
                    break
        return words

    def _decode_around(
        self, part: LanguageWindow, gap: Region, options: DecodingOptions, poll: Callable[[], None]
    ) -> tuple[LanguageWindow, DecodedWindow]:
        start = max(0.0, part.window.offset_of(gap.start) - _GAP_CONTEXT_S)
        end = min(part.window.duration, part.window.offset_of(gap.end) + _GAP_CONTEXT_S)
        samples = part.samples[round(start * SAMPLE_RATE_HZ) : round(end * SAMPLE_RATE_HZ)]
        around = replace(part, window=part.window.part(start, end), samples=samples)
        decode = partial(self._decoder.decode_batch, [samples], options, beam=_BEAM)
        (found,) = self._runner.run(decode, poll=poll)
        return around, replace(found, decoding=DecodingPass.GAP)


def _is_doubtful(decoded: DecodedWindow) -> bool:
    return not decoded.trusted or decoded.log_probability < _SURE_ENOUGH


def _around_gap(
    words: list[Word], gap: Region, spoken: Sequence[Region]
) -> Iterator[tuple[list[Word], Region]]:
    """Yield the words to keep and the speech to decode, the likelier first.

    A word that is stretched over a gap was said after it: what is missing begins where its speech begins.
    """
    (region,) = (region for region in spoken if region.start <= gap.start and gap.end <= region.end)
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
