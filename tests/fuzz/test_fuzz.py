"""Damaged recordings do no harm; a few hundred of them. `make fuzz` tries many."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from tests.fuzz.harness import Harness
from tests.fuzz.mutation import damaged
from tests.fuzz.seeds import seeds


def test_damaged_recordings_are_read_or_refused_in_words(tmp_path: Path):
    figures = Harness(seed=1, keep=tmp_path).run(inputs=300)
    assert figures.harmless, f"{figures}\n{list(tmp_path.iterdir())}"
    assert figures.inputs == 300
    assert figures.said["read"] > 80
    assert figures.said.total() - figures.said["read"] > 30


def test_every_format_is_damaged_and_the_same_number_gives_the_same_bytes():
    recordings = seeds()
    assert len(recordings) >= 11
    inputs = [damaged(recordings, seed=3, number=number) for number in range(2 * len(recordings))]
    assert {made.ending for made in inputs} == set(recordings)
    assert inputs == [damaged(recordings, seed=3, number=number) for number in range(len(inputs))]
    assert all(made.data != recordings[made.ending] for made in inputs)


def do_harm(source: Path, _target: Path) -> None:
    """Read no flac, no wav and no mp3 without harm; it is spawned, and found here by name."""
    match source.suffix:
        case ".flac":
            os.abort()
        case ".wav":
            threading.Event().wait()
        case ".mp3":
            raise ValueError("nobody knows why")


def test_what_does_harm_is_counted_and_kept_and_the_run_goes_on(tmp_path: Path):
    recordings = seeds()
    endings = sorted(recordings)
    harness = Harness(seed=1, keep=tmp_path, read=do_harm, hang_s=4.0, processes=2)

    figures = harness.run(inputs=len(endings))

    assert not figures.harmless
    assert figures.inputs == len(endings)
    numbers = {name: endings.index(name) for name in ("flac", "wav", "mp3")}
    assert (figures.dead, figures.hung) == ([numbers["flac"]], [numbers["wav"]])
    assert figures.unexplained == [numbers["mp3"]]
    assert {path.name for path in tmp_path.iterdir()} == {
        f"death-1-{numbers['flac']}.flac",
        f"hang-1-{numbers['wav']}.wav",
        f"unexplained-1-{numbers['mp3']}.mp3",
    }
    kept = tmp_path / f"death-1-{numbers['flac']}.flac"
    assert kept.read_bytes() == damaged(recordings, seed=1, number=numbers["flac"]).data


def take_memory(source: Path, _target: Path) -> None:
    """Need a lot of memory for flac."""
    if source.suffix == ".flac":
        assert len(b"x" * 300_000_000)


def test_an_input_that_takes_too_much_memory_is_kept(tmp_path: Path):
    endings = sorted(seeds())
    assert len(b"x" * 300_000_000)  # What this process takes is not what the other one takes.
    harness = Harness(seed=1, keep=tmp_path, read=take_memory, most_bytes=250_000_000)
    figures = harness.run(inputs=len(endings))
    assert figures.greedy == [endings.index("flac")]
