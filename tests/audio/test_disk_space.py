"""Decoding respects the limits on length and disk space."""

from __future__ import annotations

import errno
import multiprocessing
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from fi_desktop.audio.decode import decode
from fi_desktop.audio.disk_space import DiskSpace
from fi_desktop.core.errors import FiError, TransientError, UserError
from fi_desktop.system.process import limit_files
from tests.audio.make_media import nothing, tones, write_caf_bomb, write_flac_bomb, write_wav

GB = 1_000_000_000


def disk(*free: int) -> Callable[[Path], int]:
    """Return a disk whose free space takes these values in turn, then keeps the last."""
    left = list(free)
    return lambda _folder: left.pop(0) if len(left) > 1 else left[0]


def code_of(disk_space: DiskSpace, error: OSError) -> str | None:
    refusal = disk_space.explain(error)
    return refusal.code if refusal is not None else None


def test_decompression_bomb_is_refused_before_it_is_written(tmp_path):
    source = write_flac_bomb(tmp_path / "bomb.flac", frames=2_000)  # 18 hours, 17 GB
    assert source.stat().st_size < 80_000
    part, target = tmp_path / "samples.pcm.part", tmp_path / "samples.pcm"
    sizes: list[int] = []

    with pytest.raises(UserError) as caught:
        decode(
            source,
            target,
            progress=lambda _: sizes.append(part.stat().st_size),
            disk_space=DiskSpace(tmp_path, longest_s=40.0),
        )

    assert caught.value.code == "audio.too_long"
    assert max(sizes) <= 40 * 16_000 * 2 * 8
    assert list(tmp_path.iterdir()) == [source]


def test_recording_at_a_sample_per_second_is_refused_before_it_is_resampled(tmp_path):
    source = write_caf_bomb(tmp_path / "bomb.caf", seconds=36_000)  # 10 hours, 1.2 GB
    assert source.stat().st_size < 80_000
    with pytest.raises(UserError) as caught:
        decode(source, tmp_path / "samples.pcm", progress=nothing, disk_space=DiskSpace(tmp_path))
    assert caught.value.code == "audio.unreadable"
    assert list(tmp_path.iterdir()) == [source]


def test_decoding_stops_before_it_fills_the_disk(tmp_path):
    source = write_flac_bomb(tmp_path / "bomb.flac", frames=2_000)
    part = tmp_path / "samples.pcm.part"
    size, free = 40_000_000, []

    def small_disk(_folder: Path) -> int:
        free.append(size - (part.stat().st_size if part.exists() else 0))
        return free[-1]

    with pytest.raises(TransientError) as caught:
        decode(
            source,
            tmp_path / "samples.pcm",
            progress=nothing,
            disk_space=DiskSpace(tmp_path, ample_bytes=20_000_000, free_bytes=small_disk),
        )

    assert caught.value.code == "audio.no_room"
    assert min(free) > 0.1 * size
    assert list(tmp_path.iterdir()) == [source]


def test_disk_filled_by_another_program_is_transient(tmp_path):
    disk_space = DiskSpace(tmp_path, free_bytes=disk(10 * GB, 10 * GB, 0))
    disk_space.reserve(8_000_000, duration_s=250.0)
    with pytest.raises(OSError, match="space") as caught:
        disk_space.reserve(9_000_000, duration_s=500.0)
    assert code_of(disk_space, caught.value) == "disk.full"


def test_disk_that_was_almost_full_is_transient(tmp_path):
    disk_space = DiskSpace(tmp_path, free_bytes=disk(20_000_000, 20_000_000, 1_000_000))
    disk_space.reserve(8_000_000, duration_s=250.0)
    with pytest.raises(OSError, match="space") as caught:
        disk_space.reserve(9_000_000, duration_s=500.0)
    assert code_of(disk_space, caught.value) == "disk.full"


def test_nearly_full_disk_has_space_for_a_visit(tmp_path):
    disk_space = DiskSpace(tmp_path, free_bytes=disk(1 * GB))
    for second in range(3_600):
        disk_space.reserve(32_000, duration_s=second + 1.0)


@pytest.mark.parametrize(
    ("number", "written", "code"),
    [
        (errno.ENOSPC, 200_000_000, "audio.no_room"),
        (errno.EDQUOT, 200_000_000, "audio.no_room"),  # free space does not reflect quotas
        (errno.ENOSPC, 8_000_000, "disk.full"),
        (errno.EFBIG, 8_000_000, "audio.too_long"),
        (errno.EIO, 8_000_000, None),
    ],
)
def test_write_error_is_explained_by_its_cause(tmp_path, number, written, code):
    disk_space = DiskSpace(tmp_path, free_bytes=disk(300_000_000, 300_000_000, 300_000_000 - written))
    disk_space.reserve(written, duration_s=1.0)
    assert code_of(disk_space, OSError(number, "no")) == code


def decode_under_a_limit(pipe: Connection, source: Path, target: Path) -> None:
    """Decode as a worker does; the target of a spawned process."""
    limit_files(1_000_000)
    try:
        decode(source, target, progress=nothing)
        pipe.send("done")
    except FiError as error:
        pipe.send(error.code)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_worker_cannot_write_a_file_beyond_the_limit(tmp_path):
    source = write_wav(tmp_path / "tone.wav", tones([440], seconds=60.0, rate_hz=16_000), rate_hz=16_000)
    hear, say = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(
        target=decode_under_a_limit, args=(say, source, tmp_path / "samples.pcm")
    )
    process.start()
    say.close()
    code = hear.recv()
    process.join()
    assert (code, process.exitcode) == ("audio.too_long", 0)
    assert list(tmp_path.iterdir()) == [source]
