"""nvidia-smi runs by its full path, never from the folder of a recording."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fi_desktop.system import devices

posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for nvidia-smi is a shell script")


def plant(folder: Path, name: str, output: str) -> None:
    tool = folder / name
    tool.write_text(f"#!/bin/sh\necho '{output}'\n")
    tool.chmod(0o755)


@posix
@pytest.mark.parametrize("path", ["", ".", ":/usr/bin", "stick:."])
def test_tool_in_the_current_folder_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str):
    (tmp_path / "stick").mkdir()
    plant(tmp_path, "nvidia-smi", "1, 2")
    plant(tmp_path / "stick", "nvidia-smi", "1, 2")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", path)
    assert devices.gpu_memory() == {}


@posix
def test_only_the_drivers_folders_are_searched_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plant(tmp_path, "nvidia-smi.exe", "planted")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(devices.sys, "platform", "win32")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SystemRoot", str(tmp_path / "Windows"))
    assert devices.nvidia_smi() == ""
    system = tmp_path / "Windows" / "System32"
    system.mkdir(parents=True)
    plant(system, "nvidia-smi.exe", "installed")
    assert devices.nvidia_smi() == "installed\n"


@posix
def test_tool_on_the_path_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plant(tmp_path, "nvidia-smi", "4711, 10")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert devices.gpu_memory() == {4711: 10 * 1024 * 1024}


@pytest.mark.parametrize(
    ("output", "used"),
    [
        ("4711, 1532\n4712, 8\n", {4711: 1532 * 2**20, 4712: 8 * 2**20}),
        ("4711, 10\n4711, 20\n", {4711: 30 * 2**20}),  # on two GPUs
        ("4711, [N/A]\n", {}),
        ("No devices were found\n", {}),
        ("", {}),
    ],
)
def test_gpu_memory_is_parsed_from_the_drivers_table(output, used):
    assert devices.parse_gpu_memory(output) == used
