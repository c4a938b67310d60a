"""Package files of every system take names, ids and versions from packaging/about.py."""

from __future__ import annotations

import configparser
import importlib
import plistlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

import fi_desktop
from fi_desktop.audio.media_files import MEDIA_EXTENSIONS
from fi_desktop.system import updates

ROOT = Path(__file__).parents[2]


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
def about(load) -> ModuleType:
    return load("about")


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_version_name_and_licence_match_the_python_package(about: ModuleType):
    assert about.version() == fi_desktop.__version__
    assert (project()["name"], project()["license"]) == (about.NAME, about.LICENSE)
    assert project()["authors"][0]["name"] == about.PUBLISHER
    assert {about.PROGRAM, about.WINDOW_PROGRAM} == {*project()["scripts"], *project()["gui-scripts"]}
    assert about.COPYRIGHT in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_qt_sets_the_name_of_the_menu_entry(about: ModuleType):
    source = (ROOT / "fi_desktop" / "gui" / "application.py").read_text(encoding="utf-8")
    assert f'setDesktopFileName("{about.DESKTOP_ENTRY}")' in source


def test_offered_file_types_are_found_in_folders(about: ModuleType):
    assert set(about.extensions()) <= MEDIA_EXTENSIONS


def test_every_template_is_filled_in(about: ModuleType, load):
    desktop, windows = load("desktop"), load("windows")
    texts = {
        "menu entry": desktop.desktop_entry(),
        "metainfo": desktop.metainfo(),
        "man page": desktop.man_page(),
        "installer": windows.script(about.package("light")),
        "plist": about.render(ROOT / "packaging" / "macos" / "Info.plist.in"),
        "install script": about.render(ROOT / "packaging" / "linux" / "install.sh.in"),
    }
    for name, text in texts.items():
        assert re.findall(r"@[a-z_]+@", text) == [], name
        # the menu entry has only the version of its format
        assert about.version() in text or name == "menu entry", name


def test_unknown_name_in_a_template_raises(about: ModuleType, tmp_path: Path):
    template = tmp_path / "x.in"
    template.write_text("@nonsense@", encoding="utf-8")
    with pytest.raises(KeyError):
        about.render(template)


def test_menu_entry_is_valid(about: ModuleType, load, tmp_path: Path):
    text = load("desktop").desktop_entry()
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    entry = parser["Desktop Entry"]
    assert entry["Exec"] == f"{about.PROGRAM} window %F"
    assert set(entry["MimeType"].strip(";").split(";")) == set(about.MIME_TYPES)
    file = tmp_path / f"{about.DESKTOP_ENTRY}.desktop"
    file.write_text(text, encoding="utf-8")
    validate("desktop-file-validate", file)


def test_appstream_metadata_is_valid(about: ModuleType, load, tmp_path: Path):
    text = load("desktop").metainfo()
    root = ElementTree.fromstring(text)
    assert root.findtext("id") == about.APP_ID
    assert root.findtext("launchable") == f"{about.DESKTOP_ENTRY}.desktop"
    assert {medium.text for medium in root.iter("mediatype")} == set(about.MIME_TYPES)
    file = tmp_path / f"{about.APP_ID}.metainfo.xml"
    file.write_text(text, encoding="utf-8")
    validate("appstreamcli", "validate", "--no-net", file)


def test_plists_are_valid(about: ModuleType):
    plist = plistlib.loads(about.render(ROOT / "packaging" / "macos" / "Info.plist.in").encode())
    assert plist["CFBundleIdentifier"] == about.APP_ID
    assert plist["CFBundleShortVersionString"] == plist["CFBundleVersion"] == about.version()
    assert plist["CFBundleExecutable"] == about.PROGRAM
    entitlements = plistlib.loads((ROOT / "packaging" / "macos" / "entitlements.plist").read_bytes())
    assert all(key.startswith("com.apple.security.") for key in entitlements)


def test_installer_offers_all_extensions_and_takes_over_none(about: ModuleType, load):
    script = load("windows").script(about.package("full"))
    for extension in about.extensions():
        assert f'ValueName: "{extension}"' in script
        assert rf'Subkey: "Software\Classes\{extension}"' not in script
    assert f"AppId={{{{{about.WINDOWS_ID}}}" in script
    assert f"OutputBaseFilename={about.NAME}-{about.version()}-windows-x64" in script


def test_windows_manifest_is_well_formed():
    ElementTree.parse(ROOT / "packaging" / "windows" / "fi-desktop.manifest")


def test_bill_of_materials_names_the_owner_of_each_file(load):
    sbom = load("sbom")
    numpy = Path(importlib.import_module("numpy").__file__ or "")
    (part,) = sbom.find_parts([numpy])
    bill = sbom.bill([part])
    assert (part.name, part.purl.partition("@")[0]) == ("numpy", "pkg:pypi/numpy")
    assert part.texts
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert bill["dependencies"] == [{"ref": "fi-desktop", "dependsOn": [part.purl]}]


def test_bill_of_materials_names_what_pyav_bundles(load):
    parts = load("sbom").find_parts([Path(importlib.import_module("av").__file__ or "")])
    licences = {part.name: part.licence for part in parts}
    assert licences["FFmpeg"] == "LGPL-3.0-or-later"
    assert licences["x264"] == licences["x265"] == "GPL-2.0-or-later"


def test_bill_of_materials_names_onnx_runtime_with_its_licence(load):
    (part,) = load("sbom").find_parts([Path(importlib.import_module("onnxruntime").__file__ or "")])
    assert (part.name, part.licence) == ("onnxruntime", "MIT License")
    assert {"LICENSE", "ThirdPartyNotices.txt"} <= set(part.texts)


def validate(program: str, *arguments: object) -> None:
    """Run a validator, if it is installed."""
    if shutil.which(program) is None:
        return
    done = subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_update_address_is_the_publishers(about: ModuleType):
    assert about.UPDATES == updates.ADDRESS
