"""The frozen program, moved, on a new account and without network: `make frozen-test`.

Tests the folder FI_DESKTOP_FROZEN, or the builds of `make package` in dist/.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from fi_desktop.models import installed
from fi_desktop.system.files import resource
from tests.e2e.commands import fi_desktop, lines
from tests.e2e.fresh_account import TIMEOUT_S, Account, end, virtual_display
from tests.models.packs import make_pack

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3 * TIMEOUT_S),
    pytest.mark.skipif(sys.platform != "linux", reason="uses the Linux kernel to block sockets"),
]


def built() -> list[Path]:
    if given := os.environ.get("FI_DESKTOP_FROZEN"):
        return [Path(given).absolute()]
    return sorted(program.parent for program in ROOT.glob("dist/fi-desktop*/fi-desktop"))


@pytest.fixture(
    scope="module", params=built() or [None], ids=lambda folder: folder.name if folder else "none"
)
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The frozen program, moved to another folder."""
    if request.param is None:
        pytest.skip("needs a frozen program: run `make package`, or set FI_DESKTOP_FROZEN")
    folder = tmp_path_factory.mktemp("moved") / "Programas de la clínica nº 3" / "Señal y voz"
    shutil.copytree(request.param, folder, symlinks=True)
    return folder / "fi-desktop"


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A virtual display."""
    with virtual_display() as name:
        yield name


@pytest.fixture
def account(program: Path, tmp_path: Path) -> Iterator[Account]:
    account = Account(program, tmp_path)
    yield account
    account.leave()


def in_process(account: Account, code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process of the frozen program."""
    return subprocess.run(
        [sys.executable, "-I", "-c", SPAWN, str(account.program), code],
        env={"HOME": str(account.home), "TMPDIR": str(account.temporary), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    files = [(path, path.lstat()) for path in folder.rglob("*")]
    return {str(path): (status.st_size, status.st_mtime_ns) for path, status in files}


def test_worker_process_diarizes_the_sample(account: Account):
    before = tree(account.program.parent)
    assert [name for name in before if not Path(name).exists()] == []  # broken links
    app = account.start("run", resource("samples", "consulta.flac"), "--engine", "builtin", "--json")
    assert app.stdout is not None
    states, workers = [], set()
    for line in app.stdout:
        states.append(json.loads(line)["state"])
        if states[-1] == "RUNNING":
            workers = {child.exe() for child in psutil.Process(app.pid).children(recursive=True)}
    _, errors = app.communicate(timeout=TIMEOUT_S)
    assert (app.returncode, states[-1]) == (0, "COMPLETED"), errors
    assert workers == {str(account.program)}
    code, rttm, errors = account.run("export", 1, "--to", "rttm", "--output", "-")
    assert code == 0, errors
    assert len({row.split()[7] for row in rttm.splitlines() if row.startswith("SPEAKER")}) == 2
    assert account.strays() == []
    assert tree(account.program.parent) == before  # the program's folder is unchanged


def test_turns_are_those_of_the_source(account: Account, home: Path):
    sample = resource("samples", "consulta.flac")
    command = ("run", sample, "--engine", "builtin", "--transcriber", "none", "--json")
    code, _, errors = account.run(*command)
    assert code == 0, errors
    assert errors == ""  # such as ONNX Runtime's warnings
    code, frozen, errors = account.run("export", 1, "--to", "json", "--output", "-")
    assert code == 0, errors
    assert fi_desktop(*command, home=home).returncode == 0
    source = fi_desktop("export", 1, "--to", "json", "--output", "-", home=home)
    turns = json.loads(source.stdout)["turns"]
    assert len(turns) > 10
    assert json.loads(frozen)["turns"] == turns


def test_selftest_passes_in_the_frozen_program(account: Account):
    code, out, errors = account.run("selftest")
    assert code == 0, out + errors
    assert account.strays() == []


def test_doctor_finds_no_problem(account: Account):
    code, out, errors = account.run("doctor", "--json")
    assert [line for line in lines(out) if not line["well"]] == [], errors
    assert code == 0


def test_killed_window_finishes_its_jobs_after_a_restart(
    account: Account, display: str, long_recording: Path, tmp_path: Path
):
    recording = tmp_path / "Grabación de la señora Núñez.wav"
    shutil.copyfile(long_recording, recording)
    app = account.open_window(display, recording)
    account.await_state(1, "RUNNING")
    children = psutil.Process(app.pid).children(recursive=True)
    assert children
    app.kill()
    app.communicate(timeout=TIMEOUT_S)
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    again = account.open_window(display)
    account.await_state(1, "COMPLETED")
    end(again)
    assert account.run("jobs", "verify")[0] == 0
    assert account.strays() == []


def test_bundled_models_are_found(account: Account):
    models = account.program.parent / "_internal" / "fi_desktop" / "resources" / "models"
    bundled = {pack.name for pack in installed((models,))}
    pack = make_pack(models, "faster-whisper-tiny")
    try:
        code, out, errors = account.run("models", "list", "--json")
    finally:
        shutil.rmtree(models / pack.name)
    assert code == 0, errors
    assert {line["name"] for line in lines(out) if line["installed"]} == {pack.name, *bundled}


def test_download_reports_the_missing_network(account: Account):
    """The child process with huggingface_hub starts, and cannot open a socket."""
    code, out, errors = account.run("models", "install", "tiny")
    assert code == 1
    assert "huggingface.co cannot be reached" in out + errors
    assert account.strays() == []


IMPORT_ALL = """
import importlib, pkgutil, sys
import fi_desktop
names = {names!r}
if "pyannote.audio" in names:
    from fi_desktop.engines.pyannote import import_pyannote
    import_pyannote()
for name in names:
    importlib.import_module(name)
for name, module in sys.modules.items():
    file = getattr(module, "__file__", None) or ""
    # modules in the interpreter's archive have a relative path
    assert not file.startswith('/') or file.startswith({folder!r}), (name, file)
from fi_desktop.audio.container import limit_allocations
assert limit_allocations(0), "FFmpeg's libraries are not in av.libs"
"""

# runs Python code in the frozen program as if a frozen parent had spawned it
SPAWN = """
import multiprocessing, multiprocessing.popen_spawn_posix, multiprocessing.resource_tracker, pathlib, sys
program, code = sys.argv[1:]
inside = pathlib.Path(program).parent / "_internal"
multiprocessing.resource_tracker.ensure_running()
sys.frozen = True
multiprocessing.set_executable(program)
dynload = next(inside.glob("python3.*/lib-dynload"))
sys.path = [str(inside / "base_library.zip"), str(dynload), str(inside)]
process = multiprocessing.get_context("spawn").Process(target=exec, args=(code, {}))
process.start()
process.join()
sys.exit(process.exitcode)
"""


def test_welcome_can_try_how_fast_the_computer_is(account: Account):
    done = in_process(account, "from fi_desktop.engines.speed_trial import measure\nassert measure() > 0")
    assert done.returncode == 0, done.stderr


def test_all_modules_can_be_imported(account: Account):
    """Includes modules imported by name, and faster-whisper and pyannote.audio."""
    full = (account.program.parent / "_internal" / "torch").is_dir()
    torch_only = "fi_desktop.engines.pyannote"
    names = [
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for file in sorted((ROOT / "fi_desktop").rglob("*.py"))
    ]
    names = [name for name in names if full or not name.startswith(torch_only)]
    names = [name for name in names if name != "fi_desktop.__main__"]
    cluster = "fi_desktop.workers.cluster."  # its libraries are an extra, but the pool uses these modules
    used = {f"{cluster}{name}" for name in ("link", "relay_slot", "server_slots")}
    names = [name for name in names if not name.startswith(cluster) or name in used]
    names += [
        "faster_whisper",
        "ctranslate2",
        "onnxruntime",
        "huggingface_hub.file_download",
        *(("torch", "pyannote.audio") if full else ()),
    ]
    done = in_process(account, IMPORT_ALL.format(names=names, folder=str(account.program.parent)))
    assert done.returncode == 0, done.stderr
