"""What the window and the playback process say to each other; see `playback_process`.

Imports neither codecs nor NumPy, which the window does not need. Messages over the pipe are bytes, never
pickled objects: one byte for the kind, then JSON, samples or a seek table. What the process sends is checked,
because a hostile recording may have taken it over.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from fi_desktop.core.messages import MESSAGES
from fi_desktop.vault.sealed_file import IN_CLEAR, FileSeal

DECODED = "playback.s16"
"""File name of what is decoded to be played, in the playback process's folder."""
PLAYBACK_HZ = 16_000
"""Samples per second, as the decoder makes them."""
STATE, SOUND, TABLE = b"s", b"p", b"t"
"""Kinds of messages to the window: a `PlaybackState` as JSON; a stream's number and samples; a table."""
MOST_BYTES = 16_000_000
"""Longest message: the seek table of a recording whose clock jumps all the time."""
SPEEDS = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)

_LONGEST_S = 1e6
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


@dataclass(frozen=True, slots=True)
class NotedTable:
    """The seek table that decoding yielded, as its file holds it; only a playback process reads it again."""

    data: bytes


PlaybackMessage = PlaybackState | PlayedSound | NotedTable


def read_message(data: bytes) -> PlaybackMessage:
    """Read what the process sent.

    Raises:
        ValueError, KeyError, TypeError, struct.error: it sent something else.
    """
    kind, rest = data[:1], data[1:]
    if kind == SOUND:
        stream, at_s = HEADER.unpack_from(rest)
        return PlayedSound(stream, at_s, rest[HEADER.size :])
    if kind == TABLE:
        return NotedTable(rest)
    if kind != STATE:
        raise ValueError("an unknown message")
    state = json.loads(rest)
    ready_s, error = float(state["ready_s"]), str(state["error"])
    if not 0.0 <= ready_s <= _LONGEST_S or (error and error not in MESSAGES):
        raise ValueError("an impossible state")
    return PlaybackState(ready_s, bool(state["done"]), error)


def play_request(stream: int, start_s: float, end_s: float | None, speed: float) -> bytes:
    """Return the message that starts a stream, in place of any other; `end_s`: None for the end."""
    return json.dumps({"play": stream, "start": start_s, "end": end_s, "speed": speed}).encode()


def played_request(stream: int, seconds: float) -> bytes:
    """Return the message that so much of a stream has been played, so that more of it is sent."""
    return json.dumps({"played": stream, "seconds": seconds}).encode()


def stop_request() -> bytes:
    """Return the message that ends the stream."""
    return json.dumps({"play": None}).encode()


def main(
    pipe: Connection,
    source: Path,
    folder: Path,
    table: Path,
    table_seal: FileSeal = IN_CLEAR,
    seal: FileSeal = IN_CLEAR,
) -> None:
    """Run the playback process; the target of the spawned one, in which alone codecs are imported."""
    from fi_desktop.audio.playback_process import run

    run(pipe, source, folder, table, table_seal, seal)
