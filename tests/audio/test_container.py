"""Memory that reading a file takes: independent of its length and of what its header claims."""

import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fi_desktop.audio.container import limit_allocations
from tests.audio.make_media import tones, write_media, write_wav

MEASURE = """
import resource, sys
from pathlib import Path
from fi_desktop.audio.decode import decode
from fi_desktop.audio.probe import probe
from fi_desktop.core.errors import UserError
target, *sources = map(Path, sys.argv[1:])
for source in sources:
    for read in (probe, lambda source: decode(source, target, progress=lambda _: None)):
        try:
            read(source)
        except UserError as error:
            assert error.message
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


# A child's ru_maxrss includes its parent's peak, so a small process starts the measured one.
LAUNCH = "import subprocess, sys; sys.exit(subprocess.call([sys.executable, *sys.argv[1:]]))"


def peak_rss_bytes(target: Path, *sources: Path) -> int:
    """Return the peak of a process that probes and decodes files, one after another."""
    command = [sys.executable, "-c", LAUNCH, "-c", MEASURE, str(target), *map(str, sources)]
    # glibc then fills what is allocated: memory counts even if FFmpeg does not use it.
    environment = os.environ | {"MALLOC_PERTURB_": "165"}
    peak = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    return int(peak) * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no resource module")
def test_memory_does_not_grow_with_the_length(tmp_path):
    minute = np.random.default_rng(2).normal(0, 0.1, (2, 60 * 16_000)).astype(np.float32)
    short = write_wav(tmp_path / "short.wav", minute, rate_hz=16_000)
    long = write_wav(tmp_path / "long.wav", np.tile(minute, 40), rate_hz=16_000)

    short_bytes = peak_rss_bytes(tmp_path / "short.pcm", short)
    long_bytes = peak_rss_bytes(tmp_path / "long.pcm", long)

    # Forty minutes are 154 MB of samples.
    assert long_bytes - short_bytes < 20_000_000
    assert long_bytes < 250_000_000


# Each function changes a file of some kB so that a part of its header claims `size` bytes.

HUGE = 3_000_000_000
"""Size of the parts that contain the claiming one: more than any claim."""


def wav_tag(raw: bytearray, size: int) -> None:
    raw[36:36] = struct.pack("<4sI4s4sI", b"LIST", HUGE, b"INFO", b"ISFT", size)


def wav_broadcast_chunk(raw: bytearray, size: int) -> None:
    raw[36:36] = struct.pack("<4sI", b"bext", size)


def avi_tag(raw: bytearray, size: int) -> None:
    raw[12:12] = struct.pack("<4sI4s4sI", b"LIST", HUGE, b"INFO", b"ISFT", size)


def aiff_name(raw: bytearray, size: int) -> None:
    raw[12:12] = struct.pack(">4sI", b"NAME", size)


def caf_cookie(raw: bytearray, size: int) -> None:
    raw[52:52] = struct.pack(">4sQ", b"kuki", size)


def id3_picture(raw: bytearray, size: int) -> None:
    tag, frame = _seven_bits(size), _seven_bits(size - 10)
    raw[:0] = b"ID3\4\0\0" + tag + b"APIC" + frame + b"\0\0" + b"\0image/jpeg\0\3\0"


def mp4_sample_sizes(raw: bytearray, size: int) -> None:
    _write(raw, b"stsz", 16, size // 4)
    for box in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsz"):
        _write(raw, box, 0, HUGE)


def mp4_equal_samples(raw: bytearray, size: int) -> None:
    # One size for all samples: their number costs no bytes in the file.
    for box, offset, number in ((b"stsz", 12, 1), (b"stsz", 16, 0), (b"stts", 16, 0), (b"stsc", 20, 0)):
        _write(raw, box, offset, number or size // 24)


def matroska_attachment(raw: bytearray, size: int) -> None:
    tracks, segment = raw.index(b"\x16\x54\xae\x6b"), raw.index(b"\x18\x53\x80\x67")
    name = b"\x46\x6e\x81a" + b"\x46\x60\x8aimage/jpeg" + b"\x46\xae\x81\1"
    file = b"\x61\xa7" + _ebml_size(HUGE) + name + b"\x46\x5c" + _ebml_size(size)
    raw[tracks:tracks] = b"\x19\x41\xa4\x69" + _ebml_size(HUGE + 100) + file
    raw[segment + 4 : segment + 12] = _ebml_size(2 * HUGE)


def _seven_bits(size: int) -> bytes:
    return bytes([min(size, (1 << 28) - 1) >> shift & 0x7F for shift in (21, 14, 7, 0)])


def _ebml_size(size: int) -> bytes:
    return (size | 1 << 56).to_bytes(8, "big")


def _write(raw: bytearray, box: bytes, offset: int, number: int) -> None:
    """Write 32 bits at an offset of a box: its size is at 0, its name at 4."""
    at = raw.index(box) - 4 + offset
    raw[at : at + 4] = struct.pack(">I", number)


Claim = Callable[[bytearray, int], None]

CLAIMS: list[tuple[Claim, str, str]] = [
    (wav_tag, "wav", "pcm_s16le"),
    (wav_broadcast_chunk, "wav", "pcm_s16le"),
    (avi_tag, "avi", "libmp3lame"),
    (aiff_name, "aiff", "pcm_s16be"),
    (caf_cookie, "caf", "pcm_s16le"),
    (id3_picture, "mp3", "libmp3lame"),
    (mp4_sample_sizes, "m4a", "aac"),
    (mp4_equal_samples, "m4a", "aac"),
    (matroska_attachment, "mkv", "aac"),
]


@pytest.fixture(scope="module")
def good_bytes(tmp_path_factory: pytest.TempPathFactory) -> int:
    """Peak of a process that reads an intact file of a second."""
    folder = tmp_path_factory.mktemp("good")
    source = write_wav(folder / "good.wav", np.zeros((1, 16_000), np.float32), rate_hz=16_000)
    return peak_rss_bytes(folder / "samples.pcm", source)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no resource module")
@pytest.mark.parametrize(
    ("claim", "extension", "codec"), CLAIMS, ids=[claim.__name__ for claim, _, _ in CLAIMS]
)
def test_memory_does_not_grow_with_what_a_header_claims(tmp_path, good_bytes, claim, extension, codec):
    sound = tones([440], seconds=1, rate_hz=16_000)
    intact = write_media(tmp_path / f"intact.{extension}", sound, codec=codec, rate_hz=16_000).read_bytes()
    sources = []
    for size in (20_000_000, 60_000_000, 250_000_000, 2_200_000_000):
        raw = bytearray(intact)
        claim(raw, size)
        assert len(raw) < 100_000
        sources.append(tmp_path / f"{size}.{extension}")
        sources[-1].write_bytes(raw)
    assert limit_allocations(file_bytes=100_000)

    assert peak_rss_bytes(tmp_path / "samples.pcm", *sources) < good_bytes + 150_000_000
