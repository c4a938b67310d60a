"""How likely each word is right, from what is known of its decoding.

Whisper's own probability of a word is the mean over its tokens, and misses half of the mistakes that can be
predicted: a rare name is several tokens, of which one is improbable; a mistake seldom affects one word alone;
and a word crammed into an instant, or without speech under it, is suspicious however sure the model is.

A logistic regression weighs these. `packaging/train_confidence.py` fits it, and docs/benchmarks.md has its
precision and recall.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fi_desktop.core.transcript import Region
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.whisper.decoded import DecodedWindow
from fi_desktop.engines.whisper.windows import Window
from fi_desktop.system.files import resource

_FILE = "confidence.json"
_SURE = 0.9999
_SUREST = 20.0  # log odds
_PUNCTUATION = ".,;:!?¡¿…\"'()[]«»“”- "
_SENTENCE_END = (".", "?", "!", "…")
_FAR_S = 2.0  # pauses and distances to a border that are longer make no difference
_LONG = 12  # characters, and tokens below
_MANY = 8
_INSTANT_S = 0.06
_LEAST_LOG = -8.0

FEATURES = (
    "mean",  # log odds of token probabilities: of the word,
    "lowest",
    "first",
    "last",
    "product",  # log probability of all its tokens
    "tokens",
    "tokens_per_letter",
    "letters",
    "duration",  # log seconds
    "rate",  # log letters per second
    "instant",
    "from_start",  # seconds to the window's borders
    "to_end",
    "pause_before",  # seconds
    "pause_after",
    "speech",  # probability of speech during the word
    "least_speech",
    "mean_before",  # log odds of its neighbours
    "mean_after",
    "lowest_before",
    "lowest_after",
    "mean_window",
    "window",  # mean log probability of the window's tokens
    "no_speech",
    "compression",
    "digits",
    "capital",  # inside a sentence
    "sentence_end",
    "spanish",
    "mean_spanish",
)
"""The columns of `features`, in order."""


@dataclass(frozen=True, slots=True, eq=False)
class ConfidenceModel:
    """A logistic regression of "the word is right".

    Attributes:
        version: written into results.
        mean, scale, weights: of each of `FEATURES`, (features,).
        bias: of the log odds.
    """

    version: str
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: float

    def probabilities(self, rows: NDArray[np.float64]) -> list[float]:
        """Return the chance that each word is right. rows: (words, features), see `features`."""
        score = np.clip((rows - self.mean) / self.scale @ self.weights + self.bias, -_SUREST, _SUREST)
        return [round(float(each), 3) for each in 1.0 / (1.0 + np.exp(-score))]


@cache
def load_confidence(file: Path | None = None) -> ConfidenceModel:
    """Read the model that ships with the program."""
    data: Any = json.loads((file or resource("models", "words", _FILE)).read_text(encoding="utf-8"))
    columns = [data["features"][name] for name in FEATURES]
    mean, scale, weights = np.array([[each["mean"], each["scale"], each["weight"]] for each in columns]).T
    return ConfidenceModel(data["version"], mean, scale, weights, data["bias"])


def chance_right(decoded: DecodedWindow, window: Window, language: str, speech: Speech) -> list[float]:
    """Return how likely each word of a window is right, 0 to 1. speech: of the recording."""
    return load_confidence().probabilities(features(decoded, window, language, speech))


def features(decoded: DecodedWindow, window: Window, language: str, speech: Speech) -> NDArray[np.float64]:
    """Return what is known of each word of a window, (words, features). speech: of the recording."""
    words, length_s = decoded.words, window.duration
    if not words:
        return np.empty((0, len(FEATURES)))
    tokens = [np.array(word.token_probabilities or (word.probability,)) for word in words]
    mean = _log_odds([word.probability for word in words])
    lowest = _log_odds([each.min() for each in tokens])
    spoken = [_speech_during(window.to_recording(word.start, word.end), speech) for word in words]
    bare = [word.text.strip(_PUNCTUATION) for word in words]
    letters = np.array([max(1, len(text)) for text in bare], dtype=float)
    count = np.array([len(each) for each in tokens], dtype=float)
    duration = np.array([max(0.02, word.end - word.start) for word in words])
    pauses = np.array([after.start - word.end for word, after in pairwise(words)])
    spanish = float(language == "es")
    ends = [word.text.rstrip().endswith(_SENTENCE_END) for word in words]
    inside = [False, *(not end for end in ends[:-1])]
    columns = {
        "mean": mean,
        "lowest": lowest,
        "first": _log_odds([each[0] for each in tokens]),
        "last": _log_odds([each[-1] for each in tokens]),
        "product": np.array(
            [max(_LEAST_LOG, float(np.log(np.maximum(each, 1e-5)).sum())) for each in tokens]
        ),
        "tokens": np.minimum(count, _MANY),
        "tokens_per_letter": count / letters,
        "letters": np.minimum(letters, _LONG),
        "duration": np.log(duration),
        "rate": np.log(letters / duration),
        "instant": duration < _INSTANT_S,
        "from_start": np.minimum([word.start for word in words], _FAR_S),
        "to_end": np.minimum([length_s - word.end for word in words], _FAR_S),
        "pause_before": np.minimum(np.concatenate([[_FAR_S], pauses]), _FAR_S),
        "pause_after": np.minimum(np.concatenate([pauses, [_FAR_S]]), _FAR_S),
        "speech": np.array([each.mean() for each in spoken]),
        "least_speech": np.array([each.min() for each in spoken]),
        "mean_before": np.concatenate([mean[:1], mean[:-1]]),
        "mean_after": np.concatenate([mean[1:], mean[-1:]]),
        "lowest_before": np.concatenate([lowest[:1], lowest[:-1]]),
        "lowest_after": np.concatenate([lowest[1:], lowest[-1:]]),
        "mean_window": mean.mean(),
        "window": decoded.log_probability,
        "no_speech": decoded.no_speech,
        "compression": decoded.compression,
        "digits": [any(letter.isdigit() for letter in text) for text in bare],
        "capital": [text[:1].isupper() and within for text, within in zip(bare, inside, strict=True)],
        "sentence_end": ends,
        "spanish": spanish,
        "mean_spanish": mean * spanish,
    }
    return np.stack(
        [np.broadcast_to(np.asarray(columns[name], dtype=float), len(words)) for name in FEATURES], 1
    )


def _log_odds(probabilities: Sequence[float]) -> NDArray[np.float64]:
    bounded = np.clip(np.asarray(probabilities, dtype=float), 1.0 - _SURE, _SURE)
    odds: NDArray[np.float64] = np.log(bounded / (1.0 - bounded))
    return odds


def _speech_during(region: Region, speech: Speech) -> NDArray[np.float32]:
    """Return the probability of speech in each frame of a region; at least one frame."""
    frames = speech.probability.shape[1]
    first = min(int(region.start / speech.hop_s), frames - 1)
    last = max(first + 1, int(region.end / speech.hop_s) + 1)
    during: NDArray[np.float32] = speech.probability[:, first:last].max(axis=0)
    return during
