"""Makes test recordings, whole, truncated or damaged, from tones; decodes and measures them."""

from __future__ import annotations

import struct
import wave
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.decode import decode
from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.audio.track_decoder import DecodedAudio


def tones(
    frequencies_hz: Sequence[float], *, seconds: float, rate_hz: int, level: float = 0.4
) -> NDArray[np.float32]:
    """Return one sine per channel, float32 (channels, samples)."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.stack([level * np.sin(2 * np.pi * hz * time_s) for hz in frequencies_hz]).astype(np.float32)


def add_audio(
    output: av.container.OutputContainer, codec: str, rate_hz: int, layout: str = "mono"
) -> av.AudioStream:
    """Add an audio track."""
    stream = output.add_stream(codec, rate=rate_hz, layout=layout)
    assert isinstance(stream, av.AudioStream)
    return stream


def add_video(
    output: av.container.OutputContainer, codec: str, pictures_per_s: int, width: int, height: int
) -> av.VideoStream:
    """Add a video track."""
    stream = output.add_stream(codec, rate=pictures_per_s)
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    return stream


def write_media(
    path: Path,
    sound: NDArray[np.float32],
    *,
    codec: str,
    rate_hz: int,
    layout: str = "mono",
    container: str | None = None,
    sample_format: str | None = None,
    video: str | None = None,
    pictures_s: float | None = None,
    start_s: float = 0.0,
    gap: tuple[float, float] | None = None,
    options: dict[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Path:
    """Encode float32 (channels, samples) to a file.

    start_s: timestamp of the first sample. gap: (from, to), seconds of `sound` that are left out, as when
        packets are lost. video: codec of a video track of ten pictures a second, beginning at zero, as long
        as the sound or `pictures_s`. tags: metadata of the file.
    """
    with av.open(str(path), "w", format=container, options=options or {}) as output:
        output.metadata.update(tags or {})
        stream = add_audio(output, codec, rate_hz, layout)
        if sample_format:
            stream.format = sample_format
        # The frame size is known once the encoder is open.
        stream.codec_context.open()
        if video:
            write_pictures(output, video, seconds=pictures_s or start_s + sound.shape[1] / rate_hz)
        size = stream.frame_size or 1024
        resampler = av.AudioResampler(stream.format.name, layout, rate_hz)
        for first in range(0, sound.shape[1], size):
            if gap and gap[0] <= first / rate_hz < gap[1]:
                continue
            packed = np.ascontiguousarray(sound[:, first : first + size].T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
            frame.sample_rate, frame.time_base = rate_hz, Fraction(1, rate_hz)
            frame.pts = round(start_s * rate_hz) + first
            for ready in resampler.resample(frame):
                output.mux(stream.encode(ready))
        output.mux(stream.encode(None))
    return path


def with_edits(mp4: bytes, edits: Sequence[tuple[float, float | None]]) -> bytes:
    """Return an MP4 file with an edit list; edits are (length, start or None for silence), seconds."""
    raw = bytearray(mp4)
    scale = {name: struct.unpack_from(">I", raw, raw.index(name) + 16)[0] for name in (b"mvhd", b"mdhd")}
    rows = b"".join(
        struct.pack(
            ">IiHH", round(length * scale[b"mvhd"]), -1 if at is None else round(at * scale[b"mdhd"]), 1, 0
        )
        for length, at in edits
    )
    edts_at = raw.index(b"edts") - 4
    old_bytes = struct.unpack_from(">I", raw, edts_at)[0]
    new = struct.pack(">I4sI4sII", 24 + len(rows), b"edts", 16 + len(rows), b"elst", 0, len(edits)) + rows
    raw[edts_at : edts_at + old_bytes] = new
    for name in (b"moov", b"trak"):
        at = raw.index(name) - 4
        struct.pack_into(">I", raw, at, struct.unpack_from(">I", raw, at)[0] + len(new) - old_bytes)
    length = round(sum(length for length, _at in edits) * scale[b"mvhd"])
    struct.pack_into(">I", raw, raw.index(b"mvhd") + 20, length)
    struct.pack_into(">I", raw, raw.index(b"tkhd") + 24, length)
    return bytes(raw)


def write_dv(path: Path, sound: NDArray[np.float32]) -> Path:
    """Write float32 (2, samples) at 48 kHz with black video, as a DV camcorder does."""
    with av.open(str(path), "w", format="dv") as output:
        pictures = add_video(output, "dvvideo", 25, 720, 576)
        track = add_audio(output, "pcm_s16le", 48_000, "stereo")
        samples = 48_000 // 25
        black = black_picture(720, 576)
        for number in range(sound.shape[1] // samples):
            black.pts, black.time_base = number, Fraction(1, 25)
            output.mux(pictures.encode(black))
            part = sound[:, number * samples : (number + 1) * samples]
            packed = np.rint(np.ascontiguousarray(part.T) * 32_767).astype("<i2").reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(packed, format="s16", layout="stereo")
            frame.sample_rate, frame.time_base, frame.pts = 48_000, Fraction(1, 48_000), number * samples
            output.mux(track.encode(frame))
        output.mux(pictures.encode(None))
        output.mux(track.encode(None))
    return path


def write_wav(path: Path, sound: NDArray[np.float32], *, rate_hz: int, sample_bytes: int = 2) -> Path:
    """Write float32 (channels, samples) as integers of 1 to 4 bytes; works for any number of channels."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(sound.shape[0])
        file.setsampwidth(sample_bytes)
        file.setframerate(rate_hz)
        scaled = np.rint(sound.T.astype(np.float64) * (2 ** (8 * sample_bytes - 1) - 1)).astype("<i4")
        if sample_bytes == 1:
            scaled += 128
        raw = scaled.reshape(-1, 1).view("<u1").reshape(-1, 4)[:, :sample_bytes]
        file.writeframes(raw.tobytes())
    return path


def samples_of(recording: Recording) -> NDArray[np.float32]:
    """Return a whole recording, float32 (channels, samples)."""
    return np.concatenate(list(recording.channel_blocks()), axis=1)


def pitches_hz(sound: NDArray[np.float32], *, skip_s: float = 0.2) -> list[int]:
    """Return the strongest frequency of each channel, to 1 Hz, without the edges."""
    edge = round(skip_s * SAMPLE_RATE_HZ)
    middle = sound[:, edge:-edge]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(middle.shape[1]), n=16 * SAMPLE_RATE_HZ, axis=1))
    return [round(peak / 16) for peak in spectrum.argmax(axis=1)]


def onset_s(sound: NDArray[np.float32], *, level: float = 0.1) -> float:
    """Return when any channel first has sound, seconds."""
    return float(np.argmax(np.abs(sound).max(axis=0) > level)) / SAMPLE_RATE_HZ


def write_pictures(output: av.container.OutputContainer, codec: str, *, seconds: float) -> None:
    """Write black video, ten frames per second."""
    stream = add_video(output, codec, 10, 64, 48)
    for number in range(round(10 * seconds)):
        picture = black_picture(64, 48)
        picture.pts, picture.time_base = number, Fraction(1, 10)
        output.mux(stream.encode(picture))
    output.mux(stream.encode(None))


def black_picture(width: int, height: int) -> av.VideoFrame:
    """Return a video frame of zeros."""
    picture = av.VideoFrame(width, height, "yuv420p")
    for plane in picture.planes:
        plane.update(bytes(plane.buffer_size))
    return picture


def nothing(_fraction: float) -> None:
    """Ignore progress."""


def decoded(source: Path) -> DecodedAudio:
    """Decode a file, to samples in its folder."""
    return decode(source, source.parent / "samples.pcm", progress=nothing)


def write_flac_bomb(path: Path, *, frames: int) -> Path:
    """Write a FLAC file of eight constant channels, 2 kHz: a 36-byte frame decodes to 8.4 MB (32.8 s)."""
    size, rate_hz, channels = 65_535, 2_000, 8
    stream = (rate_hz << 44) | ((channels - 1) << 41) | (15 << 36)
    info = struct.pack(">HH6xQ16x", size, size, stream)
    constant = b"\0" + struct.pack(">h", 8_000)
    with path.open("wb") as file:
        file.write(b"fLaC" + b"\x80" + len(info).to_bytes(3, "big") + info)
        for number in range(frames):
            # Block size and rate follow the frame number, 16 bits each.
            header = b"\xff\xf8" + bytes([0x7D, (channels - 1) << 4 | 4 << 1])
            header += chr(number).encode() + struct.pack(">HH", size - 1, rate_hz)
            header += bytes([_crc(header, 8, 0x07)])
            frame = header + channels * constant
            file.write(frame + struct.pack(">H", _crc(frame, 16, 0x8005)))
    return path


def write_caf_bomb(path: Path, *, seconds: int) -> Path:
    """Write a Core Audio file at one sample per second: two bytes become 16,000 samples when resampled."""
    description = struct.pack(">d4s5I", 1.0, b"lpcm", 2, 2, 1, 1, 16)  # little-endian integers
    sound = np.tile(np.array([6_000, -6_000], "<i2"), seconds // 2).tobytes()
    with path.open("wb") as file:
        file.write(struct.pack(">4sHH", b"caff", 1, 0))
        file.write(struct.pack(">4sq", b"desc", len(description)) + description)
        file.write(struct.pack(">4sqI", b"data", len(sound) + 4, 0) + sound)
    return path


def _crc(data: bytes, bits: int, polynomial: int) -> int:
    crc, top, mask = 0, 1 << (bits - 1), (1 << bits) - 1
    for byte in data:
        crc ^= byte << (bits - 8)
        for _ in range(8):
            crc = ((crc << 1) ^ polynomial if crc & top else crc << 1) & mask
    return crc
