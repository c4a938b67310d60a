"""`fi-desktop doctor`, `selftest` and `demo`: check each part of the program, or all with the sample.

Whatever is heavy or could crash (torch, Qt, a worker) is checked in a spawned process.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import permutations
from multiprocessing.connection import Connection
from pathlib import Path

from rich.text import Text

from fi_desktop.app import App
from fi_desktop.audio.media_files import sample_recording
from fi_desktop.cli.queue_access import idle_queue, job_folders, working_queue
from fi_desktop.cli.run import follow
from fi_desktop.cli.terminal import Terminal, job_table, say_json, transcript_view
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.job import JobState
from fi_desktop.core.transcript import Turn
from fi_desktop.core.values import JobOptions
from fi_desktop.engines import registry
from fi_desktop.engines.contracts import Diarizer, Transcriber
from fi_desktop.engines.registry import TranscriberChoice
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import Settings
from fi_desktop.system.confinement import restrict_calls, restrict_files
from fi_desktop.system.devices import default_workers
from fi_desktop.vault import vault_exists
from fi_desktop.workers import process
from fi_desktop.workers.cluster.link import link_of, wants_server
from fi_desktop.workers.protocol import StopWork, receive_report, send

_TIMEOUT_S = 90.0
_NO_PACK = "No model is installed (optional)."
_NOT_INSTALLED = "Not installed (optional)."
_MIN_FREE_BYTES = 2_000_000_000  # a 3-hour stereo recording, decoded, with reserve
_STEP_S = 0.01
_MAX_ERROR_RATE = 0.25  # without a collar, so that every sample passes


# ---- doctor


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of a check.

    Attributes:
        part: what was checked.
        well: whether the program can do its job with it.
        text: one sentence.
    """

    part: str
    well: bool
    text: str


def add_doctor(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop doctor`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.set_defaults(command=_doctor)


def _doctor(settings: Settings, options: argparse.Namespace) -> int:
    """Return 0 if all parts work, else 1."""
    terminal = Terminal()
    all_well = True
    for finding in _findings(settings):
        all_well = all_well and finding.well
        if options.json:
            say_json(asdict(finding))
        else:
            mark = Text("ok   ", "green") if finding.well else Text("FAIL ", "red bold")
            terminal.print(Text.assemble(mark, f"{finding.part:<10}", finding.text), soft_wrap=True)
    return 0 if all_well else 1


def _findings(settings: Settings) -> Iterator[Finding]:
    yield _check_queue(settings)
    yield _check_disk(settings.home)
    yield _check_sealing(settings)
    yield _check_audio()
    yield _check_worker()
    yield _in_process("decoder", _confine_decoder)
    yield _in_process("engines", _confine_engines)
    yield from _check_engines(settings)
    yield from _check_server(settings)
    yield _in_process("torch", _load_torch)
    yield _in_process("qt", _load_qt)


def _check_queue(settings: Settings) -> Finding:
    try:
        with idle_queue(settings) as client:
            jobs = client.call(JobService.jobs)
    except (UserError, TransientError) as error:
        return Finding("queue", well=False, text=error.message)
    unfinished = sum(not job.state.final for job in jobs)
    return Finding("queue", well=True, text=f"{len(jobs)} jobs, {unfinished} unfinished, in {settings.home}.")


def _check_disk(home: Path) -> Finding:
    free = shutil.disk_usage(home).free
    return Finding("disk", well=free > _MIN_FREE_BYTES, text=f"{free / 1e9:.0f} GB free.")


def _check_sealing(settings: Settings) -> Finding:
    if not vault_exists(settings.keys):
        text = "Results, words and names are in clear; `fi-desktop vault seal` encrypts them."
        return Finding("encryption", well=True, text=text)
    from fi_desktop.vault.vault import Vault

    try:
        with closing(Vault(settings.keys)) as vault:
            state = vault.state
    except UserError as error:
        return Finding("encryption", well=False, text=error.message)
    locks = ["the keyring"] * state.keyring + ["a passphrase"] * (state.passphrase is not None)
    text = f"Results, words, names and the queue are encrypted, and unlocked by {' and '.join(locks)}."
    return Finding("encryption", well=True, text=text)


def _check_server(settings: Settings) -> Iterator[Finding]:
    """Check the server, if recordings are processed there."""
    if not wants_server(settings):
        return
    try:
        link = link_of(settings)
    except (UserError, TransientError) as error:
        yield Finding("server", well=False, text=error.message)
        return
    from fi_desktop.workers.cluster.server_check import check_server

    for part, well, text in check_server(link):
        yield Finding(part, well=well, text=text)


def _check_audio() -> Finding:
    from fi_desktop.audio.probe import probe

    try:
        found = probe(sample_recording())
    except (UserError, TransientError) as error:
        return Finding("audio", well=False, text=error.message)
    return Finding("audio", well=True, text=f"The sample can be read ({found.duration_s or 0:.0f} s).")


def _check_worker() -> Finding:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=process.main, args=(theirs, "cpu"), daemon=True)
    child.start()
    theirs.close()
    try:
        if not ours.poll(_TIMEOUT_S):
            return Finding("worker", well=False, text="A worker started but does not respond.")
        receive_report(ours)
        send(ours, StopWork())
    except EOFError:
        return Finding("worker", well=False, text="A worker exited at its start.")
    finally:
        child.join(5.0)
        child.kill()
    return Finding("worker", well=True, text=f"Workers start. Recommended number: {default_workers()}.")


def _confine_decoder(answer: Connection) -> None:
    """Confine this process as a decoder, and say what that came to."""
    files, calls = restrict_files(), restrict_calls(opens=False)
    if files and calls:
        text = "The process that reads a recording can open nothing else, and has no network."
    elif files or calls:
        text = f"The process that reads a recording can open nothing else. Without {_lacks(files=files)}."
    else:
        text = "The process that reads a recording is not confined: a hostile file could reach your files."
    answer.send((True, text))


def _confine_engines(answer: Connection) -> None:
    """Confine this process as a worker, and say what that came to."""
    files = restrict_files(read=[Path(sys.prefix)])
    calls = restrict_calls(opens=True)
    if files and calls:
        text = "Engines can open models and job folders only, and have no network."
    elif files or calls:
        kept = "can open models and job folders only" if files else "have no network"
        text = f"Engines {kept}. Without {_lacks(files=files)}."
    else:
        text = "Engines are not confined: they can open your files and the network."
    answer.send((True, text))


def _lacks(*, files: bool) -> str:
    return "seccomp, which this system lacks" if files else "Landlock, which this system lacks"


def _check_engines(settings: Settings) -> Iterator[Finding]:
    roots = settings.model_roots
    for name, spec in registry.diarizers().items():
        if not registry.installed(spec):
            yield Finding(name, well=True, text=_NOT_INSTALLED)
        elif registry.available(name, roots):
            yield _in_process(name, partial(_load_diarizer, name, roots))
        elif name == registry.BUILTIN:
            yield Finding(name, well=False, text="Its model is missing. Install fi-desktop again.")
        else:
            yield Finding(name, well=True, text=_NO_PACK)
    try:
        chosen = registry.choose_transcriber(settings.transcriber, roots)
    except UserError as error:
        yield Finding("whisper", well=False, text=error.message)
        return
    if chosen is not None:
        yield _in_process(chosen.spec.name, partial(_load_transcriber, chosen))
    elif settings.transcriber == registry.NONE:
        yield Finding("whisper", well=True, text="Turned off in the settings.")
    else:
        yield Finding("whisper", well=True, text=_NO_PACK)


def _in_process(part: str, check: Callable[[Connection], None]) -> Finding:
    """Run a check, which sends `well` and `text`, in a spawned process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=check, args=(theirs,), daemon=True)
    child.start()
    theirs.close()
    try:
        if ours.poll(_TIMEOUT_S):
            well, text = ours.recv()
            return Finding(part, well=well, text=text)
        return Finding(part, well=False, text="No response.")
    except EOFError:
        child.join()
        return Finding(part, well=False, text=f"Crashed (exit code {child.exitcode}).")
    finally:
        child.kill()
        child.join()


def _load_diarizer(name: str, roots: tuple[Path, ...], answer: Connection) -> None:
    _load(lambda: registry.create_diarizer(registry.check(name, roots), roots), answer)


def _load_transcriber(chosen: TranscriberChoice, answer: Connection) -> None:
    _load(lambda: registry.create_transcriber(chosen), answer)


def _load(create: Callable[[], Diarizer | Transcriber], answer: Connection) -> None:
    try:
        engine = create()
    except Exception as error:  # noqa: BLE001 - any error is the finding
        answer.send((False, f"Cannot be loaded: {error}"))
    else:
        answer.send((True, f"Can be loaded: {engine.description}."))


def _load_torch(answer: Connection) -> None:
    try:
        from fi_desktop.engines.pyannote import import_pyannote

        import_pyannote()
        torch = importlib.import_module("torch")
    except ImportError as error:
        reason = error.name or "import failed"
        answer.send((True, f"Not available ({reason}). Only the built-in engine can be used."))
        return
    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "the CPU, as there is no GPU"
    answer.send((True, f"torch {torch.__version__} and pyannote.audio can be loaded. They use {device}."))


def _load_qt(answer: Connection) -> None:
    try:
        importlib.import_module("PySide6.QtWidgets")
        core = importlib.import_module("PySide6.QtCore")
    except ImportError as error:
        answer.send((False, f"The window cannot be opened: {error}."))
        return
    answer.send((True, f"Qt {core.qVersion()} can be loaded."))


# ---- selftest


def add_selftest(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop selftest`."""
    parser.set_defaults(command=_selftest)


def _selftest(settings: Settings, _options: argparse.Namespace) -> int:
    """Process the sample in a temporary data folder; return 0 if the result is right, else 1."""
    terminal = Terminal()
    sample = sample_recording()
    with tempfile.TemporaryDirectory(prefix="fi-desktop-") as home:
        temporary = replace(settings, home=Path(home), backend="local")
        with working_queue(temporary) as follower:
            ((job, _),) = follow(follower, [sample], JobOptions(engine="builtin"), at_once=True)
        terminal.print(job_table([job]))
        if job.state is not JobState.COMPLETED:
            terminal.print(f"selftest: the sample ended as {job.state.value}.", style="red")
            return 1
        turns = job_folders(temporary).transcript(job.id).turns
    error = error_rate(read_rttm(sample.with_suffix(".rttm")), turns)
    passed = error <= _MAX_ERROR_RATE
    verdict = "the program works" if passed else f"more than {_MAX_ERROR_RATE:.0%}"
    style = "green" if passed else "red"
    terminal.print(f"selftest: {error:.1%} diarization error: {verdict}.", style=style)
    return 0 if passed else 1


def read_rttm(path: Path) -> list[Turn]:
    """Read turns from an RTTM file."""
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [Turn(float(row[3]), float(row[3]) + float(row[4]), row[7]) for row in rows if row[0] == "SPEAKER"]


def error_rate(reference: Sequence[Turn], found: Sequence[Turn]) -> float:
    """Return the diarization error rate: missed, false and confused speech over all speech, no collar.

    Tries all mappings of speakers and takes the best, so it is for a handful of speakers.
    """
    names = sorted({turn.speaker for turn in reference})
    labels = sorted({turn.speaker for turn in found})
    labels += [""] * (len(names) - len(labels))
    count = int(max(turn.end for turn in (*reference, *found)) / _STEP_S) + 1
    expected = [_frames(reference, name, count) for name in names]
    actual = {label: _frames(found, label, count) for label in labels}
    expected_counts: list[int] = [sum(at) for at in zip(*expected, strict=True)]
    actual_counts: list[int] = [sum(at) for at in zip(*actual.values(), strict=True)]
    correct = max(
        sum(
            a and b
            for index, label in enumerate(mapping)
            for a, b in zip(expected[index], actual[label], strict=True)
        )
        for mapping in permutations(labels, len(names))
    )
    larger = sum(max(a, b) for a, b in zip(expected_counts, actual_counts, strict=True))
    return (larger - correct) / sum(expected_counts)


def _frames(turns: Sequence[Turn], speaker: str, count: int) -> list[bool]:
    frames = [False] * count
    for turn in turns:
        if turn.speaker == speaker:
            first, last = int(turn.start / _STEP_S), int(turn.end / _STEP_S)
            frames[first:last] = [True] * (last - first)
    return frames


# ---- demo


def add_demo(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop demo`."""
    parser.add_argument(
        "--models", type=Path, metavar="FOLDER", help="additional folder with models, for this run"
    )
    parser.set_defaults(command=_demo)


def _demo(settings: Settings, options: argparse.Namespace) -> int:
    terminal = Terminal()
    if options.models is not None:
        settings = replace(settings, more_models=(options.models.absolute(),))
    with working_queue(settings) as follower:
        ((job, _),) = follow(follower, [sample_recording()], JobOptions(), again=True, at_once=True)
    terminal.print(job_table([job]))
    if job.state is not JobState.COMPLETED:
        return 1
    transcript = job_folders(settings).transcript(job.id)
    terminal.print(transcript_view(transcript, columns=terminal.width))
    if not transcript.provenance.transcriber:
        terminal.print(
            "To see the text, install a model: in the window under Models, or with "
            "fi-desktop models install base"
        )
    if not _has_display():
        terminal.print("There is no display to open the window on.")
        return 0
    from fi_desktop.gui.application import run

    return run(App(settings), [], show_job=job.id)


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
