"""A recording is read completely or a warning says what is missing; complete files give no warning."""

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from fi_desktop.audio.chunk_formats import AudioChunk, find_audio
from fi_desktop.audio.container import open_media
from fi_desktop.audio.decode import DecodedAudio
from fi_desktop.audio.probe import probe
from fi_desktop.core.errors import UserError
from tests.audio.make_media import decoded, onset_s, pitches_hz, samples_of, tones, write_media, write_wav

RATE_HZ = 16_000


def notes(result: DecodedAudio) -> list[str]:
    return [str(warning.note) for warning in result.warnings]


def late_tone(*, seconds: float, tone_s: float, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Return a soft tone that is loud from `tone_s` on."""
    sound = tones([440], seconds=seconds, rate_hz=rate_hz)
    sound[:, : round(tone_s * rate_hz)] *= 0.05
    return sound


def counting(source: Path, size_bytes: int) -> Path:
    """Set the number of audio bytes in a WAV file's header."""
    raw = bytearray(source.read_bytes())
    raw[40:44] = struct.pack("<I", size_bytes)
    source.write_bytes(raw)
    return source


# WAV beyond its header


@pytest.fixture
def wav(tmp_path) -> Path:
    """Write six seconds, loud from the fifth on."""
    return write_wav(tmp_path / "a.wav", late_tone(seconds=6.0, tone_s=5.0), rate_hz=RATE_HZ)


@pytest.mark.parametrize("reserved_bytes", [0, 3_000_000], ids=["to the end", "with reserved space"])
def test_audio_that_a_wav_header_miscounts_is_read_with_a_warning(wav, reserved_bytes):
    counting(wav, 2 * 2 * RATE_HZ)
    with wav.open("r+b") as file:
        file.truncate(wav.stat().st_size + reserved_bytes)

    result = decoded(wav)

    assert result.recording.duration == pytest.approx(6.0, abs=0.01)
    assert onset_s(samples_of(result.recording)) == pytest.approx(5.0, abs=0.01)
    assert notes(result) == [
        "The file's header declares only 2.0 s of audio, but the file contains more. "
        "It was read to its end at 0:06."
    ]


def test_space_reserved_after_the_audio_is_not_read(wav):
    end = wav.stat().st_size
    with wav.open("r+b") as file:
        file.truncate(end + 50_000_000)

    with open_media(wav) as media:
        assert media.input.seek(0, 2) == media.size_bytes == end
    result = decoded(wav)

    assert result.recording.duration == pytest.approx(6.0, abs=0.01)
    assert result.warnings == ()


@pytest.mark.parametrize("name", [b"LIST", b"id3 ", b"_PMX", b"bext"])
@pytest.mark.parametrize("padding", [b"", b"\0"])
def test_chunks_after_the_audio_are_not_audio(wav, name, padding):
    noise = np.random.default_rng(1).bytes(40_000)
    with wav.open("ab") as file:
        file.write(padding + name + struct.pack("<I", len(noise)) + noise)

    result = decoded(wav)

    assert result.recording.duration == pytest.approx(6.0, abs=0.01)
    assert result.warnings == ()


def sparse_wav(path: Path, *, sound_bytes: int, trailer: bytes = b"") -> AudioChunk | None:
    """Probe a sparse WAV file with this many audio bytes, whose size field has wrapped."""
    rate = 96_000 * 6
    header = b"RIFF" + struct.pack("<I", (sound_bytes + 36) & 0xFFFFFFFF) + b"WAVEfmt "
    header += struct.pack("<IHHIIHH", 16, 1, 2, 96_000, rate, 6, 24)
    header += b"data" + struct.pack("<I", sound_bytes & 0xFFFFFFFF)
    with path.open("wb") as file:
        file.write(header)
        file.seek(len(header) + sound_bytes - 6)
        file.write(b"sounds" + trailer)
    with path.open("rb") as file:
        return find_audio(file, path.stat().st_size)


@pytest.mark.parametrize("sound_bytes", [4_680_000_000, 6_600_000_000, 9_000_000_000])
@pytest.mark.parametrize("trailer", [b"", b"LIST\x04\0\0\0abcd"], ids=["alone", "with a chunk behind"])
def test_wav_file_with_a_wrapped_size_is_read_to_its_end(tmp_path, sound_bytes, trailer):
    found = sparse_wav(tmp_path / "wrapped.wav", sound_bytes=sound_bytes, trailer=trailer)

    assert found is not None
    assert found.end - found.start == sound_bytes
    assert found.miscounted
    assert found.counted_s == pytest.approx(sound_bytes % 2**32 / 576_000)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_wav_file_with_an_open_size_is_read_to_its_end(wav, size):
    result = decoded(counting(wav, size))

    assert result.recording.duration == pytest.approx(6.0, abs=0.01)
    assert result.warnings == ()


@pytest.mark.parametrize("counted_s", [2.0, 6.0])
def test_rf64_is_read_to_its_end(wav, counted_s):
    sound = wav.read_bytes()[44:]
    fmt = wav.read_bytes()[12:36]
    counted = round(counted_s * 2 * RATE_HZ)
    wav.write_bytes(
        b"RF64\xff\xff\xff\xffWAVEds64" + struct.pack("<IQQQI", 28, len(sound) + 72, counted, counted // 2, 0)
        + fmt + b"data\xff\xff\xff\xff" + sound
    )  # fmt: skip

    result = decoded(wav)

    assert result.recording.duration == pytest.approx(6.0, abs=0.01)
    assert len(result.warnings) == (counted_s < 6.0)


@pytest.mark.parametrize("byte_rate", [0, RATE_HZ])
def test_wrong_byte_rate_is_ignored(wav, byte_rate):
    raw = bytearray(wav.read_bytes())
    raw[28:32] = struct.pack("<I", byte_rate)
    wav.write_bytes(raw)

    result = decoded(wav)

    assert result.recording.duration == pytest.approx(6.0, abs=0.01)
    assert result.warnings == ()


def test_truncated_wav_file_is_reported_whatever_its_byte_rate(wav):
    raw = bytearray(wav.read_bytes())
    raw[28:32] = struct.pack("<I", RATE_HZ)
    wav.write_bytes(raw[: len(raw) // 2])

    assert notes(decoded(wav)) == [
        "The file ends at 0:03, although it should last 6.0 s. Copy it again from the recorder."
    ]


# MP3


@pytest.fixture
def mp3(tmp_path) -> Path:
    sound = late_tone(seconds=6.0, tone_s=5.0, rate_hz=44_100)
    return write_media(tmp_path / "a.mp3", sound, codec="libmp3lame", rate_hz=44_100)


@pytest.mark.parametrize("frames", [None, 0])
def test_concatenated_mp3_files_are_complete(tmp_path, mp3, frames):
    # FFmpeg assumes the first file's bit rate for the whole file.
    sound = tones([440], seconds=6.0, rate_hz=8_000)
    first = write_media(tmp_path / "b.mp3", sound, codec="libmp3lame", rate_hz=8_000)
    if frames is not None:
        counting_frames(first, lambda _frames: frames)
    first.write_bytes(first.read_bytes() + mp3.read_bytes())

    result = decoded(first)

    assert result.recording.duration == pytest.approx(12.0, abs=0.3)
    assert result.warnings == ()


@pytest.mark.parametrize("factor", [0, 1 / 3, 3])
def test_wrong_mp3_frame_count_is_ignored(mp3, factor):
    result = decoded(counting_frames(mp3, lambda frames: int(frames * factor)))

    assert result.recording.duration == pytest.approx(6.0, abs=0.1)
    assert result.warnings == ()


def counting_frames(source: Path, count: Callable[[int], int]) -> Path:
    """Change the frame count in an MP3 file's header."""
    raw = bytearray(source.read_bytes())
    at = max(raw.find(b"Xing"), raw.find(b"Info")) + 8
    frames = struct.unpack(">I", raw[at : at + 4])[0]
    raw[at : at + 4] = struct.pack(">I", count(frames))
    source.write_bytes(raw)
    return source


@pytest.mark.parametrize("extension", ["aiff", "caf", "w64"])
def test_other_chunk_formats_are_read_beyond_their_header(tmp_path, extension):
    sound = late_tone(seconds=6.0, tone_s=5.0)
    codec = "pcm_s16le" if extension == "w64" else "pcm_s16be"
    source = write_media(tmp_path / f"a.{extension}", sound, codec=codec, rate_hz=RATE_HZ)
    raw = bytearray(source.read_bytes())
    # Format of the size, the chunk it follows, its offset, and what it counts besides the audio.
    order, name, offset, besides = {
        "aiff": (">I", b"SSND", 4, 8),
        "caf": (">Q", b"data", 4, 4),
        "w64": ("<Q", b"data\xf3\xac", 16, 24),
    }[extension]
    at = raw.index(name) + offset
    struct.pack_into(order, raw, at, besides + 2 * 2 * RATE_HZ)
    source.write_bytes(raw + bytes(3_000_000))

    result = decoded(source)

    assert result.recording.duration == pytest.approx(6.0, abs=0.01)
    assert onset_s(samples_of(result.recording)) == pytest.approx(5.0, abs=0.01)
    assert [warning.code for warning in result.warnings] == ["audio.more_than_counted"]


@pytest.mark.parametrize("extension", ["aiff", "caf", "w64"])
def test_space_reserved_in_other_chunk_formats_is_not_audio(tmp_path, extension):
    codec = "pcm_s16le" if extension == "w64" else "pcm_s16be"
    sound = tones([440], seconds=2.0, rate_hz=RATE_HZ)
    source = write_media(tmp_path / f"a.{extension}", sound, codec=codec, rate_hz=RATE_HZ)
    source.write_bytes(source.read_bytes() + bytes(3_000_000))

    result = decoded(source)

    assert result.recording.duration == pytest.approx(2.0, abs=0.01)
    assert result.warnings == ()


# Several recordings in one file


def test_concatenated_ogg_streams_of_several_codecs_are_read(tmp_path):
    raw = b""
    for number, (codec, rate_hz) in enumerate([("libopus", 48_000), ("flac", 16_000), ("libopus", 48_000)]):
        sound = tones([300 + 100 * number], seconds=2.0, rate_hz=rate_hz)
        raw += write_media(tmp_path / "part.ogg", sound, codec=codec, rate_hz=rate_hz).read_bytes()
    source = tmp_path / "chain.ogg"
    source.write_bytes(raw)

    result = decoded(source)

    assert result.recording.duration == pytest.approx(6.0, abs=0.05)
    heard = samples_of(result.recording)
    parts = [heard[:, second * RATE_HZ : (second + 2) * RATE_HZ] for second in (0, 2, 4)]
    assert [pitches_hz(part) for part in parts] == [[300], [400], [500]]
    assert result.warnings == ()


def test_unreadable_data_after_an_ogg_stream_is_reported(tmp_path):
    sound = tones([440], seconds=2.0, rate_hz=48_000)
    source = write_media(tmp_path / "a.ogg", sound, codec="libopus", rate_hz=48_000)
    source.write_bytes(source.read_bytes() + b"OggS\0\2" + np.random.default_rng(1).bytes(50_000))

    assert notes(decoded(source)) == ["Part of the file after 0:02 could not be read."]


def test_ogg_stream_without_audio_after_another_ends(tmp_path):
    sound = tones([440], seconds=2.0, rate_hz=48_000)
    flac = write_media(tmp_path / "a.ogg", sound, codec="flac", rate_hz=48_000).read_bytes()
    opus = write_media(tmp_path / "b.ogg", sound, codec="libopus", rate_hz=48_000).read_bytes()
    third_page = opus.index(b"OggS", opus.index(b"OggS", 1) + 1)
    source = tmp_path / "c.ogg"
    source.write_bytes(flac + opus[:third_page] + flac)

    assert decoded(source).recording.duration == pytest.approx(4.0, abs=0.05)


@pytest.mark.parametrize("between", [b"", b"LIST\x04\0\0\0abcd"])
def test_concatenated_wav_files_are_all_read(tmp_path, wav, between):
    other = write_wav(tmp_path / "b.wav", tones([700], seconds=2.0, rate_hz=8_000), rate_hz=8_000)
    wav.write_bytes(wav.read_bytes() + between + other.read_bytes() + other.read_bytes())

    result = decoded(wav)

    assert result.recording.duration == pytest.approx(10.0, abs=0.01)
    assert pitches_hz(samples_of(result.recording)[:, 6 * RATE_HZ :]) == [700]
    assert result.warnings == ()


# Missing pieces


def hurt(source: Path, *, places: int, seed: int = 7) -> Path:
    """Overwrite pieces in the middle of a file."""
    raw = bytearray(source.read_bytes())
    random = np.random.default_rng(seed)
    step = len(raw) * 7 // 10 // places
    for number in range(places):
        at = len(raw) // 5 + number * step
        raw[at : at + 600] = random.bytes(600)
    source.write_bytes(raw)
    return source


@pytest.mark.parametrize(
    ("extension", "codec"), [("ogg", "libopus"), ("flac", "flac"), ("mka", "libopus"), ("m4a", "aac")]
)
def test_damaged_pieces_are_reported(tmp_path, extension, codec):
    random = np.random.default_rng(2)
    sound = random.normal(0, 0.1, (1, 30 * 48_000)).astype(np.float32)
    source = write_media(tmp_path / f"a.{extension}", sound, codec=codec, rate_hz=48_000)

    result = decoded(hurt(source, places=3))

    assert result.recording.duration == pytest.approx(30.0, abs=0.1)
    heard = samples_of(result.recording)[0]
    silent = np.abs(heard[: len(heard) // 320 * 320].reshape(-1, 320)).max(axis=1) == 0
    (warning,) = result.warnings
    assert warning.code in ("audio.damaged_places", "audio.partly_damaged")
    assert 1 <= warning.places <= 3
    assert warning.length_s == pytest.approx(0.02 * silent.sum(), abs=0.2)
    assert warning.at_s == pytest.approx(0.02 * silent.argmax(), abs=0.2)


def test_long_gap_in_a_live_recording_is_reported(tmp_path):
    sound = tones([440], seconds=12.0, rate_hz=48_000)
    source = write_media(tmp_path / "gap.webm", sound, codec="libopus", rate_hz=48_000, gap=(2.0, 9.5))

    result = decoded(source)

    assert result.recording.duration == pytest.approx(12.0, abs=0.03)
    assert notes(result) == ["Nothing was recorded for 7.5 s at 0:02: a pause, or a part that was lost."]


def test_file_with_one_late_track_is_complete(tmp_path):
    sound = tones([440], seconds=3.0, rate_hz=48_000)
    source = write_media(tmp_path / "late.mka", sound, codec="libopus", rate_hz=48_000, start_s=320.0)

    result = decoded(source)

    assert result.recording.duration == pytest.approx(3.0, abs=0.1)
    assert result.warnings == ()


@pytest.mark.parametrize("extension", ["mkv", "mp4"])
def test_truncated_video_is_reported_and_shorter_audio_track_is_not(tmp_path, extension):
    sound = tones([440], seconds=10.0, rate_hz=48_000)
    options = {"movflags": "faststart"} if extension == "mp4" else {}
    source = write_media(
        tmp_path / f"a.{extension}", sound, codec="aac", rate_hz=48_000, video="mpeg4", options=options
    )
    short = write_media(
        tmp_path / f"b.{extension}",
        sound[:, :96_000],
        codec="aac",
        rate_hz=48_000,
        video="mpeg4",
        pictures_s=10.0,
    )
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])

    assert [warning.code for warning in decoded(source).warnings] == ["audio.cut_short"]
    assert decoded(short).warnings == ()


def test_avi_file_whose_header_counts_too_much_is_complete(tmp_path):
    sound = tones([440], seconds=3.0, rate_hz=44_100)
    source = tmp_path / "late.avi"
    write_media(source, sound, codec="libmp3lame", rate_hz=44_100, start_s=5.0, video="mpeg4")

    result = decoded(source)

    assert result.recording.duration >= 3.0
    assert result.warnings == ()


# Clocks


@pytest.mark.parametrize("speed", [0.99, 1.01])
def test_drifting_sound_card_stays_close_to_its_timestamps(tmp_path, speed):
    rate_hz, block = 48_000, 480
    sound = tones([440], seconds=40.0, rate_hz=rate_hz)
    sound[:, : 39 * rate_hz] *= 0.05
    source = tmp_path / "drift.mkv"
    with av.open(str(source), "w") as output:
        stream = output.add_stream("pcm_s16le", rate=rate_hz, layout="mono")
        packed = np.rint(sound * 32_767).astype("<i2")
        for first in range(0, sound.shape[1], block):
            packet = av.Packet(packed[0, first : first + block].tobytes())
            packet.stream, packet.time_base = stream, Fraction(1, 1_000)
            packet.pts = packet.dts = round(1_000 * first / rate_hz * speed)
            output.mux(packet)

    result = decoded(source)

    assert onset_s(samples_of(result.recording)) == pytest.approx(39 * speed, abs=0.13)
    assert result.recording.duration == pytest.approx(40 * speed, abs=0.13)
    assert result.warnings == ()


@pytest.mark.parametrize(("codec", "video"), [("aac", "mpeg2video"), ("mp2", "mpeg2video")])
def test_late_audio_in_a_transport_stream_keeps_its_time(tmp_path, codec, video):
    sound = tones([440], seconds=2.0, rate_hz=48_000)
    source = write_media(
        tmp_path / "late.ts",
        sound,
        codec=codec,
        rate_hz=48_000,
        start_s=12.0,
        video=video,
        container="mpegts",
    )

    result = decoded(source)

    assert onset_s(samples_of(result.recording)) == pytest.approx(12.0, abs=0.05)
    assert result.recording.duration == pytest.approx(14.0, abs=0.1)
    assert result.warnings == ()


def test_wave64_chunk_smaller_than_its_header_is_refused(tmp_path: Path):
    guid = bytes.fromhex("2e91cf11a5d628db04c10000")
    path = tmp_path / "short.w64"
    head = b"riff" + guid + (200).to_bytes(8, "little") + b"wave" + bytes.fromhex("f3acd3118cd100c04f8edb8a")
    path.write_bytes(head + b"fmt " + bytes.fromhex("f3acd3118cd100c04f8edb8a") + bytes(8) + bytes(100))
    with pytest.raises(UserError):
        probe(path)
