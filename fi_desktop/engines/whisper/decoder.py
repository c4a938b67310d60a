"""The Whisper model, decoded by faster-whisper: in batches, or window by window with fallback.

The library's two `transcribe` methods take the same arguments with different defaults, and each ignores some.
So every call passes all of them.
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
from fi_desktop.engines.contracts import TranscriptionOptions

_SLOT_S = 30  # each window of a batch starts at a multiple of 30 s, by which its result is recognized
_SLOT_FRAMES = _SLOT_S * 100
_ENCODED_HZ = 50
# The encoder's output for this much sound is enough to detect its language.
SPAN_S = 3.0
SPAN_STEP_S = 1.5
_SPAN, _SPAN_STEP = round(SPAN_S * _ENCODED_HZ), round(SPAN_STEP_S * _ENCODED_HZ)
_TOKENS = 448  # the context of the model: prompt and text
_PROMPT_TOKENS = 80
_PROMPT_AND_HOTWORD_TOKENS = 180  # leaves room for half a minute of fast speech

# OpenAI's thresholds (Radford et al. 2022, section 4.5), beyond which a text is not trusted.
_COMPRESSION_RATIO = 2.4
_LOG_PROBABILITY = -1.0
_NO_SPEECH = 0.6

_MEMORY_ERRORS = ("out of memory", "bad_alloc", "cuda failed", "alloc_failed", "failed to allocate")
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
    "no_repeat_ngram_size": 0,  # doses are repeated on purpose
    "compression_ratio_threshold": _COMPRESSION_RATIO,
    "log_prob_threshold": _LOG_PROBABILITY,
    "no_speech_threshold": _NO_SPEECH,
    # The previous text would help with names, but carries every loop into the next window.
    "condition_on_previous_text": False,
    "prompt_reset_on_temperature": 0.5,
    "prefix": None,
    "suppress_blank": True,
    "suppress_tokens": [-1],
    "max_initial_timestamp": 1.0,
    "word_timestamps": True,
    "prepend_punctuations": "\"'“¿¡([{-",
    "append_punctuations": "\"'.。,，!！?？:：”)]}、…",
    "multilingual": False,  # detection on each window alone takes half a sentence for Galician
    "vad_filter": False,  # speech is already detected
    "vad_parameters": None,
    "max_new_tokens": None,
    "chunk_length": None,
    "language_detection_threshold": None,  # the language is always given
    "language_detection_segments": 1,
}
_BATCHED: dict[str, Any] = {
    **_COMMON,
    "temperature": [0.0],
    # With timestamps, this method drops the text after the last one.
    "without_timestamps": True,
    "hallucination_silence_threshold": None,
}
_WITH_FALLBACK: dict[str, Any] = {
    **_COMMON,
    "temperature": [0.0, 0.2, 0.4, 0.6, 0.8, 1.0],
    "without_timestamps": False,
    "hallucination_silence_threshold": 2.0,
    "clip_timestamps": "0",
}


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """What the model receives in addition to the sound.

    Attributes:
        language: a code that the model knows.
        prompt, hotwords: as the library calls them; see `FittedPrompt`.
    """

    language: str
    prompt: str | None = None
    hotwords: str | None = None


@dataclass(frozen=True, slots=True)
class DecodedWindow:
    """The text of one window.

    Attributes:
        words: (start, end, text, probability), seconds from the window's start; a word's text starts with the
            space before it.
        trusted: no sign of hallucination: probable enough, not repetitive, not cut off.
        repetitive: a phrase seems to be repeated over and over.
    """

    words: tuple[tuple[float, float, str, float], ...]
    trusted: bool = True
    repetitive: bool = False


class Decoder:
    """A Whisper model on the GPU or the CPU.

    Attributes:
        batch: how many windows to decode at a time.
    """

    def __init__(self, folder: Path, *, memory_level: int, threads: int) -> None:
        """Open the model; see `WhisperTranscriber`."""
        # The library would download a missing tokenizer.
        if not (folder / "tokenizer.json").is_file():
            raise _incomplete()
        self._library: Any = import_module("faster_whisper")
        self._native: Any = import_module("ctranslate2")
        self._folder = folder
        self._threads = threads
        self._model, self.batch = self._open(memory_level)

    @property
    def device(self) -> str:
        """The precision and the device, for people."""
        native = self._model.model
        on = "the GPU" if native.device == "cuda" else f"the CPU (threads: {self._threads})"
        return f"{native.compute_type} on {on}"

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages that the model knows."""
        known = self._model.hf_tokenizer.token_to_id
        if not self._model.model.is_multilingual:
            return ("en",)
        return tuple(code for code in self._model.supported_languages if known(f"<|{code}|>") is not None)

    def count_tokens(self, text: str) -> int:
        """Return the number of the model's tokens in a text."""
        return len(self._model.hf_tokenizer.encode(" " + text, add_special_tokens=False).ids)

    def detect_language(self, windows: Sequence[NDArray[np.float32]]) -> list[dict[str, float]]:
        """Return the probability of each language in each window, (samples,) each."""
        with memory_errors():
            found = self._model.model.detect_language(self._encoded(windows))
        return [{code: float(probability) for code, probability in _codes(row)} for row in found]

    def detect_language_by_span(
        self, windows: Sequence[NDArray[np.float32]], languages: Sequence[str]
    ) -> list[NDArray[np.float64]]:
        """Return the probabilities of some languages along each window, (spans, languages) each.

        A span is three seconds of the encoder's output for the whole window, which decoding needs anyway. The
        next span starts `SPAN_STEP_S` later; the last ends with the window.
        """
        with memory_errors():
            encoded = self._encoded(windows)
            on_cpu = encoded.to_device(self._native.Device.cpu) if encoded.device == "cuda" else encoded
            outputs = np.array(on_cpu)
            rows = []
            for samples, output in zip(windows, outputs, strict=True):
                length = len(samples) * _ENCODED_HZ // SAMPLE_RATE_HZ
                last = max(0, length - _SPAN)
                starts = [*range(0, last, _SPAN_STEP), last]
                spans = np.stack([output[start : start + _SPAN] for start in starts])
                found = self._model.model.detect_language(self._native.StorageView.from_array(spans))
                probabilities = [dict(_codes(row)) for row in found]
                rows.append(np.array([[row[code] for code in languages] for row in probabilities]))
        return rows

    def decode_batch(
        self, windows: Sequence[NDArray[np.float32]], options: DecodingOptions
    ) -> list[DecodedWindow]:
        """Decode windows as one batch, (samples,) each, without fallback."""
        slot = _SLOT_S * SAMPLE_RATE_HZ
        sound = np.zeros(slot * len(windows), dtype=np.float32)
        clips = []
        for number, samples in enumerate(windows):
            sound[number * slot : number * slot + len(samples)] = samples
            start = float(number * _SLOT_S)
            # the library rounds down to whole samples
            clips.append({"start": start, "end": start + (len(samples) + 0.5) / SAMPLE_RATE_HZ})
        capacity = _TOKENS - self.count_tokens(f"{options.hotwords or ''} {options.prompt or ''}") - 8
        with memory_errors():
            # one pipeline per call: it keeps a time from call to call
            segments, _info = self._library.BatchedInferencePipeline(self._model).transcribe(
                sound,
                language=options.language,
                initial_prompt=options.prompt,
                hotwords=options.hotwords,
                clip_timestamps=clips,
                batch_size=len(windows),
                **_BATCHED,
            )
            found: list[list[Any]] = [[] for _ in windows]
            for segment in segments:
                found[segment.seek // _SLOT_FRAMES].append(segment)
        return [_decoded(row, float(number * _SLOT_S), capacity) for number, row in enumerate(found)]

    def decode_with_fallback(self, samples: NDArray[np.float32], options: DecodingOptions) -> DecodedWindow:
        """Decode one window as OpenAI does, at rising temperatures until the text can be trusted."""
        with memory_errors():
            segments, _info = self._model.transcribe(
                samples,
                language=options.language,
                initial_prompt=options.prompt,
                hotwords=options.hotwords,
                **_WITH_FALLBACK,
            )
            return _decoded(list(segments), 0.0, _TOKENS)

    def _encoded(self, windows: Sequence[NDArray[np.float32]]) -> Any:
        """Return the encoder's output, kept in case the same windows are decoded next."""
        pad = import_module("faster_whisper.audio").pad_or_trim
        features = np.stack([pad(self._model.feature_extractor(samples)[..., :-1]) for samples in windows])
        return self._model.encode_ahead(features)

    def _open(self, memory_level: int) -> tuple[Any, int]:
        """Return the model and its batch size."""
        self._native.set_random_seed(0)  # fallback samples at random; set before the model starts its threads
        if memory_level < 2 and self._native.get_cuda_device_count():
            try:
                model = self._load("cuda", _PRECISION["cuda", memory_level])
                # CUDA's libraries are loaded at the first use
                model.encode(np.zeros((model.model.n_mels, 2 * 1500), dtype=np.float32))
            except (RuntimeError, ValueError) as error:
                if "out of memory" in str(error):
                    raise MemoryError("the GPU's memory") from error
            else:
                return model, 4 if memory_level else 16
        try:
            with memory_errors():
                # Four at a time take a fifth less time than one by one; eight take no less, and more memory.
                return self._load("cpu", _PRECISION["cpu", 0]), 1 if memory_level else 4
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
    """Return faster-whisper's model class with an encoder that reuses its last output."""

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
    """Raise MemoryError if CTranslate2 runs out of memory."""
    try:
        yield
    except RuntimeError as error:
        if any(sign in str(error).casefold() for sign in _MEMORY_ERRORS):
            raise MemoryError("the model's memory") from error
        raise


def _codes(row: Sequence[tuple[str, float]]) -> Iterator[tuple[str, float]]:
    """Yield language codes instead of tokens, with their probabilities."""
    for token, probability in row:
        yield token.removeprefix("<|").removesuffix("|>"), probability


def _decoded(segments: Sequence[Any], offset_s: float, capacity: int) -> DecodedWindow:
    """Convert the library's segments of one window.

    offset_s: the window's start as the library counts; capacity: the tokens available for the text.
    """
    words = tuple(
        (float(word.start) - offset_s, float(word.end) - offset_s, word.word, float(word.probability))
        for segment in segments
        for word in segment.words or ()
    )
    repetitive = any(segment.compression_ratio > _COMPRESSION_RATIO for segment in segments)
    improbable = any(segment.avg_logprob < _LOG_PROBABILITY for segment in segments)
    cut_off = sum(len(segment.tokens) for segment in segments) >= capacity
    return DecodedWindow(words, trusted=not (repetitive or improbable or cut_off), repetitive=repetitive)


def _incomplete() -> UserError:
    return UserError(messages.ENGINE_BAD_MODEL, engine="Whisper")


@dataclass(frozen=True, slots=True)
class FittedPrompt:
    """Prompt and vocabulary, cut to fit the model's context of 448 tokens together with the text.

    Attributes:
        prompt: the end of the prompt, or None.
        hotwords: the first words of the vocabulary as one text, or None.
        dropped: how many words of the vocabulary did not fit.
    """

    prompt: str | None
    hotwords: str | None
    dropped: int


def fit_prompt(options: TranscriptionOptions, count_tokens: Callable[[str], int]) -> FittedPrompt:
    """Cut a prompt and a vocabulary to fit: the prompt keeps its end, the vocabulary its start."""
    words = options.prompt.split()
    while words and count_tokens(" ".join(words)) > _PROMPT_TOKENS:
        words = words[1 + len(words) // 8 :]
    prompt = " ".join(words)
    vocabulary = tuple(dict.fromkeys(word.strip() for word in options.vocabulary if word.strip()))
    available = _PROMPT_AND_HOTWORD_TOKENS - (count_tokens(prompt) if prompt else 0)
    fitting = _count_fitting(vocabulary, available, count_tokens)
    return FittedPrompt(
        # the batched decoder uses the prompt as it is, and words start with a space
        prompt=f" {prompt}" if prompt else None,
        hotwords=", ".join(vocabulary[:fitting]) or None,
        dropped=len(vocabulary) - fitting,
    )


def _count_fitting(words: Sequence[str], available: int, count_tokens: Callable[[str], int]) -> int:
    for number, word in enumerate(words):
        available -= count_tokens(word + ",")
        if available < 0:
            return number
    return len(words)
