"""Plays a recording: the playback process on one side, the audio device on the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QIODevice, QObject, QTimer, Signal, Slot
from PySide6.QtMultimedia import QAudioFormat, QAudioSink, QMediaDevices

from fi_desktop.audio.playback import (
    PLAYBACK_HZ,
    SPEEDS,
    PlayedSound,
    play_request,
    played_request,
    stop_request,
)
from fi_desktop.core import messages
from fi_desktop.gui.result.playback_link import PlaybackLink
from fi_desktop.gui.result.sound_buffer import BYTES_PER_S, SoundBuffer
from fi_desktop.system import log
from fi_desktop.vault.job_files import CLEAR, JobFiles

LEAD_S = 0.5
"""How long before a chosen word playing starts."""

PREPARE_MS = 300
"""How long after a result is shown the playback process starts."""

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
        self._sink.setBufferSize(round(_DEVICE_BUFFER_S * BYTES_PER_S))

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
        files: JobFiles = CLEAR,
    ) -> None:
        """Prepare; the process starts with `prepare`, or when something is played.

        Args:
            source: the recording.
            folder: for the playback process, which deletes it.
            table: the recording's seek table, which need not exist.
            parent: of the object.
            output: opens what plays the samples.
            files: how the seek table is read, and what is decoded is written.
        """
        super().__init__(parent)
        self.speed = 1.0
        self.loop: tuple[float, float] | None = None
        self._source, self._folder, self._table = source, folder, table
        self._files = files
        self._open_output = output
        self._output: SoundOutput | None = None
        self._link: PlaybackLink | None = None
        self._buffer = SoundBuffer(self)
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
            self._link = PlaybackLink(
                self._source, self._folder, self._table, self._files, self._received.emit
            )

    @property
    def source(self) -> Path:
        """The recording."""
        return self._source

    def miss(self) -> None:
        """Say that the recording is gone: somebody looked."""
        self._error = messages.AUDIO_MISSING.code
        self.changed.emit()

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
            self._link = PlaybackLink(
                self._source, self._folder, self._table, self._files, self._received.emit
            )
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
