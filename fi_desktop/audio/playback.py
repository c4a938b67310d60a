"""What the window and the playback process say to each other; see `playback_process`.

Imports neither codecs nor NumPy, which the window does not need. Messages over the pipe are bytes, never
pickled objects: one byte for the kind, then JSON or samples.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

PLAYBACK_HZ = 16_000
"""Samples per second, as the decoder makes them."""
STATE, SOUND = b"s", b"p"
"""Kinds of messages to the window: a `PlaybackState` as JSON; a stream's number and samples."""
SPEEDS = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)

HEADER = struct.Struct("<Id")
"""A stream's number, and the moment at which its samples start."""


@dataclass(frozen=True, slots=True)
class PlaybackState:
    """How far a recording is decoded.

    Attributes:
        ready_s: what can be played, seconds from the start.
        done: everything is decoded, or nothing more will be.
        error: code of the message that says why not, or "".
    """

    ready_s: float = 0.0
    done: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class PlayedSound:
    """Samples of a stream. stream: its number; at_s: moment in the recording; samples: int16 mono, bytes."""

    stream: int
    at_s: float
    samples: bytes


def read_message(data: bytes) -> PlaybackState | PlayedSound:
    """Read what the process sent.

    Raises:
        ValueError, KeyError, TypeError, struct.error: it sent something else.
    """
    kind, rest = data[:1], data[1:]
    if kind == SOUND:
        stream, at_s = HEADER.unpack_from(rest)
        return PlayedSound(stream, at_s, rest[HEADER.size :])
    if kind != STATE:
        raise ValueError("an unknown message")
    state = json.loads(rest)
    return PlaybackState(float(state["ready_s"]), bool(state["done"]), str(state["error"]))


def play_request(stream: int, start_s: float, end_s: float | None, speed: float) -> bytes:
    """Return the message that starts a stream, in place of any other; `end_s`: None for the end."""
    return json.dumps({"play": stream, "start": start_s, "end": end_s, "speed": speed}).encode()


def played_request(stream: int, seconds: float) -> bytes:
    """Return the message that so much of a stream has been played, so that more of it is sent."""
    return json.dumps({"played": stream, "seconds": seconds}).encode()


def stop_request() -> bytes:
    """Return the message that ends the stream."""
    return json.dumps({"play": None}).encode()


def main(pipe: Connection, source: Path, folder: Path, table: Path) -> None:
    """Run the playback process; the target of the spawned one, in which alone codecs are imported."""
    from fi_desktop.audio.playback_process import run

    run(pipe, source, folder, table)
