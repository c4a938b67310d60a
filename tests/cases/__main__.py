"""Run the cases: `python -m tests.cases FOLDER [CASE…] [--long]`; FOLDER holds CASE/make.sh for each.

Generates each case's recordings in build/cases, processes them with `fi-desktop run`, and compares the
detected speech with the reference. Prints one line per recording; exits with 1 if any differs.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.cases.expected import ANY_NOTE, CASES, LONG_CASES, NO_NOTE, Expected
from tests.e2e.commands import environment, lines

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "resources" / "samples" / "consulta.flac"
BUILD = ROOT / "build" / "cases"
PROGRAMS = ("ffmpeg", "sox", "bash")
STEP_S = 0.01
# codecs, joins and edits shift audio by some hundredths of a second
LAG_S = 0.4
# and change the length by up to a codec's last frame
LENGTH_S = 1.0


@dataclass(frozen=True)
class Found:
    """The program's result for a recording."""

    state: str
    attempts: int
    code: str
    duration_s: float
    speakers: int
    grade: str
    notes: tuple[str, ...]
    turns: tuple[tuple[float, float], ...]


def main() -> int:
    """Run the requested cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="prefix of a case's name")
    parser.add_argument("--long", action="store_true", help="include those that take minutes or gigabytes")
    arguments = parser.parse_args()
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing or not arguments.folder.is_dir():
        print(f"Skipped: {', '.join(missing) or arguments.folder} not found.")
        return 0
    chosen = CASES | LONG_CASES if arguments.long else CASES
    wanted = {
        name: files
        for name, files in chosen.items()
        if not arguments.cases or name.startswith(tuple(arguments.cases))
    }
    passed = failed = 0
    for name, files in wanted.items():
        for file, why in run_case(arguments.folder / name, files):
            passed, failed = passed + (not why), failed + bool(why)
            print(f"{'ok  ' if not why else 'FAIL'} {name}/{file}{': ' if why else ''}{why}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def run_case(source: Path, files: dict[str, Expected]) -> Iterable[tuple[str, str]]:
    """Generate and process a case's recordings; yield each one's name and what is wrong with it."""
    folder = BUILD / source.name
    make(source, folder)
    made = [folder / name for name in files if (folder / name).is_file()]
    for name in files:
        if not (folder / name).is_file():
            print(f"--   {source.name}/{name}: this ffmpeg cannot generate it", flush=True)
    if made:
        found = run(made)
        for path in made:
            yield path.name, wrong(found.get(str(path)), files[path.name])
    shutil.rmtree(folder)


def make(source: Path, folder: Path) -> None:
    """Run a case's script in a separate folder."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    variables = {
        **os.environ,
        "SAMPLE": str(SAMPLE),
        "PROJECT": str(ROOT),
        "BIN": str(Path(sys.executable).parent),
    }
    script = folder / "make.sh"
    # continue after a command that this ffmpeg does not support
    script.write_text(script.read_text(encoding="utf-8").replace("set -e", ""), encoding="utf-8")
    subprocess.run(["bash", script.name], cwd=folder, env=variables, check=False, capture_output=True)


def run(paths: list[Path]) -> dict[str, Found]:
    """Process the recordings; return the result of each."""
    with tempfile.TemporaryDirectory() as home:
        base = [sys.executable, "-m", "fi_desktop"]
        command = [*base, "run", *map(str, paths), "--transcriber", "none", "--json"]
        done = subprocess.run(
            command, env=environment(Path(home)), capture_output=True, text=True, check=False
        )
        jobs: dict[str, dict[str, Any]] = {
            line["path"]: line for line in lines(done.stdout) if "path" in line
        }
        return {path: _found(Path(home), job) for path, job in jobs.items()}


def _found(home: Path, job: dict[str, Any]) -> Found:
    summary, error = job["summary"] or {}, job["error"] or {}
    turns: tuple[tuple[float, float], ...] = ()
    if summary:
        show = [sys.executable, "-m", "fi_desktop", "export", str(job["id"]), "--to", "rttm", "-o", "-"]
        shown = subprocess.run(show, env=environment(home), capture_output=True, text=True, check=True)
        turns = read_turns(shown.stdout)
    return Found(
        job["state"],
        job["attempts"],
        error.get("code", ""),
        summary.get("duration_s", 0.0),
        summary.get("speakers", 0),
        summary.get("grade") or "",
        tuple(str(note) for note in summary.get("notes", ())),
        turns,
    )


def read_turns(rttm: str) -> tuple[tuple[float, float], ...]:
    """Return the start and end of each turn, seconds."""
    fields = [line.split() for line in rttm.splitlines() if line.startswith("SPEAKER")]
    return tuple((float(field[3]), float(field[3]) + float(field[4])) for field in fields)


def wrong(found: Found | None, expected: Expected) -> str:
    """Return what is not as expected; "" if nothing."""
    if found is None:
        return "no job"
    what = f"{found.state} {found.code} try {found.attempts}, {found.duration_s:.2f} s, "
    what += f"{found.speakers} speakers, {found.grade}, notes {list(found.notes)}"
    if expected.error:
        return "" if found.state == "FAILED" and found.code.startswith(expected.error) else what
    faults = [*_about_the_job(found, expected)]
    if expected.pieces and found.state == "COMPLETED":
        faults += _about_times(found, expected)
    return f"{'; '.join(faults)} | {what}" if faults else ""


def _about_the_job(found: Found, expected: Expected) -> Iterable[str]:
    if found.state != "COMPLETED":
        yield "not completed"
        return
    if found.attempts != 1:
        yield "not at the first attempt"
    if expected.speakers is not None and found.speakers != expected.speakers:
        yield f"{expected.speakers} speakers expected"
    if expected.length_s is not None and abs(found.duration_s - expected.length_s) > LENGTH_S:
        yield f"{expected.length_s} s expected"
    if expected.note == NO_NOTE and found.notes:
        yield "unexpected note"
    elif expected.note not in (ANY_NOTE, NO_NOTE) and not any(
        re.search(expected.note or "", note) for note in found.notes
    ):
        yield f"no note of {expected.note!r}"


def _about_times(found: Found, expected: Expected) -> Iterable[str]:
    reference = moved(read_turns(SAMPLE.with_suffix(".rttm").read_text(encoding="utf-8")), expected)
    end_s = max(end for _, end in (*reference, *found.turns)) + LAG_S * 4
    wanted, given = (_frames(turns, end_s) for turns in (reference, found.turns))
    steps = range(-round(3 * LAG_S / STEP_S), round(3 * LAG_S / STEP_S) + 1)
    lag = max(steps, key=lambda step: (int((np.roll(given, -step) & wanted).sum()), -abs(step)))
    covered = (np.roll(given, -lag) & wanted).sum() / wanted.sum()
    if covered < expected.covered:
        yield f"covers {covered:.2f} of the speech"
    if abs(lag) * STEP_S > LAG_S:
        yield f"{lag * STEP_S:+.2f} s off"
    outside = (given & ~_frames([(start - 1, end + 1) for start, end in reference], end_s)).sum() * STEP_S
    if outside > 1.0:
        yield f"{outside:.1f} s of false speech"


def moved(turns: Iterable[tuple[float, float]], expected: Expected) -> list[tuple[float, float]]:
    """Return the sample's turns at their positions in the recording."""
    return [
        (
            piece.at_s + (max(start, piece.start_s) - piece.start_s) / piece.speed,
            piece.at_s + (min(end, piece.end_s) - piece.start_s) / piece.speed,
        )
        for piece in expected.pieces
        for start, end in turns
        if start < piece.end_s and end > piece.start_s
    ]


def _frames(turns: Iterable[tuple[float, float]], end_s: float) -> np.ndarray:
    frames = np.zeros(round(end_s / STEP_S) + 1, dtype=bool)
    for start, end in turns:
        frames[max(0, round(start / STEP_S)) : max(0, round(end / STEP_S))] = True
    return frames


if __name__ == "__main__":
    sys.exit(main())
