import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fi_desktop.audio.container import limit_allocations
from tests.audio.make_media import write_wav

MEASURE = """
import contextlib, resource, sys
from pathlib import Path
from fi_desktop.audio.decode import decode
from fi_desktop.core.errors import UserError
with contextlib.suppress(UserError):
    decode(Path(sys.argv[1]), Path(sys.argv[2]), progress=lambda _: None)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


# A child's ru_maxrss includes its parent's peak, so a small process starts the measured one.
LAUNCH = "import subprocess, sys; sys.exit(subprocess.call([sys.executable, *sys.argv[1:]]))"


def peak_rss_bytes(source: Path, target: Path) -> int:
    command = [sys.executable, "-c", LAUNCH, "-c", MEASURE, str(source), str(target)]
    peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(peak) * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no resource module")
def test_memory_does_not_grow_with_the_length(tmp_path):
    minute = np.random.default_rng(2).normal(0, 0.1, (2, 60 * 16_000)).astype(np.float32)
    short = write_wav(tmp_path / "short.wav", minute, rate_hz=16_000)
    long = write_wav(tmp_path / "long.wav", np.tile(minute, 40), rate_hz=16_000)

    short_bytes = peak_rss_bytes(short, tmp_path / "short.pcm")
    long_bytes = peak_rss_bytes(long, tmp_path / "long.pcm")

    # Forty minutes are 154 MB of samples.
    assert long_bytes - short_bytes < 20_000_000
    assert long_bytes < 250_000_000


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no resource module")
def test_memory_does_not_grow_with_what_a_header_claims(tmp_path):
    source = write_wav(tmp_path / "claims.wav", np.zeros((1, 16_000), np.float32), rate_hz=16_000)
    raw = bytearray(source.read_bytes())
    # A 2.2 GB list of tags before the audio, the first tag 1.8 GB.
    raw[36:36] = struct.pack("<4sI4s4sI", b"LIST", 2_200_000_000, b"INFO", b"ISFT", 1_800_000_000)
    source.write_bytes(raw)
    assert limit_allocations()

    assert peak_rss_bytes(source, tmp_path / "samples.pcm") < 250_000_000
