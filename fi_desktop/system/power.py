"""The power supply: whether this computer runs on its battery."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil

_SUPPLIES = Path("/sys/class/power_supply")
_MAINS = ("Mains", "USB", "Wireless")
_BATTERIES = ("Battery", "UPS")


def on_battery(supplies: Path = _SUPPLIES) -> bool:
    """Return whether this computer runs on its battery; False if it has none, or the system does not say.

    supplies: the folder of Linux's power supplies,
        https://www.kernel.org/doc/Documentation/ABI/testing/sysfs-class-power.
    """
    if sys.platform != "linux":
        battery = psutil.sensors_battery()
        return battery is not None and battery.power_plugged is False
    # psutil takes the battery of a wireless mouse for the computer's
    discharging = False
    try:
        folders = sorted(supplies.iterdir())
    except OSError:
        return False
    for folder in folders:
        if _read(folder / "scope") == "Device":
            continue
        kind = _read(folder / "type")
        if kind in _MAINS and _read(folder / "online") not in ("", "0"):
            return False
        discharging = discharging or (kind in _BATTERIES and _read(folder / "status") == "Discharging")
    return discharging


def _read(file: Path) -> str:
    """Return what a file of the kernel says; "" if it is missing or the driver cannot tell."""
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
