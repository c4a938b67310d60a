"""Decodes a recording from any moment on, by its seek table, to the samples that were transcribed.

It starts a second earlier: a decoder needs packets from before to be right. What the table says of packets
and frames is compared all the way; where the file differs, reading ends with `SeekMismatch`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.packet import Packet
from numpy.typing import NDArray

from fi_desktop.audio.container import Media, open_media
from fi_desktop.audio.demux import FilePosition, packets
from fi_desktop.audio.probe import EmptyEdits, empty_edits
from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.audio.resampling import Resampler, channels_of, clean
from fi_desktop.audio.seek_table import SeekMethod, SeekTable, checksum, file_bytes
from fi_desktop.core.errors import FiError

_BEFORE = SAMPLE_RATE_HZ  # samples that are decoded before a row is trusted: MP3, Opus and SBR need less
_SETTLE = SAMPLE_RATE_HZ // 20  # and after it: the resampler's filter is 3 ms long
_MAX_SKIPPED = 5_000  # packets between the one that FFmpeg found and the one that was sought
_FULL_SCALE = 32_768.0
# Verification: places, length of each, lags that are tried, and how alike the sound must be. Codecs that fill
# bands with noise draw other noise after seeking.
_PLACES = 8
_COMPARED = SAMPLE_RATE_HZ // 2
_LAGS = 40
_ALIKE = 0.8
_SILENT_RMS = 4.0  # of 16-bit samples


class SeekMismatch(Exception):
    """The file is not the one that the table describes, or FFmpeg does not find its packets."""


class SeekReader:
    """Reads a recording through its table; keeps the file open."""

    def __init__(self, source: Path, table: SeekTable) -> None:
        self._source = source
        self._table = table
        self._stack = ExitStack()
        self._media: Media | None = None
        self._fresh = False  # open, and nothing was read of it
        self._empty = EmptyEdits(())

    def open(self) -> None:
        """Open the file, at its start.

        Raises:
            UserError, TransientError: as `open_media`.
            SeekMismatch: it is another file.
        """
        self.close()
        media = self._media = self._stack.enter_context(open_media(self._source))
        if file_bytes(media) != self._table.file_bytes or media.stream.index != self._table.stream:
            raise SeekMismatch("another file")
        self._empty = empty_edits(media)
        self._fresh = True

    @property
    def is_open(self) -> bool:
        """Whether the file is open."""
        return self._media is not None

    def close(self) -> None:
        """Close the file."""
        self._media, self._fresh = None, False
        self._stack.close()

    def samples_from(self, start: int) -> Iterator[NDArray[np.int16]]:
        """Yield mono samples from `start` to the recording's end, a frame or so at a time.

        Raises:
            UserError, TransientError: the file cannot be opened or read any more.
            SeekMismatch: it is not as the table says.
        """
        try:
            yield from self._samples_from(start)
        except (av.FFmpegError, ValueError) as error:
            raise SeekMismatch("what FFmpeg or PyAV refuses") from error

    def _samples_from(self, start: int) -> Iterator[NDArray[np.int16]]:
        table = self._table
        row = table.row_before(start - _SETTLE)
        target = table.target_before(int(table.rows["sample"][row]) - _BEFORE)
        frames = self._frames(target)
        position = -1
        for sample, block in _Placed(table, row).run(frames):
            if position < 0:
                position = min(start, table.samples)
                if (missing := sample - position) > 0:  # a late start, if it is the first row
                    if row:
                        raise SeekMismatch("a later moment")
                    yield np.zeros(missing, dtype=np.int16)
                    position = sample
            block = block[:, position - sample :] if sample < position else block
            block = block[:, : table.samples - position]
            if block.shape[1]:
                position += block.shape[1]
                yield _mono(block)

    def _frames(self, target: int) -> Iterator[tuple[int, int, AudioFrame | None]]:
        """Yield packet number, frame number and frame, None for one that is not used; from a row on."""
        table, row = self._table, self._table.rows[target]
        if self._media is None or (target == 0 and not self._fresh):
            self.open()
        self._fresh = False
        media = self._media
        assert media is not None
        number = 0
        following = packets(media, FilePosition(media))
        if target:
            self._seek(media, int(row["time"]), int(row["position"]))
            number = int(row["packet"])
        found, skipped = not target, 0
        noted, ahead = table.rows["packet"], target
        for packet in following:
            if packet.stream_index != table.stream:
                continue
            if not found:
                found = _is(packet, row)
                skipped += 1
                if skipped > _MAX_SKIPPED:
                    break
                if not found:
                    continue
            while ahead < len(noted) and noted[ahead] <= number:
                if noted[ahead] == number and not _is(packet, table.rows[ahead]):
                    raise SeekMismatch("another packet")
                ahead += 1
            for frame_number, frame in enumerate(self._decode(media, packet)):
                middle_s = None if frame.time is None else frame.time + frame.samples / frame.sample_rate / 2
                used = middle_s is None or not self._empty.cover(middle_s)
                yield number, frame_number, frame if used else None
            number += 1
        if not found:
            raise SeekMismatch("a packet that is not found")

    def _seek(self, media: Media, time: int, position: int) -> None:
        try:
            if self._table.method is SeekMethod.BYTE:
                media.container.seek(position, unsupported_byte_offset=True, stream=media.stream)
            else:
                media.container.seek(time, stream=media.stream)
        except (av.FFmpegError, OSError, ValueError, OverflowError) as error:
            raise SeekMismatch("no seeking") from error

    def _decode(self, media: Media, packet: Packet) -> list[AudioFrame]:
        try:
            return [frame for frame in media.stream.decode(packet) if frame.samples]
        except av.FFmpegError:
            return []  # the track decoder went on as well


class _Placed:
    """Resamples frames, and puts them where the table says."""

    def __init__(self, table: SeekTable, first: int) -> None:
        """Prepare; `first`: the row from which on frames are used."""
        self._table = table
        self._next = first
        self._resampler = Resampler()
        self._fed = 0
        self._position = 0  # of the next sample that the resampler yields

    def run(
        self, frames: Iterator[tuple[int, int, AudioFrame | None]]
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield blocks, float32 (channels, samples), with the sample at which each begins."""
        started, rate_hz = False, 0
        for packet_number, frame_number, frame in frames:
            if frame is None:
                continue
            row = self._row_of(packet_number, frame_number)
            if not started:
                if row is None:
                    continue
                started = True
                rate_hz = int(row["rate"])
                self._start(frame, rate_hz, int(row["sample"]), int(row["fed"]))
            elif row is not None and row["fed"] == 0:
                yield from self._push(None)
                at, rate_hz = int(row["sample"]), int(row["rate"])
                if (missing := at - self._position) > 0:
                    yield self._position, np.zeros((self._table.channels, missing), dtype=np.float32)
                self._start(frame, rate_hz, at, 0)
            elif row is not None and int(row["fed"]) != self._fed:
                raise SeekMismatch("other frames")
            frame.sample_rate = rate_hz
            self._fed += frame.samples
            yield from self._push(frame)
        if not started:
            raise SeekMismatch("no frames")
        yield from self._push(None)

    def _row_of(self, packet_number: int, frame_number: int) -> np.void | None:
        """Return the row of a frame; None if it has none."""
        if self._next == len(self._table.rows):
            return None
        row: np.void = self._table.rows[self._next]
        place, noted = (packet_number, frame_number), (int(row["packet"]), int(row["frame"]))
        if place > noted:
            raise SeekMismatch("a frame that does not come")
        self._next += place == noted
        return row if place == noted else None

    def _start(self, frame: AudioFrame, rate_hz: int, sample: int, fed: int) -> None:
        """Start the resampler in the phase that it had: samples of before become silence."""
        self._resampler.start(frame.layout.name)
        self._fed = fed
        missing = fed % (rate_hz // math.gcd(rate_hz, SAMPLE_RATE_HZ))
        self._position = sample - missing * SAMPLE_RATE_HZ // rate_hz
        if missing:
            silence = AudioFrame(frame.format.name, frame.layout.name, missing)
            silence.sample_rate = rate_hz
            for plane in silence.planes:
                plane.update(bytes(plane.buffer_size))
            # what comes of it is dropped: reading begins later
            for resampled in self._resampler.push(silence):
                self._position += resampled.samples

    def _push(self, frame: AudioFrame | None) -> Iterator[tuple[int, NDArray[np.float32]]]:
        for resampled in self._resampler.push(frame):
            block = channels_of(resampled, self._table.channels)
            yield self._position, block
            self._position += block.shape[1]


def _is(packet: Packet, row: np.void) -> bool:
    """Whether a packet is the one of a row."""
    at = packet.pos if packet.pos is not None else -1
    return bool(at == row["position"] and packet.size == row["size"] and checksum(packet) == row["checksum"])


def _mono(block: NDArray[np.float32]) -> NDArray[np.int16]:
    """Round float32 (channels, samples) as a decoded recording is, and mix it to (samples,)."""
    scaled = np.clip(np.rint(clean(block.copy()) * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1)
    return np.asarray(np.rint(scaled.astype(np.int16).mean(axis=0)), dtype=np.int16)


def verified(table: SeekTable | None, source: Path, recording: Recording) -> SeekTable | None:
    """Return a table if reading through it gives the decoded recording, at places all over it; else None."""
    if table is None:
        return None
    reader = SeekReader(source, table)
    starts = np.linspace(0, table.samples - _COMPARED, _PLACES).astype(int)
    try:
        if all(_is_alike(reader, int(start), recording) for start in starts):
            return table
    except (SeekMismatch, FiError):
        return None
    finally:
        reader.close()
    return None


def _is_alike(reader: SeekReader, start: int, recording: Recording) -> bool:
    """Whether half a second of sound is the same, at the same moment."""
    found: list[NDArray[np.int16]] = []
    for block in reader.samples_from(start):
        found.append(block)
        if sum(map(len, found)) >= _COMPARED:
            break
    wanted = recording.frames(start, _COMPARED).mean(axis=1)
    heard = np.concatenate([*found, np.zeros(0, dtype=np.int16)])[: len(wanted)].astype(np.float64)
    if len(heard) < len(wanted):
        return False
    wanted, heard = wanted - wanted.mean(), heard - heard.mean()
    if max(np.sqrt(np.mean(wanted**2)), np.sqrt(np.mean(heard**2))) < _SILENT_RMS:
        return True
    inner = wanted[_LAGS:-_LAGS]
    products = np.correlate(heard, inner, mode="valid")
    power = float(np.linalg.norm(inner) * np.linalg.norm(heard[_LAGS:-_LAGS]))
    best = int(products.argmax()) - _LAGS
    return abs(best) <= 1 and power > 0.0 and float(products[_LAGS]) >= _ALIKE * power
