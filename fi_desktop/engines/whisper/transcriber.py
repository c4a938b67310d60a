"""Whisper as a transcriber: windows of speech in, words of the recording out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import Recording
from fi_desktop.core.errors import UserError
from fi_desktop.core.transcript import Transcription, Word
from fi_desktop.engines.base import Hints, Progress, Speech
from fi_desktop.engines.whisper import guards, windows
from fi_desktop.engines.whisper.decoder import Ask, Decoder, Heard
from fi_desktop.engines.whisper.hints import fit
from fi_desktop.engines.whisper.patience import Patience
from fi_desktop.engines.whisper.windows import Window

_LISTEN_WINDOWS = 4
_SURE = 0.8
_HARD_TO_TELL = 0.5
_WITHOUT_SPACES = frozenset({"zh", "ja", "th", "lo", "my", "yue"})  # as in faster_whisper.tokenizer
_WORTH_A_WORD_S = 5.0  # so much speech and no word at all is looked at again


class WhisperTranscriber:
    """A Whisper model in faster-whisper's format from a model folder.

    Windows of speech are decoded in batches, once; one whose text cannot be trusted is decoded again by
    itself, as OpenAI does it, which takes longer. What even then looks invented is left out.

    Attributes:
        description: the model, and on what it runs.
    """

    def __init__(self, folder: Path, *, frugality: int = 0, threads: int = 1) -> None:
        """Open the model.

        Args:
            folder: of the model pack.
            frugality: how often memory ran out before: 0 as usual, 1 in smaller batches, 2 and more on the
                processor.
            threads: how many threads of the processor it may use.

        Raises:
            UserError: the folder holds no whole model.
            MemoryError: the computer's or the GPU's memory does not do.
        """
        self._decoder = Decoder(folder, frugality=frugality, threads=threads)
        self._patience = Patience()
        self._model = folder.name
        self.description = f"{folder.name}, {self._decoder.place}"

    def transcribe(
        self, recording: Recording, speech: Speech, *, hints: Hints, progress: Progress
    ) -> Transcription:
        """Transcribe one recording; see `engines.base.Transcriber`.

        Raises:
            UserError: the model does not know the language.
        """
        self._check(hints.language)
        plan = windows.plan(speech, recording.duration)
        fitting = fit(hints, self._decoder.count_tokens)
        notes = []
        if fitting.left_out:
            notes.append(f"The vocabulary is too long: its last {fitting.left_out} words were not used.")
        progress(0.0)
        language = hints.language
        if language is None and plan:
            language, probability = self._find_language(recording, plan, progress)
            if probability < _HARD_TO_TELL:
                notes.append("The language was hard to tell: if it is wrong, choose it and try again.")
        words: list[Word] = []
        if language is not None:
            ask = Ask(language, fitting.prompt, fitting.hotwords)
            words = list(self._words(recording, speech, plan, ask, progress))
        progress(1.0)
        return Transcription(
            tuple(guards.in_order(words, recording.duration)), language, "whisper", self._model, tuple(notes)
        )

    def _check(self, language: str | None) -> None:
        if language is not None and language not in self._decoder.languages:
            raise UserError("engine.bad_language", "The Whisper model does not know the chosen language.")

    def _find_language(
        self, recording: Recording, plan: tuple[Window, ...], progress: Progress
    ) -> tuple[str, float]:
        """The language that is likeliest over the first windows, and how likely it is."""
        if len(self._decoder.languages) == 1:
            return self._decoder.languages[0], 1.0
        votes: Counter[str] = Counter()
        best, share = "", 0.0
        heard = islice(windows.read(recording, plan), _LISTEN_WINDOWS)
        for number, (_window, samples) in enumerate(heard, start=1):
            detect = partial(self._decoder.detect, samples)
            votes.update(self._patience.wait_for(detect, ask=partial(progress, 0.0)))
            best, votes_for_best = votes.most_common(1)[0]
            share = votes_for_best / number
            if share >= _SURE:
                break
        return best, share

    def _words(
        self, recording: Recording, speech: Speech, plan: tuple[Window, ...], ask: Ask, progress: Progress
    ) -> Iterator[Word]:
        total, done = sum(window.duration for window in plan), 0.0
        sounds = windows.read(recording, plan)
        while batch := list(islice(sounds, self._decoder.batch)):
            wait = partial(progress, done / total)
            quick = partial(self._decoder.quick, [samples for _window, samples in batch], ask)
            for (window, samples), first in zip(batch, self._patience.wait_for(quick, ask=wait), strict=True):
                yield from self._settle(window, samples, first, speech, ask, partial(progress, done / total))
                done += window.duration
                progress(done / total)

    def _settle(
        self,
        window: Window,
        samples: NDArray[np.float32],
        heard: Heard,
        speech: Speech,
        ask: Ask,
        wait: Callable[[], None],
    ) -> list[Word]:
        """Look again at what cannot be trusted, and leave out what nobody said."""
        words = _placed(window, heard, ask.language)
        nothing = not words and window.duration > _WORTH_A_WORD_S
        if nothing or not heard.trusted or guards.crammed(words):
            heard = self._patience.wait_for(partial(self._decoder.careful, samples, ask), ask=wait)
            words = _placed(window, heard, ask.language)
            if heard.repetitive:
                words = guards.without_loops(words)
            words = guards.without_crammed(words)
        return guards.within_speech(words, speech.regions)


def _placed(window: Window, heard: Heard, language: str) -> list[Word]:
    """Words in the recording's time; what the model puts after the window's end is at its end."""
    words: list[Word] = []
    for start, end, text, probability in heard.words:
        # the library's times are NumPy's where it aligned words itself: what is compared with them is no JSON
        place = window.place(float(start), float(end))
        if bare := text.strip():
            # where there are spaces, a window's first word sometimes comes without
            joined = not text[0].isspace() and (bool(words) or language in _WITHOUT_SPACES)
            words.append(Word(place.start, place.end, bare, round(float(probability), 3), joined=joined))
    return words
