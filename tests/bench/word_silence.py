"""Sounds without words, for `word_sets.py`: whatever is transcribed from them is invented.

All are computed: room tone, hum, fans, clicks, keys, breath, coughs, ringing, dial tones, chords. The only
voices are parts of words shorter than half a second, too short to write down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from tests.bench import rooms
from tests.bench.speech_sources import RATE_HZ, Sound

Make = Callable[[Generator], NDArray[np.floating]]


def silences(rng: Generator, speech: Sound) -> Iterator[tuple[str, Sound]]:
    """Yield 30 named sounds. speech: dry words, of which parts shorter than half a second are used."""
    for name, make in _SOUNDS:
        yield name, np.asarray(make(rng), dtype=np.float32)
    for number, seconds in enumerate((0.1, 0.15, 0.2, 0.25, 0.3, 0.4)):
        yield f"part_{seconds}", _part(speech, seconds, number, padded_s=0.0 if number % 2 else 3.0)


def _time(seconds: float) -> NDArray[np.float64]:
    return np.arange(round(seconds * RATE_HZ)) / RATE_HZ


def _noise(kind: str, level: float, seconds: float) -> Make:
    return lambda rng: level * rooms.hiss(kind, round(seconds * RATE_HZ), rng)


def _band(sound: NDArray[np.floating], low_hz: float, high_hz: float, order: int = 2) -> NDArray[np.floating]:
    filtered: NDArray[np.floating] = sosfilt(
        butter(order, (low_hz, high_hz), "band", fs=RATE_HZ, output="sos"), sound
    )
    return filtered


def _events(seconds: float, every_s: float, sound: Make) -> Make:
    """Put a sound into room tone again and again."""

    def make(rng: Generator) -> NDArray[np.floating]:
        total = 0.0005 * rooms.hiss("pink", round(seconds * RATE_HZ), rng).astype(np.float64)
        at = rng.uniform(0.3, 1.0)
        while at < seconds - 1.5:
            piece = sound(rng)
            begin = round(at * RATE_HZ)
            piece = piece[: len(total) - begin]
            total[begin : begin + len(piece)] += piece
            at += every_s * rng.uniform(0.6, 1.4)
        return total

    return make


def _cough(rng: Generator) -> NDArray[np.floating]:
    time = _time(0.35)
    shape = np.minimum(time / 0.01, 1) * np.exp(-time / 0.07) + 0.4 * np.exp(-(((time - 0.2) / 0.05) ** 2))
    return 0.25 * shape * _band(rng.standard_normal(len(time)), 300, 3500)


def _breath(rng: Generator) -> NDArray[np.floating]:
    time = _time(1.4)
    return 0.03 * np.sin(np.pi * time / 1.4) ** 2 * _band(rng.standard_normal(len(time)), 400, 4000)


def _key(rng: Generator) -> NDArray[np.floating]:
    time = _time(0.06)
    return 0.08 * np.exp(-time / 0.008) * _band(rng.standard_normal(len(time)), 1500, 6000)


def _click(rng: Generator) -> NDArray[np.floating]:
    return float(rng.choice((-0.4, 0.4))) * np.exp(-_time(0.004) / 0.0006)


def _knock(rng: Generator) -> NDArray[np.floating]:
    time = _time(0.15)
    return 0.3 * np.exp(-time / 0.03) * np.sin(2 * np.pi * rng.uniform(110, 190) * time)


def _paper(rng: Generator) -> NDArray[np.floating]:
    time = _time(0.7)
    crackle = rng.standard_normal(len(time)) * (rng.random(len(time)) < 0.08)
    return 0.15 * np.sin(np.pi * time / 0.7) * _band(crackle, 2000, 7000)


def _ring(_: Generator) -> NDArray[np.floating]:
    time = _time(2.0)
    warble = np.where(np.floor(time * 20) % 2, 1336.0, 1065.0)
    sound: NDArray[np.floating] = 0.1 * np.sin(2 * np.pi * np.cumsum(warble) / RATE_HZ)
    return sound


def _tones(hertz: tuple[float, ...], on_s: float, off_s: float, seconds: float) -> Make:
    def make(rng: Generator) -> NDArray[np.floating]:
        time = _time(seconds)
        sound = 0.0003 * rng.standard_normal(len(time))
        on = np.mod(time, on_s + off_s) < on_s
        for frequency in hertz:
            sound += on * 0.05 * np.sin(2 * np.pi * frequency * time)
        return sound

    return make


def _music(seconds: float, root_hz: float, *, vibrato: bool) -> Make:
    """Play a tune over chords, with harmonics; with vibrato it comes near a singer without words."""

    def make(rng: Generator) -> NDArray[np.floating]:
        time, total = _time(seconds), np.zeros(round(seconds * RATE_HZ))
        for start in np.arange(0, seconds - 0.5, 0.5):
            part = (time >= start) & (time < start + 0.5)
            age = time[part] - start
            for semitones in (0, 4, 7, int(rng.choice((12, 14, 16, 19)))):
                pitch = root_hz * 2 ** (semitones / 12)
                sway = 0.01 * np.sin(2 * np.pi * 5.5 * age) if vibrato else 0.0
                for harmonic in range(1, 6):
                    phase = 2 * np.pi * harmonic * pitch * (age + sway / 5)
                    total[part] += np.exp(-age / 0.4) * np.sin(phase) / harmonic**1.5
        return 0.04 * total

    return make


def _part(speech: Sound, seconds: float, number: int, padded_s: float) -> Sound:
    """Cut a part of a word where the speech is loud, faded at both ends."""
    length = round(seconds * RATE_HZ)
    power = np.convolve(speech.astype(np.float64) ** 2, np.ones(length), mode="valid")
    loudest = np.argsort(power[:: RATE_HZ // 10])[::-1][number * 3] * (RATE_HZ // 10)
    piece = speech[loudest : loudest + length].copy()
    fade = min(160, length // 4)
    piece[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
    piece[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return np.pad(piece, round(padded_s * RATE_HZ))


_SOUNDS: tuple[tuple[str, Make], ...] = (
    ("nothing", lambda _: np.zeros(30 * RATE_HZ)),
    ("nothing_long", lambda _: np.zeros(120 * RATE_HZ)),
    ("white_quiet", _noise("white", 0.001, 40)),
    ("white_loud", _noise("white", 0.1, 30)),
    ("pink", _noise("pink", 0.02, 60)),
    ("pink_loud", _noise("pink", 0.15, 20)),
    ("fan", _noise("fan", 0.05, 60)),
    ("fan_loud", _noise("fan", 0.2, 25)),
    ("hum", _noise("hum", 0.05, 45)),
    ("hum_quiet", _noise("hum", 0.003, 90)),
    ("cough_once", _events(6, 20.0, _cough)),
    ("coughs", _events(40, 3.0, _cough)),
    ("breath", _events(45, 3.5, _breath)),
    ("keyboard", _events(40, 0.16, _key)),
    ("keyboard_slow", _events(30, 0.7, _key)),
    ("clicks", _events(30, 0.5, _click)),
    ("click_short", _events(2.5, 5.0, _click)),
    ("knocks", _events(25, 1.2, _knock)),
    ("paper", _events(30, 2.0, _paper)),
    ("ringing", _events(30, 6.0, _ring)),
    ("dial_tone", _tones((350.0, 440.0), 30.0, 0.0, 20.0)),
    ("busy", _tones((480.0, 620.0), 0.5, 0.5, 25.0)),
    ("music", _music(40, 220.0, vibrato=False)),
    ("music_vibrato", _music(30, 330.0, vibrato=True)),
)
