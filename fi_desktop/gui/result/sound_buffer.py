"""What the audio device reads: samples as they come, silence while they are missing."""

from __future__ import annotations

import threading

from PySide6.QtCore import QIODevice, QObject

from fi_desktop.audio.playback import PLAYBACK_HZ, PlayedSound

BYTES_PER_S = 2 * PLAYBACK_HZ
"""Of samples of 16 bits, mono."""


class SoundBuffer(QIODevice):
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
            return self._start_s + heard / BYTES_PER_S * self._speed

    def take_played_s(self) -> float:
        """Return how much was read since the last call, seconds of the recording."""
        with self._lock:
            new, self._told_bytes = self._read_bytes - self._told_bytes, self._read_bytes
            return new / BYTES_PER_S * self._speed

    def readData(self, maxlen: int) -> bytes:
        """Return samples, or silence if there are none yet."""
        with self._lock:
            count = min(maxlen - maxlen % 2, len(self._samples))
            if not count:
                self.silent = True
                return bytes(max(0, min(maxlen - maxlen % 2, BYTES_PER_S // 50)))
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
        return max(len(self._samples), BYTES_PER_S // 50) + super().bytesAvailable()

    def isSequential(self) -> bool:
        """Return that it has no positions."""
        return True
