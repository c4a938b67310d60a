"""`WhisperTranscriber`: from windows of speech to the words of a recording."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import Recording
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.transcript import Transcription, Word
from fi_desktop.engines.contracts import Progress, Speech, TranscriptionOptions
from fi_desktop.engines.whisper import postprocess, vocabulary, windows
from fi_desktop.engines.whisper.confidence import chance_right, load_confidence
from fi_desktop.engines.whisper.coverage import missing_speech
from fi_desktop.engines.whisper.decoded import DecodedWindow
from fi_desktop.engines.whisper.decoder import Decoder, DecodingOptions, fit_prompt
from fi_desktop.engines.whisper.spoken_languages import (
    LanguageTracker,
    LanguageWindow,
    prefers_rival,
    rival_of,
    spans_of,
)
from fi_desktop.engines.whisper.steps import InterruptibleRunner, ProgressMeter, Throughput
from fi_desktop.engines.whisper.vocabulary import Vocabulary
from fi_desktop.engines.whisper.windows import Window

_BEAM = 5
_UNSURE = 0.5
_WITHOUT_SPACES = frozenset({"zh", "ja", "th", "lo", "my", "yue"})  # as in faster_whisper.tokenizer
_SECOND_HALF = re.compile(r"-[^\W\d_]")
_SHORTEST_SPEECH_S = 0.5  # in less, Whisper hallucinates a word in any language
_RETRY_SILENT_S = 5.0  # this much speech without a single word is decoded again
_RETRY_UNCOVERED_S = 1.5  # and this much among words
_WORTHWHILE_S = 1.0  # decoding again has to cover this much more speech


class WhisperTranscriber:
    """Transcribes with a Whisper model in faster-whisper's format.

    Windows of speech are decoded once, in batches. A window whose text cannot be trusted or leaves speech
    without words is decoded again with OpenAI's fallback, which takes longer. Text that still looks
    hallucinated is dropped. A window in which the language changes is cut there.

    Attributes:
        description: the model, and the device it runs on.
    """

    def __init__(self, folder: Path, *, memory_level: int = 0, threads: int = 1) -> None:
        """Open the model.

        Args:
            folder: of the model pack.
            memory_level: see `registry.create_diarizer`.
            threads: CPU threads that it may use.

        Raises:
            UserError: the folder holds no complete model.
            MemoryError: the computer or the GPU runs out of memory.
        """
        self._decoder = Decoder(folder, memory_level=memory_level, threads=threads)
        self._runner = InterruptibleRunner()
        self._throughput = Throughput()
        self._model = folder.name
        self.description = f"{folder.name}, {self._decoder.device}"

    def transcribe(
        self, recording: Recording, speech: Speech, *, options: TranscriptionOptions, progress: Progress
    ) -> Transcription:
        """Transcribe a recording; see `contracts.Transcriber`.

        Raises:
            UserError: the model does not know the language.
        """
        tracker = self._tracker(options)
        speech_s = sum(region.duration for region in speech.regions)
        plan: tuple[Window, ...] = ()
        power = windows.frame_power(recording, speech)
        if speech_s >= _SHORTEST_SPEECH_S:
            plan = windows.plan_windows(speech, recording.duration, power)
        fitted = fit_prompt(options, self._decoder.count_tokens)
        notes = []
        progress(0.0)
        meter = ProgressMeter(self._throughput, sum(window.duration for window in plan), progress)
        terms = Vocabulary(options.terms, fitted.dropped)
        context = _Context(fitted.prompt, fitted.hotwords, terms)
        found = list(self._words(recording, speech, plan, tracker, context, meter))
        counts = Counter(word.language for word in found)
        main = counts.most_common(1)[0][0] if found else tracker.only
        words = [replace(word, language=None) if word.language == main else word for word in found]
        if words and tracker.certainty < _UNSURE:
            notes.append(messages.RESULT_LANGUAGE_UNCERTAIN())
        progress(1.0)
        ordered = postprocess.put_in_order(words, recording.duration)
        return Transcription(
            tuple(ordered),
            main,
            "whisper",
            self._model,
            tuple(notes),
            missing=missing_speech(ordered, speech, power) if plan else (),
            confidence_model=load_confidence().version if words else "",
        )

    def _tracker(self, options: TranscriptionOptions) -> LanguageTracker:
        known = self._decoder.languages
        if not set(options.languages) <= set(known):
            raise UserError(messages.ENGINE_BAD_LANGUAGE)
        return LanguageTracker(known, options.languages, options.likely_languages)

    def _split_by_language(
        self,
        batch: Sequence[tuple[Window, NDArray[np.float32]]],
        speech: Speech,
        tracker: LanguageTracker,
        poll: Callable[[], None],
    ) -> list[LanguageWindow]:
        """Cut the windows in which the language changes."""
        if (only := tracker.only) is not None:
            return [LanguageWindow(window, samples, only) for window, samples in batch]
        spans = [spans_of(window, speech.regions) for window, _samples in batch]
        times = [[(span.start, span.end) for span in row] for row in spans]
        sounds = [samples for _window, samples in batch]
        found = self._runner.run(partial(self._decoder.detect_languages, sounds, times), poll=poll)
        if unclear := tracker.unclear(spans, found):
            alone = [spans[window][span].cut(sounds[window]) for window, span in unclear]
            again = self._runner.run(partial(self._decoder.detect_languages_alone, alone), poll=poll)
            for (window, span), row in zip(unclear, again, strict=True):
                found[window][span] = row
        return tracker.split(batch, spans, found, speech)

    def _words(
        self,
        recording: Recording,
        speech: Speech,
        plan: tuple[Window, ...],
        tracker: LanguageTracker,
        context: _Context,
        meter: ProgressMeter,
    ) -> Iterator[Word]:
        """Yield each word with its language."""
        sounds = windows.read_windows(recording, plan)
        last: tuple[Window, list[Word]] | None = None
        while batch := list(islice(sounds, self._decoder.batch)):
            meter.start(sum(window.duration for window, _samples in batch))
            split = self._split_by_language(batch, speech, tracker, meter.report)
            for part, decoded in self._decode(split, context, meter.report):
                words = self._finish(part, decoded, speech, context, meter.report)
                if last is not None and last[0].pieces[-1].end == part.window.pieces[0].start:
                    words = postprocess.drop_repeated_at_cut(last[1], words)
                last = part.window, words
                yield from words
            meter.end()

    def _decode(
        self, parts: Sequence[LanguageWindow], context: _Context, poll: Callable[[], None]
    ) -> list[tuple[LanguageWindow, DecodedWindow]]:
        """Decode each part, in its rival language too if there is one, and return the likelier text."""
        chosen = list(zip(parts, self._decode_all(parts, context, poll), strict=True))
        contested = {n: rival for n, found in enumerate(chosen) if (rival := rival_of(*found)) is not None}
        others = [replace(parts[number], language=rival) for number, rival in contested.items()]
        for number, other, decoded in zip(
            contested, others, self._decode_all(others, context, poll), strict=True
        ):
            if prefers_rival(*chosen[number], decoded, other.language):
                chosen[number] = other, decoded
        return chosen

    def _decode_all(
        self, parts: Sequence[LanguageWindow], context: _Context, poll: Callable[[], None]
    ) -> list[DecodedWindow]:
        """Decode in batches of one language each."""
        decoded: dict[int, DecodedWindow] = {}
        for language in dict.fromkeys(part.language for part in parts):
            numbers = iter([n for n, part in enumerate(parts) if part.language == language])
            while batch := list(islice(numbers, self._decoder.batch)):
                sounds = [parts[number].samples for number in batch]
                decode = partial(self._decoder.decode_batch, sounds, context.options(language), beam=_BEAM)
                decoded.update(zip(batch, self._runner.run(decode, poll=poll), strict=True))
        return [decoded[number] for number in range(len(parts))]

    def _finish(
        self,
        part: LanguageWindow,
        decoded: DecodedWindow,
        speech: Speech,
        context: _Context,
        poll: Callable[[], None],
    ) -> list[Word]:
        """Decode again if the text is not trusted or leaves speech uncovered; drop hallucinations."""
        options = context.options(part.language)
        words = _to_words(part, decoded, speech)
        spoken = windows.regions_within(speech.regions, part.window)
        uncovered = postprocess.uncovered_s(words, spoken)
        doubtful = (
            not decoded.trusted or postprocess.has_crammed(words) or postprocess.has_repeated_digits(words)
        )
        if doubtful or uncovered >= (_RETRY_UNCOVERED_S if words else _RETRY_SILENT_S):
            decode = partial(self._decoder.decode_with_fallback, part.samples, options)
            again = self._runner.run(decode, poll=poll)
            found = _to_words(part, again, speech)
            if again.repetitive:
                found = postprocess.collapse_loops(found)
            found = postprocess.drop_crammed(found)
            covers_more = postprocess.uncovered_s(found, spoken) < uncovered - _WORTHWHILE_S
            if doubtful or (again.trusted and covers_more):
                words = found
        words = self._with_terms(part, words, context, poll)
        return postprocess.fit_to_speech(words, speech.regions)

    def _with_terms(
        self, part: LanguageWindow, words: list[Word], context: _Context, poll: Callable[[], None]
    ) -> list[Word]:
        """Write the terms that sound like words of the text and are more probable; see `vocabulary`."""
        matches = context.vocabulary.find(words, part.language)
        if not matches:
            return words
        terms = vocabulary.hotwords(matches, self._decoder.count_tokens)
        options = DecodingOptions(part.language, hotwords=terms)
        texts = [vocabulary.spaced(words), *(vocabulary.variant(words, match) for match in matches)]
        score = partial(self._decoder.score, part.samples, texts, options)
        return vocabulary.merge(words, matches, self._runner.run(score, poll=poll))


@dataclass(frozen=True, slots=True)
class _Context:
    """What is known of a recording before it is decoded.

    Attributes:
        prompt, hotwords: see `DecodingOptions`.
        vocabulary: further terms, which are chosen by what is heard.
    """

    prompt: str | None
    hotwords: str | None
    vocabulary: Vocabulary

    def options(self, language: str) -> DecodingOptions:
        """Return the decoding options for a part in this language."""
        return DecodingOptions(language, self.prompt, self.hotwords)


def _to_words(part: LanguageWindow, decoded: DecodedWindow, speech: Speech) -> list[Word]:
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
