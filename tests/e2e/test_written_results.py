"""Results that the command line writes to a folder by themselves, also after kill -9."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from fi_desktop.jobs.export_rules import ExportRule, save_rules
from fi_desktop.settings import save
from fi_desktop.vault.home_files import HomeFiles
from tests.e2e.commands import TIMEOUT_S, fi_desktop, start
from tests.jobs.archive import VISIT, Archive, transcript

_JOBS = 40
_OWNER = """
import sys
from pathlib import Path
from fi_desktop.jobs.automatic_exports import ExportingThread
from fi_desktop.settings import Settings
from tests.jobs.conftest import Bench

home, target = map(Path, sys.argv[1:])
bench = Bench(home)
settings = Settings(home, export_when="completed", export_folder=str(target), export_formats=("txt", "docx"))
exports = ExportingThread(bench.service, settings, now=lambda: bench.now)
exports.start()
print("started", flush=True)
while not exports.caught_up.wait(0.002):
    with bench.service.transaction():
        pass
"""


def test_results_are_written_by_the_command_line_and_after_a_kill(
    home: Path, ten_seconds: Path, tmp_path: Path
):
    results, away = tmp_path / "results", tmp_path / "away"
    results.mkdir()
    save(home, {"export_when": "completed", "export_folder": str(results), "export_formats": "txt,docx"})
    first, second = (shutil.copy(ten_seconds, tmp_path / name) for name in ("a.wav", "b.wav"))
    done = fi_desktop("run", first, second, home=home)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in results.iterdir()) == ["a.docx", "a.txt", "b.docx", "b.txt"]

    results.rename(away)
    app = start("run", ten_seconds, "--again", "--json", home=home)
    assert app.stdout is not None
    for line in app.stdout:
        if json.loads(line)["state"] == "COMPLETED":
            break
    app.send_signal(signal.SIGKILL)
    app.communicate(timeout=TIMEOUT_S)
    waiting = fi_desktop("run", home=home)
    assert f"The folder for results “{results}” is not connected" in waiting.stderr
    assert not results.exists()
    away.rename(results)
    done = fi_desktop("run", home=home)
    assert done.returncode == 0, done.stderr
    assert "not connected" not in done.stderr
    names = {path.name for path in results.iterdir()}
    assert names == {
        "a.docx",
        "a.txt",
        "b.docx",
        "b.txt",
        f"{ten_seconds.stem}.docx",
        f"{ten_seconds.stem}.txt",
    }
    logged = "".join(path.read_text(encoding="utf-8") for path in (home / "logs").iterdir())
    assert "RESULT_EXPORTED" in logged
    assert str(results) not in logged
    assert "a.wav" not in logged


def test_kills_while_results_are_written_leave_no_gap_no_second_file_and_no_part(tmp_path: Path):
    home, results, own = tmp_path / "home", tmp_path / "results", tmp_path / "own"
    for folder in (home, results, own):
        folder.mkdir()
    save_rules(HomeFiles(home), {"a1": ExportRule("completed", str(own), formats=("txt", "docx"))}, now=0.0)
    archive = Archive(home)
    (home / "exports.json").write_text(json.dumps({"since": 0.0}), encoding="utf-8")
    service = archive.bench.service
    for number in range(_JOBS):
        job_id = archive.add(transcript(*VISIT))  # all with the same name and content
        archive.bench.answer(service.choose_exports([job_id], "a1" if number % 2 else ""))
    service.close()
    rng, kills, ended = random.Random(1), 0, False
    while not ended:
        with subprocess.Popen(
            [sys.executable, "-c", _OWNER, str(home), str(results)], stdout=subprocess.PIPE
        ) as owner:
            assert owner.stdout is not None
            assert owner.stdout.readline()
            try:
                ended = owner.wait(timeout=rng.uniform(0.02, 0.3) if kills < 8 else TIMEOUT_S) == 0
                assert ended
            except subprocess.TimeoutExpired:
                owner.kill()
                kills += 1
    assert kills
    names = {f"visit ({number})" if number > 1 else "visit" for number in range(1, _JOBS // 2 + 1)}
    expected = {f"{name}.{ending}" for name in names for ending in ("txt", "docx")}
    for folder in (results, own):
        assert {path.name for path in folder.iterdir()} == expected
