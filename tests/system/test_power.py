"""The power supply, in folders such as Linux makes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fi_desktop.system.power import on_battery

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems are asked by psutil")

MAINS = {"type": "Mains", "online": "1"}
UNPLUGGED = {"type": "Mains", "online": "0"}
DISCHARGING = {"type": "Battery", "status": "Discharging", "scope": "System"}
CHARGING = {"type": "Battery", "status": "Charging"}
MOUSE = {"type": "Battery", "status": "Discharging", "scope": "Device"}
USB_C = {"type": "USB", "online": "1"}
UPS = {"type": "UPS", "status": "Discharging"}


@pytest.mark.parametrize(
    ("supplies", "expected"),
    [
        ({}, False),
        ({"AC": MAINS}, False),
        ({"AC": MAINS, "BAT0": DISCHARGING}, False),  # a worn battery is topped up in turns
        ({"AC": UNPLUGGED, "BAT0": DISCHARGING}, True),
        ({"AC": UNPLUGGED, "BAT0": CHARGING, "BAT1": DISCHARGING}, True),
        ({"BAT0": CHARGING}, False),
        ({"BAT0": {"type": "Battery", "status": "Not charging"}}, False),
        ({"BAT0": {"type": "Battery"}}, False),
        ({"hidpp_battery_0": MOUSE}, False),
        ({"AC": UNPLUGGED, "BAT0": DISCHARGING, "hidpp_battery_0": MOUSE}, True),
        ({"ucsi-source-psy-1": USB_C, "BAT0": DISCHARGING}, False),
        ({"ups": UPS}, True),
    ],
)
def test_power_supply(tmp_path: Path, supplies: dict[str, dict[str, str]], expected: bool):
    for name, files in supplies.items():
        (tmp_path / name).mkdir()
        for file, content in files.items():
            (tmp_path / name / file).write_text(f"{content}\n")
    assert on_battery(tmp_path) is expected


def test_a_computer_without_power_supplies_runs_on_mains(tmp_path: Path):
    assert on_battery(tmp_path / "missing") is False


def test_a_battery_that_cannot_be_read_does_not_count(tmp_path: Path):
    (tmp_path / "BAT0" / "status").mkdir(parents=True)
    (tmp_path / "BAT0" / "type").write_text("Battery\n")
    assert on_battery(tmp_path) is False
