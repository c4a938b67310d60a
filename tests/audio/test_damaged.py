"""Damaged files are read as far as possible, with a warning; unusable ones are refused with one sentence."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from fi_desktop.audio.decode import decode
from fi_desktop.audio.probe import probe
from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.core.errors import ErrorKind, TransientError, UserError
from tests.audio.make_media import (
    decoded,
    nothing,
    samples_of,
    tones,
    write_media,
    write_pictures,
    write_wav,
)


@pytest.mark.parametrize(
    ("extension", "codec"),
    [("wav", "pcm_s16le"), ("mp3", "libmp3lame"), ("flac", "flac"), ("mka", "libopus")],
)
def test_truncated_file_is_used_with_a_warning(tmp_path, extension, codec):
    source = tmp_path / f"cut.{extension}"
    write_media(source, tones([440], seconds=10.0, rate_hz=48_000), codec=codec, rate_hz=48_000)
    whole = source.read_bytes()
    source.write_bytes(whole[: len(whole) * 6 // 10])

    result = decoded(source)

    assert 3.0 < result.recording.duration < 8.0
    (warning,) = result.warnings
    assert warning.code == "audio.cut_short"
    assert warning.at_s == pytest.approx(result.recording.duration, abs=0.001)
    assert str(warning.note).startswith(
        f"The file ends at 0:0{round(warning.at_s)}, although it should last 10 s."
    )


def test_header_that_counts_years_is_damaged(tmp_path):
    source = tmp_path / "years.w64"
    write_media(source, tones([440], seconds=2.0, rate_hz=16_000), codec="pcm_s16le", rate_hz=16_000)
    raw = bytearray(source.read_bytes())
    size_at = raw.index(b"data\xf3\xac\xd3\x11") + 16
    raw[size_at + 4 : size_at + 8] = b"\x00\x7f\xff\x00"
    source.write_bytes(raw)

    result = decoded(source)

    assert result.recording.duration == pytest.approx(2.0, abs=0.01)
    (warning,) = result.warnings
    assert str(warning.note) == "The file is damaged after 0:02. The part before was used."


def test_hole_in_a_file_is_skipped_with_a_warning(tmp_path):
    source = tmp_path / "hole.mp3"
    write_media(source, tones([440], seconds=20.0, rate_hz=44_100), codec="libmp3lame", rate_hz=44_100)
    raw = bytearray(source.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 8_000] = np.random.default_rng(3).bytes(8_000)
    source.write_bytes(raw)

    result = decoded(source)

    assert [warning.code for warning in result.warnings] == ["audio.partly_damaged"]
    assert result.warnings[0].at_s == pytest.approx(10.0, abs=1.0)
    assert result.recording.duration == pytest.approx(20.0, abs=0.1)
    (start, end) = (round(10.3 * SAMPLE_RATE_HZ), round(10.8 * SAMPLE_RATE_HZ))
    assert np.abs(samples_of(result.recording)[:, start:end]).max() == 0


def test_transport_stream_with_damaged_tables_is_read_or_refused(tmp_path):
    # The number of tracks changes while it is opened, which has crashed PyAV.
    whole = write_media(
        tmp_path / "whole.ts",
        tones([440], seconds=2.0, rate_hz=48_000),
        codec="aac",
        rate_hz=48_000,
        container="mpegts",
        video="mpeg2video",
    ).read_bytes()
    tables = 40 * 188
    read = 0
    refused = set()
    for seed in range(60):
        chance = np.random.default_rng(seed)
        raw = bytearray(whole)
        for place in chance.integers(0, tables, 20):
            raw[place] = chance.integers(0, 256)
        source = tmp_path / "damaged.ts"
        source.write_bytes(raw)
        try:
            read += decoded(source).recording.duration > 0.5
        except UserError as error:
            refused.add(error.code)

    assert read > 10
    assert refused <= {"audio.damaged", "audio.unreadable", "audio.no_audio", "audio.silent"}


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("These are notes of a consultation, and no recording.\n" * 50)


def noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(5).bytes(100_000))


def only_a_header(path: Path) -> None:
    write_wav(path, np.zeros((1, 0), np.float32), rate_hz=16_000)


def cut_in_its_header(path: Path) -> None:
    write_wav(path, tones([440], seconds=1.0, rate_hz=16_000), rate_hz=16_000)
    path.write_bytes(path.read_bytes()[:30])


def cut_after_its_header(path: Path) -> None:
    write_wav(path, tones([440], seconds=1.0, rate_hz=16_000), rate_hz=16_000)
    path.write_bytes(path.read_bytes()[:44])


def cut_before_its_index(path: Path) -> None:
    write_media(path, tones([440], seconds=2.0, rate_hz=48_000), codec="aac", rate_hz=48_000, container="mp4")
    path.write_bytes(path.read_bytes()[:-2_000])


def encrypted(path: Path) -> None:
    sound = tones([440], seconds=2.0, rate_hz=48_000)
    keys = {
        "encryption_scheme": "cenc-aes-ctr",
        "encryption_key": "0123456789abcdef0123456789abcdef",
        "encryption_kid": "fedcba9876543210fedcba9876543210",
    }
    write_media(path, sound, codec="aac", rate_hz=48_000, container="mp4", options=keys)


def impossible_rate(path: Path) -> None:
    write_wav(path, tones([440], seconds=1.0, rate_hz=16_000), rate_hz=16_000)
    raw = bytearray(path.read_bytes())
    raw[24:28] = struct.pack("<I", 1)
    path.write_bytes(raw)


def pictures_only(path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as output:
        write_pictures(output, "mpeg4", seconds=1.0)


def digital_silence(path: Path) -> None:
    write_wav(path, np.zeros((1, 16_000), np.float32), rate_hz=16_000)


def almost_silence(path: Path) -> None:
    write_media(
        path,
        tones([440], seconds=1.0, rate_hz=16_000, level=5e-5),
        codec="pcm_s16le",
        rate_hz=16_000,
        container="wav",
    )


def playlist(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nother.ts\n#EXT-X-ENDLIST\n")


def list_of_files(path: Path) -> None:
    # The playlist points to a recording in the same folder, which must not be read.
    write_wav(path.with_name("other.wav"), tones([440], seconds=1.0, rate_hz=8_000), rate_hz=8_000)
    path.write_text("ffconcat version 1.0\nfile other.wav\n")


def game(path: Path) -> None:
    # FFmpeg reads this format, but nobody records in it.
    write_media(
        path,
        tones([440], seconds=1.0, rate_hz=22_050),
        codec="adpcm_ima_ws",
        rate_hz=22_050,
        container="wsaud",
    )


def folder(path: Path) -> None:
    path.mkdir()


def missing(path: Path) -> None:
    assert not path.exists()


BROKEN = [
    (empty, "audio.empty"),
    (text, "audio.unreadable"),
    (noise, "audio.unreadable"),
    (only_a_header, "audio.no_samples"),
    (cut_in_its_header, "audio.damaged"),
    (cut_after_its_header, "audio.damaged"),
    (cut_before_its_index, "audio.damaged"),
    (encrypted, "audio.unreadable"),
    (impossible_rate, "audio.unreadable"),
    (pictures_only, "audio.no_audio"),
    (digital_silence, "audio.silent"),
    (almost_silence, "audio.silent"),
    (playlist, "audio.unreadable"),
    (list_of_files, "audio.unreadable"),
    (game, "audio.unreadable"),
    (folder, "audio.not_a_file"),
    (missing, "audio.missing"),
]


def test_missing_folder_is_transient_and_not_named(tmp_path):
    with pytest.raises(TransientError) as caught:
        decode(tmp_path / "share" / "Paciente Pérez.wav", tmp_path / "samples.pcm", progress=nothing)

    assert caught.value.code == "audio.away"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(("make", "code"), BROKEN, ids=[make.__name__ for make, _ in BROKEN])
def test_unusable_file_gives_a_short_message_without_its_name(tmp_path, make, code, capfd):
    source = tmp_path / "Paciente Pérez.wav"
    make(source)

    with pytest.raises(UserError) as caught:
        decode(source, tmp_path / "samples.pcm", progress=nothing)

    assert caught.value.code == code
    assert caught.value.kind is ErrorKind.USER
    message = str(caught.value)
    assert message.endswith(".")
    assert message.count(".") <= 2  # what happened, and what to do
    assert "Pérez" not in message
    assert str(tmp_path) not in message
    # Tracebacks are stored with the job, so they must not contain the name either.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert not list(tmp_path.glob("samples*"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("make", "code"),
    [case for case in BROKEN if case[0] in (empty, text, noise, pictures_only, folder, missing)],
)
def test_probe_fails_like_decode(tmp_path, make, code):
    source = tmp_path / "Paciente Pérez.wav"
    make(source)

    with pytest.raises(UserError) as caught:
        probe(source)

    assert caught.value.code == code


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="this account can read every file")
def test_file_without_read_permission(tmp_path):
    source = write_wav(tmp_path / "x.wav", tones([440], seconds=1.0, rate_hz=8_000), rate_hz=8_000)
    source.chmod(0)

    with pytest.raises(UserError) as caught:
        decoded(source)

    assert caught.value.code == "audio.forbidden"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs devices in folders")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full", "/dev/null"])
def test_a_link_to_a_device_is_no_recording(tmp_path: Path, device: str):
    link = tmp_path / "visit.wav"
    link.symlink_to(device)
    with pytest.raises(UserError) as caught:
        decode(link, tmp_path / "samples.pcm", progress=nothing)
    assert caught.value.code == "audio.not_a_file"
    assert list(tmp_path.iterdir()) == [link]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_named_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")

    with pytest.raises(UserError) as caught:
        decoded(tmp_path / "pipe.wav")

    assert caught.value.code == "audio.not_a_file"


def test_ffmpeg_prints_nothing_on_stderr(tmp_path):
    source = tmp_path / "Paciente Pérez.mp3"
    write_media(source, tones([440], seconds=5.0, rate_hz=44_100), codec="libmp3lame", rate_hz=44_100)
    raw = bytearray(source.read_bytes())
    raw[20_000:30_000] = bytes(10_000)
    source.write_bytes(raw)
    code = (
        "import sys; from pathlib import Path; from fi_desktop.audio.decode import decode\n"
        "decode(Path(sys.argv[1]), Path(sys.argv[2]), progress=lambda _: None)"
    )

    finished = subprocess.run(
        [sys.executable, "-c", code, str(source), str(tmp_path / "samples.pcm")],
        capture_output=True,
        check=True,
    )

    assert (finished.stdout, finished.stderr) == (b"", b"")
