"""`fi-desktop doctor`: how each part of the program is, one line a part; exit code 1 where one is unwell.

What is heavy or could end the process (torch, Qt, a worker) is tried in a process of its own, spawned like a
worker.
"""

from __future__ import annotations

import importlib
import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from rich.text import Text

from fi_desktop.audio.media_files import sample_recording
from fi_desktop.cli.follow import idle_queue
from fi_desktop.cli.terminal import Terminal, say_json
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.engines import registry
from fi_desktop.engines.contracts import Diarizer, Transcriber
from fi_desktop.models import Pack
from fi_desktop.settings import Settings
from fi_desktop.system.devices import default_workers
from fi_desktop.workers import process
from fi_desktop.workers.protocol import StopWork

_PATIENCE_S = 90.0
_NO_PACK = "No model pack is installed (not needed)."
_LEAST_FREE_BYTES = 2_000_000_000  # a 3-hour stereo recording, decoded, and room to breathe


@dataclass(frozen=True, slots=True)
class Finding:
    """How one part is.

    Attributes:
        part: its name.
        well: whether the program can do its job with it.
        text: one sentence.
    """

    part: str
    well: bool
    text: str


def doctor(settings: Settings, *, as_json: bool) -> int:
    """Print how each part is; return 0 where all are well, else 1."""
    terminal = Terminal()
    well = True
    for finding in _findings(settings):
        well = well and finding.well
        if as_json:
            line = {"part": finding.part, "well": finding.well, "text": finding.text}
            say_json(line)
        else:
            mark = Text("ok  ", "green") if finding.well else Text("BAD ", "red bold")
            terminal.print(Text.assemble(mark, f"{finding.part:<10}", finding.text), soft_wrap=True)
    return 0 if well else 1


def _findings(settings: Settings) -> Iterator[Finding]:
    yield _store(settings)
    yield _disk(settings.home)
    yield _audio()
    yield _worker()
    yield from _engines(settings)
    yield _elsewhere("torch", _try_torch)
    yield _elsewhere("qt", _try_qt)


def _store(settings: Settings) -> Finding:
    try:
        with idle_queue(settings) as client:
            jobs = client.jobs()
    except (UserError, TransientError) as error:
        return Finding("queue", well=False, text=error.message)
    waiting = sum(not job.state.final for job in jobs)
    return Finding(
        "queue", well=True, text=f"{len(jobs)} jobs, {waiting} of them not done, in {settings.home}."
    )


def _disk(home: Path) -> Finding:
    free = shutil.disk_usage(home).free
    text = f"{free / 1e9:.0f} GB free."
    return Finding("disk", well=free > _LEAST_FREE_BYTES, text=text)


def _audio() -> Finding:
    from fi_desktop.audio.probe import probe

    try:
        found = probe(sample_recording())
    except (UserError, TransientError) as error:
        return Finding("audio", well=False, text=error.message)
    return Finding("audio", well=True, text=f"The sample can be read ({found.duration_s or 0:.0f} s).")


def _worker() -> Finding:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=process.main, args=(theirs, "cpu"), daemon=True)
    child.start()
    theirs.close()
    try:
        if not ours.poll(_PATIENCE_S):
            return Finding("worker", well=False, text="A worker was started, but does not answer.")
        ours.recv()
        ours.send(StopWork())
    except EOFError:
        return Finding("worker", well=False, text="A worker was started, and ended at once.")
    finally:
        child.join(5.0)
        child.kill()
    return Finding("worker", well=True, text=f"A worker starts; {default_workers()} fit on this computer.")


def _engines(settings: Settings) -> Iterator[Finding]:
    roots = settings.model_roots
    for name in registry.NAMES:
        if name == registry.AUTO:
            continue
        if registry.available(name, roots):
            yield _elsewhere(name, partial(_try_diarizer, name, roots))
        elif name == registry.BUILTIN:
            yield Finding(name, well=False, text="Its model is missing: install fi-desktop again.")
        else:
            yield Finding(name, well=True, text=_NO_PACK)
    try:
        pack = registry.choose_transcriber(settings.transcriber, roots)
    except UserError as error:
        yield Finding("whisper", well=False, text=error.message)
        return
    if pack is None:
        wanted = settings.transcriber != registry.NONE
        yield Finding("whisper", well=True, text=_NO_PACK if wanted else "Is not wanted, by the settings.")
    else:
        yield _elsewhere("whisper", partial(_try_transcriber, pack))


def _elsewhere(part: str, attempt: Callable[[Connection], None]) -> Finding:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=attempt, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        if ours.poll(_PATIENCE_S):
            well, text = ours.recv()
            return Finding(part, well=well, text=text)
        return Finding(part, well=False, text="No answer.")
    except EOFError:
        process.join()
        return Finding(part, well=False, text=f"Ended the process (exit code {process.exitcode}).")
    finally:
        process.kill()
        process.join()


def _try_diarizer(name: str, roots: tuple[Path, ...], answer: Connection) -> None:
    _try(lambda: registry.create(registry.check(name, roots), roots), answer)


def _try_transcriber(pack: Pack, answer: Connection) -> None:
    _try(lambda: registry.create_transcriber(pack), answer)


def _try(load: Callable[[], Diarizer | Transcriber], answer: Connection) -> None:
    try:
        engine = load()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it is what is to be told
        answer.send((False, f"Cannot be loaded: {error}"))
    else:
        answer.send((True, f"Can be loaded: {engine.description}."))


def _try_torch(answer: Connection) -> None:
    try:
        from fi_desktop.engines.pyannote import import_pyannote

        import_pyannote()
        torch = importlib.import_module("torch")
    except ImportError as error:
        answer.send(
            (True, f"Not here ({error.name or 'import failed'}): only the built-in engine can be used.")
        )
        return
    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "no GPU, so the processor"
    answer.send((True, f"torch {torch.__version__} and pyannote.audio can be loaded; {device} is used."))


def _try_qt(answer: Connection) -> None:
    try:
        importlib.import_module("PySide6.QtWidgets")
        core = importlib.import_module("PySide6.QtCore")
    except ImportError as error:
        answer.send((False, f"The window cannot be opened: {error}."))
        return
    answer.send((True, f"Qt {core.qVersion()} can be loaded."))
