"""The playback process: decodes a recording, and streams sound from any moment.

The same decoder as for the transcript puts the sound on the same clock, whatever the format, and a hostile
file never reaches the process of the window. With the seek table that the decoder wrote for the transcript,
decoding begins just before the moment that is played. Without one, or if the file is not as it says, the
recording is decoded from its start to a folder that the process deletes; while that goes on, what is there
already can be played. The table is sent to the window then.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.decode import decode
from fi_desktop.audio.decoder_process import import_late_modules
from fi_desktop.audio.disk_space import LARGEST_BYTES, DiskSpace
from fi_desktop.audio.playback import DECODED, HEADER, SOUND, STATE, TABLE, PlaybackState
from fi_desktop.audio.recording import SAMPLE_RATE_HZ, frames_in
from fi_desktop.audio.seek_reader import SeekMismatch, SeekReader
from fi_desktop.audio.seek_table import read_seek_table
from fi_desktop.core.errors import FiError
from fi_desktop.system.confinement import restrict_calls, restrict_files
from fi_desktop.system.process import forbid_dumps, keep_private, limit_files, limit_memory
from fi_desktop.vault.sealed_file import IN_CLEAR, FileSeal, reading

_CHUNK_S = 0.1
_AHEAD_S = 1.0  # of sound that is sent before it is played
_POLL_S = 0.05
_IDLE_S = 30.0  # after which the file is closed: others can rename it, or take its drive away
_MEMORY_BYTES = 3_000_000_000


def run(
    pipe: Connection,
    source: Path,
    folder: Path,
    table: Path,
    table_seal: FileSeal = IN_CLEAR,
    seal: FileSeal = IN_CLEAR,
) -> None:
    """Serve until the pipe closes.

    It can open the recording, the table and what is in its folder, and nothing else. folder: for this process
    alone, deleted at the end. table: the recording's seek table, if there is one.
    table_seal, seal: how it is read, and how sound in `folder` is written.
    """
    keep_private()
    forbid_dumps()
    limit_files(LARGEST_BYTES)
    limit_memory(_MEMORY_BYTES)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    import_late_modules()
    seal.prepare()
    # before the first byte is parsed, and before there are threads
    restrict_files(read=[source, table], write=[folder], emptied=[folder.parent])
    restrict_calls(opens=True)
    try:
        _serve(pipe, _Sound(source, folder, table, table_seal, seal))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        # the decoding thread cannot be interrupted in native code
        sys.stdout.flush()
        os._exit(0)


def _serve(pipe: Connection, sound: _Sound) -> None:
    stream: _Stream | None = None
    told = PlaybackState(-1.0)
    with suppress(EOFError, OSError):
        while True:
            state = sound.state
            if state.done != told.done or state.ready_s >= told.ready_s + 1.0 or told.ready_s < 0.0:
                told = state
                fields = {"ready_s": state.ready_s, "done": state.done, "error": state.error}
                pipe.send_bytes(STATE + json.dumps(fields).encode())
            if (table := sound.take_table()) is not None:
                pipe.send_bytes(TABLE + table)
            sent = stream is not None and stream.send_next(pipe)
            if stream is not None and stream.ended:
                stream = None
            idle = stream is None and (state.done or not sound.decoding)
            timeout = (_IDLE_S if sound.is_open else None) if idle else 0.0 if sent else _POLL_S
            if not wait([pipe], timeout):
                if idle:
                    sound.close_file()
            else:
                request = json.loads(pipe.recv_bytes())
                if "played" in request:
                    if stream is not None and stream.number == request["played"]:
                        stream.played_s += request["seconds"]
                elif request["play"] is None:
                    stream = None
                else:
                    stream = _Stream(sound, request)


class _Sound:
    """The samples of a recording, by its seek table or decoded from the start."""

    def __init__(
        self,
        source: Path,
        folder: Path,
        table: Path,
        table_seal: FileSeal = IN_CLEAR,
        seal: FileSeal = IN_CLEAR,
    ) -> None:
        """Open the recording, if it has a table: what takes time is done before somebody clicks."""
        self._decoder = _BackgroundDecoder(source, folder, seal)
        self._reader: SeekReader | None = None
        self._blocks: Iterator[NDArray[np.int16]] = iter(())
        self._held = np.zeros(0, dtype=np.int16)
        self._at = -1  # the sample after those that were read; the first of those that are held
        known = read_seek_table(table, table_seal)
        if known is None:
            if not source.is_file():
                self._decoder.start()  # which says why not
            return
        self._ready_s = known.samples / SAMPLE_RATE_HZ
        self._reader = SeekReader(source, known)
        try:
            self._reader.open()
        except SeekMismatch:
            self._reader = None
        except FiError:
            self._reader = None
            self._decoder.start()  # which says why not

    @property
    def state(self) -> PlaybackState:
        """How much can be played."""
        return self._decoder.state if self._reader is None else PlaybackState(self._ready_s, done=True)

    def take_table(self) -> bytes | None:
        """Return the table that decoding yielded, once."""
        table, self._decoder.table = self._decoder.table, None
        return table

    @property
    def decoding(self) -> bool:
        """Whether it is decoded from the start, or was."""
        return self._decoder.started

    def read(self, start: int, count: int) -> NDArray[np.int16] | None:
        """Return mono samples, fewer at the end; None if they are not decoded yet."""
        if self._reader is not None:
            try:
                return self._read(self._reader, start, count)
            except (SeekMismatch, FiError):
                self._reader.close()
                self._reader = None
        self._decoder.start()
        return self._decoder.read(start, count)

    @property
    def is_open(self) -> bool:
        """Whether the recording's file is open for reading by the table."""
        return self._reader is not None and self._reader.is_open

    def close_file(self) -> None:
        """Close the file; it is opened again when something is played."""
        if self._reader is not None:
            self._reader.close()
        self._blocks, self._at = iter(()), -1

    def _read(self, reader: SeekReader, start: int, count: int) -> NDArray[np.int16]:
        if start != self._at:
            self._blocks, self._held, self._at = reader.samples_from(start), self._held[:0], start
        while len(self._held) < count and (block := next(self._blocks, None)) is not None:
            self._held = np.concatenate([self._held, block])
        found, self._held = self._held[:count], self._held[count:]
        self._at += len(found)
        return found


class _BackgroundDecoder:
    """Decodes in a thread, and reads the samples that are there.

    Attributes:
        state: how far it is.
        started: whether it has begun.
        table: the recording's seek table, once it is decoded.
    """

    def __init__(self, source: Path, folder: Path, seal: FileSeal) -> None:
        self._seal = seal
        self.state = PlaybackState()
        self.started = False
        self.table: bytes | None = None
        self._source = source
        self._target = folder / DECODED
        self._part = folder / f"{DECODED}.part"
        self._channels = 0

    def start(self) -> None:
        """Start, once."""
        if not self.started:
            self.started = True
            threading.Thread(target=self._run, name="playback-decoder", daemon=True).start()

    def read(self, start: int, count: int) -> NDArray[np.int16] | None:
        """Return mono samples, fewer at the end; None if they are not decoded yet."""
        state = self.state
        if not state.done and start + count > round(state.ready_s * SAMPLE_RATE_HZ):
            return None
        if not self._channels:
            return np.zeros(0, dtype=np.int16)
        path = self._target if state.done else self._part
        try:
            with reading(self._seal, path, growing=not state.done) as file:
                frames = frames_in(file, start, count, self._channels)
        except FileNotFoundError:  # just renamed
            return None
        if len(frames) < count and not state.done:
            return None  # the end of a sealed part is written in whole chunks
        return np.asarray(np.rint(frames.mean(axis=1)), dtype=np.int16)

    def _run(self) -> None:
        try:
            decoded = decode(
                self._source,
                self._target,
                progress=lambda _fraction: None,
                disk_space=DiskSpace(self._target.parent),
                written=self._written,
                seekable=True,
                seal=self._seal,
            )
        except FiError as error:
            self.state = PlaybackState(self.state.ready_s, done=True, error=error.code)
        except Exception:  # noqa: BLE001 - the window says that it cannot be played
            self.state = PlaybackState(self.state.ready_s, done=True, error="engine.unexpected")
        else:
            self._channels = decoded.recording.channels
            if decoded.seek_table is not None:
                self.table = decoded.seek_table.to_bytes()
            self.state = PlaybackState(decoded.recording.duration, done=True)

    def _written(self, channels: int, samples: int) -> None:
        """Take note of samples in the part file."""
        self._channels = channels
        self.state = PlaybackState(samples / SAMPLE_RATE_HZ)


class _Stream:
    """Sound from one moment to another, at one speed.

    Attributes:
        number: as the window counts.
        ended: all of it was sent.
        played_s: what the window has played of it, seconds of the recording.
    """

    def __init__(self, sound: _Sound, request: dict[str, Any]) -> None:
        self.number: int = request["play"]
        self.played_s = 0.0
        self._sound = sound
        self._start_s = max(0.0, float(request["start"]))
        self._at = round(self._start_s * SAMPLE_RATE_HZ)
        self._end = None if request["end"] is None else round(float(request["end"]) * SAMPLE_RATE_HZ)
        self._tempo = None if request["speed"] == 1.0 else _Tempo(float(request["speed"]))
        self.ended = False

    def send_next(self, pipe: Connection) -> bool:
        """Send the next samples, or none at the end, once; return whether there was something to send."""
        ahead_s = self._at / SAMPLE_RATE_HZ - self._start_s - self.played_s
        if self.ended or ahead_s > _AHEAD_S:
            return False
        count = round(_CHUNK_S * SAMPLE_RATE_HZ)
        if self._end is not None:
            count = max(0, min(count, self._end - self._at))
        samples = self._sound.read(self._at, count) if count else np.zeros(0, dtype=np.int16)
        if samples is None:
            return False
        at_s = self._at / SAMPLE_RATE_HZ
        self._at += len(samples)
        self.ended = len(samples) == 0
        if self._tempo is not None:
            samples = np.concatenate([*self._tempo.push(samples), np.zeros(0, dtype=np.int16)])
        if len(samples):
            pipe.send_bytes(SOUND + HEADER.pack(self.number, at_s) + samples.astype("<i2").tobytes())
        if self.ended:
            pipe.send_bytes(SOUND + HEADER.pack(self.number, at_s))
        return True


class _Tempo:
    """Changes the speed of speech at the same pitch: FFmpeg's `atempo`."""

    def __init__(self, speed: float) -> None:
        self._graph = av.filter.Graph()
        base = Fraction(1, SAMPLE_RATE_HZ)
        source = self._graph.add_abuffer(
            format="s16", sample_rate=SAMPLE_RATE_HZ, layout="mono", time_base=base
        )
        tempo = self._graph.add("atempo", f"{speed:g}")
        sink = self._graph.add("abuffersink")
        source.link_to(tempo)
        tempo.link_to(sink)
        self._graph.configure()
        self._pushed = 0

    def push(self, samples: NDArray[np.int16]) -> Iterator[NDArray[np.int16]]:
        """Yield what comes of int16 (samples,); no samples: of the end."""
        if len(samples):
            frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, self._pushed
            self._pushed += len(samples)
            self._graph.push(frame)
        else:
            self._graph.push(None)
        while True:
            try:
                found = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            yield found.to_ndarray()[0]
