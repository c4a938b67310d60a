"""Decodes a recording of any format to 16 kHz samples on disk, channels kept.

First stage of the pipeline; runs in a worker. Audio is streamed in blocks of seconds, so memory does not
grow with the recording. Knows nothing of jobs: exceptions raised by `progress` (cancel, timeout) pass
through.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from fi_desktop.audio.container import Media, open_media, open_media_at
from fi_desktop.audio.demux import FilePosition, next_recording, packets
from fi_desktop.audio.disk_space import DiskSpace
from fi_desktop.audio.timeline import AudioWarning, MissingAudio
from fi_desktop.audio.track_decoder import MAX_CHANNELS, DecodedAudio, DecodeProgress, TrackDecoder
from fi_desktop.audio.tracks import MAX_TRACKS, audio_tracks, join_tracks
from fi_desktop.audio.treatment import UNTREATED, Treatment
from fi_desktop.core.errors import UserError

# Stop looking for further recordings in a file after this many that cannot be read.
_MAX_UNREADABLE = 16


def decode(
    source: Path,
    target: Path,
    *,
    progress: Callable[[float], None],
    disk_space: DiskSpace | None = None,
) -> DecodedAudio:
    """Decode `source` to `target`, which exists afterwards in full or not at all.

    Up to eight channels are kept; further ones are mixed into these in turn. Gaps in the timestamps become
    silence. Several audio tracks are joined (see `tracks.py`). A recording that needs treatment is decoded a
    second time, with progress held at 1 (see `treatment.py`).

    Args:
        source: any file with an audio track.
        target: file for the samples; while decoding, files with ".part" and a number appended are used.
        progress: called with the fraction done, 0 to 1 and never falling, for every two seconds of audio.
        disk_space: limits on length and size; None for the defaults of `DiskSpace`.

    Raises:
        UserError: as `open_media`; audio.no_samples, audio.silent or audio.too_long.
        TransientError: disk.full, audio.no_room, or audio.read if the drive fails.
    """
    # Fixed names: the next attempt overwrites what a killed one left behind.
    parts = [target.with_name(f"{target.name}.part{number or ''}") for number in range(MAX_TRACKS + 1)]
    disk_space = disk_space or DiskSpace(target.parent)
    try:
        with open_media(source) as media:
            tracks = audio_tracks(media)
            decoded = _decode_tracks(media, dict.fromkeys(tracks, UNTREATED), parts, progress, disk_space)
        needs = {index: track.treatment for index, track in decoded.items() if track.treatment != UNTREATED}
        if needs:
            _delete(parts)
            disk_space = replace(disk_space)
            with open_media(source) as media:
                treated = {track: needs.get(track.stream.index, UNTREATED) for track in audio_tracks(media)}
                decoded = _decode_tracks(media, treated, parts, lambda _fraction: progress(1.0), disk_space)
        result = _join(list(decoded.values()), len(tracks), parts[-1], disk_space)
        progress(1.0)
        os.replace(result.recording.path, target)  # noqa: PTH105 - atomic on every system
    except OSError as error:
        if (explained := disk_space.explain(error)) is not None:
            raise explained from None
        raise
    finally:
        _delete(parts)
    return replace(result, recording=replace(result.recording, path=target))


def _delete(parts: Sequence[Path]) -> None:
    for part in parts:
        part.unlink(missing_ok=True)


def _decode_tracks(
    media: Media,
    tracks: Mapping[Media, Treatment],
    parts: Sequence[Path],
    report: Callable[[float], None],
    disk_space: DiskSpace,
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
                TrackDecoder(track, part, progress, disk_space, MissingAudio(position), treatment)
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
    decoded: Sequence[DecodedAudio], track_count: int, part: Path, disk_space: DiskSpace
) -> DecodedAudio:
    """Join the tracks that hold audio, out of `track_count` in the file."""
    if track_count == 1:
        return decoded[0]
    recording, used = decoded[0].recording, tuple(range(1))
    if len(decoded) > 1:
        recordings = [track.recording for track in decoded]
        joined = join_tracks(recordings, part, max_channels=MAX_CHANNELS, disk_space=disk_space)
        recording, used = joined.recording, joined.used
    code = "audio.tracks" if len(used) == track_count else "audio.some_tracks"
    summary = AudioWarning(code, used=len(used), tracks=track_count)
    damage = {warning.code: warning for number in reversed(used) for warning in decoded[number].warnings}
    peak = max(decoded[number].peak for number in used)
    return DecodedAudio(recording, peak, (summary, *damage.values()))
