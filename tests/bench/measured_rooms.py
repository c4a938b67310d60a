"""Recordings in a room whose impulse response was measured.

    python -m tests.bench.measured_rooms SET OUT --response FILE.wav [--kinds read] [--half tune]
    python -m tests.bench.words OUT --half tune --kinds read --only ours

Writes recordings of a set of `word_sets.py` as they sound in that room, with their words, to OUT/HALF. The
three rooms of decision 42 are musicRoom_2A_target_ir_1.wav and openLounge_2A_target_ir_1.wav of
github.com/kitamura-laboratory/impResDataset at ebbc8af, and demo/ir/rir48000.wav of
github.com/iver56/audiomentations at 73b9448. None is part of this project.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from tests.bench.consultations import write
from tests.bench.speech_sources import RATE_HZ, Sound, read

_LONGEST_S, _FADE_S = 0.9, 0.2  # behind that, measured responses are noise
_BEFORE = 8  # samples of the response before its peak
_LEVEL = 0.05  # RMS


def main() -> None:
    """Write the recordings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("set", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--response", type=Path, required=True)
    parser.add_argument("--kinds", nargs="+", default=["read"])
    parser.add_argument("--half", default="tune")
    given = parser.parse_args()
    response = read_response(given.response)
    folder = given.out / given.half
    folder.mkdir(parents=True, exist_ok=True)
    for kind in given.kinds:
        for path in sorted((given.set / given.half).glob(f"*_{kind}_*.flac")):
            write(folder / path.name, place(read(path), response), RATE_HZ)
            shutil.copy(path.with_suffix(".words.json"), folder)


def read_response(path: Path) -> NDArray[np.float64]:
    """Return an impulse response from its direct sound on."""
    heard = read(path)
    direct = int(np.abs(heard).argmax())
    response = heard[max(0, direct - _BEFORE) :][: round(_LONGEST_S * RATE_HZ)]
    fade = np.minimum(np.arange(len(response), 0, -1) / (_FADE_S * RATE_HZ), 1.0)
    return np.asarray(response * fade, dtype=np.float64)


def place(sound: Sound, response: NDArray[np.float64]) -> Sound:
    """Return what a microphone in the room records, at one level."""
    heard = fftconvolve(sound, response)[: len(sound)]
    level = _LEVEL / np.sqrt(np.square(heard).mean())
    return np.asarray(np.clip(heard * level, -1.0, 1.0), dtype=np.float32)


if __name__ == "__main__":
    main()
