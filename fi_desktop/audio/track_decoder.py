"""Decodes one audio track: packets in, blocks of 16 kHz samples out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.packet import Packet
from numpy.typing import NDArray

from fi_desktop.audio.container import Media
from fi_desktop.audio.demux import FilePosition
from fi_desktop.audio.disk_space import DiskSpace
from fi_desktop.audio.probe import declared_end, empty_edits, missed_end
from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording, RecordingWriter
from fi_desktop.audio.resampling import Resampler, channels_of, clean
from fi_desktop.audio.seek_table import SeekNotes, SeekTable
from fi_desktop.audio.timeline import AudioWarning, MissingAudio, Timeline
from fi_desktop.audio.treatment import UNTREATED, HighPass, Survey, Treatment, is_silent
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import Message
from fi_desktop.vault.sealed_file import IN_CLEAR, FileSeal

MAX_CHANNELS = 8
Written = Callable[[int, int], None]
"""Told the number of channels, and of samples per channel that can be read from the file."""

# A frame holds about 20 ms. Levels, rounding and writing are done per block, not per frame.
_BLOCK_SAMPLES = 2 * SAMPLE_RATE_HZ
# Packets of other tracks between two calls of `progress`.
_OTHER_PACKETS = 64
# Playback speed that catches up with the timestamps: drops nothing and leaves voices intact.
_CATCH_UP_SPEED = 1.025
# libavformat's AVFMT_TS_DISCONT and AVFMT_GENERIC_INDEX.
_RELATIVE_TIMESTAMPS = 0x0200 | 0x0100
# A broken packet this many times too large holds several frames.
_SWALLOWED = 4
# Longer lengths are a damaged header: a thousand hours.
_LONGEST_DECLARED_S = 3_600_000.0
# Recorders stay within this range; a damaged header could turn a minute into a terabyte.
_RATES_HZ = range(2_000, 800_001)


@dataclass(frozen=True, slots=True)
class DecodedAudio:
    """A decoded recording, and what to tell the person about it.

    Attributes:
        recording: 16 kHz samples on disk.
        peak: highest level of any channel in the file, 0 to 1, DC offset removed.
        warnings: usually empty.
        treatment: what the recording needs.
        seek_table: where its moments are in the file, if that is known.
        dates: when the file says it was recorded, see `date_tags`.
    """

    recording: Recording
    peak: float
    warnings: tuple[AudioWarning, ...] = ()
    treatment: Treatment = UNTREATED
    seek_table: SeekTable | None = None
    dates: Mapping[str, str] = field(default_factory=dict)


class DecodeProgress:
    """Reports the fraction done: by time if the length is known, else by position in the file."""

    def __init__(self, media: Media, report: Callable[[float], None]) -> None:
        self._report = report
        self._duration_s = media.duration_s
        self._size_bytes = media.size_bytes
        self._byte = 0
        self._others = 0
        self._done = 0.0

    def note_packet(self, packet: Packet) -> None:
        """Record a packet's position in the file."""
        if packet.pos is not None:
            self._byte = max(self._byte, packet.pos)

    def note_other(self, packet: Packet) -> None:
        """Count a packet of a track that is not decoded, such as video or subtitles."""
        self._others += 1
        if self._others % _OTHER_PACKETS == 0:
            self._report(self._done)

    def note_written(self, position_s: float) -> None:
        """Report that the recording was written up to `position_s`."""
        fraction = position_s / self._duration_s if self._duration_s else self._byte / self._size_bytes
        self._done = max(self._done, min(fraction, 1.0))
        self._report(self._done)


class BlockWriter:
    """Collects resampled frames into blocks, fits them to the channel count, cleans and writes them.

    Attributes:
        survey: measurements of the audio before treatment.
        appended: samples per channel so far.
    """

    def __init__(
        self,
        writer: RecordingWriter,
        progress: DecodeProgress,
        treatment: Treatment = UNTREATED,
        written: Written | None = None,
    ) -> None:
        self.survey = Survey()
        self._written = written
        self._writer = writer
        self._progress = progress
        self._gain = np.float32(treatment.gain)
        self._channels = writer.recording.channels
        self._high_pass = HighPass(self._channels) if treatment.high_pass else None
        self._blocks: list[NDArray[np.float32]] = []
        self._pending = 0
        self.appended = 0

    @property
    def recording(self) -> Recording:
        """What has been written so far."""
        return self._writer.recording

    def write(self, frame: AudioFrame) -> None:
        """Append a frame of packed float32."""
        self._append(channels_of(frame, self._channels))

    def pad(self, samples: int) -> None:
        """Append silence until there are `samples` per channel."""
        missing = samples - self.appended
        while missing > 0:
            count = min(missing, _BLOCK_SAMPLES)
            self._append(np.zeros((self._channels, count), dtype=np.float32))
            missing -= count

    def finish(self) -> None:
        """Write what is pending; nothing may be appended afterwards."""
        self._flush()
        if self._high_pass:
            self._store(self._high_pass.finish())

    def _append(self, block: NDArray[np.float32]) -> None:
        self._blocks.append(block)
        self.appended += block.shape[1]
        self._pending += block.shape[1]
        if self._pending >= _BLOCK_SAMPLES:
            self._flush()

    def _flush(self) -> None:
        """Clean and write what is pending, except what the filter holds back."""
        if not self._blocks:
            return
        block = clean(np.concatenate(self._blocks, axis=1))
        self._blocks, self._pending = [], 0
        self.survey.add(block)
        self._store(self._high_pass.push(block) if self._high_pass else block)
        self._progress.note_written(self.appended / SAMPLE_RATE_HZ)

    def _store(self, block: NDArray[np.float32]) -> None:
        self._writer.write(block if self._gain == 1.0 else block * self._gain)
        if self._written is not None:
            self._writer.flush()
            self._written(self._channels, self._writer.recording.samples)


class TrackDecoder:
    """Decodes one audio track; a context manager.

    Attributes:
        _timeline: places frames on the recording's clock.
        _anchor_s, _fed: position at which the resampler was started, seconds, and the samples per channel
            it has received since.
        _missing: collects what could not be decoded.
        _empty: stretches that an editor left empty, on the file's clock.
        _warnings: contradictions between the header and the audio.
        _seen: whether there were any packets.
        _fine: whether samples hold more than 16 bits.
        _notes: what is noted for seeking.
    """

    def __init__(
        self,
        media: Media,
        part: Path,
        progress: DecodeProgress,
        disk_space: DiskSpace,
        missing: MissingAudio,
        treatment: Treatment,
        written: Written | None = None,
        notes: SeekNotes | None = None,
        seal: FileSeal = IN_CLEAR,
    ) -> None:
        self._seal = seal
        self._written = written
        self._notes = notes
        self._media = media
        self._treatment = treatment
        self._fine = False
        self._part = part
        self._disk_space = disk_space
        self._stack = ExitStack()
        self._output: BlockWriter | None = None
        self._progress = progress
        self._relative = bool(int(media.container.format.flags) & _RELATIVE_TIMESTAMPS)
        self._timeline = Timeline(start_s=media.start_s, duration_s=media.duration_s, relative=self._relative)
        self._resampler = Resampler()
        self._setup: tuple[str, str, int] | None = None
        self._anchor_s = 0.0
        self._fed = 0
        self._rate_hz = SAMPLE_RATE_HZ
        self._missing = missing
        self._empty = empty_edits(media)
        self._seen = False
        self._warnings: list[AudioWarning] = []

    def __enter__(self) -> TrackDecoder:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.__exit__(*exc)  # type: ignore[arg-type]

    def decode(self, packet: Packet) -> None:
        """Decode a packet of the track and write its samples."""
        self._seen = self._seen or packet.size > 0
        if self._notes is not None:
            self._notes.note_packet(packet)
        for frame in self._frames(packet):
            if self._output is None:
                channels = min(frame.layout.nb_channels, MAX_CHANNELS)
                writer = RecordingWriter(self._part, channels, self._disk_space, self._seal)
                self._output = BlockWriter(
                    self._stack.enter_context(writer), self._progress, self._treatment, self._written
                )
                self._fine = frame.format.bytes > 2 and self._media.stream.codec_context.codec.lossless
            self._write(frame, self._output)

    def switch_file(self, media: Media, position: FilePosition) -> None:
        """Continue with another recording stored in the same file."""
        if self._notes is not None:
            self._notes.usable = False
        at_s, jump = self._position_s, self._timeline.jump
        self._media = media
        self._timeline = Timeline(
            start_s=media.start_s, duration_s=media.duration_s, relative=True, at_s=at_s
        )
        self._timeline.jump = jump
        self._missing.switch_file(position)

    def warn_unread(self) -> None:
        """Warn that part of what follows in the file cannot be read."""
        if not any(warning.code == "audio.rest_unread" for warning in self._warnings):
            self._warnings.append(AudioWarning("audio.rest_unread", self._position_s))

    @property
    def end_s(self) -> float:
        """Timestamp at which the audio ends so far, seconds."""
        return self._timeline.origin_s + self._position_s

    def check_end(self, reached_s: float) -> None:
        """Compare what was decoded with what the header declares.

        reached_s: last timestamp of any track in the file, seconds.

        Raises:
            UserError: nothing was decoded.
        """
        if self._output is None:
            raise UserError(self._empty_message())
        end_s = missed_end(self._media, audio_end_s=self.end_s, reached_s=reached_s)
        if end_s is not None:
            length_s = end_s - self._timeline.origin_s
            # a header that counts years was damaged; the recording itself may be whole
            code = "audio.cut_short" if length_s <= _LONGEST_DECLARED_S else "audio.damaged_after"
            self._warnings.append(AudioWarning(code, self._position_s, length_s))
        chunk = self._media.audio_chunk
        if chunk is not None and chunk.miscounted:
            self._warnings.append(
                AudioWarning("audio.more_than_counted", self._position_s, chunk.counted_s or 0.0)
            )

    def finish(self) -> DecodedAudio:
        """Return the result; call after `check_end`."""
        assert self._output is not None
        self._drain(self._output)
        self._output.finish()
        # Closing the writer flushes to disk.
        self._stack.close()
        recording, survey = self._output.recording, self._output.survey
        if recording.samples == 0:
            raise UserError(messages.AUDIO_NO_SAMPLES)
        if is_silent(survey.peak, fine=self._fine):
            raise UserError(messages.AUDIO_SILENT)
        if self._timeline.jump:
            self._warnings.append(AudioWarning("audio.clock_jumps", *self._timeline.jump))
        warnings = (*self._missing.warnings(), *self._warnings)
        return DecodedAudio(recording, survey.peak, warnings, survey.treatment())

    @property
    def _position_s(self) -> float:
        return self._anchor_s + self._fed / self._rate_hz

    def _frames(self, packet: Packet) -> list[AudioFrame]:
        try:
            # Not packet.decode(): in damaged files PyAV may assign a packet to another track.
            frames = self._media.stream.decode(packet)
        except av.FFmpegError:
            self._missing.undecodable(self._duration_of(packet))
            return []
        return [frame for frame in frames if frame.samples]

    def _duration_of(self, packet: Packet) -> float:
        """Return the duration that an undecodable packet stands for, seconds."""
        length_s = float(packet.duration * packet.time_base) if packet.duration and packet.time_base else 0.0
        bit_rate = self._media.stream.codec_context.bit_rate
        swallowed_s = 8 * packet.size / bit_rate if bit_rate else 0.0
        if not self._relative or swallowed_s < _SWALLOWED * length_s:
            return length_s
        # Without timestamps (MP3), the parser takes all bytes up to the next frame as one packet and counts
        # only one frame.
        self._timeline.skip(swallowed_s - length_s)
        return swallowed_s

    def _write(self, frame: AudioFrame, output: BlockWriter) -> None:
        timestamp_s = frame.time
        if timestamp_s is not None and self._empty.cover(timestamp_s + frame.samples / frame.sample_rate / 2):
            if self._notes is not None:
                self._notes.note_dropped()
            return
        gap_s = self._timeline.gap_before(timestamp_s, self._position_s)
        self._missing.decoded(self._position_s, gap_s)
        if self._timeline.behind:
            frame.sample_rate = round(_CATCH_UP_SPEED * frame.sample_rate)
        setup = (frame.format.name, frame.layout.name, frame.sample_rate)
        if gap_s or setup != self._setup:
            position_s = self._position_s + gap_s
            self._drain(output)
            output.pad(round(position_s * SAMPLE_RATE_HZ))
            self._restart(setup, position_s)
        if self._notes is not None:
            self._notes.note_frame(output.appended, self._fed, self._rate_hz)
        self._fed += frame.samples
        for resampled in self._resampler.push(frame):
            output.write(resampled)

    def _restart(self, setup: tuple[str, str, int], position_s: float) -> None:
        """Start a resampler for frames of this format, layout and rate."""
        if setup[2] not in _RATES_HZ:
            raise UserError(messages.AUDIO_UNREADABLE)
        self._resampler.start(setup[1])
        self._setup, self._rate_hz = setup, setup[2]
        self._anchor_s, self._fed = position_s, 0

    def _drain(self, output: BlockWriter) -> None:
        for resampled in self._resampler.push(None):
            output.write(resampled)

    def _empty_message(self) -> Message:
        """Return the error's message if no frame was decoded."""
        if not self._seen:
            return messages.AUDIO_DAMAGED if declared_end(self._media) else messages.AUDIO_NO_SAMPLES
        # MP4's index is either complete or absent: packets that are found and mean nothing are encrypted.
        is_mov = self._media.container.format.name.startswith("mov")
        return messages.AUDIO_UNREADABLE if is_mov else messages.AUDIO_DAMAGED
