"""Decodes a recording: anything FFmpeg reads, to 16 kHz with its channels kept, in a file that engines read.

The first stage of the pipeline calls it, in a worker. Sound is streamed in blocks of seconds, so memory never
follows the recording's length. Knows nothing of jobs: it is asked to stop through `progress`, whose
exceptions pass through.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.packet import Packet

from fi_desktop.audio.blocks import BlockWriter, DecodeProgress
from fi_desktop.audio.container import Media, open_media, open_part, user_error
from fi_desktop.audio.declared import declared_end, missed_end
from fi_desktop.audio.edits import empty_edits
from fi_desktop.audio.losses import Losses, Reading
from fi_desktop.audio.notes import AudioWarning
from fi_desktop.audio.packets import following, packets
from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording, RecordingWriter
from fi_desktop.audio.room import Room
from fi_desktop.audio.timeline import Timeline
from fi_desktop.audio.tracks import MAX_TRACKS, join, sound_tracks
from fi_desktop.audio.treatment import AS_IT_IS, Treatment, is_silent
from fi_desktop.core.errors import UserError

MAX_CHANNELS = 8

# So many recordings behind another that cannot be read are its end.
_PART_FAILURES = 16
# How much faster sound is played until it has caught up with its timestamps: nothing is left out, and a
# voice stays the same.
_HASTE = 1.025
# libavformat's AVFMT_TS_DISCONT and AVFMT_GENERIC_INDEX.
_RELATIVE_TIMESTAMPS = 0x0200 | 0x0100
# A broken packet this many times too large holds several frames.
_SWALLOWED = 4
# What recorders use is between these; a header that was damaged may make a terabyte of a minute.
_RATES_HZ = range(2_000, 800_001)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded recording and what is to be said about it.

    Attributes:
        recording: 16 kHz samples on disk.
        peak: highest level of any channel in the file, 0 to 1, without an offset.
        warnings: what the person must know; mostly empty.
        needs: how the recording has to be treated.
    """

    recording: Recording
    peak: float
    warnings: tuple[AudioWarning, ...] = ()
    needs: Treatment = AS_IT_IS


def decode(
    source: Path, target: Path, *, progress: Callable[[float], None], room: Room | None = None
) -> Decoded:
    """Decode `source` to `target`, which is there whole or not at all.

    Channels are kept up to eight; further ones are mixed into these in turn, so that no voice is lost.
    Silence stands where the recording's timestamps leave a gap. Of a file with several sound tracks, those
    that hold sound are joined; see `tracks.py`. A recording that turns out to need a treatment is decoded
    once more, while progress stays at 1; see `treatment.py`.

    Args:
        source: any file with a sound track.
        target: where the samples go; files of this name with ".part" and a number behind it are used
            meanwhile.
        progress: called with the fraction done, 0 to 1 and never falling, for every two seconds of sound.
        room: how much may be written; as much as `Room` says by itself if None.

    Raises:
        UserError: the codes of `open_media`, audio.no_samples, audio.silent (nothing above three
            steps of a sample), or audio.too_long.
        TransientError: disk.full, audio.no_room, or audio.read where the drive fails.
    """
    # A fixed name: what a killed attempt left behind is overwritten by the next, and not forgotten on the
    # disk.
    parts = [target.with_name(f"{target.name}.part{number or ''}") for number in range(MAX_TRACKS + 1)]
    room = room or Room(target.parent)
    try:
        with open_media(source) as media:
            tracks = sound_tracks(media)
            heard = _decode_tracks(media, dict.fromkeys(tracks, AS_IT_IS), parts, progress, room)
        needs = {index: track.needs for index, track in heard.items() if track.needs != AS_IT_IS}
        if needs:
            _delete(parts)
            room = replace(room)
            with open_media(source) as media:
                again = {track: needs.get(track.stream.index, AS_IT_IS) for track in sound_tracks(media)}
                heard = _decode_tracks(media, again, parts, lambda _fraction: progress(1.0), room)
        decoded = _joined(list(heard.values()), len(tracks), parts[-1], room)
        progress(1.0)
        os.replace(decoded.recording.path, target)  # noqa: PTH105 - as STYLE.md names it
    except OSError as error:
        if (refusal := room.refusal(error)) is not None:
            raise refusal from None
        raise
    finally:
        _delete(parts)
    return replace(decoded, recording=replace(decoded.recording, path=target))


def _delete(parts: Sequence[Path]) -> None:
    for part in parts:
        part.unlink(missing_ok=True)


def _decode_tracks(
    media: Media,
    tracks: Mapping[Media, Treatment],
    parts: Sequence[Path],
    report: Callable[[float], None],
    room: Room,
) -> dict[int, Decoded]:
    """Decode sound tracks side by side, the main one first; return those that hold sound, by their index.

    A track that cannot be used costs nothing but itself, as long as there is another; else its error is that
    of the main track.
    """
    progress = DecodeProgress(media, report)
    reading = Reading(media)
    heard: dict[int, Decoded] = {}
    errors: dict[int, UserError] = {}
    with ExitStack() as stack:
        decoders = {
            track.stream.index: stack.enter_context(
                _Decoder(track, part, progress, room, Losses(reading), treatment)
            )
            for (track, treatment), part in zip(tracks.items(), parts, strict=False)
        }
        for packet in packets(media, reading):
            decoder = decoders.get(packet.stream_index)
            if decoder is None or packet.stream_index in errors:
                progress.other(packet)
                reading.other(packet)
                continue
            progress.packet(packet)
            try:
                decoder.take(packet)
            except UserError as error:
                errors[packet.stream_index] = error
                if len(errors) == len(decoders):
                    break
        reached_s = max(reading.others_end_s, *(decoder.end_s for decoder in decoders.values()))
        for index, decoder in decoders.items():
            if index in errors:
                continue
            try:
                decoder.compare(reached_s)
                if len(decoders) == 1:
                    _read_on(media, reading, decoder)
                heard[index] = decoder.finish()
            except UserError as error:
                errors[index] = error
    if not heard:
        raise errors[next(iter(decoders))]
    return heard


def _read_on(media: Media, reading: Reading, decoder: _Decoder) -> None:
    """Decode the recordings that follow in the same file; see `packets.py`."""
    start, next_at, failures = 0, following(media, reading.packet_at), 0
    while next_at is not None and next_at > start and failures < _PART_FAILURES:
        start = next_at
        try:
            with open_part(media, start) as part:
                reading = Reading(part)
                decoder.go_on(part, reading)
                for packet in packets(part, reading):
                    if packet.stream_index == part.stream.index:
                        decoder.take(packet)
                decoder.compare(decoder.end_s)
                behind = following(part, reading.packet_at)
                next_at = None if behind is None else start + behind
        except UserError:
            failures += 1
            decoder.leave_part()
            next_at = following(media, start)


def _joined(heard: Sequence[Decoded], tracks: int, part: Path, room: Room) -> Decoded:
    """Make one recording of the tracks that hold sound; `tracks`: how many there are."""
    if tracks == 1:
        return heard[0]
    recording, used = heard[0].recording, tuple(range(1))
    if len(heard) > 1:
        joined = join([one.recording for one in heard], part, most_channels=MAX_CHANNELS, room=room)
        recording, used = joined.recording, joined.used
    code = "audio.tracks" if len(used) == tracks else "audio.some_tracks"
    said = AudioWarning(code, used=len(used), tracks=tracks)
    damage = {warning.code: warning for number in reversed(used) for warning in heard[number].warnings}
    return Decoded(recording, max(heard[number].peak for number in used), (said, *damage.values()))


class _Decoder:
    """The decoding of one sound track: packets in, blocks of 16 kHz samples out; use as a context manager.

    Attributes:
        _timeline: places frames on the recording's clock.
        _anchor_s, _fed: where the resampler was started, seconds, and the samples a channel it was given
            since.
        _losses: what is missing.
        _empty: where an editor put silence, on the file's clock.
        _warnings: what does not fit the header.
        _seen: whether there were packets at all.
        _fine: whether samples hold more than 16 bits.
    """

    def __init__(
        self,
        media: Media,
        part: Path,
        progress: DecodeProgress,
        room: Room,
        losses: Losses,
        treatment: Treatment,
    ) -> None:
        self._media = media
        self._treatment = treatment
        self._fine = False
        self._part = part
        self._room = room
        self._stack = ExitStack()
        self._output: BlockWriter | None = None
        self._progress = progress
        self._relative = bool(int(media.container.format.flags) & _RELATIVE_TIMESTAMPS)
        self._timeline = Timeline(start_s=media.start_s, duration_s=media.duration_s, relative=self._relative)
        self._resampler: av.AudioResampler | None = None
        self._setup: tuple[str, str, int] | None = None
        self._anchor_s = 0.0
        self._fed = 0
        self._rate_hz = SAMPLE_RATE_HZ
        self._losses = losses
        self._empty = empty_edits(media)
        self._seen = False
        self._warnings: list[AudioWarning] = []

    def __enter__(self) -> _Decoder:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.__exit__(*exc)  # type: ignore[arg-type]

    def take(self, packet: Packet) -> None:
        """Decode a packet of the track."""
        self._seen = self._seen or packet.size > 0
        for frame in self._frames(packet):
            if self._output is None:
                channels = min(frame.layout.nb_channels, MAX_CHANNELS)
                writer = RecordingWriter(self._part, channels, self._room)
                self._output = BlockWriter(self._stack.enter_context(writer), self._progress, self._treatment)
                self._fine = frame.format.bytes > 2 and self._media.stream.codec_context.codec.lossless
            self._take(frame, self._output)

    def go_on(self, media: Media, reading: Reading) -> None:
        """Continue with another recording."""
        at_s, jump = self._position_s, self._timeline.jump
        self._media = media
        self._timeline = Timeline(
            start_s=media.start_s, duration_s=media.duration_s, relative=True, at_s=at_s
        )
        self._timeline.jump = jump
        self._losses.go_on(reading)

    def leave_part(self) -> None:
        """Note that what follows in the file cannot be read."""
        if not any(warning.code == "audio.rest_unread" for warning in self._warnings):
            self._warnings.append(AudioWarning("audio.rest_unread", self._position_s))

    @property
    def end_s(self) -> float:
        """Timestamp at which the sound ends so far, seconds."""
        return self._timeline.origin_s + self._position_s

    def compare(self, reached_s: float) -> None:
        """Compare what was decoded with what the header says; a UserError is raised if there is no sound.

        reached_s: timestamp up to which the file has any track, seconds.
        """
        if self._output is None:
            raise user_error(self._why_nothing(self._seen))
        end_s = missed_end(self._media, sound_end_s=self.end_s, reached_s=reached_s)
        if end_s is not None:
            length_s = end_s - self._timeline.origin_s
            self._warnings.append(AudioWarning("audio.cut_short", self._position_s, length_s))
        sound = self._media.sound
        if sound is not None and sound.miscounted:
            self._warnings.append(
                AudioWarning("audio.more_than_counted", self._position_s, sound.counted_s or 0.0)
            )

    def finish(self) -> Decoded:
        """Return what was decoded, after everything was compared."""
        assert self._output is not None
        self._drain(self._output)
        self._output.finish()
        # What was written is on the disk once the writer is closed.
        self._stack.close()
        recording, survey = self._output.recording, self._output.survey
        if recording.samples == 0:
            raise user_error("audio.no_samples")
        if is_silent(survey.peak, fine=self._fine):
            raise user_error("audio.silent")
        if self._timeline.jump:
            self._warnings.append(AudioWarning("audio.clock_jumps", *self._timeline.jump))
        warnings = (*self._losses.warnings(), *self._warnings)
        return Decoded(recording, survey.peak, warnings, survey.treatment())

    @property
    def _position_s(self) -> float:
        return self._anchor_s + self._fed / self._rate_hz

    def _frames(self, packet: Packet) -> list[AudioFrame]:
        try:
            # Not packet.decode(): in damaged files PyAV may take a packet for another track's.
            frames = self._media.stream.decode(packet)
        except av.FFmpegError:
            self._losses.unheard(self._length_s(packet))
            return []
        return [frame for frame in frames if frame.samples]

    def _length_s(self, packet: Packet) -> float:
        """How much sound a packet that cannot be decoded stands for, seconds."""
        length_s = float(packet.duration * packet.time_base) if packet.duration and packet.time_base else 0.0
        bit_rate = self._media.stream.codec_context.bit_rate
        swallowed_s = 8 * packet.size / bit_rate if bit_rate else 0.0
        if not self._relative or swallowed_s < _SWALLOWED * length_s:
            return length_s
        # Formats without timestamps (MP3): the parser takes all bytes to the next frame for one, and counts
        # on as if only one were lost.
        self._timeline.skip(swallowed_s - length_s)
        return swallowed_s

    def _take(self, frame: AudioFrame, output: BlockWriter) -> None:
        timestamp_s = frame.time
        if timestamp_s is not None and self._empty.cover(timestamp_s + frame.samples / frame.sample_rate / 2):
            return
        gap_s = self._timeline.gap_before(timestamp_s, self._position_s)
        self._losses.sound(self._position_s, gap_s)
        if self._timeline.behind:
            frame.sample_rate = round(_HASTE * frame.sample_rate)
        setup = (frame.format.name, frame.layout.name, frame.sample_rate)
        if gap_s or setup != self._setup:
            position_s = self._position_s + gap_s
            self._drain(output)
            output.pad(round(position_s * SAMPLE_RATE_HZ))
            self._restart(setup, position_s)
        self._fed += frame.samples
        for resampled in self._resample(frame):
            output.write(resampled)

    def _restart(self, setup: tuple[str, str, int], position_s: float) -> None:
        """Start a resampler for frames of this format, layout and rate."""
        # Packed samples, and the layout kept: PyAV 18 reads past the end of a frame of eight planar channels,
        # and libswresample would mix channels wherever input and output layouts differ.
        if setup[2] not in _RATES_HZ:
            raise user_error("audio.unreadable")
        try:
            self._resampler = av.AudioResampler(format="flt", layout=setup[1], rate=SAMPLE_RATE_HZ)
        except ValueError:
            raise user_error("audio.unreadable") from None
        self._setup, self._rate_hz = setup, setup[2]
        self._anchor_s, self._fed = position_s, 0

    def _drain(self, output: BlockWriter) -> None:
        for resampled in self._resample(None):
            output.write(resampled)

    def _resample(self, frame: AudioFrame | None) -> list[AudioFrame]:
        if self._resampler is None:
            return []
        try:
            return self._resampler.resample(frame)
        except (av.FFmpegError, ValueError):
            # A rate or a layout that no sound card has: the header lies.
            raise user_error("audio.unreadable") from None

    def _why_nothing(self, seen: bool) -> str:
        """The error's code where not one frame was decoded; seen: whether there were packets at all."""
        if not seen:
            return "audio.damaged" if declared_end(self._media) else "audio.no_samples"
        # MP4 keeps its table of contents whole or not at all: packets that are there and mean nothing are
        # encrypted.
        return "audio.unreadable" if self._media.container.format.name.startswith("mov") else "audio.damaged"
