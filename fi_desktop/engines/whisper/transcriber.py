"""Whisper as a transcriber: windows of speech in, words of the recording out."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import Recording
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.transcript import Transcription, Word
from fi_desktop.engines.contracts import Hints, Progress, Speech
from fi_desktop.engines.whisper import postprocess, windows
from fi_desktop.engines.whisper.decoder import Ask, Decoder, Heard, fit
from fi_desktop.engines.whisper.postprocess import weighed
from fi_desktop.engines.whisper.windows import Part, Window

_LISTEN_WINDOWS = 4
_SURE = 0.8
_HARD_TO_TELL = 0.5
_WITHOUT_SPACES = frozenset({"zh", "ja", "th", "lo", "my", "yue"})  # as in faster_whisper.tokenizer
_SECOND_HALF = re.compile(r"-[^\W\d_]")
_LEAST_SPEECH_S = 0.5  # of less Whisper makes a word of any language
_WORTH_A_WORD_S = 5.0  # so much speech and no word at all is looked at again
_WORTH_A_LOOK_S = 1.5  # so much speech without words, among words, too
_WORTH_A_CHANGE_S = 1.0  # the second look has to find words for so much more


@dataclass(frozen=True, slots=True)
class _Said:
    """What is known of a recording before it is decoded.

    Attributes:
        language: with which it begins.
        may_change: whether it may go on in another of `windows.TOLD_APART`.
        prompt, hotwords: see `Ask`.
    """

    language: str
    may_change: bool
    prompt: str | None
    hotwords: str | None

    def ask(self, language: str) -> Ask:
        """What is asked of the model for a part in this language."""
        return Ask(language, self.prompt, self.hotwords)


class WhisperTranscriber:
    """A Whisper model in faster-whisper's format from a model folder.

    Windows of speech are decoded in batches, once; one whose text cannot be trusted is decoded again by
    itself, as OpenAI does it, which takes longer, and so is one that leaves speech without words. What even
    then looks invented is left out. A window in which the language changes is cut there.

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
        self._pace = Pace()
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
        spoken_s = sum(region.duration for region in speech.regions)
        plan: tuple[Window, ...] = ()
        if spoken_s >= _LEAST_SPEECH_S:
            plan = windows.plan(speech, recording.duration, windows.frame_power(recording, speech))
        fitting = fit(hints, self._decoder.count_tokens)
        notes = []
        if fitting.left_out:
            notes.append(messages.RESULT_VOCABULARY_CUT(number=fitting.left_out))
        progress(0.0)
        course = Course(self._pace, sum(window.duration for window in plan), progress)
        language, probability = hints.language, 1.0
        if language is None and plan:
            language, probability = self._find_language(recording, plan, course.tell)
        words: list[Word] = []
        if language is not None:
            may_change = hints.language is None and self._may_change(language)
            said = _Said(language, may_change, fitting.prompt, fitting.hotwords)
            spoken: Counter[str] = Counter()
            for spoken_in, word in self._words(recording, speech, plan, said, course):
                words.append(word)
                spoken[spoken_in] += 1
            language = spoken.most_common(1)[0][0] if words else hints.language
            if words and probability < _HARD_TO_TELL:
                notes.append(messages.RESULT_LANGUAGE_UNCERTAIN())
        progress(1.0)
        return Transcription(
            tuple(weighed(postprocess.in_order(words, recording.duration))),
            language,
            "whisper",
            self._model,
            tuple(notes),
        )

    def _may_change(self, language: str) -> bool:
        known = self._decoder.languages
        return language in windows.TOLD_APART and all(code in known for code in windows.TOLD_APART)

    def _check(self, language: str | None) -> None:
        if language is not None and language not in self._decoder.languages:
            raise UserError(messages.ENGINE_BAD_LANGUAGE)

    def _find_language(
        self, recording: Recording, plan: tuple[Window, ...], ask: Callable[[], None]
    ) -> tuple[str, float]:
        """The language that is likeliest over the first windows, and how likely it is."""
        if len(self._decoder.languages) == 1:
            return self._decoder.languages[0], 1.0
        votes: Counter[str] = Counter()
        best, share, listened = "", 0.0, 0
        # in the batches that will be decoded, so that nothing is encoded twice
        sounds = (samples for _window, samples in windows.read(recording, plan))
        while listened < _LISTEN_WINDOWS and (batch := list(islice(sounds, self._decoder.batch))):
            for told in self._patience.wait_for(partial(self._decoder.detect, batch), ask=ask):
                votes.update(told)
            listened += len(batch)
            best, votes_for_best = votes.most_common(1)[0]
            share = votes_for_best / listened
            if share >= _SURE:
                break
        return best, share

    def _told_apart(
        self,
        batch: Sequence[tuple[Window, NDArray[np.float32]]],
        speech: Speech,
        before: str,
        ask: Callable[[], None],
    ) -> list[Part]:
        """Find the languages of windows, and cut those in which the language changes."""
        sounds = [samples for _window, samples in batch]
        glance = partial(self._decoder.glance, sounds, windows.TOLD_APART)
        return windows.tell_apart(batch, self._patience.wait_for(glance, ask=ask), speech, before)

    def _words(
        self, recording: Recording, speech: Speech, plan: tuple[Window, ...], said: _Said, course: Course
    ) -> Iterator[tuple[str, Word]]:
        """Yield each word with its language."""
        sounds = windows.read(recording, plan)
        before = said.language
        last: tuple[Window, list[Word]] | None = None
        while batch := list(islice(sounds, self._decoder.batch)):
            course.begin(sum(window.duration for window, _samples in batch))
            if said.may_change:
                parts = self._told_apart(batch, speech, before, course.tell)
                before = parts[-1].language
            else:
                parts = [Part(window, samples, said.language) for window, samples in batch]
            for part, first in zip(parts, self._quick(parts, said, course.tell), strict=True):
                words = self._settle(part, first, speech, said.ask(part.language), course.tell)
                if last is not None and last[0].pieces[-1].end == part.window.pieces[0].start:
                    words = postprocess.joined_at_a_cut(last[1], words)
                last = part.window, words
                for word in words:
                    yield part.language, word
            course.end()

    def _quick(self, parts: Sequence[Part], said: _Said, ask: Callable[[], None]) -> list[Heard]:
        """Decode in batches, one language each."""
        found: dict[int, Heard] = {}
        for language in dict.fromkeys(part.language for part in parts):
            numbers = iter([n for n, part in enumerate(parts) if part.language == language])
            while batch := list(islice(numbers, self._decoder.batch)):
                sounds = [parts[number].samples for number in batch]
                quick = partial(self._decoder.quick, sounds, said.ask(language))
                found.update(zip(batch, self._patience.wait_for(quick, ask=ask), strict=True))
        return [found[number] for number in range(len(parts))]

    def _settle(
        self, part: Part, heard: Heard, speech: Speech, ask: Ask, wait: Callable[[], None]
    ) -> list[Word]:
        """Look again at what cannot be trusted or leaves speech without words; leave out what nobody said."""
        words = _placed(part.window, heard, part.language)
        spoken = windows.within(speech.regions, part.window)
        bare = postprocess.bare_s(words, spoken)
        doubtful = not heard.trusted or postprocess.crammed(words) or postprocess.run_together(words)
        if doubtful or bare >= (_WORTH_A_LOOK_S if words else _WORTH_A_WORD_S):
            again = self._patience.wait_for(partial(self._decoder.careful, part.samples, ask), ask=wait)
            found = _placed(part.window, again, part.language)
            if again.repetitive:
                found = postprocess.without_loops(found)
            found = postprocess.without_crammed(found)
            if doubtful or (again.trusted and postprocess.bare_s(found, spoken) < bare - _WORTH_A_CHANGE_S):
                words = found
        return postprocess.within_speech(words, speech.regions)


def _placed(window: Window, heard: Heard, language: str) -> list[Word]:
    """Words in the recording's time; what the model puts after the window's end is at its end."""
    words: list[Word] = []
    for start, end, text, probability in heard.words:
        # the library's times are NumPy's where it aligned words itself: what is compared with them is no JSON
        place = window.place(float(start), float(end))
        if bare := text.strip():
            # where there are spaces, a window's first word sometimes comes without
            joined = not text[0].isspace() and (bool(words) or language in _WITHOUT_SPACES)
            if words and _SECOND_HALF.match(bare) and words[-1].text[-1].isalpha():
                joined = True  # the model puts a space before the hyphen of "hard-working"
            words.append(Word(place.start, place.end, bare, round(float(probability), 3), joined=joined))
    return words


# Progress while nothing is told: the model says nothing between one batch of windows and the next.

_FIRST_GUESS = 0.2  # seconds of work for a second of sound, before anything was measured
_EXPECTED_SHARE = 0.9  # of a stretch, once the time is up that it was expected to take


class Pace:
    """How long a second of sound takes, measured over all that was done so far, from job to job.

    Attributes:
        worked_s, heard_s: seconds of work, and of the sound that it was for.
    """

    def __init__(self) -> None:
        self.worked_s = 0.0
        self.heard_s = 0.0

    def expected_s(self, sound_s: float) -> float:
        """Return how long so much sound will take."""
        return sound_s * (self.worked_s / self.heard_s if self.heard_s else _FIRST_GUESS)


class Course:
    """Progress through one recording: exact where a stretch is done, and by the time that passes inside one.

    It never goes back, and inside a stretch it never stands still nor reaches the stretch's end.
    """

    def __init__(
        self, pace: Pace, total_s: float, progress: Progress, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare. total_s: of all sound; `clock` gives seconds."""
        self._pace = pace
        self._total_s = total_s
        self._progress = progress
        self._clock = clock
        self._done_s = 0.0
        self._begun = clock()
        self._stretch_s = 0.0

    def begin(self, sound_s: float) -> None:
        """Begin a stretch of so much sound."""
        self._begun, self._stretch_s = self._clock(), sound_s

    def tell(self) -> None:
        """Tell the progress as it is now; called over and over inside a stretch."""
        waited = (self._clock() - self._begun) / max(1e-9, self._pace.expected_s(self._stretch_s))
        share = _EXPECTED_SHARE * waited if waited <= 1.0 else 1.0 - (1.0 - _EXPECTED_SHARE) / waited
        self._progress((self._done_s + share * self._stretch_s) / self._total_s)

    def end(self) -> None:
        """End the stretch."""
        self._pace.worked_s += self._clock() - self._begun
        self._pace.heard_s += self._stretch_s
        self._done_s += self._stretch_s
        self._stretch_s = 0.0
        self._progress(self._done_s / self._total_s)


# Long native work that can still be given up: half a minute of speech may take a slow computer a minute.

T = TypeVar("T")

_ASK_EVERY_S = 0.5


class Patience:
    """Does steps in a thread of their own, one at a time, while the caller's thread asks whether to go on.

    A step cannot be broken off. Where the caller gives up, the step ends by itself and what it found is
    forgotten; the next one waits for it.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def wait_for(self, step: Callable[[], T], *, ask: Callable[[], None]) -> T:
        """Return what `step` returns, or raise what it raises; `ask` is called twice a second meanwhile.

        What `ask` raises is passed on at once.
        """
        future: Future[T] = Future()

        def work() -> None:
            with self._turn:
                try:
                    future.set_result(step())
                except BaseException as error:  # noqa: BLE001 - it belongs to the thread that waits
                    future.set_exception(error)

        # daemon: a worker that is to end does not wait for words that nobody wants any more
        threading.Thread(target=work, name="whisper", daemon=True).start()
        while not wait([future], timeout=_ASK_EVERY_S).done:
            ask()
        return future.result()
