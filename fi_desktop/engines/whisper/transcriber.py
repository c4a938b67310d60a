"""`WhisperTranscriber`: from windows of speech to the words of a recording."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import Recording
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.transcript import Transcription, Word
from fi_desktop.engines.contracts import (
    FinishedBatches,
    NothingFinished,
    Progress,
    Speech,
    TranscriptionOptions,
)
from fi_desktop.engines.dereverberation import without_reverberation
from fi_desktop.engines.whisper import postprocess, vocabulary, windows
from fi_desktop.engines.whisper.confidence import load_confidence
from fi_desktop.engines.whisper.coverage import missing_speech
from fi_desktop.engines.whisper.decoder import Decoder, DecodingOptions
from fi_desktop.engines.whisper.passes import WindowDecoder
from fi_desktop.engines.whisper.prompt import fit_prompt
from fi_desktop.engines.whisper.seams import TranscribedPart, join_parts, part_from_json, part_to_json
from fi_desktop.engines.whisper.spoken_languages import (
    LanguageTracker,
    LanguageWindow,
    spans_of,
)
from fi_desktop.engines.whisper.steps import InterruptibleRunner, ProgressMeter, Throughput
from fi_desktop.engines.whisper.vocabulary import Vocabulary
from fi_desktop.engines.whisper.windows import Window

_UNSURE = 0.5
_SHORTEST_SPEECH_S = 0.5  # in less, Whisper hallucinates a word in any language


class WhisperTranscriber:
    """Transcribes with a Whisper model in faster-whisper's format.

    Windows of speech are decoded in batches, and what is doubtful or missing again (`passes.py`). A window in
    which the language changes is cut there. Each finished batch can be saved, and a later attempt goes on
    after it.

    Attributes:
        description: the model, and the device it runs on.
    """

    resumable = True

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
        self._windows = WindowDecoder(self._decoder, self._runner)
        self._throughput = Throughput()
        self._model = folder.name
        self.description = f"{folder.name}, {self._decoder.device}"

    def transcribe(
        self,
        recording: Recording,
        speech: Speech,
        *,
        options: TranscriptionOptions,
        progress: Progress,
        finished: FinishedBatches | None = None,
    ) -> Transcription:
        """Transcribe a recording; see `contracts.ResumableTranscriber`.

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
        context = _Context(fitted.prompt, fitted.hotwords, terms, _words_of(options))
        parts = self._transcribe_parts(
            recording, speech, plan, tracker, context, meter, finished or NothingFinished()
        )
        found = list(join_parts(parts))
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

    def _transcribe_parts(
        self,
        recording: Recording,
        speech: Speech,
        plan: tuple[Window, ...],
        tracker: LanguageTracker,
        context: _Context,
        meter: ProgressMeter,
        finished: FinishedBatches,
    ) -> list[TranscribedPart]:
        """Return the words of each window, or part of a window in one language; see `seams.join_parts`."""
        parts: list[TranscribedPart] = []
        done = 0
        for batch in finished.resume(self._fingerprint(plan)):
            parts += [part_from_json(part) for part in batch["parts"]]
            done += batch["windows"]
            tracker.restore(batch["languages"])
        if done:
            meter.skip(sum(window.duration for window in plan[:done]))
        sounds = windows.read_windows(recording, plan[done:])
        while read := list(islice(sounds, self._decoder.batch)):
            meter.start(sum(window.duration for window, _samples in read))
            batch = self._runner.run(partial(_without_reverberation, read), poll=meter.report)
            split = self._split_by_language(batch, speech, tracker, meter.report)
            new = []
            for part, decoded in self._windows.decode(split, context.options, meter.report):
                words = self._windows.finish(part, decoded, speech, context.options, meter.report)
                words = self._with_terms(part, words, context, meter.report)
                words = postprocess.fit_to_speech(words, speech.regions)
                new.append(TranscribedPart(part.window, tuple(words)))
            rows = [part_to_json(part) for part in new]
            finished.add({"windows": len(batch), "languages": tracker.state, "parts": rows})
            parts += new
            meter.end()
        return parts

    def _fingerprint(self, plan: Sequence[Window]) -> list[Any]:
        """Return what finished batches depend on besides the options, JSON values."""
        pieces = [[[piece.start, piece.end] for piece in window.pieces] for window in plan]
        sounds = hashlib.sha256(json.dumps(pieces).encode()).hexdigest()
        return [self._model, self._decoder.bytes, load_confidence().version, sounds]

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
        scores = self._runner.run(score, poll=poll)
        return words if scores is None else vocabulary.merge(words, matches, scores)


@dataclass(frozen=True, slots=True)
class _Context:
    """What is known of a recording before it is decoded.

    Attributes:
        prompt, hotwords: see `DecodingOptions`.
        vocabulary: further terms, which are chosen by what is heard.
        known: words of the vocabulary, in lower case.
    """

    prompt: str | None
    hotwords: str | None
    vocabulary: Vocabulary
    known: frozenset[str]

    def options(self, language: str) -> DecodingOptions:
        """Return the decoding options for a part in this language."""
        return DecodingOptions(language, self.prompt, self.hotwords, self.known)


def _without_reverberation(
    batch: Sequence[tuple[Window, NDArray[np.float32]]],
) -> list[tuple[Window, NDArray[np.float32]]]:
    return [(window, without_reverberation(samples)) for window, samples in batch]


def _words_of(options: TranscriptionOptions) -> frozenset[str]:
    """Return the words of the vocabulary and of its lists, in lower case."""
    terms = (*options.vocabulary, *(term.text for term in options.terms))
    return frozenset(word for term in terms for word in re.findall(r"[^\W\d_]+", term.lower()))
