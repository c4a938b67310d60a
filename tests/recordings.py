"""Recordings for tests, made of the phone call: as short as the test allows, since each second costs time."""

from __future__ import annotations

import wave
from pathlib import Path


def write_part(call: Path, path: Path, start_s: int) -> Path:
    """Write ten seconds of the call, from `start_s` on; return the path."""
    with wave.open(str(call)) as source, wave.open(str(path), "wb") as target:
        target.setparams(source.getparams())
        source.setpos(start_s * source.getframerate())
        target.writeframes(source.readframes(10 * source.getframerate()))
    return path


def write_repeated(call: Path, path: Path, times: int) -> Path:
    """Write the call several times in a row; return the path."""
    with wave.open(str(call)) as source, wave.open(str(path), "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(source.readframes(source.getnframes()) * times)
    return path
