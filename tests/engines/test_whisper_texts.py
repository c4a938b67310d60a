"""Whisper's decoder by ONNX Runtime finds and aligns the texts that CTranslate2 finds."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ctranslate2
import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fi_desktop.engines.whisper import alignment, text_network, text_scores
from fi_desktop.engines.whisper.beam_search import WIDEST, Found, Search, find_texts
from fi_desktop.engines.whisper.decoder import Decoder, DecodingOptions
from fi_desktop.engines.whisper.text_network import Memory, open_text_network
from fi_desktop.engines.whisper.texts import LibraryTexts, NetworkTexts
from fi_desktop.engines.whisper.word_prior import NoPrior
from tests.packs.make_whisper import make_whisper

WORDS = ["We", "meet", "on", "Tuesday", "morning."]
CANDIDATES = 10
END = 0


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the smallest published shape; all its weights are random."""
    return make_whisper(tmp_path_factory.mktemp("whisper") / "tiny", size="tiny", quantization="float32")


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the smallest published shape that writes WORDS."""
    return make_whisper(tmp_path_factory.mktemp("whisper") / "spoken", WORDS, size="tiny")


def sound(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    times = np.arange(round(16_000 * seconds)) / 16_000
    hum = np.random.default_rng(seed).normal(0, 0.02, len(times))
    return np.asarray(0.2 * np.sin(2 * np.pi * (200 + 30 * times) * times) + hum, dtype=np.float32)


def by_library(folder: Path) -> Decoder:
    """A decoder that finds texts by CTranslate2, in single precision."""
    decoder = Decoder(folder, memory_level=0, threads=1)
    model = ctranslate2.models.Whisper(str(folder), device="cpu", compute_type="float32")
    decoder._texts = LibraryTexts(model, 4)
    return decoder


@pytest.mark.parametrize(("quantization", "multilingual"), [("int8", True), ("float16", False)])
def test_texts_and_times_are_those_of_the_library(tmp_path: Path, quantization: str, multilingual: bool):
    folder = make_whisper(tmp_path, WORDS, size="tiny", quantization=quantization, multilingual=multilingual)
    decoder, options = Decoder(folder, memory_level=0, threads=1), DecodingOptions("en")
    assert isinstance(decoder._texts, NetworkTexts)
    windows = [sound(9.0), sound(4.0, seed=1), sound(7.0, seed=2)]
    found = decoder.decode_batch(windows, options)
    expected = by_library(folder).decode_batch(windows, options)
    assert [window.text for window in found] == [" ".join(WORDS)] * 3
    for window, other in zip(found, expected, strict=True):
        assert [word.text for word in window.words] == [word.text for word in other.words]
        times = [(word.start, word.end) for word in window.words]
        assert np.allclose(times, [(word.start, word.end) for word in other.words], atol=0.06)
        assert window.log_probability == pytest.approx(other.log_probability, abs=0.05)
        assert window.no_speech == pytest.approx(other.no_speech, abs=0.05)


def test_probabilities_are_those_of_the_library(noise: Path):
    """Every layer contributes, and nothing is likely: differences of scores are large."""
    decoder, reference = Decoder(noise, memory_level=0, threads=1), by_library(noise)
    tokenizer = decoder._tokenizer("en")
    windows = [sound(9.0), sound(6.0, seed=1)]
    outputs = decoder._encode(windows)
    texts = [[440, 1_000, 30_000, 220, 13], [50_000, 2, 9_000]]
    found = decoder._texts.align(outputs, texts, [450, 300], tokenizer)
    expected = reference._texts.align(outputs, texts, [450, 300], tokenizer)
    for one, other in zip(found, expected, strict=True):
        assert np.allclose(np.log(one.text_token_probs), np.log(other.text_token_probs), atol=0.3), (
            one.text_token_probs,
            other.text_token_probs,
        )


@pytest.mark.parametrize("hotwords", [None, "losartan, metformin"])
@pytest.mark.parametrize("at_a_time", [1, 8, 600])
def test_scores_of_variants_are_those_of_the_library(
    noise: Path, hotwords: str | None, at_a_time: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(text_scores, "_TOKENS", at_a_time)
    decoder, reference = Decoder(noise, memory_level=0, threads=1), by_library(noise)
    options = DecodingOptions("en", hotwords=hotwords)
    texts = [
        [" we", " meet", " on", " Tuesday"],
        [" we", " meat", " on"],
        [" we", " meet", " upon", " Tuesday", " night"],
        [" they"],
        [" we", " meet", " on"],
        [" we", " meet", " on", " Tuesday"],
    ]
    found = decoder.score(sound(5.0), texts, options)
    expected = reference.score(sound(5.0), texts, options)
    assert found is not None
    assert expected is not None
    for text, one, other in zip(texts, found, expected, strict=True):
        assert len(one) == len(text)
        assert one == pytest.approx(other, abs=0.5)
    assert decoder.score(sound(5.0), [[" we"] * 500], options) is None


def test_two_threads_find_what_one_finds(noise: Path):
    windows = [sound(3.0, seed) for seed in range(5)]
    one, two = (
        Decoder(noise, memory_level=0, threads=threads).decode_batch(windows, DecodingOptions("en"), beam=2)
        for threads in (1, 2)
    )
    assert [window.text for window in one] == [window.text for window in two]
    probabilities = [window.log_probability for window in two]
    assert [window.log_probability for window in one] == pytest.approx(probabilities, abs=1e-6)


def test_the_prompt_is_read(spoken: Path):
    decoder = Decoder(spoken, memory_level=0, threads=1)
    search: list[Search] = []
    real = decoder._texts.find

    def find(encoded: Sequence[NDArray[Any]], wanted: Search) -> list[Found]:
        search.append(wanted)
        return real(encoded, wanted)

    decoder._texts.find = find  # type: ignore[method-assign]
    options = DecodingOptions("en", hotwords="losartan, metformin")
    (found,) = decoder.decode_batch([sound(5.0)], options)
    assert found.text == " ".join(WORDS)
    (wanted,) = search
    assert wanted.start > 4
    assert wanted.longest == 224


def test_an_empty_text_has_no_alignment(spoken: Path):
    decoder = Decoder(spoken, memory_level=0, threads=2)
    outputs = decoder._encode([sound(4.0), sound(4.0, 1), sound(4.0, 2)])
    tokenizer = decoder._tokenizer("en")
    assert decoder._texts.align(outputs, [[], [], []], [200] * 3, tokenizer) == []
    (found,) = decoder._texts.align(outputs, [[], [440], []], [200, 200, 200], tokenizer)
    assert len(found.text_token_probs) == 1
    (found,) = decoder._texts.align(outputs, [[], [440], []], [200, 0, 200], tokenizer)
    assert found.alignments == []


@pytest.mark.parametrize("why", ["overflow", "memory", "shape", "heads"])
def test_the_library_finds_texts_where_the_network_cannot(
    spoken: Path, tmp_path: Path, why: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    folder = spoken
    if why == "overflow":
        monkeypatch.setattr(text_network, "products_are_exact", lambda: False)
    elif why == "memory":
        monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2**29))
    elif why == "shape":
        folder = make_whisper(tmp_path, WORDS, size="test")
    else:
        folder = Path(shutil.copytree(spoken, tmp_path / "pack"))
        kept = json.loads((folder / "config.json").read_bytes())
        kept["alignment_heads"] = "of another format"
        (folder / "config.json").write_text(json.dumps(kept))
    assert open_text_network(folder, threads=1) is None
    decoder = Decoder(folder, memory_level=0, threads=1)
    assert isinstance(decoder._texts, LibraryTexts)
    assert decoder.batch == 4
    if why != "heads":
        (found,) = decoder.decode_batch([sound(4.0)], DecodingOptions("en"))
        assert found.text == " ".join(WORDS)


def test_a_job_that_lacked_memory_has_one_decoder(spoken: Path):
    assert isinstance(Decoder(spoken, memory_level=1, threads=1)._texts, LibraryTexts)


@dataclass
class Language:
    """A network that knows which tokens may follow which texts; its keys are the tokens and their places.

    So a token that a hypothesis should not see, or does not see, gives other probabilities.
    """

    seed: int
    tokens: int = 12
    forbidden_first: Sequence[int] = (3,)

    def scores(self, window: int, text: Sequence[int]) -> NDArray[np.float32]:
        scores = np.random.default_rng([self.seed, window, *text]).normal(0.0, 2.0, self.tokens)
        scores[END] += 0.4 * len(text) - 3.0
        return np.asarray(scores, dtype=np.float32)

    def bias(self, forbidden: Sequence[int]) -> NDArray[np.float32]:
        bias = np.zeros(self.tokens, dtype=np.float32)
        bias[list(forbidden)] = -np.inf
        return bias

    def empty_cache(self, windows: int, size: int) -> dict[str, NDArray[Any]]:
        return {
            "past_key_0": np.full((windows, 1, 1, size), -1.0, dtype=np.float32),
            "past_value_0": np.full((windows, 1, size, 1), -1.0, dtype=np.float32),
        }

    def run(
        self,
        tokens: NDArray[np.int64],
        places: NDArray[np.int64],
        masks: tuple[NDArray[np.float32], NDArray[np.float32]],
        memory: dict[str, NDArray[Any]],
        cached: dict[str, NDArray[Any]],
    ) -> dict[str, NDArray[Any]]:
        windows, rows = tokens.shape
        assert len(cached["past_key_0"]) == len(memory["key_0"]) == windows
        own = 100 * places + tokens
        output = np.zeros((windows, rows, self.tokens), dtype=np.float32)
        for window in range(windows):
            for row in range(rows):
                seen = masks[0][window, 0, row] == 0
                keys, values = (
                    cached["past_key_0"][window, 0, 0, seen],
                    cached["past_value_0"][window, 0, seen, 0],
                )
                assert np.array_equal(keys, values)
                path = sorted([*keys, *own[window, masks[1][0, 0, row] == 0]])
                assert [each // 100 for each in path] == list(range(len(path)))
                text = [int(each) % 100 for each in path]
                output[window, row] = self.scores(int(memory["key_0"][window, 0]), text)
        return {
            "output": output,
            "own_key_0": own[:, None, None, :].astype(np.float32),
            "own_value_0": own[:, None, :, None].astype(np.float32),
        }

    def next_tokens(
        self, output: NDArray[np.float32], bias: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        found = log_softmax(output + bias)
        best = np.argsort(-found, axis=1)[:, :CANDIDATES]
        return np.take_along_axis(found, best, axis=1), best

    def log_probabilities(
        self, output: NDArray[np.float32], bias: NDArray[np.float32], wanted: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        return log_softmax(output + bias)[np.arange(len(wanted)), wanted]


def log_softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True))


@dataclass
class Costs:
    """A prior that gives each text another cost; the tail of a hypothesis is its text."""

    seed: int

    def cost(self, text: bytes) -> float:
        return float(np.random.default_rng([self.seed, *text]).normal())

    def extend(
        self, tails: Sequence[bytes], tokens: NDArray[np.int64]
    ) -> tuple[list[list[bytes]], NDArray[np.float32]]:
        rows = [
            [tail + bytes([token]) for token in row] for tail, row in zip(tails, tokens.tolist(), strict=True)
        ]
        costs = [[self.cost(text) for text in row] for row in rows]
        return rows, np.array(costs, dtype=np.float32)

    def of(self, text: Sequence[int]) -> float:
        return sum(self.cost(bytes(text[: count + 1])) for count in range(len(text)))


def slowly(language: Language, window: int, search: Search, costs: Costs | None) -> tuple[list[int], float]:
    """Beam search over whole texts, by the rules of CTranslate2, with a prior."""

    def by_all(each: tuple[float, list[int]]) -> float:
        return -each[0] - (costs.of(each[1]) if costs else 0.0)

    beams: list[tuple[float, list[int]]] = [(0.0, [])]
    ended: list[tuple[float, list[int], float]] = []
    for step in range(search.longest):
        first = language.forbidden_first if step == 0 else ()
        bias = language.bias([*search.forbidden, *first])
        following = []
        for score, text in beams:
            found = log_softmax(language.scores(window, [*search.prompt, *text]) + bias)
            # the network finds no others
            likely = np.argsort(-found)[:CANDIDATES].tolist()
            following += [(score + float(found[token]), [*text, token]) for token in likely]
        following = sorted(following, key=by_all)[: 2 * search.beam]
        beams, others = following[: search.beam], following[search.beam :]
        for place, (score, text) in enumerate(list(beams)):
            if text[-1] == END or step + 1 == search.longest:
                kept = text[:-1] if text[-1] == END else text
                ended.append((score, kept, -by_all((score, text))))
                going_on = [other for other in others if other[1][-1] != END]
                if going_on:
                    beams[place] = going_on[0]
                    others.remove(going_on[0])
        if len(ended) >= search.beam:
            break
    # one that is cut off is the worst
    score, text, _ = max(
        ended, key=lambda each: (len(each[1]) < search.longest, each[2] / max(1, len(each[1])) ** 3)
    )
    return text, score / max(1, len(text))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    windows=st.integers(1, 6),
    beam=st.integers(1, WIDEST),
    longest=st.integers(1, 30),
    costs=st.none() | st.builds(Costs, st.integers(0, 10**6)),
)
def test_beam_search_finds_what_a_search_over_whole_texts_finds(
    seed: int, windows: int, beam: int, longest: int, costs: Costs | None
):
    language = Language(seed)
    search = Search(
        [7, 5, 6],
        start=1,
        end=END,
        no_speech=2,
        forbidden=[4],
        beam=beam,
        longest=longest,
        prior=costs or NoPrior(),
    )
    memory = Memory({"key_0": np.arange(windows, dtype=np.uint8)[:, None]})
    found = find_texts(language, memory, search)  # type: ignore[arg-type]
    for window, text in enumerate(found):
        tokens, score = slowly(language, window, search, costs)
        assert text.tokens == tokens
        assert text.score == pytest.approx(score, abs=1e-3)
        silence = np.exp(log_softmax(language.scores(window, [7, 5])))[2]
        assert text.no_speech == pytest.approx(silence, abs=1e-5)
        assert memory.of(window)["key_0"].tolist() == [[window]]


def test_a_wider_beam_is_refused():
    search = Search([7], start=0, end=END, no_speech=2, forbidden=[], beam=WIDEST + 1, longest=5)
    with pytest.raises(ValueError, match="beam"):
        find_texts(Language(0), Memory({"key_0": np.zeros((1, 1))}), search)  # type: ignore[arg-type]


def warp_slowly(similarities: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Dynamic time warping as OpenAI writes it."""
    rows, columns = similarities.shape
    costs, steps = np.full((rows + 1, columns + 1), np.inf), np.full((rows + 1, columns + 1), 2)
    costs[0, 0] = 0.0
    for column in range(1, columns + 1):
        for row in range(1, rows + 1):
            both, down, right = costs[row - 1, column - 1], costs[row - 1, column], costs[row, column - 1]
            step = 0 if both < down and both < right else 1 if down < both and down < right else 2
            costs[row, column] = (both, down, right)[step] - similarities[row - 1, column - 1]
            steps[row, column] = step
    path, row, column = [], rows, columns
    while row and column:
        path.append((row - 1, column - 1))
        row, column = row - (steps[row, column] != 2), column - (steps[row, column] != 1)
    return path[::-1]


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (6, 1), (4, 9), (25, 110), (30, 20)])
def test_warping_finds_the_path_with_the_largest_sum(shape: tuple[int, int]):
    similarities = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    assert alignment.warp(similarities) == warp_slowly(similarities)


@pytest.mark.parametrize("frames", [4, 5, 7, 200])
def test_the_median_is_that_of_seven_frames(frames: int):
    weights = np.random.default_rng(2).normal(size=(2, 3, frames)).astype(np.float32)
    padded = np.pad(weights, [(0, 0), (0, 0), (3, 3)], mode="reflect")
    expected = np.median(np.lib.stride_tricks.sliding_window_view(padded, 7, axis=2), axis=3)
    assert np.array_equal(alignment._median(weights), expected)
    assert np.array_equal(alignment._median(weights[..., :3]), weights[..., :3])
