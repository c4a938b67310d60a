"""Whisper models for tests: a complete faster-whisper folder in seconds, without torch or a download.

The weights are written through CTranslate2's own specification, so that the real loader reads them. The
model produces given words by construction: no layer contributes to the decoder, and a token's embedding is
the output vector of the next token. So each chunk of sound gives the same words, at the full cost of a
model of that size. One cross-attention head attends to the time at which the next word is due, so that word
timestamps come from the real alignment.

    python -m tests.packs.make_whisper FOLDER [WORD...] [--language es] [--size base] [--pace 0.4]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WITHOUT_SPACES = {"zh", "ja", "th", "lo", "my"}
_TEXT_TOKENS = 50_256
_MEL_BANDS = 80
_FRAMES = 1_500  # of the encoder, 20 ms each
_POSITIONS = 448
_CODE = 16  # dimensions that carry times
_LAST_END_S = 29.0


@dataclass(frozen=True, slots=True)
class Size:
    """A model's shape: layers of encoder and decoder, width, heads."""

    encoder: int
    decoder: int
    width: int
    heads: int


SIZES = {
    "test": Size(1, 1, 64, 2),
    "tiny": Size(4, 4, 384, 6),
    "base": Size(6, 6, 512, 8),
    "small": Size(12, 12, 768, 12),
}


def make_whisper(
    folder: Path,
    words: Sequence[str] = (),
    *,
    language: str = "en",
    size: str = "test",
    seconds_per_word: float = 0.4,
    multilingual: bool = True,
    quantization: str = "int8",
) -> Path:
    """Write a model that produces `words` in every chunk; with no words, its weights are random.

    Args:
        folder: created if necessary. words: with their punctuation, without spaces; one that starts with an
            apostrophe or a hyphen is joined
            to the previous word, as are all words in languages without spaces.
        language: the language that the model detects, ISO 639-1.
        size: one of `SIZES`.
        seconds_per_word: from the start of one word to the next.
        multilingual: False for a model that knows only English.
        quantization: how the weights are stored: "int8", "float16", "float32" or "int16".

    Returns: the folder.
    """
    from ctranslate2.specs import whisper_spec

    folder.mkdir(parents=True, exist_ok=True)
    shape = SIZES[size]
    rng = np.random.default_rng(0)
    fill = _Fill(rng, shape.width, quiet=bool(words))
    spoken = [_spell(word, number, language) for number, word in enumerate(words)]
    tokenizer = _tokenizer(spoken, multilingual)
    count = tokenizer.get_vocab_size()

    spec = whisper_spec.WhisperSpec(shape.encoder, shape.heads, shape.decoder, shape.heads)
    encoder, decoder = spec.encoder, spec.decoder
    fill.convolution(encoder.conv1, _MEL_BANDS)
    fill.convolution(encoder.conv2, shape.width)
    encoder.position_encodings.encodings = _time_code(np.arange(_FRAMES) * 0.02, shape.width, 10.0)
    fill.norm(encoder.layer_norm)
    for layer in encoder.layer:
        fill.attention(layer.self_attention, crossing=False)
        fill.feed_forward(layer.ffn)
    output = rng.standard_normal((count, shape.width), dtype=np.float32)
    output[:, -_CODE:] = 0.0  # reserved for times
    output /= np.linalg.norm(output, axis=1, keepdims=True)
    embedding = decoder.embeddings[0] if isinstance(decoder.embeddings, list) else decoder.embeddings
    embedding.weight = output * np.float32(shape.width**0.5)
    if words:
        chain = _chain(tokenizer, spoken, language, seconds_per_word)
        for token, following, due_s in chain:
            embedding.weight[token] = output[following] * np.float32(shape.width**0.5)
            embedding.weight[token] += _time_code(np.array([due_s]), shape.width, 1.0)[0]
    decoder.projection.weight = output
    decoder.position_encodings.encodings = np.zeros((_POSITIONS, shape.width), np.float32)
    decoder.scale_embeddings = False
    fill.norm(decoder.layer_norm, gain=45.0 / shape.width**0.5 if words else 1.0)
    for layer in decoder.layer:
        fill.attention(layer.self_attention, crossing=False)
        fill.attention(layer.attention, crossing=True)
        fill.feed_forward(layer.ffn)
    _attend_to_times(decoder.layer[0].attention, shape)

    spec.register_vocabulary([tokenizer.id_to_token(number) for number in range(count)])
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [-1], []
    spec.config.alignment_heads = [[0, 0]]
    spec.config.lang_ids = sorted(tokenizer.token_to_id(f"<|{code}|>") for code in _languages())
    spec.validate()
    spec.optimize(quantization=quantization)
    spec.save(str(folder))
    tokenizer.save(str(folder / "tokenizer.json"))
    features = {"feature_size": _MEL_BANDS, "sampling_rate": 16_000, "hop_length": 160, "n_fft": 400}
    (folder / "preprocessor_config.json").write_text(json.dumps({**features, "chunk_length": 30}))
    return folder


def _languages() -> list[str]:
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    return [code for code in _LANGUAGE_CODES if code != "yue"]  # only large-v3 has it


def _spell(word: str, number: int, language: str) -> str:
    """Return a unique token for each word, even if it is repeated; the decoder removes the mark."""
    from tokenizers import pre_tokenizers

    space = "" if language in _WITHOUT_SPACES or word.startswith(("'", "’", "-")) else " "
    pieces = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str(space + word)
    return "".join(piece for piece, _span in pieces) + f"␟{number}"


def _tokenizer(spoken: list[str], multilingual: bool) -> Any:
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

    texts = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *spoken]
    texts += [f"Ġw{number:05d}" for number in range(_TEXT_TOKENS - len(texts))]
    if multilingual:
        texts.append("")  # marks a multilingual model for CTranslate2
    vocabulary = {text: number for number, text in enumerate(texts)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.Sequence([decoders.Replace(Regex("␟[0-9]+"), ""), decoders.ByteLevel()])
    names = ["endoftext", "startoftranscript", *_languages(), "translate", "transcribe", "startoflm"]
    names += ["startofprev", "nospeech", "notimestamps"]
    tokenizer.add_special_tokens(
        [AddedToken(f"<|{name}|>", special=True, normalized=False) for name in names]
    )
    times = [f"<|{step * 0.02:.2f}|>" for step in range(1_501)]
    tokenizer.add_tokens([AddedToken(time, special=False, normalized=False) for time in times])
    return tokenizer


def _chain(tokenizer: Any, spoken: list[str], language: str, pace_s: float) -> list[tuple[int, int, float]]:
    """Return (token, next token, time at which the next is due in seconds) for each link of the text."""
    number = tokenizer.token_to_id
    starts = [index * pace_s for index in range(len(spoken) + 1)]
    end = number(f"<|{min(_LAST_END_S, round(starts[-1] / 0.02) * 0.02):.2f}|>")
    texts = [number(text) for text in spoken]
    start, zero, stop = number("<|startoftranscript|>"), number("<|0.00|>"), number("<|endoftext|>")
    links = [(start, number(f"<|{language}|>") if number("") is not None else zero, 0.0)]
    links += [(number("<|transcribe|>"), zero, 0.0), (zero, texts[0], 0.0)]
    links += [(number("<|notimestamps|>"), texts[0], 0.0)]
    links += list(zip(texts, [*texts[1:], end], starts[1:], strict=True))
    return [*links, (end, stop, starts[-1]), (stop, stop, starts[-1])]


def _time_code(times_s: NDArray[Any], width: int, scale: float) -> NDArray[np.float32]:
    """Encode times as points on circles of several periods, in the last dimensions: (times, width)."""
    periods = np.geomspace(60.0, 1.2, _CODE // 2)
    angles = 2 * np.pi * times_s[:, None] / periods
    code = np.zeros((len(times_s), width), np.float32)
    code[:, -_CODE:] = scale * np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    return code


def _attend_to_times(attention: Any, shape: Size) -> None:
    """Make the first head compare the decoder's time with the encoder's."""
    head = shape.width // shape.heads
    query, keys = attention.linear[0].weight, attention.linear[1].weight
    query[:head], keys[:head] = 0.0, 0.0
    for dimension in range(_CODE):
        query[dimension, -_CODE + dimension] = keys[dimension, -_CODE + dimension] = 4.0


class _Fill:
    """Writes weights into a specification's layers; if `quiet`, layers add nothing to the residual stream."""

    def __init__(self, rng: np.random.Generator, width: int, *, quiet: bool) -> None:
        self._rng = rng
        self._width = width
        self._quiet = quiet

    def norm(self, spec: Any, gain: float = 1.0) -> None:
        spec.gamma, spec.beta = np.full(self._width, gain, np.float32), np.zeros(self._width, np.float32)

    def convolution(self, spec: Any, inputs: int) -> None:
        spec.weight, spec.bias = self._random(self._width, inputs, 3), np.zeros(self._width, np.float32)

    def linear(self, spec: Any, outputs: int, inputs: int, *, last: bool = False) -> None:
        empty = last and self._quiet
        spec.weight = np.zeros((outputs, inputs), np.float32) if empty else self._random(outputs, inputs)
        spec.bias = np.zeros(outputs, np.float32)

    def attention(self, spec: Any, *, crossing: bool) -> None:
        width = self._width
        self.norm(spec.layer_norm)
        parts = (width, 2 * width) if crossing else (3 * width,)
        for linear, outputs in zip(spec.linear, parts, strict=False):
            self.linear(linear, outputs, width)
        self.linear(spec.linear[len(parts)], width, width, last=True)

    def feed_forward(self, spec: Any) -> None:
        self.norm(spec.layer_norm)
        self.linear(spec.linear_0, 4 * self._width, self._width)
        self.linear(spec.linear_1, self._width, 4 * self._width, last=True)

    def _random(self, *shape: int) -> NDArray[np.float32]:
        return self._rng.standard_normal(shape, dtype=np.float32) * np.float32(0.02)


def main() -> None:
    """Write a model from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--language", default="en")
    parser.add_argument("--size", default="test", choices=SIZES)
    parser.add_argument("--pace", type=float, default=0.4, help="seconds from word to word")
    given = parser.parse_args()
    make_whisper(
        given.folder, given.words, language=given.language, size=given.size, seconds_per_word=given.pace
    )


if __name__ == "__main__":
    main()
