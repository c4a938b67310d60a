"""What happens to a voice before the recording has it: room, mask, telephone, background noise.

All functions take and return float32 samples at 16 kHz. Rooms are shoeboxes by the image-source method
(Allen & Berkley 1979), with the images slightly displaced so that no sweeping echo arises.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, lfilter, resample_poly, sosfilt

from tests.bench.speech_sources import RATE_HZ, Sound

_SOUND_M_S = 343.0
_PHONE_HZ = 8000
_MU = 255.0


@dataclass(frozen=True)
class Room:
    """A shoebox. size, microphone: metres."""

    size: tuple[float, float, float]
    microphone: tuple[float, float, float]
    rt60_s: float


def any_room(rng: Generator, rt60_s: tuple[float, float]) -> Room:
    """Return a consulting room with a recorder on the table."""
    size = rng.uniform((3.0, 2.6, 2.4), (6.0, 4.5, 3.0))
    middle = size[:2] * rng.uniform(0.35, 0.65, 2)
    return Room(tuple(size), (middle[0], middle[1], 0.8), float(rng.uniform(*rt60_s)))


def place(room: Room, distance_m: float, rng: Generator) -> tuple[float, float, float]:
    """Return a seat at about a distance from the microphone, within the room."""
    size, here = np.array(room.size), np.array(room.microphone)
    for _ in range(200):
        angle = rng.uniform(0, 2 * np.pi)
        seat = here + distance_m * np.array((np.cos(angle), np.sin(angle), 0.0))
        seat[2] = rng.uniform(1.0, 1.4)
        if (seat > 0.3).all() and (seat < size - 0.3).all():
            break
    return tuple(np.clip(seat, 0.3, size - 0.3))


def respond(room: Room, seat: tuple[float, float, float], rng: Generator) -> NDArray[np.float64]:
    """Return the impulse response from a seat; the direct sound arrives at sample 0 with gain 1/distance."""
    size, here, source = np.array(room.size), np.array(room.microphone), np.array(seat)
    volume, surface = size.prod(), 2 * (size[0] * size[1] + size[1] * size[2] + size[0] * size[2])
    absorption = 1 - np.exp(-0.161 * volume / (surface * room.rt60_s))  # Eyring
    reflection = np.sqrt(1 - absorption)
    reach_m = _SOUND_M_S * min(room.rt60_s, 0.5)
    spans = [np.arange(-int(reach_m / (2 * side)) - 1, int(reach_m / (2 * side)) + 2) for side in size]
    grid = np.stack(np.meshgrid(*spans, indexing="ij"), axis=-1).reshape(-1, 3)
    direct = np.linalg.norm(source - here)
    length = round(min(room.rt60_s, 0.5) * RATE_HZ) + 1
    response = np.zeros(length)
    for mirrored in np.ndindex(2, 2, 2):
        flip = np.array(mirrored)
        images = (1 - 2 * flip) * source + 2 * grid * size
        bounces = np.abs(grid - flip).sum(axis=1) + np.abs(grid).sum(axis=1)
        moved = images + rng.normal(0, 0.03, images.shape) * (bounces[:, None] > 0)
        distance = np.linalg.norm(moved - here, axis=1)
        at = np.rint((distance - direct) / _SOUND_M_S * RATE_HZ).astype(int)
        near = (at >= 0) & (at < length)
        gains = reflection ** bounces[near] / np.maximum(distance[near], 0.2)
        response += np.bincount(at[near], gains, length)
    return np.asarray(sosfilt(butter(2, 80, "high", fs=RATE_HZ, output="sos"), response))


def reverberate(sound: Sound, response: NDArray[np.float64]) -> Sound:
    """Return what the microphone hears."""
    return _plain(fftconvolve(sound, response)[: len(sound)])


def wear_mask(sound: Sound, rng: Generator) -> Sound:
    """Muffle as a face mask does: 6 to 12 dB less from about 2 kHz on."""
    corner, loss = rng.uniform(1500, 2500), 10 ** (-rng.uniform(6, 12) / 20)
    low = sosfilt(butter(1, corner, "low", fs=RATE_HZ, output="sos"), sound)
    return _plain(low + loss * (sound - low))


def telephone(sound: Sound, rng: Generator) -> Sound:
    """Return one end of a call at 8 kHz: 300 to 3400 Hz with a handset's own colour, then mu-law."""
    narrow = resample_poly(sound, 1, RATE_HZ // _PHONE_HZ)
    edges = (300 * rng.uniform(0.8, 1.2), 3400 * rng.uniform(0.93, 1.05))
    narrow = sosfilt(butter(4, edges, "band", fs=_PHONE_HZ, output="sos"), narrow)
    tilt = rng.uniform(-0.4, 0.4)
    return _plain(lfilter([1.0, -tilt], [1.0], narrow))


def mu_law(sound: Sound) -> Sound:
    """Return samples as an 8-bit mu-law line transmits them (ITU-T G.711)."""
    packed = np.sign(sound) * np.log1p(_MU * np.minimum(np.abs(sound), 1)) / np.log1p(_MU)
    steps = np.rint(packed * 127) / 127
    return _plain(np.sign(steps) * np.expm1(np.abs(steps) * np.log1p(_MU)) / _MU)


def hiss(kind: str, length: int, rng: Generator) -> Sound:
    """Return noise of RMS 1: white, pink, a fan's, or mains hum with white noise."""
    white = rng.standard_normal(length)
    if kind == "white":
        noise = white
    elif kind == "pink":  # Kellet's filter of three poles
        noise = lfilter(
            [0.049922035, -0.095993537, 0.050612699, -0.004408786],
            [1, -2.494956002, 2.017265875, -0.522189400],
            white,
        )
    elif kind == "fan":
        noise = sosfilt(butter(2, (60, 500), "band", fs=RATE_HZ, output="sos"), white)
        noise *= 1 + 0.2 * np.sin(2 * np.pi * rng.uniform(0.3, 2) * np.arange(length) / RATE_HZ)
        noise += 0.1 * noise.std() * white
    else:
        time = np.arange(length) / RATE_HZ
        mains = rng.choice((50, 60))
        noise = sum(
            rng.uniform(0.2, 1) / n * np.sin(2 * np.pi * mains * n * time + rng.uniform(0, 6))
            for n in range(1, 9)
        )
        noise = noise / np.std(noise) + 0.3 * white
    return _plain(noise / np.std(noise))


def _plain(sound: NDArray[np.floating]) -> Sound:
    return np.asarray(sound, dtype=np.float32)
