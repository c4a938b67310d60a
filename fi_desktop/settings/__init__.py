"""Settings: defaults < settings.toml < FI_DESKTOP_* environment < command line, within the policy.

`declarations.py` declares every setting once; `persistence.py` reads, merges and writes their values. All
files that the program writes are in `home`, which FI_DESKTOP_HOME moves.
"""

from fi_desktop.settings.declarations import PRIVATE, SPECS, Settings, sentences
from fi_desktop.settings.persistence import changed, load, save, save_changes, with_private, within
from fi_desktop.settings.policy import Policy
from fi_desktop.settings.spec import CONTEXT, LOOPBACK, Kind, Page, SettingSpec, Unit, host_and_port

__all__ = [
    "CONTEXT",
    "LOOPBACK",
    "PRIVATE",
    "SPECS",
    "Kind",
    "Page",
    "Policy",
    "SettingSpec",
    "Settings",
    "Unit",
    "changed",
    "host_and_port",
    "load",
    "save",
    "save_changes",
    "sentences",
    "with_private",
    "within",
]
