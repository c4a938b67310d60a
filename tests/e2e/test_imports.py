"""Imports of each kind of process: no Qt and no store in a worker, no torch in the app."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"torch", "torchaudio", "pyannote.audio", "faster_whisper", "ctranslate2", "celery", "kombu", "redis"}

# a spawned worker that reports its modules after a job
WORKER = """
import multiprocessing, sys
from pathlib import Path

def serve(pipe, answer):
    from fi_desktop.workers import process
    process.main(pipe, "cpu")
    answer.send(sorted(sys.modules))

if __name__ == "__main__":
    from fi_desktop.workers.protocol import AttemptDone, Deliver, Ready, StopWork, receive_report, send
    from fi_desktop.core.job import JobOptions
    from fi_desktop.system.files import resource
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=serve, args=(theirs, writer))
    process.start()
    assert isinstance(receive_report(ours), Ready)
    sample, folder = sys.argv[1:]
    models = (str(resource("models")),)
    send(ours, Deliver("c", 1, sample, JobOptions(), folder, models, 600.0, 0.0))
    while not isinstance(message := receive_report(ours), AttemptDone):
        pass
    send(ours, StopWork())
    print("\\n".join(reader.recv()))
    process.join()
"""


def modules_after(code: str, *arguments: object, folder: Path) -> set[str]:
    script = folder / "script.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, str(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_worker_with_the_built_in_engine_imports_no_qt_no_store_and_no_torch(tmp_path: Path, sample: Path):
    modules = modules_after(WORKER, sample, tmp_path / "job", folder=tmp_path)
    assert "fi_desktop.pipeline" in modules
    assert not modules & (HEAVY | {"PySide6", "diskcache", "fi_desktop.jobs", "fi_desktop.jobs.store"})


@pytest.mark.parametrize("command", ["run", "jobs"])
def test_command_line_imports_no_qt_and_nothing_heavy(tmp_path: Path, command: str):
    code = f"import sys, fi_desktop.cli.{command}; print(*sys.modules)"
    modules = modules_after(code, folder=tmp_path)
    assert not modules & (HEAVY | {"PySide6"})


def test_started_app_has_imported_no_engine(tmp_path: Path):
    code = """
import sys
from fi_desktop.app import App
from fi_desktop.settings import load
if __name__ == "__main__":
    app = App(load({"FI_DESKTOP_HOME": sys.argv[1]}))
    app.start()
    app.stop()
    print(*sys.modules)
"""
    modules = modules_after(code, tmp_path / "home", folder=tmp_path)
    assert "fi_desktop.workers.pool" in modules
    assert not modules & (HEAVY | {"PySide6", "onnxruntime", "av", "numpy", "scipy"})
