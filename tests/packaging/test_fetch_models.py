"""`make models`: packs are downloaded, verified, and listed with their licences."""

from __future__ import annotations

import importlib
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fi_desktop.models import installed, verify
from tests.models import packs
from tests.models.hub_server import TOKEN, FakeHub, serving
from tests.models.packs import make_pack

ROOT = Path(__file__).parents[2]
COMMUNITY = "pyannote/speaker-diarization-community-1"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving(FakeHub(packs.on_the_hub(), gated={COMMUNITY})) as hub:
        yield hub


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch):
    """Import a script of packaging/, which is not a package: PyPI's `packaging` has that name."""
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if str(ROOT / "packaging") in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def fetch(script, hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run the script as `make models` does; returns the exit code."""

    def fetch(*names: str, token: str = "") -> int:
        options = ["--into", str(tmp_path / "models"), "--from", hub.address]
        options += ["--token-stdin"] if token else []
        monkeypatch.setattr(sys, "argv", ["fetch_models.py", *names, *options])
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{token}\n"))
        return int(script("fetch_models").main())

    return fetch


def test_packs_have_manifests_and_licences(fetch, tmp_path: Path, capsys):
    assert fetch("tiny", "community-1", token=TOKEN) == 0
    found = installed((tmp_path / "models",))
    for pack in found:
        verify(pack)
    assert {pack.name: pack.licence for pack in found} == {
        "faster-whisper-tiny": "MIT",
        "speaker-diarization-community-1": "CC-BY-4.0",
    }
    assert all(pack.attribution for pack in found)
    assert "faster-whisper-tiny: " in capsys.readouterr().out


def test_existing_pack_is_not_downloaded_again(fetch, hub: FakeHub):
    assert fetch("tiny") == 0
    requests = len(hub.seen)
    assert fetch("tiny") == 0
    assert len(hub.seen) == requests


def test_file_with_a_wrong_hash_is_not_installed(fetch, hub: FakeHub, tmp_path: Path, capsys):
    hub.spoiled = {"model.bin"}
    assert fetch("tiny") == 1
    assert installed((tmp_path / "models",)) == ()
    assert "fetch_models: " in capsys.readouterr().err


def test_gated_pack_needs_a_token(fetch, tmp_path: Path):
    assert fetch("community-1") == 1
    assert installed((tmp_path / "models",)) == ()


def test_bundled_models_are_listed_with_licence_and_attribution(script, tmp_path: Path):
    models = tmp_path / "_internal" / "fi_desktop" / "resources" / "models"
    pack = make_pack(models, "faster-whisper-tiny")
    collected = tmp_path / "collected.json"
    collected.write_text(json.dumps([]))
    script("sbom").write(tmp_path, collected)
    text = (tmp_path / "licences" / "MODELS.txt").read_text()
    assert f"{pack.name} {pack.version}: {pack.licence}. {pack.attribution}" in text
    assert "LibriSpeech" in text
    components = json.loads((tmp_path / "sbom.cdx.json").read_text())["components"]
    assert [each["type"] for each in components if each["name"] == pack.name] == ["machine-learning-model"]


def test_weights_of_the_built_in_engine_and_fonts_are_listed_with_their_licences(script, tmp_path: Path):
    collected = tmp_path / "collected.json"
    collected.write_text(json.dumps([]))
    script("sbom").write(tmp_path, collected)
    components = json.loads((tmp_path / "sbom.cdx.json").read_text())["components"]
    licences = {each["name"]: each["licenses"][0]["license"]["name"] for each in components}
    manifests = [
        json.loads((ROOT / "resources" / "models" / name / "manifest.json").read_text())
        for name in ("builtin", "voices")
    ]
    assert licences == {
        "fi-desktop voices": manifests[0]["license"],
        "segmentation-3.0": "MIT",
        "CAM++": "Apache-2.0",
        "Noto Sans": "OFL-1.1",
        "DejaVu Sans": "Bitstream-Vera",
        "Names of Faker": "MIT",
        "Towns of GeoNames": "CC-BY-4.0",
        "Words of wordfreq": "CC-BY-SA-4.0",
    }
    assert manifests[1]["license"] == "MIT AND Apache-2.0"
    kinds = {each["name"]: each["type"] for each in components}
    files = [name for name, kind in kinds.items() if kind == "file"]
    assert files == ["Noto Sans", "DejaVu Sans", "Names of Faker", "Towns of GeoNames", "Words of wordfreq"]
    assert sum(kind == "machine-learning-model" for kind in kinds.values()) == 3
    folder = tmp_path / "licences"
    assert "(c) 2020 CNRS" in (folder / "MODELS.txt").read_text()
    assert "CNRS" in (folder / "segmentation-3.0" / "LICENSE").read_text()
    assert "Daniele Faraglia" in (folder / "Names of Faker" / "NOTICE.md").read_text()
    assert "Robyn Speer" in (folder / "Words of wordfreq" / "NOTICE.md").read_text()
    assert "SIL Open Font License" in (folder / "Noto Sans" / "LICENCES.txt").read_text()
    assert "Apache License" in (folder / "CAM++" / "LICENSE").read_text()
