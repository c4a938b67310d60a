"""The builder's models: fetched whole, and found by the program with their licences."""

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
    """A script of packaging/, which is no package: its name is taken by another."""
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if str(ROOT / "packaging") in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def fetch(script, hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run the script as `make models` does; return its exit code."""

    def fetch(*names: str, token: str = "") -> int:
        told = ["--into", str(tmp_path / "models"), "--from", hub.address]
        told += ["--token-stdin"] if token else []
        monkeypatch.setattr(sys, "argv", ["fetch_models.py", *names, *told])
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{token}\n"))
        return int(script("fetch_models").main())

    return fetch


def test_packs_come_with_manifests_and_licences(fetch, tmp_path: Path, capsys):
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


def test_what_is_there_is_not_fetched_again(fetch, hub: FakeHub):
    assert fetch("tiny") == 0
    asked = len(hub.seen)
    assert fetch("tiny") == 0
    assert len(hub.seen) == asked


def test_what_is_not_what_the_hub_states_is_not_given_out(fetch, hub: FakeHub, tmp_path: Path, capsys):
    hub.spoiled = {"model.bin"}
    assert fetch("tiny") == 1
    assert installed((tmp_path / "models",)) == ()
    assert "fetch_models: " in capsys.readouterr().err


def test_a_gated_pack_wants_a_token(fetch, tmp_path: Path):
    assert fetch("community-1") == 1
    assert installed((tmp_path / "models",)) == ()


def test_models_that_are_given_out_are_told_with_whom_their_makers_want_named(script, tmp_path: Path):
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
