"""Whisper's encoder by ONNX Runtime gives what CTranslate2's gives, whatever the pack looks like."""

from __future__ import annotations

import importlib
import logging
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ctranslate2
import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from fi_desktop.engines.networks import Network
from fi_desktop.engines.whisper import encoder as encoders
from fi_desktop.engines.whisper import rounded_weights
from fi_desktop.engines.whisper.decoder import Decoder, DecodingOptions
from fi_desktop.engines.whisper.encoder import Encoder, open_encoder
from fi_desktop.engines.whisper.model_weights import read_weights
from fi_desktop.engines.whisper.rounded_weights import products_are_exact
from fi_desktop.system.files import resource
from tests.packs.make_whisper import make_whisper

ROOT = Path(__file__).parents[2]
KINDS = ("int8", "float16", "float32")
CLOSE = 0.02  # of the output's norm; CTranslate2's own 8-bit encoder is 0.005 away


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the smallest published shape; all its weights are random."""
    return make_whisper(tmp_path_factory.mktemp("whisper") / "tiny", size="tiny", quantization="float32")


def sound(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """A tone that rises, and noise."""
    times = np.arange(round(16_000 * seconds)) / 16_000
    noise = np.random.default_rng(seed).normal(0, 0.02, len(times))
    return np.asarray(0.2 * np.sin(2 * np.pi * (200 + 30 * times) * times) + noise, dtype=np.float32)


def features(decoder: Decoder, seconds: float, frames: int = 3000) -> NDArray[np.float32]:
    return decoder._features(sound(seconds), frames)[None]


def reference(folder: Path, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    model = ctranslate2.models.Whisper(str(folder), device="cpu", compute_type="float32")
    return np.array(model.encode(ctranslate2.StorageView.from_array(windows), to_cpu=True))


def distance(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def opened(folder: Path) -> Encoder:
    encoder = open_encoder(folder, threads=2)
    assert encoder is not None
    return encoder


@pytest.mark.parametrize("frames", [3000, 300])
def test_output_is_that_of_ctranslate2(tiny: Path, frames: int):
    decoder = Decoder(tiny, memory_level=0, threads=1)
    windows = np.concatenate([features(decoder, 28.0, frames), features(decoder, 2.5, frames)])
    found = opened(tiny).encode(windows)
    assert found.shape == (2, frames // 2, 384)
    assert distance(found, reference(tiny, windows)) < CLOSE


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_read_as_they_are_stored(tmp_path: Path, tiny: Path, kind: str):
    folder = make_whisper(tmp_path / kind, size="tiny", quantization=kind)
    windows = features(Decoder(tiny, memory_level=0, threads=1), 4.0, 600)
    assert distance(opened(folder).encode(windows), reference(tiny, windows)) < CLOSE


def test_products_that_overflow_are_avoided(tiny: Path, monkeypatch: pytest.MonkeyPatch):
    """As on a processor that keeps sums of two products in 16 bits."""
    monkeypatch.setattr(rounded_weights, "products_are_exact", lambda: False)
    largest = []
    real = Network.__init__

    def noting(self: Network, content: bytes, **given: Any) -> None:
        weights = given["weights"].values()
        largest.extend(int(np.abs(each).max()) for each in weights if each.dtype == np.int8)
        real(self, content, **given)

    monkeypatch.setattr(Network, "__init__", noting)
    windows = features(Decoder(tiny, memory_level=1, threads=1), 4.0, 600)
    assert distance(opened(tiny).encode(windows), reference(tiny, windows)) < 2 * CLOSE
    assert len(largest) == 4 * 4
    assert max(largest) * 2 * 255 < 2**15


def test_overflow_is_noticed(monkeypatch: pytest.MonkeyPatch):
    products_are_exact.cache_clear()
    exact = products_are_exact()
    assert products_are_exact() is exact
    products_are_exact.cache_clear()
    monkeypatch.setattr(Network, "run", lambda _self, **_inputs: np.full((8, 16), 32 * 32_767.0))
    assert not products_are_exact()
    products_are_exact.cache_clear()


def test_decoding_uses_it_and_encodes_each_window_once(tiny: Path, monkeypatch: pytest.MonkeyPatch):
    encoded: list[tuple[int, ...]] = []
    real = Encoder.encode

    def encode(self: Encoder, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        encoded.append(windows.shape)
        return real(self, windows)

    monkeypatch.setattr(Encoder, "encode", encode)
    decoder = Decoder(tiny, memory_level=0, threads=1)
    options = DecodingOptions("en")
    decoder.decode_batch([sound(20.0)], options, beam=1)
    assert encoded == [(1, 80, 2200)]
    (window,) = features(decoder, 20.0)
    decoder._model.encode(window)  # as the library does for decoding with fallback
    assert encoded == [(1, 80, 2200)]
    decoder._model.encode(np.roll(window, 100, axis=1))
    decoder.detect_languages_alone([sound(1.0), sound(2.0)])
    assert encoded[1:] == [(1, 80, 3000), (2, 80, 300)]


def test_windows_are_encoded_with_as_much_silence_as_they_need(tiny: Path, monkeypatch: pytest.MonkeyPatch):
    frames: list[int] = []
    real = Encoder.encode

    def encode(self: Encoder, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        frames.extend(each.shape[1] for each in windows)
        return real(self, windows)

    monkeypatch.setattr(Encoder, "encode", encode)
    decoder = Decoder(tiny, memory_level=0, threads=1)
    options = DecodingOptions("en")
    decoder.decode_batch([sound(20.0), sound(8.0)], options, beam=1)
    assert frames == [2200, 2200]  # of one length
    decoder.decode_batch([sound(8.0)], options, beam=1)
    assert frames[2:] == []  # is held
    decoder.decode_batch([sound(8.0), sound(22.0)], options, beam=1)
    assert frames[2:] == [2400, 2400]
    decoder.decode_batch([sound(6.0)], options, beam=1)
    decoder.decode_gap(sound(6.0, seed=1), options)
    decoder.decode_gap(sound(29.0), options)
    assert frames[4:] == [1000, 800, 3000]


def test_another_shape_is_encoded_by_the_library(tmp_path: Path):
    folder = make_whisper(tmp_path / "model", ["Hello."])
    assert open_encoder(folder, threads=1) is None
    decoder = Decoder(folder, memory_level=0, threads=1)
    (found,) = decoder.decode_batch([sound(4.0)], DecodingOptions("en"))
    assert found.text.strip() == "Hello."


def test_a_job_that_lacked_memory_has_one_encoder(tiny: Path):
    assert Decoder(tiny, memory_level=0, threads=1)._encoder is not None
    assert Decoder(tiny, memory_level=1, threads=1)._encoder is None


def test_a_computer_with_little_memory_has_one_encoder(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2**29))
    assert open_encoder(tiny, threads=1) is None
    assert "too little memory" in caplog.text


def damage(content: bytes, what: str) -> bytes:
    if what == "cut":
        return content[: len(content) // 3]
    if what == "version":
        return struct.pack("<I", 7) + content[4:]
    if what == "kind":  # of the first weight: its name, rank and dimensions come before
        at = content.index(b"encoder/conv1/weight\0") + len("encoder/conv1/weight\0") + 1 + 3 * 4
        return content[:at] + b"\x09" + content[at + 1 :]
    return b""


@pytest.mark.parametrize("what", ["cut", "version", "kind", "empty"])
def test_a_file_of_another_format_is_left_to_the_library(
    tiny: Path, tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "model.bin").write_bytes(damage((tiny / "model.bin").read_bytes(), what))
    with pytest.raises(ValueError, match=r"CTranslate2|empty"):
        read_weights(tmp_path / "model.bin", "encoder/")
    assert open_encoder(tmp_path, threads=1) is None
    assert "the encoder cannot be opened" in caplog.text


def test_weights_of_16_bit_integers_are_left_to_the_library(tmp_path: Path):
    assert open_encoder(make_whisper(tmp_path, size="tiny", quantization="int16"), threads=1) is None


def test_graphs_are_those_that_the_script_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("onnx", reason="needs onnx: pip install -e '.[voices]'")
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))
    script = importlib.import_module("make_whisper_graphs")
    monkeypatch.setattr("sys.argv", ["make_whisper_graphs", "--into", str(tmp_path)])
    script.main()
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_bytes() for path in resource("models", "words").glob("*.onnx")}
    assert made == kept
    widths = {decoder.width for decoder in script.DECODERS}
    assert len(made) == len(script.ENCODERS) + 2 * len(script.DECODERS) + len(widths) + 1


def test_a_model_without_some_weights_is_left_to_the_library(tiny: Path, monkeypatch: pytest.MonkeyPatch):
    stored = read_weights(tiny / "model.bin", "encoder/")
    del stored["layer_norm/gamma"]
    monkeypatch.setattr(encoders, "read_weights", lambda _file, _prefix: stored)
    assert open_encoder(tiny, threads=1) is None
