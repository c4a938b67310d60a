"""ONNX Runtime: started in one place, on one thread, quietly, and only with files that are unchanged."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fi_desktop
from fi_desktop.core.errors import FiError
from fi_desktop.engines.networks import MANIFEST, load_network
from fi_desktop.system.files import resource

VOICES = resource("models", "voices")
FILE = "embedding.onnx"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the pack with one of its networks."""
    for name in (MANIFEST, FILE):
        shutil.copyfile(VOICES / name, tmp_path / name)
    return tmp_path


def refusal(pack: Path, file: str = FILE) -> str:
    with pytest.raises(FiError) as caught:
        load_network(pack, file)
    return caught.value.code


def test_network_is_loaded_once(pack: Path) -> None:
    network = load_network(pack, FILE)
    assert network is load_network(pack, FILE)
    pooled = np.zeros((2, 1024), dtype=np.float32)
    (found,) = network.run_all(pooled=pooled)
    assert found.shape == (2, 192)
    np.testing.assert_array_equal(network.run(pooled=pooled), found)


def test_missing_network_is_reported(pack: Path, tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere") == "engine.builtin_missing"
    (pack / FILE).unlink()
    assert refusal(pack) == "engine.builtin_missing"


def test_changed_network_is_not_loaded(pack: Path) -> None:
    content = bytearray((pack / FILE).read_bytes())
    content[len(content) // 2] ^= 1
    (pack / FILE).write_bytes(content)
    assert refusal(pack) == "engine.builtin_damaged"


@pytest.mark.parametrize("text", ["", "{", "[]", '"files"', "{}", '{"files": []}', '{"files": {}}'])
def test_damaged_manifest_is_reported(pack: Path, text: str) -> None:
    (pack / MANIFEST).write_text(text, encoding="utf-8")
    assert refusal(pack) == "engine.builtin_damaged"


def test_networks_start_no_thread_and_print_nothing() -> None:
    files = list(json.loads((VOICES / MANIFEST).read_text(encoding="utf-8"))["files"])
    code = (
        "import sys, psutil; from pathlib import Path\n"
        "from fi_desktop.engines.networks import load_network\n"
        "from fi_desktop.engines.vad import speech_network\n"
        "import numpy, onnxruntime\n"
        "before = psutil.Process().num_threads()\n"
        "for file in sys.argv[2:]: load_network(Path(sys.argv[1]), file)\n"
        "speech_network()\n"
        "print(psutil.Process().num_threads() - before)"
    )
    networks = [file for file in files if file.endswith(".onnx")]
    assert networks
    done = subprocess.run(
        [sys.executable, "-c", code, str(VOICES), *networks],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert (done.stdout.strip(), done.stderr) == ("0", "")


def test_telemetry_is_off_before_anything_is_imported() -> None:
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
    package = Path(fi_desktop.__file__).parent
    starts = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"^\s*(import|from) onnxruntime", path.read_text(encoding="utf-8"), re.M)
    ]
    assert starts == ["engines/networks.py"]
    assert "disable_telemetry_events()" in (package / "engines" / "networks.py").read_text(encoding="utf-8")
