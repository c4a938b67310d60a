"""Recordings for tests, cut from those at hand: as short as a test allows, since each second costs time."""

from __future__ import annotations

import wave
from pathlib import Path

import av


def write_part(call: Path, path: Path, start_s: int) -> Path:
    """Write ten seconds of the call, from `start_s` on; return the path."""
    with wave.open(str(call)) as source, wave.open(str(path), "wb") as target:
        target.setparams(source.getparams())
        source.setpos(start_s * source.getframerate())
        target.writeframes(source.readframes(10 * source.getframerate()))
    return path


def write_start(recording: Path, path: Path, seconds: float) -> Path:
    """Write the first seconds of a recording of any format as they are encoded; return the path."""
    with av.open(str(recording)) as source, av.open(str(path), "w") as target:
        track = source.streams.audio[0]
        copy = target.add_stream_from_template(track)
        for packet in source.demux(track):
            if packet.pts is None or packet.time_base is None or packet.pts * packet.time_base >= seconds:
                break
            packet.stream = copy
            target.mux(packet)
    return path


def write_repeated(call: Path, path: Path, times: int) -> Path:
    """Write the call several times in a row; return the path."""
    with wave.open(str(call)) as source, wave.open(str(path), "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(source.readframes(source.getnframes()) * times)
    return path
