"""The model, and the two ways in which faster-whisper decodes: quickly in batches, and carefully.

The library's two `transcribe` methods take the same arguments, with different defaults, and each ignores
some of them. So all are given, every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.engines.contracts import Hints

_SLOT_S = 30  # a window of the batch begins at each whole half minute: what was found is told apart by time
_SLOT_FRAMES = _SLOT_S * 100
_ENCODED_HZ = 50
# The encoder's answer for so much sound is enough to tell its language; it is looked at in steps.
GLANCE_S = 3.0
GLANCE_STEP_S = 1.5
_GLANCE, _GLANCE_STEP = round(GLANCE_S * _ENCODED_HZ), round(GLANCE_STEP_S * _ENCODED_HZ)
_TOKENS = 448  # that the model can have before it, prompt and text

# OpenAI's thresholds (Radford et al. 2022, section 4.5): below or above them a text is not to be trusted.
_REPETITIVE = 2.4
_UNSURE = -1.0
_SILENT = 0.6

_MEMORY = ("out of memory", "bad_alloc", "cuda failed", "alloc_failed", "failed to allocate")
_PRECISION = {
    ("cuda", 0): ("float16", "int8_float16", "float32"),
    ("cuda", 1): ("int8_float16", "int8", "float16", "float32"),
    ("cpu", 0): ("int8", "int8_float32", "float32"),
}

_COMMON: dict[str, Any] = {
    "task": "transcribe",
    "log_progress": False,
    "beam_size": 5,
    "best_of": 5,
    "patience": 1.0,
    "length_penalty": 1.0,
    "repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0,  # a dose is said twice for good reason
    "compression_ratio_threshold": _REPETITIVE,
    "log_prob_threshold": _UNSURE,
    "no_speech_threshold": _SILENT,
    # What was said half a minute ago would help with names, and carries every loop on into the next window.
    "condition_on_previous_text": False,
    "prompt_reset_on_temperature": 0.5,
    "prefix": None,
    "suppress_blank": True,
    "suppress_tokens": [-1],
    "max_initial_timestamp": 1.0,
    "word_timestamps": True,
    "prepend_punctuations": "\"'“¿¡([{-",
    "append_punctuations": "\"'.。,，!！?？:：”)]}、…",
    "multilingual": False,  # asked for each window by itself, half a sentence would be taken for Galician
    "vad_filter": False,  # speech was found already
    "vad_parameters": None,
    "max_new_tokens": None,
    "chunk_length": None,
    "language_detection_threshold": None,  # the language is always given
    "language_detection_segments": 1,
}
_QUICK: dict[str, Any] = {
    **_COMMON,
    "temperature": [0.0],
    # Where timestamps are asked for, this method drops what follows the last of them.
    "without_timestamps": True,
    "hallucination_silence_threshold": None,
}
_CAREFUL: dict[str, Any] = {
    **_COMMON,
    "temperature": [0.0, 0.2, 0.4, 0.6, 0.8, 1.0],
    "without_timestamps": False,
    "hallucination_silence_threshold": 2.0,
    "clip_timestamps": "0",
}


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of the model beside the sound.

    Attributes:
        language: a code that the model knows.
        prompt, hotwords: as the library calls them; see `hints.FittingHints`.
    """

    language: str
    prompt: str | None = None
    hotwords: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard in one window.

    Attributes:
        words: (start, end, text, probability), seconds from the window's start; a word's text begins with the
            space before it.
        trusted: no sign of invention: sure enough, not repetitive, not cut off.
        repetitive: a phrase seems to come over and over.
    """

    words: tuple[tuple[float, float, str, float], ...]
    trusted: bool = True
    repetitive: bool = False


class Decoder:
    """A Whisper model on the GPU or the processor.

    Attributes:
        batch: how many windows to decode at a time.
    """

    def __init__(self, folder: Path, *, frugality: int, threads: int) -> None:
        """Open the model; see `WhisperTranscriber`."""
        # The library would fetch a tokenizer that is missing from the network.
        if not (folder / "tokenizer.json").is_file():
            raise _incomplete()
        self._library: Any = import_module("faster_whisper")
        self._native: Any = import_module("ctranslate2")
        self._folder = folder
        self._threads = threads
        self._model, self.batch = self._open(frugality)

    @property
    def place(self) -> str:
        """On what it runs, and how precisely, in words for people."""
        native = self._model.model
        on = "the GPU" if native.device == "cuda" else f"the processor (threads: {self._threads})"
        return f"{native.compute_type} on {on}"

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that the model knows."""
        known = self._model.hf_tokenizer.token_to_id
        if not self._model.model.is_multilingual:
            return ("en",)
        return tuple(code for code in self._model.supported_languages if known(f"<|{code}|>") is not None)

    def count_tokens(self, text: str) -> int:
        """How many of the model's tokens a text is."""
        return len(self._model.hf_tokenizer.encode(" " + text, add_special_tokens=False).ids)

    def detect(self, windows: Sequence[NDArray[np.float32]]) -> list[dict[str, float]]:
        """How likely each language is in each window, (samples,) each."""
        with memory_errors():
            found = self._model.model.detect_language(self._encoded(windows))
        return [{code: float(probability) for code, probability in _codes(row)} for row in found]

    def glance(
        self, windows: Sequence[NDArray[np.float32]], languages: Sequence[str]
    ) -> list[NDArray[np.float64]]:
        """How likely each of some languages is along each window, (glances, languages) each.

        A glance is three seconds of the encoder's answer for the whole window, which is needed anyway: the
        next begins `GLANCE_STEP_S` later, and the last ends with the window.
        """
        with memory_errors():
            encoded = self._encoded(windows)
            on_processor = encoded.to_device(self._native.Device.cpu) if encoded.device == "cuda" else encoded
            answers = np.array(on_processor)
            rows = []
            for samples, answer in zip(windows, answers, strict=True):
                length = len(samples) * _ENCODED_HZ // SAMPLE_RATE_HZ
                last = max(0, length - _GLANCE)
                starts = [*range(0, last, _GLANCE_STEP), last]
                glances = np.stack([answer[start : start + _GLANCE] for start in starts])
                found = self._model.model.detect_language(self._native.StorageView.from_array(glances))
                told = [dict(_codes(row)) for row in found]
                rows.append(np.array([[row[code] for code in languages] for row in told]))
        return rows

    def quick(self, windows: Sequence[NDArray[np.float32]], ask: Ask) -> list[Heard]:
        """Decode windows as one batch, (samples,) each: once, without a second thought."""
        slot = _SLOT_S * SAMPLE_RATE_HZ
        sound = np.zeros(slot * len(windows), dtype=np.float32)
        clips = []
        for number, samples in enumerate(windows):
            sound[number * slot : number * slot + len(samples)] = samples
            start = float(number * _SLOT_S)
            # the library cuts at whole samples, downwards
            clips.append({"start": start, "end": start + (len(samples) + 0.5) / SAMPLE_RATE_HZ})
        room = _TOKENS - self.count_tokens(f"{ask.hotwords or ''} {ask.prompt or ''}") - 8
        with memory_errors():
            # a pipeline keeps a time from call to call, so each call has its own
            segments, _info = self._library.BatchedInferencePipeline(self._model).transcribe(
                sound,
                language=ask.language,
                initial_prompt=ask.prompt,
                hotwords=ask.hotwords,
                clip_timestamps=clips,
                batch_size=len(windows),
                **_QUICK,
            )
            found: list[list[Any]] = [[] for _ in windows]
            for segment in segments:
                found[segment.seek // _SLOT_FRAMES].append(segment)
        return [_heard(row, float(number * _SLOT_S), room) for number, row in enumerate(found)]

    def careful(self, samples: NDArray[np.float32], ask: Ask) -> Heard:
        """Decode one window as OpenAI does, again and less strictly until the text can be trusted."""
        with memory_errors():
            segments, _info = self._model.transcribe(
                samples, language=ask.language, initial_prompt=ask.prompt, hotwords=ask.hotwords, **_CAREFUL
            )
            return _heard(list(segments), 0.0, _TOKENS)

    def _encoded(self, windows: Sequence[NDArray[np.float32]]) -> Any:
        """The encoder's answer, kept for whoever asks for the same windows next."""
        pad = import_module("faster_whisper.audio").pad_or_trim
        features = np.stack([pad(self._model.feature_extractor(samples)[..., :-1]) for samples in windows])
        return self._model.encode_ahead(features)

    def _open(self, frugality: int) -> tuple[Any, int]:
        """The model, and its batch."""
        self._native.set_random_seed(0)  # before the model's threads begin: a second look is drawn by lot
        if frugality < 2 and self._native.get_cuda_device_count():
            try:
                model = self._load("cuda", _PRECISION["cuda", frugality])
                # CUDA's libraries are looked for at the first use
                model.encode(np.zeros((model.model.n_mels, 2 * 1500), dtype=np.float32))
            except (RuntimeError, ValueError) as error:
                if "out of memory" in str(error):
                    raise MemoryError("the GPU's memory") from error
            else:
                return model, 4 if frugality else 16
        try:
            with memory_errors():
                # Four at a time take a fifth less work than one by one; eight take no less, and more memory.
                return self._load("cpu", _PRECISION["cpu", 0]), 1 if frugality else 4
        except (RuntimeError, ValueError) as error:
            raise _incomplete() from error

    def _load(self, device: str, wanted: Sequence[str]) -> Any:
        supported = self._native.get_supported_compute_types(device)
        return _model_class(self._library)(
            str(self._folder),
            device=device,
            device_index=0,
            compute_type=next((kind for kind in wanted if kind in supported), "default"),
            cpu_threads=self._threads,
            num_workers=1,
            download_root=None,
            local_files_only=True,
            files=None,
            revision=None,
            use_auth_token=None,
        )


def _model_class(library: Any) -> Any:
    """faster-whisper's model, which can encode ahead of the pipeline: half of the work is not done twice."""

    class Model(library.WhisperModel):  # type: ignore[misc]
        held: tuple[NDArray[np.float32], Any] | None = None

        def encode_ahead(self, features: NDArray[np.float32]) -> Any:
            self.held = (features, self.encode(features))
            return self.held[1]

        def encode(self, features: NDArray[np.float32]) -> Any:
            if self.held is not None and np.array_equal(self.held[0], features):
                return self.held[1]
            self.held = None
            return super().encode(features)

    return Model


@contextmanager
def memory_errors() -> Iterator[None]:
    """Raise MemoryError for what CTranslate2 raises where memory does not do."""
    try:
        yield
    except RuntimeError as error:
        if any(sign in str(error).casefold() for sign in _MEMORY):
            raise MemoryError("the model's memory") from error
        raise


def _codes(row: Sequence[tuple[str, float]]) -> Iterator[tuple[str, float]]:
    """Languages as codes rather than tokens, with their probabilities."""
    for token, probability in row:
        yield token.removeprefix("<|").removesuffix("|>"), probability


def _heard(segments: Sequence[Any], offset: float, room: int) -> Heard:
    """What the library found in one window. offset: where it puts the window; room: for text, tokens."""
    words = tuple(
        (float(word.start) - offset, float(word.end) - offset, word.word, float(word.probability))
        for segment in segments
        for word in segment.words or ()
    )
    repetitive = any(segment.compression_ratio > _REPETITIVE for segment in segments)
    unsure = any(segment.avg_logprob < _UNSURE for segment in segments)
    cut_off = sum(len(segment.tokens) for segment in segments) >= room
    return Heard(words, trusted=not (repetitive or unsure or cut_off), repetitive=repetitive)


def _incomplete() -> UserError:
    return UserError(messages.ENGINE_BAD_MODEL, engine="Whisper")


# What a person said of the words beforehand, as far as the model has room for it.
#
# Whisper's memory holds 448 tokens: the hints and the text of half a minute share them.

_PROMPT_TOKENS = 80
_ALL_TOKENS = 180  # leaves room for half a minute of fast speech


@dataclass(frozen=True, slots=True)
class FittingHints:
    """Hints that fit.

    Attributes:
        prompt: the end of the prompt, or None.
        hotwords: the first words of the vocabulary as one text, or None.
        left_out: how many words of the vocabulary there was no room for.
    """

    prompt: str | None
    hotwords: str | None
    left_out: int


def fit(hints: Hints, count_tokens: Callable[[str], int]) -> FittingHints:
    """Cut hints to the model's room: of the prompt the end is kept, of the vocabulary the beginning."""
    said = hints.prompt.split()
    while said and count_tokens(" ".join(said)) > _PROMPT_TOKENS:
        said = said[1 + len(said) // 8 :]
    prompt = " ".join(said)
    vocabulary = tuple(dict.fromkeys(word.strip() for word in hints.vocabulary if word.strip()))
    room = _ALL_TOKENS - (count_tokens(prompt) if prompt else 0)
    fitting = _as_many(vocabulary, room, count_tokens)
    return FittingHints(
        # the batched decoder takes the prompt as it stands, and words begin with a space
        prompt=f" {prompt}" if prompt else None,
        hotwords=", ".join(vocabulary[:fitting]) or None,
        left_out=len(vocabulary) - fitting,
    )


def _as_many(words: Sequence[str], room: int, count_tokens: Callable[[str], int]) -> int:
    for number in range(len(words)):
        room -= count_tokens(words[number] + ",")
        if room < 0:
            return number
    return len(words)
