"""Every format keeps its sound, channels and times; progress, cancelling and a full disk."""

import struct
from pathlib import Path

import numpy as np
import pytest

from fi_desktop.audio.decode import MAX_CHANNELS, decode
from fi_desktop.audio.probe import probe
from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.core.errors import CancelledByUser, TransientError
from tests.audio.make_media import (
    decoded,
    onset_s,
    pitches_hz,
    samples_of,
    tones,
    write_dv,
    write_media,
    write_wav,
)

# Formats: (extension, codec, layout, rate, options of write_media)
FORMATS = [
    ("wav", "pcm_u8", "mono", 8_000, {}),
    ("wav", "pcm_s16le", "stereo", 44_100, {}),
    ("wav", "pcm_s24le", "stereo", 48_000, {"sample_format": "s32"}),
    ("wav", "pcm_s32le", "mono", 96_000, {}),
    ("wav", "pcm_f32le", "stereo", 16_000, {}),
    ("wav", "pcm_mulaw", "mono", 8_000, {}),
    ("aiff", "pcm_s16be", "stereo", 22_050, {}),
    ("caf", "pcm_s16le", "stereo", 32_000, {}),
    ("flac", "flac", "stereo", 96_000, {}),
    ("mp3", "libmp3lame", "mono", 22_050, {}),
    ("mp3", "libmp3lame", "stereo", 44_100, {}),
    ("m4a", "aac", "stereo", 44_100, {}),
    ("aac", "aac", "mono", 16_000, {"container": "adts"}),
    ("opus", "libopus", "stereo", 48_000, {}),
    ("amr", "libopencore_amrnb", "mono", 8_000, {}),
    ("ac3", "ac3", "stereo", 48_000, {}),
    ("ts", "aac", "stereo", 48_000, {"container": "mpegts"}),
    ("mka", "libopus", "mono", 48_000, {}),
    ("webm", "libopus", "stereo", 48_000, {"video": "libvpx"}),
    ("mp4", "aac", "stereo", 48_000, {"video": "mpeg4"}),
    ("mov", "aac", "mono", 32_000, {"video": "mpeg4"}),
    ("avi", "libmp3lame", "stereo", 48_000, {"video": "mpeg4"}),
    # Formats whose header lists no tracks: they appear while the file is read.
    ("mpg", "mp2", "mono", 48_000, {"container": "mpeg"}),
    ("mpg", "mp2", "stereo", 48_000, {"container": "mpeg", "video": "mpeg2video"}),
    ("vob", "ac3", "stereo", 48_000, {"container": "vob", "video": "mpeg2video"}),
    ("flv", "libmp3lame", "mono", 44_100, {}),
    ("flv", "aac", "stereo", 44_100, {"video": "flv"}),
    ("voc", "pcm_u8", "mono", 8_000, {"container": "voc"}),
    ("voc", "pcm_s16le", "stereo", 16_000, {"container": "voc"}),
]


@pytest.mark.parametrize(
    ("extension", "codec", "layout", "rate_hz", "options"),
    FORMATS,
    ids=[f"{f[0]}-{f[1]}-{f[2]}-{f[3]}" for f in FORMATS],
)
def test_format_keeps_pitch_channels_and_length(tmp_path, extension, codec, layout, rate_hz, options):
    frequencies = [440, 700][: 1 if layout == "mono" else 2]
    sound = tones(frequencies, seconds=2.0, rate_hz=rate_hz)
    source = write_media(
        tmp_path / f"sound.{extension}", sound, codec=codec, layout=layout, rate_hz=rate_hz, **options
    )

    result = decoded(source)

    assert result.warnings == ()
    assert result.recording.channels == len(frequencies)
    assert pitches_hz(samples_of(result.recording)) == frequencies
    # Encoders that do not state their priming keep two frames of it, and fill the last frame.
    assert result.recording.duration == pytest.approx(2.0, abs=0.13)


def test_camcorder_tape_is_read(tmp_path):
    source = write_dv(tmp_path / "tape.dv", tones([440, 700], seconds=2.0, rate_hz=48_000))

    result = decoded(source)

    assert result.warnings == ()
    assert pitches_hz(samples_of(result.recording)) == [440, 700]
    assert result.recording.duration == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000])
def test_resampling_keeps_phase_and_length(tmp_path, rate_hz):
    source = write_wav(tmp_path / "tone.wav", tones([440], seconds=3.0, rate_hz=rate_hz), rate_hz=rate_hz)

    result = decoded(source)

    sound = samples_of(result.recording)[0]
    assert abs(len(sound) - 3 * SAMPLE_RATE_HZ) <= 3
    expected = tones([440], seconds=3.0, rate_hz=SAMPLE_RATE_HZ)[0]
    middle = slice(SAMPLE_RATE_HZ, 2 * SAMPLE_RATE_HZ)
    assert np.abs(sound[middle] - expected[middle]).max() < 0.004


def test_16_khz_16_bit_audio_is_bit_identical(tmp_path):
    values = np.random.default_rng(1).integers(-32_768, 32_767, (2, 40_000)).astype("<i2")
    source = tmp_path / "noise.wav"
    write_wav(source, np.zeros((2, 40_000), np.float32), rate_hz=SAMPLE_RATE_HZ)
    header = source.read_bytes()[:44]
    source.write_bytes(header + values.T.tobytes())

    recording = decoded(source).recording

    assert np.array_equal(np.fromfile(recording.path, "<i2").reshape(-1, 2).T, values)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 6, 7, 8])
def test_up_to_eight_channels_keep_their_order(tmp_path, channels):
    frequencies = [300 + 100 * number for number in range(channels)]
    sound = tones(frequencies, seconds=1.0, rate_hz=44_100)

    result = decoded(write_wav(tmp_path / "channels.wav", sound, rate_hz=44_100))

    assert pitches_hz(samples_of(result.recording)) == frequencies


def test_surround_sound_keeps_its_channels(tmp_path):
    frequencies = [300, 400, 500, 600, 700, 800]
    source = write_media(
        tmp_path / "surround.flac",
        tones(frequencies, seconds=1.0, rate_hz=48_000),
        codec="flac",
        layout="5.1",
        rate_hz=48_000,
    )

    assert pitches_hz(samples_of(decoded(source).recording)) == frequencies


def test_surplus_channels_are_mixed_and_remain_audible(tmp_path):
    frequencies = [300 + 100 * number for number in range(12)]
    sound = tones(frequencies, seconds=1.0, rate_hz=16_000)
    # The first eight are silent, so the result comes from the others.
    sound[:MAX_CHANNELS] = 0

    recording = decoded(write_wav(tmp_path / "many.wav", sound, rate_hz=16_000)).recording

    assert recording.channels == MAX_CHANNELS
    assert pitches_hz(samples_of(recording))[:4] == frequencies[MAX_CHANNELS:]


def test_unusual_channel_order_is_read(tmp_path):
    # "Centre, left, right": PyAV 18 frees such a layout twice, and the process dies; hence the bound on its
    # version.
    frequencies = [300, 400, 500]
    sound = tones(frequencies, seconds=5.0, rate_hz=16_000)
    source = write_media(tmp_path / "order.caf", sound, codec="pcm_s16le", layout="3.0", rate_hz=16_000)
    raw = bytearray(source.read_bytes())
    tag = raw.index(b"chan") + 12
    raw[tag : tag + 4] = struct.pack(">HH", 114, 3)
    source.write_bytes(raw)

    for _ in range(3):
        assert probe(source).channels == 3
        assert pitches_hz(samples_of(decoded(source).recording)) == frequencies


def test_float_samples_are_clipped_and_nan_becomes_silence(tmp_path):
    sound = tones([440], seconds=1.0, rate_hz=16_000, level=3.0)
    sound[0, 100] = np.nan
    source = write_media(tmp_path / "loud.wav", sound, codec="pcm_f32le", rate_hz=16_000)

    result = decoded(source)

    assert result.peak == pytest.approx(1.0, abs=1e-3)
    assert samples_of(result.recording)[0, 100] == 0


# Time


@pytest.mark.parametrize(
    ("extension", "codec", "video"), [("mp4", "aac", "mpeg4"), ("mka", "libopus", None), ("m4a", "aac", None)]
)
def test_late_start_becomes_silence(tmp_path, extension, codec, video):
    sound = tones([440], seconds=1.0, rate_hz=48_000)
    source = write_media(
        tmp_path / f"late.{extension}", sound, codec=codec, rate_hz=48_000, start_s=1.5, video=video
    )

    assert onset_s(samples_of(decoded(source).recording)) == pytest.approx(1.5, abs=0.003)


def test_missing_packets_become_silence(tmp_path):
    sound = tones([440], seconds=6.0, rate_hz=48_000)
    sound[:, : 5 * 48_000] *= 0.1
    source = write_media(tmp_path / "gap.mka", sound, codec="libopus", rate_hz=48_000, gap=(2.0, 4.0))

    recording = decoded(source).recording

    heard = samples_of(recording)
    assert recording.duration == pytest.approx(6.0, abs=0.03)
    assert onset_s(heard) == pytest.approx(5.0, abs=0.01)
    assert np.abs(heard[:, round(2.3 * SAMPLE_RATE_HZ) : round(3.9 * SAMPLE_RATE_HZ)]).max() == 0


def test_progress_rises_to_one(tmp_path):
    source = write_wav(tmp_path / "tone.wav", tones([440], seconds=30.0, rate_hz=8_000), rate_hz=8_000)
    reported = []

    decode(source, tmp_path / "samples.pcm", progress=reported.append)

    assert reported == sorted(reported)
    assert reported[-1] == 1.0
    assert len(reported) >= 15
    assert reported[7] == pytest.approx(16 / 30, abs=0.05)


def test_progress_of_unknown_length_follows_the_file_position(tmp_path):
    # A WAV file written to a pipe: its header leaves the sizes open.
    source = write_wav(tmp_path / "tone.wav", tones([440], seconds=20.0, rate_hz=16_000), rate_hz=16_000)
    raw = bytearray(source.read_bytes())
    raw[4:8] = raw[40:44] = b"\xff\xff\xff\xff"
    source.write_bytes(raw)
    reported = []

    result = decode(source, tmp_path / "samples.pcm", progress=reported.append)

    assert result.recording.duration == pytest.approx(20.0, abs=0.01)
    assert result.warnings == ()
    assert reported == sorted(reported)
    assert reported[-1] == 1.0


# Cancelling, writing


@pytest.mark.parametrize("error", [CancelledByUser, KeyboardInterrupt])
def test_cancelling_leaves_no_files(tmp_path, error):
    source = write_wav(tmp_path / "tone.wav", tones([440], seconds=30.0, rate_hz=8_000), rate_hz=8_000)

    def stop(fraction: float) -> None:
        if fraction > 0.3:
            raise error

    with pytest.raises(error):
        decode(source, tmp_path / "samples.pcm", progress=stop)

    assert list(tmp_path.iterdir()) == [source]


def test_files_of_a_killed_attempt_are_overwritten(tmp_path):
    source = write_wav(tmp_path / "tone.wav", tones([440], seconds=1.0, rate_hz=8_000), rate_hz=8_000)
    (tmp_path / "samples.pcm.part").write_bytes(b"x" * 1_000_000)

    recording = decoded(source).recording

    assert recording.path.stat().st_size == 2 * recording.samples
    assert not (tmp_path / "samples.pcm.part").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk_is_transient(tmp_path):
    source = write_wav(tmp_path / "tone.wav", tones([440], seconds=30.0, rate_hz=8_000), rate_hz=8_000)
    (tmp_path / "samples.pcm.part").symlink_to("/dev/full")

    with pytest.raises(TransientError) as caught:
        decoded(source)

    assert caught.value.code == "disk.full"
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize(
    "name",
    [
        "Mi grabación nº 1.wav",
        "García López 👩‍⚕️ & 100% #1?.wav".replace("?", ""),
        "-i.wav",
        "http:x.wav",
        "a" * 251 + ".wav",
    ],
)
def test_unusual_file_name_is_read(tmp_path, name):
    source = write_wav(tmp_path / "x.wav", tones([440], seconds=1.0, rate_hz=8_000), rate_hz=8_000)
    named = source.rename(tmp_path / name)

    assert decoded(named).recording.duration == pytest.approx(1.0, abs=0.01)


def test_probe_reads_the_header(tmp_path):
    source = write_media(
        tmp_path / "visit.mp4",
        tones([440, 700], seconds=3.0, rate_hz=48_000),
        codec="aac",
        layout="stereo",
        rate_hz=48_000,
        video="mpeg4",
    )

    found = probe(source)

    assert (found.channels, found.sample_rate_hz, found.codec, found.has_video) == (2, 48_000, "aac", True)
    assert found.duration_s == pytest.approx(3.0, abs=0.1)
