"""Decodes a recording of any format to 16 kHz samples on disk, channels kept.

First stage of the pipeline; runs in a worker. Audio is streamed in blocks of seconds, so memory does not
grow with the recording. Knows nothing of jobs: exceptions raised by `progress` (cancel, timeout) pass
through.

Screen recorders store the microphone and the computer's own audio in separate tracks, so every track that
holds audio is used. Each is decoded to a temporary recording; `timeline.py` puts all of them on one clock.
Then the channels that are not silent are joined block by block. Skipped are:
- tracks that cannot be decoded, such as a phone's spatial audio next to its plain audio;
- tracks whose language tag differs from the main one: dubs would be heard as speakers;
- tracks with a voice that describes or comments on the picture;
- silent tracks, duplicates, and a track that is the mix of the others.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from av.audio.stream import AudioStream
from av.stream import Disposition
from numpy.typing import NDArray

from fi_desktop.audio.container import Media, open_media, open_media_at
from fi_desktop.audio.demux import FilePosition, next_recording, packets
from fi_desktop.audio.disk_space import DiskSpace
from fi_desktop.audio.probe import date_tags
from fi_desktop.audio.recording import Recording, RecordingWriter, distinct_channels
from fi_desktop.audio.seek_reader import verified
from fi_desktop.audio.seek_table import SeekNotes
from fi_desktop.audio.timeline import AudioWarning, MissingAudio
from fi_desktop.audio.track_decoder import MAX_CHANNELS, DecodedAudio, DecodeProgress, TrackDecoder, Written
from fi_desktop.audio.treatment import UNTREATED, Treatment
from fi_desktop.core.errors import UserError
from fi_desktop.vault.sealed_file import IN_CLEAR, FileSeal

# Stop looking for further recordings in a file after this many that cannot be read.
_MAX_UNREADABLE = 16
# Further tracks are not decoded.
_MAX_TRACKS = 8
PARTS = _MAX_TRACKS + 1
"""Files that decoding needs: one for each track, and one for all of them joined."""

_DESCRIBING = Disposition.visual_impaired | Disposition.comment | Disposition.dub
_UNKNOWN_LANGUAGES = (None, "", "und", "zxx", "mis", "mul")
_BLOCK_S = 20.0


@dataclass(frozen=True, slots=True)
class _JoinedTracks:
    """Several tracks as one recording.

    Attributes:
        recording: the channels that no others explain.
        used: indices of the tracks they come from, ascending.
    """

    recording: Recording
    used: tuple[int, ...]


def decode(
    source: Path,
    target: Path,
    *,
    progress: Callable[[float], None],
    disk_space: DiskSpace | None = None,
    written: Written | None = None,
    seekable: bool = False,
    seal: FileSeal = IN_CLEAR,
) -> DecodedAudio:
    """Decode `source` to `target`, which exists afterwards in full or not at all.

    Up to eight channels are kept; further ones are mixed into these in turn. Gaps in the timestamps become
    silence. Several audio tracks are joined. A recording that needs treatment is decoded a second time, with
    progress held at 1 (see `treatment.py`).

    Args:
        source: any file with an audio track.
        target: file for the samples; while decoding, files with ".part" and a number appended are used.
        progress: called with the fraction done, 0 to 1 and never falling, for every two seconds of audio.
        disk_space: limits on length and size; None for the defaults of `DiskSpace`.
        written: for playback: called with what can be read from the first part file already. There is no
            treatment then. With several tracks, it is not called.
        seekable: note where the moments of the recording are in the file; see `seek_table.py`.
        seal: how the samples are written.

    Raises:
        UserError: as `open_media`; audio.no_samples, audio.silent or audio.too_long.
        TransientError: disk.full, audio.no_room, or audio.read if the drive fails.
    """
    # Fixed names: the next attempt overwrites what a killed one left behind.
    parts = [target.with_name(f"{target.name}.part{number or ''}") for number in range(PARTS)]
    try:
        result = decode_to(
            source,
            parts,
            progress=progress,
            disk_space=disk_space or DiskSpace(target.parent),
            written=written,
            seekable=seekable,
            seal=seal,
        )
        os.replace(result.recording.path, target)  # noqa: PTH105 - atomic on every system
    finally:
        _delete(parts)
    return replace(result, recording=replace(result.recording, path=target))


def decode_to(
    source: Path,
    parts: Sequence[Path],
    *,
    progress: Callable[[float], None],
    disk_space: DiskSpace,
    written: Written | None = None,
    seekable: bool = False,
    seal: FileSeal = IN_CLEAR,
) -> DecodedAudio:
    """Decode `source` to one of `PARTS` files; the others are for the caller to delete.

    Does and raises what `decode` does.
    """
    try:
        with open_media(source) as media:
            tracks = _audio_tracks(media)
            told = written if len(tracks) == 1 else None
            untreated = dict.fromkeys(tracks, UNTREATED)
            notes = SeekNotes() if seekable and len(tracks) == 1 else None
            decoded = _decode_tracks(media, untreated, parts, progress, disk_space, seal, told, notes)
            main = next(iter(decoded.values())).recording
            table = notes.table(media, main) if notes is not None else None
            dates = date_tags(media)
        table = verified(table, source, main)  # before it is decoded again with treatment
        needs = {index: track.treatment for index, track in decoded.items() if track.treatment != UNTREATED}
        if needs and written is None:
            _delete(parts)
            disk_space = replace(disk_space)
            with open_media(source) as media:
                treated = {track: needs.get(track.stream.index, UNTREATED) for track in _audio_tracks(media)}
                decoded = _decode_tracks(
                    media, treated, parts, lambda _fraction: progress(1.0), disk_space, seal
                )
        result = _join(list(decoded.values()), len(tracks), parts[-1], disk_space, seal)
        progress(1.0)
    except OSError as error:
        if (explained := disk_space.explain(error)) is not None:
            raise explained from None
        raise
    return replace(result, seek_table=table, dates=dates)


def _delete(parts: Sequence[Path]) -> None:
    for part in parts:
        part.unlink(missing_ok=True)


def _decode_tracks(
    media: Media,
    tracks: Mapping[Media, Treatment],
    parts: Sequence[Path],
    report: Callable[[float], None],
    disk_space: DiskSpace,
    seal: FileSeal,
    written: Written | None = None,
    notes: SeekNotes | None = None,
) -> dict[int, DecodedAudio]:
    """Decode tracks in one pass, the main one first; return those that hold audio, by stream index.

    A track that fails is dropped as long as another succeeds. If all fail, the main track's error is raised.
    """
    progress = DecodeProgress(media, report)
    position = FilePosition(media)
    decoded: dict[int, DecodedAudio] = {}
    errors: dict[int, UserError] = {}
    with ExitStack() as stack:
        decoders = {
            track.stream.index: stack.enter_context(
                TrackDecoder(
                    track,
                    part,
                    progress,
                    disk_space,
                    MissingAudio(position),
                    treatment,
                    written,
                    notes,
                    seal,
                )
            )
            for (track, treatment), part in zip(tracks.items(), parts, strict=False)
        }
        for packet in packets(media, position):
            decoder = decoders.get(packet.stream_index)
            if decoder is None or packet.stream_index in errors:
                progress.note_other(packet)
                position.note_other(packet)
                continue
            progress.note_packet(packet)
            try:
                decoder.decode(packet)
            except UserError as error:
                errors[packet.stream_index] = error
                if len(errors) == len(decoders):
                    break
        reached_s = max(position.others_end_s, *(decoder.end_s for decoder in decoders.values()))
        for index, decoder in decoders.items():
            if index in errors:
                continue
            try:
                decoder.check_end(reached_s)
                if len(decoders) == 1:
                    _decode_following(media, position, decoder)
                decoded[index] = decoder.finish()
            except UserError as error:
                errors[index] = error
    if not decoded:
        raise errors[next(iter(decoders))]
    return decoded


def _decode_following(media: Media, position: FilePosition, decoder: TrackDecoder) -> None:
    """Append further recordings stored in the same file; see `demux.py`."""
    start, next_at, failures = 0, next_recording(media, position.packet_at), 0
    while next_at is not None and next_at > start and failures < _MAX_UNREADABLE:
        start = next_at
        try:
            with open_media_at(media, start) as part:
                position = FilePosition(part)
                decoder.switch_file(part, position)
                for packet in packets(part, position):
                    if packet.stream_index == part.stream.index:
                        decoder.decode(packet)
                decoder.check_end(decoder.end_s)
                offset = next_recording(part, position.packet_at)
                next_at = None if offset is None else start + offset
        except UserError:
            failures += 1
            decoder.warn_unread()
            next_at = next_recording(media, start)


def _join(
    decoded: Sequence[DecodedAudio], track_count: int, part: Path, disk_space: DiskSpace, seal: FileSeal
) -> DecodedAudio:
    """Join the tracks that hold audio, out of `track_count` in the file."""
    if track_count == 1:
        return decoded[0]
    recording, used = decoded[0].recording, tuple(range(1))
    if len(decoded) > 1:
        recordings = [track.recording for track in decoded]
        joined = _join_tracks(recordings, part, max_channels=MAX_CHANNELS, disk_space=disk_space, seal=seal)
        recording, used = joined.recording, joined.used
    code = "audio.tracks" if len(used) == track_count else "audio.some_tracks"
    summary = AudioWarning(code, used=len(used), tracks=track_count)
    damage = {warning.code: warning for number in reversed(used) for warning in decoded[number].warnings}
    peak = max(decoded[number].peak for number in used)
    return DecodedAudio(recording, peak, (summary, *damage.values()))


def _audio_tracks(media: Media) -> list[Media]:
    """Return one view of the file per track to decode, the main one first."""
    main = media.stream
    others = [
        replace(media, stream=stream)
        for stream in media.container.streams.audio
        if stream.index != main.index and stream.codec_context is not None and _is_wanted(stream, main)
    ]
    return [media, *others][:_MAX_TRACKS]


def _join_tracks(
    tracks: Sequence[Recording],
    target: Path,
    *,
    max_channels: int,
    disk_space: DiskSpace | None = None,
    seal: FileSeal = IN_CLEAR,
) -> _JoinedTracks:
    """Join decoded tracks to one recording; shorter ones are padded with silence.

    tracks: two or more, none of them silent. max_channels: if there are more in total, each track is mixed to
    one channel. disk_space: limits what is written. seal: how it is written.
    """
    mono = sum(track.channels for track in tracks) > max_channels
    owners = [number for number, track in enumerate(tracks) for _ in range(1 if mono else track.channels)]
    products = np.zeros((len(owners), len(owners)))
    for block in _blocks(tracks, mono=mono):
        products += block @ block.T
    kept = distinct_channels(products)
    with RecordingWriter(target, len(kept), disk_space, seal) as writer:
        for block in _blocks(tracks, mono=mono):
            writer.write(block[kept])
        return _JoinedTracks(writer.recording, tuple(sorted({owners[row] for row in kept})))


def _is_wanted(stream: AudioStream, main: AudioStream) -> bool:
    """Whether a track may hold what the main one lacks."""
    if stream.disposition & _DESCRIBING and not main.disposition & _DESCRIBING:
        return False
    languages = (stream.language, main.language)
    return any(language in _UNKNOWN_LANGUAGES for language in languages) or languages[0] == languages[1]


def _blocks(tracks: Sequence[Recording], *, mono: bool) -> Iterator[NDArray[np.float32]]:
    """Yield float32 (channels of all tracks, samples)."""
    readers = [track.channel_blocks(block_s=_BLOCK_S) for track in tracks]
    while True:
        blocks = [next(reader, None) for reader in readers]
        length = max((block.shape[1] for block in blocks if block is not None), default=0)
        if not length:
            return
        rows = []
        for track, block in zip(tracks, blocks, strict=True):
            samples = np.zeros((track.channels, 0), dtype=np.float32) if block is None else block
            samples = np.pad(samples, ((0, 0), (0, length - samples.shape[1])))
            rows.append(samples.mean(axis=0, keepdims=True) if mono else samples)
        yield np.concatenate(rows)
