"""`make package MODELS=base`: a pack of this computer is checked, copied, named and licensed."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from fi_desktop.models import find, verify
from tests.models.packs import make_pack, noise

ROOT = Path(__file__).parents[2]
BASE = "faster-whisper-base"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    """Import a script of packaging/, which is not a package: PyPI's `packaging` has that name."""
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if str(ROOT / "packaging") in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def model_packs(load) -> ModuleType:
    return load("model_packs")


def test_short_name_finds_the_pack_of_this_computer(model_packs: ModuleType, tmp_path: Path):
    made = make_pack(tmp_path, BASE)
    assert [pack.name for pack in model_packs.choose(["base", BASE], (tmp_path,))] == [made.name]


def test_pack_that_make_real_stored_is_looked_for_first(model_packs: ModuleType, home: Path):
    roots = model_packs.default_roots()
    assert roots[0] == ROOT / "build" / "real" / "models"
    assert home / "models" in roots


def test_copy_is_an_installed_pack(model_packs: ModuleType, tmp_path: Path):
    made = make_pack(tmp_path / "here", BASE)
    root = model_packs.stage([made], tmp_path / "staged")
    (folder,) = root.iterdir()
    copied = find(BASE, (root,))
    assert copied is not None
    assert copied.folder == folder
    assert (copied.licence, copied.attribution) == (made.licence, made.attribution)
    verify(copied)


def test_damaged_pack_is_not_included(model_packs: ModuleType, tmp_path: Path):
    made = make_pack(tmp_path, BASE)
    assert made.folder is not None
    weights = made.folder / "model.bin"
    weights.write_bytes(noise(weights.stat().st_size, 99))
    with pytest.raises(model_packs.UnavailablePackError, match=r"model\.bin"):
        model_packs.choose(["base"], (tmp_path,))


def test_pack_without_a_known_licence_is_not_included(model_packs: ModuleType, tmp_path: Path):
    make_pack(tmp_path, "the-clinics-own")
    with pytest.raises(model_packs.UnavailablePackError, match="licence"):
        model_packs.choose(["the-clinics-own"], (tmp_path,))


def test_missing_pack_ends_the_build_with_one_sentence(tmp_path: Path):
    command = [sys.executable, ROOT / "packaging" / "build.py", "--flavour", "light", "--out", tmp_path]
    done = subprocess.run(
        [*command, "--model", "medium"],
        env={"FI_DESKTOP_HOME": str(tmp_path / "home"), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("build: The model pack faster-whisper-medium is not on this computer")
    assert list(tmp_path.iterdir()) == []


def test_package_is_named_after_its_models(load):
    about = load("about")
    assert about.package("light") == "fi-desktop-light"
    assert about.package("light", ("base",)) == "fi-desktop-light-base"
    assert about.package("full", ("base", "small")) == "fi-desktop-base-small"
    assert about.flavour_summary("light", ("base",)) == "built-in engine, Whisper base"


def test_packages_with_and_without_a_model_replace_each_other(load, tmp_path: Path):
    control = load("deb")._control("light", ("base",), tmp_path, "1.0")
    fields = dict(line.split(": ", 1) for line in control.splitlines() if ": " in line[:30])
    assert fields["Package"] == "fi-desktop-light-base"
    assert fields["Provides"] == "fi-desktop-program"
    others = {"fi-desktop-program", "fi-desktop", "fi-desktop-light"}
    assert set(fields["Conflicts"].split(", ")) == set(fields["Replaces"].split(", ")) == others


def test_weights_are_listed_with_the_text_of_their_licence(load, tmp_path: Path):
    sbom = load("sbom")
    pack = make_pack(tmp_path / sbom.MODELS, BASE)
    collected = tmp_path / "collected.json"
    collected.write_text(json.dumps([]))
    sbom.write(tmp_path, collected)
    text = (tmp_path / "licences" / pack.name / "LICENSE").read_text()
    assert "MIT License" in text
    assert "(c) 2022 OpenAI" in text
    assert "converted for CTranslate2" in text


def test_copyright_file_names_the_makers_of_the_weights(load, tmp_path: Path):
    deb, sbom = load("deb"), load("sbom")
    pack = make_pack(tmp_path / deb.INSTALLED / sbom.MODELS, BASE)
    index = tmp_path / deb.INSTALLED / sbom.LICENCES / sbom.INDEX
    index.parent.mkdir()
    index.write_text("The package as a whole.\nPart 1\n")
    deb._documents(tmp_path, "fi-desktop-light-base", "1.0")
    text = (tmp_path / "usr/share/doc/fi-desktop-light-base/copyright").read_text()
    assert "Comment: The package as a whole.\n The licences" in text
    assert f"models/{BASE}/*\nCopyright: {pack.attribution}\n" in text
