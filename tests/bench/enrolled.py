"""Measure how often people who enrolled are named in other recordings, and strangers are not.

    python -m tests.bench.enrolled FOLDER… [--staff 6] [--draws 300] [--except NAME…]

FOLDER holds NAME.flac with NAME.rttm; a speaker's name is the same in all recordings. `--except` leaves out
recordings whose names begin so, such as synthetic voices. Turns are those of the reference, so the figures
are those of the voices alone. Each draw enrols some people, each from one recording, and names everybody in
the recordings that enrolled nobody: by all that they say (a minute at most), by 10 s and by 5 s of it.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from fi_desktop.audio.decode import decode
from fi_desktop.core.transcript import Turn
from fi_desktop.engines.builtin.embedding import VoiceEmbedder
from fi_desktop.engines.voices import ENROLMENT_S, EnrolledVoices, PooledVoice, pool_voices
from fi_desktop.system.files import resource

SHORTER_S = (10.0, 5.0)
Key = tuple[str, str]  # recording, speaker
Voices = dict[Key, PooledVoice]


def read_turns(rttm: Path) -> list[Turn]:
    """Return a reference's turns."""
    fields = [line.split() for line in rttm.read_text(encoding="utf-8").splitlines()]
    return [Turn(float(f[3]), float(f[3]) + float(f[4]), f[7]) for f in fields]


def first_seconds(turns: list[Turn], seconds: float) -> list[Turn]:
    """Return the first turns of each speaker that are said alone, this much of them."""
    kept: list[Turn] = []
    left = dict.fromkeys((turn.speaker for turn in turns), seconds)
    for turn in turns:
        alone = all(other is turn or other.end <= turn.start or other.start >= turn.end for other in turns)
        if alone and left[turn.speaker] > 0.0:
            kept.append(replace(turn, end=min(turn.end, turn.start + left[turn.speaker])))
            left[turn.speaker] -= turn.duration
    return kept


def pooled(
    folder: Path, left_out: tuple[str, ...], embedder: VoiceEmbedder
) -> tuple[Voices, dict[float, Voices]]:
    """Return everybody's voice in each recording of a folder, and the same of less speech."""
    whole: Voices = {}
    shorter: dict[float, Voices] = {seconds: {} for seconds in SHORTER_S}
    for path in sorted(folder.glob("*.flac")):
        if path.name.startswith(left_out):
            continue
        turns = read_turns(path.with_suffix(".rttm"))
        with tempfile.TemporaryDirectory() as temporary:
            recording = decode(path, Path(temporary) / "audio.pcm", progress=_quiet).recording
            voices = pool_voices(embedder, recording, turns, _quiet)
            whole.update({(path.stem, name): voice for name, voice in voices.items()})
            for seconds, found in shorter.items():
                voices = pool_voices(embedder, recording, first_seconds(turns, seconds), _quiet)
                found.update(
                    {(path.stem, name): v for name, v in voices.items() if v.seconds >= 0.95 * seconds}
                )
    return whole, shorter


def draw_staff(whole: Voices, count: int, rng: np.random.Generator) -> dict[str, Key]:
    """Draw people, and for each the recording that enrols them."""
    long_enough: dict[str, list[Key]] = {}
    for key, voice in whole.items():
        if voice.seconds >= ENROLMENT_S:
            long_enough.setdefault(key[1], []).append(key)
    people = rng.choice(sorted(long_enough), size=min(count, len(long_enough)), replace=False)
    return {str(name): long_enough[name][rng.integers(len(long_enough[name]))] for name in people}


def measure(whole: Voices, named: Voices, staff: int, draws: int) -> str:
    """Return one line of the table."""
    rng = np.random.default_rng(0)
    counts = dict.fromkeys(("right", "nobody", "another", "stranger named", "stranger"), 0)
    with tempfile.TemporaryDirectory() as folder:
        for draw in range(draws):
            chosen = draw_staff(whole, staff, rng)
            enrolled = EnrolledVoices(Path(folder) / f"{draw}.json")
            for name, key in chosen.items():
                enrolled.add(name, whole[key])
            used = {recording for recording, _ in chosen.values()}
            for (recording, name), voice in named.items():
                if recording in used:
                    continue
                found = enrolled.match(voice)
                if name in chosen:
                    counts["right" if found == name else "another" if found else "nobody"] += 1
                else:
                    counts["stranger named" if found else "stranger"] += 1
    people = counts["right"] + counts["nobody"] + counts["another"]
    strangers = counts["stranger"] + counts["stranger named"]
    shares = [counts[name] / people for name in ("right", "nobody", "another")]
    return " | ".join(f"{100 * share:.2f} %" for share in (*shares, counts["stranger named"] / strangers))


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--staff", type=int, default=6)
    parser.add_argument("--draws", type=int, default=300)
    parser.add_argument("--except", dest="left_out", nargs="*", default=[])
    options = parser.parse_args()
    embedder = VoiceEmbedder(resource("models", "voices"))
    print("| Recordings | Speech | Named | Not named | Named as another | Strangers named |")
    print("|---|---|---|---|---|---|")
    for folder in options.folders:
        whole, shorter = pooled(folder, tuple(options.left_out), embedder)
        for length, named in {"all": whole, **{f"{s:g} s": voices for s, voices in shorter.items()}}.items():
            print(
                f"| {folder.name} | {length} | {measure(whole, named, options.staff, options.draws)} |",
                flush=True,
            )


def _quiet(_fraction: float) -> None:
    """Ignore progress."""


if __name__ == "__main__":
    main()
