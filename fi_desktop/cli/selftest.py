"""`fi-desktop selftest`: the sample through the real queue and a real worker, and is the result right?"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path

from fi_desktop.audio.media_files import sample_recording
from fi_desktop.cli.follow import working_queue
from fi_desktop.cli.run import follow
from fi_desktop.cli.show import job_table
from fi_desktop.cli.terminal import Terminal
from fi_desktop.core.job import JobState
from fi_desktop.core.transcript import Turn
from fi_desktop.core.values import JobOptions
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.settings import Settings

_STEP_S = 0.01
_WORST_ERROR = 0.25  # of the speech; without a collar, so that this holds for every sample


def selftest(settings: Settings) -> int:
    """Run the sample in a data folder of its own; return 0 where the result is right, else 1."""
    terminal = Terminal()
    sample = sample_recording()
    with tempfile.TemporaryDirectory(prefix="fi-desktop-") as home:
        own = replace(settings, home=Path(home))
        with working_queue(own) as follower:
            ((job, _),) = follow(follower, [sample], JobOptions(engine="builtin"))
        terminal.print(job_table([job]))
        if job.state is not JobState.COMPLETED:
            terminal.print(f"selftest: the sample ended as {job.state.value}.", style="red")
            return 1
        turns = JobFolders(own.jobs).transcript(job.id).turns
    error = error_rate(read_rttm(sample.with_suffix(".rttm")), turns)
    right = error <= _WORST_ERROR
    verdict = "the program works" if right else f"more than {_WORST_ERROR:.0%}"
    terminal.print(
        f"selftest: {error:.1%} of the speech is wrong: {verdict}.", style="green" if right else "red"
    )
    return 0 if right else 1


def read_rttm(path: Path) -> list[Turn]:
    """Read turns from an RTTM file."""
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [Turn(float(row[3]), float(row[3]) + float(row[4]), row[7]) for row in rows if row[0] == "SPEAKER"]


def error_rate(reference: Sequence[Turn], found: Sequence[Turn]) -> float:
    """Return the diarization error rate: missed, invented and confused time over spoken time, no collar.

    Speakers are matched in the way that is best for the found ones; for a handful of speakers.
    """
    names = sorted({turn.speaker for turn in reference})
    labels = sorted({turn.speaker for turn in found})
    labels += [""] * (len(names) - len(labels))
    frames = int(max(turn.end for turn in (*reference, *found)) / _STEP_S) + 1
    true = [_frames(reference, name, frames) for name in names]
    ours = {label: _frames(found, label, frames) for label in labels}
    spoken: list[int] = [sum(at) for at in zip(*true, strict=True)]
    told: list[int] = [sum(at) for at in zip(*ours.values(), strict=True)]
    correct = max(
        sum(a and b for name, label in enumerate(match) for a, b in zip(true[name], ours[label], strict=True))
        for match in permutations(labels, len(names))
    )
    most = sum(max(a, b) for a, b in zip(spoken, told, strict=True))
    return (most - correct) / sum(spoken)


def _frames(turns: Sequence[Turn], speaker: str, count: int) -> list[bool]:
    frames = [False] * count
    for turn in turns:
        if turn.speaker == speaker:
            first, last = int(turn.start / _STEP_S), int(turn.end / _STEP_S)
            frames[first:last] = [True] * (last - first)
    return frames
