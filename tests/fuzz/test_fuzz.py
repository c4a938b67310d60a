"""A few hundred damaged recordings cause no failure; `make fuzz` tries many."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from fi_desktop.audio import decoder_process
from fi_desktop.audio.decode import decode
from fi_desktop.audio.disk_space import DiskSpace
from tests.fuzz.harness import Harness
from tests.fuzz.mutation import damaged
from tests.fuzz.seeds import seeds
from tests.fuzz.victim import decode_confined


def test_damaged_recordings_are_read_or_refused_with_a_sentence(tmp_path: Path):
    figures = Harness(seed=1, keep=tmp_path).run(inputs=300)
    assert figures.passed, f"{figures}\n{list(tmp_path.iterdir())}"
    assert figures.inputs == 300
    assert figures.results["read"] > 80
    assert figures.results.total() - figures.results["read"] > 30


@pytest.mark.skipif(sys.platform != "linux", reason="a decoder process exists on Linux only")
def test_damaged_recordings_give_the_same_in_a_confined_decoder(tmp_path: Path):
    harness = Harness(seed=1, keep=tmp_path, read=decode_confined)
    figures = harness.run(inputs=100)
    assert figures.passed, f"{figures}\n{list(tmp_path.iterdir())}"
    assert not figures.contained
    assert figures.results == Harness(seed=1, keep=tmp_path, read=decode_only).run(inputs=100).results


def decode_only(source: Path, target: Path) -> None:
    """Decode a recording in the reading process."""
    space = DiskSpace(target.parent, longest_s=600.0)
    decode(source, target, progress=lambda _fraction: None, disk_space=space, seekable=True)


def crash_in_the_decoder(source: Path, target: Path) -> None:
    """Have a decoder process crash on flac."""
    if source.suffix == ".flac":
        decoder_process.run = lambda *_given: os.abort()  # type: ignore[assignment]
        decode_confined(source, target)


@pytest.mark.skipif(sys.platform != "linux", reason="a decoder process exists on Linux only")
def test_crash_of_a_decoder_is_contained_and_kept(tmp_path: Path):
    extensions = sorted(seeds())
    harness = Harness(seed=1, keep=tmp_path, read=crash_in_the_decoder)
    figures = harness.run(inputs=len(extensions))
    assert figures.passed
    assert figures.contained == [extensions.index("flac")]
    assert figures.results["decoder.crashed"] == 1
    assert [path.suffix for path in tmp_path.iterdir()] == [".flac"]


def test_inputs_cover_all_formats_and_are_reproducible():
    recordings = seeds()
    assert len(recordings) >= 11
    inputs = [damaged(recordings, seed=3, number=number) for number in range(2 * len(recordings))]
    assert {each.extension for each in inputs} == set(recordings)
    assert inputs == [damaged(recordings, seed=3, number=number) for number in range(len(inputs))]
    assert all(each.data != recordings[each.extension] for each in inputs)


def fail(source: Path, _target: Path) -> None:
    """Crash on flac, hang on wav and raise on mp3; called in a spawned process."""
    match source.suffix:
        case ".flac":
            os.abort()
        case ".wav":
            threading.Event().wait()
        case ".mp3":
            raise ValueError("unexplained")


def test_failures_are_counted_and_kept_and_the_run_continues(tmp_path: Path):
    recordings = seeds()
    extensions = sorted(recordings)
    harness = Harness(seed=1, keep=tmp_path, read=fail, hang_s=4.0, processes=2)

    figures = harness.run(inputs=len(extensions))

    assert not figures.passed
    assert figures.inputs == len(extensions)
    numbers = {name: extensions.index(name) for name in ("flac", "wav", "mp3")}
    assert (figures.crashed, figures.hung) == ([numbers["flac"]], [numbers["wav"]])
    assert figures.unexplained == [numbers["mp3"]]
    assert {path.name for path in tmp_path.iterdir()} == {
        f"crash-1-{numbers['flac']}.flac",
        f"hang-1-{numbers['wav']}.wav",
        f"unexplained-1-{numbers['mp3']}.mp3",
    }
    kept = tmp_path / f"crash-1-{numbers['flac']}.flac"
    assert kept.read_bytes() == damaged(recordings, seed=1, number=numbers["flac"]).data


def take_memory(source: Path, _target: Path) -> None:
    """Use much memory for flac."""
    if source.suffix == ".flac":
        assert len(b"x" * 300_000_000)


def test_input_that_needs_too_much_memory_is_kept(tmp_path: Path):
    extensions = sorted(seeds())
    assert len(b"x" * 300_000_000)  # the parent's memory does not count
    harness = Harness(seed=1, keep=tmp_path, read=take_memory, max_rss_bytes=250_000_000)
    figures = harness.run(inputs=len(extensions))
    assert figures.oversized == [extensions.index("flac")]
