"""The Whisper model: windows are encoded once, decoded in batches and aligned with their text.

Decoding with fallback is faster-whisper's. Its `transcribe` has defaults that do not suit us, so every
argument is passed.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.engines.whisper.beam_search import LENGTH_PENALTY, Search
from fi_desktop.engines.whisper.decoded import DecodedWindow, DecodedWord
from fi_desktop.engines.whisper.encoder import Encoder, open_encoder
from fi_desktop.engines.whisper.lexicon import load_lexicon
from fi_desktop.engines.whisper.model_opening import memory_errors, open_model
from fi_desktop.engines.whisper.texts import CONTEXT, LONGEST_TEXT, open_texts
from fi_desktop.engines.whisper.token_bytes import spell_token
from fi_desktop.engines.whisper.word_prior import NoPrior, Prior, WordPrior
from fi_desktop.engines.whisper.word_times import words_from_alignment
from fi_desktop.system.memory import own_pages, release_freed_memory

_ENCODED_HZ = 50
_SPAN = 3 * _ENCODED_HZ  # of the encoder's output, from which language is detected
_SPANS_AT_A_TIME = 16
_WINDOW_FRAMES = 3000
# Whisper was trained on half minutes, but needs no more silence than this after the sound.
_SILENCE_S = 2.0
_SHORT_S = 15.0
_SILENCE_AFTER_SHORT_S = 4.0

# OpenAI's thresholds (Radford et al. 2022, section 4.5), beyond which a text is not trusted.
_COMPRESSION_RATIO = 2.4
_LOG_PROBABILITY = -1.0
NO_SPEECH = 0.6

_PRIORS = 2  # that are held: recordings in two languages have both
_HELD = 4  # windows besides those of a batch whose encoder output is held

BEAM = 5  # greedy search takes 60 % of the time, but with it first, the whole took a quarter longer
_LEAST_SCORE = math.log(1e-6)  # of a token: one cannot decide alone

_WITH_FALLBACK: dict[str, Any] = {
    "task": "transcribe",
    "log_progress": False,
    "beam_size": BEAM,
    "best_of": 5,
    "patience": 1.0,
    "length_penalty": LENGTH_PENALTY,
    "repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0,  # doses are repeated on purpose
    "temperature": [0.0, 0.2, 0.4],  # up to 1.0 takes twice the time, for the same errors
    "compression_ratio_threshold": _COMPRESSION_RATIO,
    "log_prob_threshold": _LOG_PROBABILITY,
    "no_speech_threshold": NO_SPEECH,
    # The previous text would help with names, but carries every loop into the next window.
    "condition_on_previous_text": False,
    "prompt_reset_on_temperature": 0.5,
    "prefix": None,
    "suppress_blank": True,
    "suppress_tokens": [-1],
    "without_timestamps": False,
    "max_initial_timestamp": 1.0,
    "word_timestamps": True,
    "prepend_punctuations": "\"'“¿¡([{-",
    "append_punctuations": "\"'.。,，!！?？:：”)]}、…",
    "multilingual": False,  # detection on each window alone takes half a sentence for Galician
    "vad_filter": False,  # speech is already detected
    "vad_parameters": None,
    "max_new_tokens": None,
    "chunk_length": None,
    "clip_timestamps": "0",
    "hallucination_silence_threshold": 2.0,
    "language_detection_threshold": None,  # the language is always given
    "language_detection_segments": 1,
}


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """What the model receives in addition to the sound.

    Attributes:
        language: a code that the model knows.
        prompt, hotwords: as the library calls them; see `prompt.FittedPrompt`.
        terms: words, in lower case, that are known besides those of the language.
    """

    language: str
    prompt: str | None = None
    hotwords: str | None = None
    terms: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Text:
    """The tokens of a window's text, and how sure the model is of them."""

    tokens: list[int]
    log_probability: float
    no_speech: float
    compression: float
    cut_off: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Encoded:
    """The encoder's output for one window, on the CPU: (frames, width); features: (bands, 2 * frames)."""

    samples: NDArray[np.float32]
    features: NDArray[np.float32]
    output: NDArray[Any]


class Decoder:
    """A Whisper model on the GPU or the CPU.

    Attributes:
        batch: how many windows to decode at a time.
    """

    def __init__(self, folder: Path, *, memory_level: int, threads: int) -> None:
        """Open the model; see `WhisperTranscriber`."""
        self._model, batch = open_model(folder, memory_level=memory_level, threads=threads)
        self._library: Any = import_module("faster_whisper")
        self._native: Any = import_module("ctranslate2")
        self._tokenizers: Any = import_module("faster_whisper.tokenizer")
        self._folder = folder
        self._threads = threads
        self._held: list[_Encoded] = []
        self._priors: dict[tuple[str, frozenset[str]], Prior] = {}
        self._encoder: Encoder | None = None
        on_cpu = self._model.model.device == "cpu" and not memory_level
        if on_cpu:
            self._encoder = open_encoder(folder, threads=threads)
        self._texts = open_texts(self._model.model, batch, folder, threads=threads, own_network=on_cpu)
        self.batch = self._texts.batch
        release_freed_memory()
        self._model.encode = self._encode_for_library  # `transcribe` of the library calls it

    @property
    def device(self) -> str:
        """The precision and the device, for people."""
        native = self._model.model
        on = "the GPU" if native.device == "cuda" else f"the CPU (threads: {self._threads})"
        return f"{native.compute_type} on {on}"

    @property
    def bytes(self) -> int:
        """The size of the weights, bytes."""
        return (self._folder / "model.bin").stat().st_size

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

    def detect_languages(
        self, windows: Sequence[NDArray[np.float32]], spans: Sequence[Sequence[tuple[float, float]]]
    ) -> list[NDArray[np.float64]]:
        """Return the probability of each of `languages` in spans of each window, (spans, languages) each.

        A span is a part of the encoder's output for the whole window, which decoding needs anyway; up to
        three seconds of it count. spans: (start, end), seconds of the window.
        """
        rows = []
        with memory_errors():
            for output, row in zip(self._encode(windows), spans, strict=True):
                # repeated to one length, which changes no mean over it
                parts = [np.resize(output[_encoded_range(*span)], (_SPAN, output.shape[1])) for span in row]
                found = self._model.model.detect_language(self._view(np.stack(parts)))
                probabilities = [dict(_codes(each)) for each in found]
                rows.append(np.array([[each[code] for code in self.languages] for each in probabilities]))
        return rows

    def detect_languages_alone(self, sounds: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
        """Return the probability of each of `languages` in sounds of up to three seconds, one row each.

        Each is encoded without the sound around it, which takes a tenth of the time of a window.
        """
        rows = []
        with memory_errors():
            for first in range(0, len(sounds), _SPANS_AT_A_TIME):
                features = [
                    self._features(each, _SPAN * 2) for each in sounds[first : first + _SPANS_AT_A_TIME]
                ]
                encoded = self._view(self._encode_features(np.stack(features)))
                for each in self._model.model.detect_language(encoded):
                    found = dict(_codes(each))
                    rows.append([found[code] for code in self.languages])
        return np.array(rows)

    def decode_batch(
        self, windows: Sequence[NDArray[np.float32]], options: DecodingOptions, *, beam: int = BEAM
    ) -> list[DecodedWindow]:
        """Decode windows as one batch without fallback.

        Args:
            windows: (samples,) each.
            options: for all of them.
            beam: how many texts are followed; 1 is greedy, for `packaging/train_confidence.py`.
        """
        with memory_errors():
            return self._decode(windows, self._encode(windows), options, beam)

    def decode_gap(self, samples: NDArray[np.float32], options: DecodingOptions) -> DecodedWindow:
        """Decode a part of a window again without fallback."""
        with memory_errors():
            (found,) = self._decode([samples], self._encode([samples], _SILENCE_S), options, BEAM)
        return found

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
            tokenizer = self._tokenizer(options.language)
            kept = [segment for segment in segments if segment.words]
            tokens = [token for segment in kept for token in segment.tokens if token < tokenizer.eot]
            text = _Text(
                tokens,
                min((segment.avg_logprob for segment in kept), default=0.0),
                max((segment.no_speech_prob for segment in kept), default=0.0),
                max((segment.compression_ratio for segment in kept), default=1.0),
                len(tokens) >= CONTEXT,
            )
            (words,) = self._align([samples], self._encode([samples]), [tokens], tokenizer)
        return _decoded(_of_segments(words, kept, tokenizer.eot), text)

    def score(
        self, samples: NDArray[np.float32], texts: Sequence[Sequence[str]], options: DecodingOptions
    ) -> list[list[float]] | None:
        """Return the log probability of each word of several texts for one window.

        None for texts that are too long for the model: only loops are.

        samples: (samples,); texts: words with the space before them.
        """
        tokenizer = self._tokenizer(options.language)
        start = list(tokenizer.sot_sequence)
        if options.hotwords:
            start = [tokenizer.sot_prev, *tokenizer.encode(f" {options.hotwords}"), *start]
        tokens = [[tokenizer.encode(word) for word in text] for text in texts]
        joined = [[token for word in text for token in word] for text in tokens]
        if len(start) + 1 + max(map(len, joined)) > CONTEXT:
            return None
        with memory_errors():
            (output,) = self._encode([samples])
            found = self._texts.score(output, start, joined, tokenizer)
        scores = []
        for text, row in zip(tokens, found, strict=True):
            borders = np.cumsum([0, *(len(word) for word in text)])
            logs = np.maximum(row, _LEAST_SCORE)
            scores.append([float(logs[a:b].sum()) for a, b in pairwise(borders)])
        return scores

    def _decode(
        self,
        windows: Sequence[NDArray[np.float32]],
        encoded: Sequence[NDArray[Any]],
        options: DecodingOptions,
        beam: int,
    ) -> list[DecodedWindow]:
        tokenizer = self._tokenizer(options.language)
        texts = self._generate(encoded, options, tokenizer, beam)
        words = self._align(windows, encoded, [text.tokens for text in texts], tokenizer)
        return [_decoded(row, text) for row, text in zip(words, texts, strict=True)]

    def _encode(
        self, windows: Sequence[NDArray[np.float32]], silence_s: float | None = None
    ) -> list[NDArray[Any]]:
        """Return the encoder's output for each window, all equally long; the last are held for later passes.

        silence_s: after the longest window; None: as much as its length needs.
        """
        longest_s = max(map(len, windows)) / SAMPLE_RATE_HZ
        if silence_s is None:
            silence_s = _SILENCE_S if longest_s > _SHORT_S else _SILENCE_AFTER_SHORT_S
        frames = min(_WINDOW_FRAMES, 2 * math.ceil((longest_s + silence_s) * _ENCODED_HZ))
        held = [self._find_held(samples) for samples in windows]
        frames = max([frames, *(each.features.shape[1] for each in held if each is not None)])
        found = []
        for samples, known in zip(windows, held, strict=True):
            if known is None or known.features.shape[1] < frames:
                features = self._features(samples, frames)
                encoded = self._encode_features(features[None])[0]
                kept = own_pages(encoded.shape, encoded.dtype)
                kept[:] = encoded
                found.append(_Encoded(samples, features, kept))
            else:
                found.append(known)
        if len(windows) > 1:  # for one it would take longer than what it saves is worth
            release_freed_memory()
        self._held = [*found, *(each for each in self._held if each not in found)][: self.batch + _HELD]
        return [each.output for each in found]

    def _encode_features(self, features: NDArray[np.float32]) -> NDArray[Any]:
        """Return the encoder's output, (windows, frames, width). features: (windows, bands, 2 * frames)."""
        if self._encoder is not None:
            return self._encoder.encode(features)
        return np.array(self._model.model.encode(self._view(features), to_cpu=True))

    def _encode_for_library(self, features: NDArray[np.float32]) -> Any:
        """Encode a window while the library decodes it with fallback.

        features: (bands, 2 * frames), padded to half a minute. What was encoded with less silence is used.
        """
        for each in self._held:
            used = each.features.shape[1]
            if np.array_equal(features[:, :used], each.features) and not features[:, used:].any():
                return self._view(each.output[None])
        return self._view(self._encode_features(features[None]))

    def _features(self, samples: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
        pad = import_module("faster_whisper.audio").pad_or_trim
        return np.asarray(pad(self._model.feature_extractor(samples)[..., :-1], frames))

    def _find_held(self, samples: NDArray[np.float32]) -> _Encoded | None:
        return next((each for each in self._held if np.array_equal(each.samples, samples)), None)

    def _generate(
        self, encoded: Sequence[NDArray[Any]], options: DecodingOptions, tokenizer: Any, beam: int
    ) -> list[_Text]:
        """Return the texts of encoded windows, (frames, width) each."""
        before = tokenizer.encode(options.prompt) if options.prompt else []
        prompt = self._model.get_prompt(
            tokenizer,
            before,
            # With timestamps, the text after the last one is often missing.
            without_timestamps=True,
            hotwords=options.hotwords,
        )
        longest = min(LONGEST_TEXT, CONTEXT - len(prompt))
        search = Search(
            prompt,
            start=prompt.index(tokenizer.sot),
            end=tokenizer.eot,
            no_speech=tokenizer.no_speech,
            forbidden=self._library.transcribe.get_suppressed_tokens(tokenizer, [-1]),
            beam=beam,
            longest=longest,
            prior=self._prior(options, tokenizer.eot),
        )
        texts = []
        for each in self._texts.find(encoded, search):
            tokens = [token for token in each.tokens if token < tokenizer.eot]
            length = len(each.tokens)
            texts.append(
                _Text(
                    tokens,
                    # the score is the mean without the end of the text
                    each.score * length / (length + 1),
                    each.no_speech,
                    self._library.transcribe.get_compression_ratio(tokenizer.decode(tokens).strip()),
                    cut_off=length >= longest,
                )
            )
        return texts

    def _prior(self, options: DecodingOptions, end: int) -> Prior:
        """Return what is known of the words of a language; the last ones are held."""
        key = options.language, options.terms
        if key not in self._priors:
            lexicon = load_lexicon(options.language)
            spell = partial(spell_token, self._model.hf_tokenizer, end)
            prior = WordPrior(lexicon, options.terms, spell) if lexicon else NoPrior()
            if len(self._priors) == _PRIORS:
                del self._priors[next(iter(self._priors))]
            self._priors[key] = prior
        return self._priors[key]

    def _align(
        self,
        windows: Sequence[NDArray[np.float32]],
        encoded: Sequence[NDArray[Any]],
        texts: Sequence[list[int]],
        tokenizer: Any,
    ) -> list[tuple[DecodedWord, ...]]:
        """Return the words of encoded windows, (frames, width) each, by cross-attention."""
        # The start, two marks and the text have to fit the model's context; only loops are longer.
        longest = CONTEXT - len(tokenizer.sot_sequence) - 2
        texts = [tokens[:longest] for tokens in texts]
        frames = [-(-len(samples) * 100 // SAMPLE_RATE_HZ) // 2 for samples in windows]
        alignments = iter(self._texts.align(encoded, texts, frames, tokenizer))
        return [words_from_alignment(next(alignments), text, tokenizer) if text else () for text in texts]

    def _tokenizer(self, language: str) -> Any:
        return self._tokenizers.Tokenizer(
            self._model.hf_tokenizer, self._model.model.is_multilingual, task="transcribe", language=language
        )

    def _view(self, array: NDArray[Any]) -> Any:
        return self._native.StorageView.from_array(np.ascontiguousarray(array))


def _encoded_range(start: float, end: float) -> slice:
    first = int(start * _ENCODED_HZ)
    return slice(first, max(first + 1, round(end * _ENCODED_HZ)))


def _codes(row: Sequence[tuple[str, float]]) -> Iterator[tuple[str, float]]:
    """Yield language codes instead of tokens, with their probabilities."""
    for token, probability in row:
        yield token.removeprefix("<|").removesuffix("|>"), probability


def _of_segments(
    words: Sequence[DecodedWord], segments: Sequence[Any], end_of_text: int
) -> tuple[DecodedWord, ...]:
    """Return the words of the library's segments, each as trusted as its segment."""
    counts = [sum(token < end_of_text for token in segment.tokens) for segment in segments]
    ends = list(accumulate(counts))
    trusted = [
        segment.avg_logprob >= _LOG_PROBABILITY and segment.compression_ratio <= _COMPRESSION_RATIO
        for segment in segments
    ]
    found, at = [], 0
    for word in words:
        found.append(replace(word, trusted=trusted[min(bisect_right(ends, at), len(trusted) - 1)]))
        at += len(word.token_probabilities)
    return tuple(found)


def _decoded(words: tuple[DecodedWord, ...], text: _Text) -> DecodedWindow:
    repetitive = text.compression > _COMPRESSION_RATIO
    improbable = text.log_probability < _LOG_PROBABILITY
    return DecodedWindow(
        words,
        text.log_probability,
        text.no_speech,
        text.compression,
        trusted=not (repetitive or improbable or text.cut_off),
        repetitive=repetitive,
    )
