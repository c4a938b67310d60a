"""Plays a recording: the playback process on one side, the audio device on the other."""

from __future__ import annotations

import shutil
import struct
import threading
from collections import deque
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QIODevice, QObject, QTimer, Signal, Slot
from PySide6.QtMultimedia import QAudioFormat, QAudioSink, QMediaDevices

from fi_desktop.audio import playback
from fi_desktop.audio.playback import (
    PLAYBACK_HZ,
    SPEEDS,
    PlaybackState,
    PlayedSound,
    play_request,
    played_request,
    read_message,
    stop_request,
)
from fi_desktop.core import messages
from fi_desktop.system import log

LEAD_S = 0.5
"""How long before a chosen word playing starts."""

PREPARE_MS = 300
"""How long after a result is shown the playback process starts."""

_BYTES_PER_S = 2 * PLAYBACK_HZ
_TICK_MS = 33
_GONE = (messages.AUDIO_MISSING.code, messages.AUDIO_AWAY.code)
_DEVICE_BUFFER_S = 0.06


class SoundOutput(Protocol):
    """What plays samples: 16 kHz, 16 bits, mono."""

    def start(self, source: QIODevice) -> None:
        """Start to read from a source, over and over."""

    def stop(self) -> None:
        """Stop reading, and drop what was read and not yet heard."""

    def waiting_bytes(self) -> int:
        """Return how much was read and not yet heard."""


class DeviceOutput:
    """The computer's default audio device."""

    def __init__(self) -> None:
        form = QAudioFormat()
        form.setSampleRate(PLAYBACK_HZ)
        form.setChannelCount(1)
        form.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        self._sink = QAudioSink(QMediaDevices.defaultAudioOutput(), form)
        self._sink.setBufferSize(round(_DEVICE_BUFFER_S * _BYTES_PER_S))

    def start(self, source: QIODevice) -> None:
        """Start to read from a source, over and over."""
        self._sink.start(source)

    def stop(self) -> None:
        """Stop reading, and drop what was read and not yet heard."""
        self._sink.reset()

    def waiting_bytes(self) -> int:
        """Return how much was read and not yet heard."""
        return max(0, self._sink.bufferSize() - self._sink.bytesFree())


def device_output() -> SoundOutput | None:
    """Return the default audio device; None without one."""
    return None if QMediaDevices.defaultAudioOutput().isNull() else DeviceOutput()


class Player(QObject):
    """Plays one recording from any moment, at any speed.

    Attributes:
        speed: one of `SPEEDS`.
        loop: the stretch that is played over and over, seconds; None to go on.

    Signals:
        moved: what is heard now, seconds; several times a second while it plays.
        changed: it plays or stops, or something else that the controls show changed.
    """

    moved = Signal(float)
    changed = Signal()
    _received = Signal()

    def __init__(
        self,
        source: Path,
        folder: Path,
        table: Path,
        parent: QObject | None = None,
        *,
        output: Callable[[], SoundOutput | None] = device_output,
    ) -> None:
        """Prepare; the process starts with `prepare`, or when something is played.

        Args:
            source: the recording.
            folder: for the playback process, which deletes it.
            table: the recording's seek table, which need not exist.
            parent: of the object.
            output: opens what plays the samples.
        """
        super().__init__(parent)
        self.speed = 1.0
        self.loop: tuple[float, float] | None = None
        self._source, self._folder, self._table = source, folder, table
        self._open_output = output
        self._output: SoundOutput | None = None
        self._link: _Link | None = None
        self._buffer = _SoundBuffer(self)
        self._number = 0
        self._playing = self._closed = False
        self._position_s = 0.0
        self._error = ""
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._on_tick)
        self._received.connect(self._on_received)

    @property
    def playing(self) -> bool:
        """Whether it plays, or is about to."""
        return self._playing

    @property
    def position_s(self) -> float:
        """What is heard now, or will be when it plays, seconds."""
        return self._position_s

    @property
    def waiting(self) -> bool:
        """Whether it is to play sound that is not decoded yet."""
        return self._playing and self._buffer.empty and not self._buffer.ended

    @property
    def gone(self) -> bool:
        """Whether the recording is not where it was."""
        return self._error in _GONE

    @property
    def error(self) -> str:
        """The code of the message that says why it cannot play; "" if it can."""
        return self._error

    @Slot()
    def prepare(self) -> None:
        """Start the process ahead of the first click, if there is a device to play on."""
        if not self._closed and self._link is None and not self._error and self._open():
            self._link = _Link(self._source, self._folder, self._table, self._received.emit)

    def set_source(self, source: Path) -> None:
        """Play another file from now on: the recording was found there."""
        self.pause()
        self._disconnect()
        self._source, self._error = source, ""
        self.prepare()
        self.changed.emit()

    def play(self, start_s: float | None = None) -> None:
        """Play from a moment, or from where it stopped."""
        if not self._start():
            return
        if start_s is not None:
            self._position_s = max(0.0, start_s)
        self._number += 1
        self._buffer.begin(self._number, self._position_s, self.speed)
        end_s = None
        if self.loop is not None and self._position_s < self.loop[1]:
            end_s = self.loop[1]
        assert self._link is not None
        assert self._output is not None
        self._output.stop()
        self._link.send(play_request(self._number, self._position_s, end_s, self.speed))
        self._output.start(self._buffer)
        self._timer.start()
        self._set_playing(True)

    def pause(self) -> None:
        """Stop, and stay at this moment."""
        if not self._playing:
            return
        self._position_s = self._heard_s()
        self._halt()
        if self._link is not None:
            self._link.send(stop_request())
        self._set_playing(False)
        self.moved.emit(self._position_s)

    def toggle(self) -> None:
        """Play or pause."""
        if self._playing:
            self.pause()
        else:
            self.play()

    def seek(self, moment_s: float) -> None:
        """Go to a moment; it goes on playing if it plays."""
        if self._playing:
            self.play(moment_s)
        else:
            self._position_s = max(0.0, moment_s)
            self.moved.emit(self._position_s)

    def skip(self, seconds: float) -> None:
        """Go forward, or back if negative."""
        self.seek((self._heard_s() if self._playing else self._position_s) + seconds)

    def set_speed(self, speed: float) -> None:
        """Change the speed; sound that plays goes on from here."""
        if speed not in SPEEDS:
            raise ValueError(f"a speed of {speed}")
        self.speed = speed
        if self._playing:
            self.play(self._heard_s())
        self.changed.emit()

    def set_loop(self, span: tuple[float, float] | None) -> None:
        """Repeat a stretch, seconds, or go on."""
        self.loop = span
        if self._playing:
            self.play(span[0] if span is not None else self._heard_s())
        self.changed.emit()

    def close(self) -> None:
        """End the process and let go of the device."""
        self._closed = True
        self._disconnect()

    def _disconnect(self) -> None:
        self._halt()
        self._playing = False
        if self._link is not None:
            self._link.close()
            self._link = None

    def _open(self) -> bool:
        """Open the device; return whether there is one."""
        if self._output is None:
            self._output = self._open_output()
        return self._output is not None

    def _start(self) -> bool:
        """Start the process and open the device; return whether it can play."""
        if self._error and self._link is not None:
            self._disconnect()  # the recording may be back
        if not self._open():
            self._error = messages.PLAY_NO_DEVICE.code
        elif self._link is None:
            self._error = ""
            self._link = _Link(self._source, self._folder, self._table, self._received.emit)
        if self._error:
            self.changed.emit()
        return not self._error

    def _halt(self) -> None:
        self._timer.stop()
        if self._output is not None:
            self._output.stop()

    def _set_playing(self, playing: bool) -> None:
        if self._playing is not playing:
            self._playing = playing
            self.changed.emit()

    def _heard_s(self) -> float:
        """Return the moment that is heard now, seconds."""
        waiting = self._output.waiting_bytes() if self._output is not None else 0
        return self._buffer.moment_s(waiting)

    @Slot()
    def _on_tick(self) -> None:
        if self._link is not None and (played_s := self._buffer.take_played_s()):
            self._link.send(played_request(self._number, played_s))
        self._position_s = self._heard_s()
        self.moved.emit(self._position_s)
        if self._buffer.ended and self._buffer.empty and not self._pending():
            if self.loop is not None:
                self.play(self.loop[0])
            else:
                self._halt()
                self._set_playing(False)

    def _pending(self) -> bool:
        return self._output is not None and self._output.waiting_bytes() > 0 and not self._buffer.silent

    @Slot()
    def _on_received(self) -> None:
        if self._link is None:
            return
        for message in self._link.take():
            if isinstance(message, PlayedSound):
                self._buffer.add(message)
            elif message.error:
                self._error = message.error
                self.pause()
                self.changed.emit()
        if self._link.broken and not self._error:
            log.event("PLAYBACK_ENDED")
            self._error = messages.PLAY_FAILED.code
            self.pause()
            self._disconnect()
            self.changed.emit()


class _Link:
    """The playback process, and the thread that reads what it sends.

    Attributes:
        broken: the process ended, or sent what nobody understands.
    """

    def __init__(self, source: Path, folder: Path, table: Path, notify: Callable[[], None]) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=playback.main, args=(theirs, source, folder, table), name="playback", daemon=True
        )
        self._process.start()
        theirs.close()
        self._folder = folder
        self.broken = False
        self._closing = False
        self._notify = notify
        self._messages: deque[PlaybackState | PlayedSound] = deque()
        self._thread = threading.Thread(target=self._read, name="playback-reader", daemon=True)
        self._thread.start()

    def send(self, request: bytes) -> None:
        """Send a request; a process that is gone is noticed by the reader."""
        try:
            self._pipe.send_bytes(request)
        except OSError:
            self.broken = True

    def take(self) -> list[PlaybackState | PlayedSound]:
        """Return what came since the last call."""
        return [self._messages.popleft() for _ in range(len(self._messages))]

    def close(self) -> None:
        """End the process."""
        self._closing = True
        _close(self._pipe)
        self._thread.join()
        self._process.join(1.0)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()
        self._process.close()
        shutil.rmtree(self._folder, ignore_errors=True)  # a killed process left it

    def _read(self) -> None:
        try:
            while True:
                if self._pipe.poll(0.1):
                    self._messages.append(read_message(self._pipe.recv_bytes()))
                    self._notify()
                elif self._closing:
                    return
        except (EOFError, OSError, ValueError, KeyError, TypeError, struct.error):
            if not self._closing:
                self.broken = True
                self._notify()


def _close(pipe: Connection) -> None:
    try:
        pipe.close()
    except OSError:
        return


class _SoundBuffer(QIODevice):
    """What the device reads: the samples of a stream, and silence while they are missing.

    Attributes:
        ended: the stream's last samples are here.
        silent: the device read silence last.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.ended = self.silent = False
        self._lock = threading.Lock()  # some devices read in another thread
        self._samples = bytearray()
        self._number = 0
        self._start_s = 0.0
        self._speed = 1.0
        self._read_bytes = 0  # of the stream's samples
        self._told_bytes = 0
        self.open(QIODevice.OpenModeFlag.ReadOnly | QIODevice.OpenModeFlag.Unbuffered)

    @property
    def empty(self) -> bool:
        """Whether all samples that came have been read."""
        return not self._samples

    def begin(self, number: int, start_s: float, speed: float) -> None:
        """Expect another stream; samples of earlier ones are dropped."""
        with self._lock:
            self._number, self._start_s, self._speed = number, start_s, speed
            self._samples.clear()
            self._read_bytes = self._told_bytes = 0
            self.ended = self.silent = False

    def add(self, sound: PlayedSound) -> None:
        """Take samples; none: the stream has ended."""
        with self._lock:
            if sound.stream == self._number:
                self._samples += sound.samples
                self.ended = self.ended or not sound.samples

    def moment_s(self, waiting_bytes: int) -> float:
        """Return the moment that is heard while the device holds this many bytes, seconds."""
        with self._lock:
            heard = max(0, self._read_bytes - (0 if self.silent else waiting_bytes))
            return self._start_s + heard / _BYTES_PER_S * self._speed

    def take_played_s(self) -> float:
        """Return how much was read since the last call, seconds of the recording."""
        with self._lock:
            new, self._told_bytes = self._read_bytes - self._told_bytes, self._read_bytes
            return new / _BYTES_PER_S * self._speed

    def readData(self, maxlen: int) -> bytes:
        """Return samples, or silence if there are none yet."""
        with self._lock:
            count = min(maxlen - maxlen % 2, len(self._samples))
            if not count:
                self.silent = True
                return bytes(max(0, min(maxlen - maxlen % 2, _BYTES_PER_S // 50)))
            self.silent = False
            found = bytes(self._samples[:count])
            del self._samples[:count]
            self._read_bytes += count
            return found

    def writeData(self, data: object, length: int) -> int:
        """Refuse: it is only read."""
        return -1

    def bytesAvailable(self) -> int:
        """Return that there is always something to read."""
        return max(len(self._samples), _BYTES_PER_S // 50) + super().bytesAvailable()

    def isSequential(self) -> bool:
        """Return that it has no positions."""
        return True
