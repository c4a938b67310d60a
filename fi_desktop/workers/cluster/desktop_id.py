"""The random name by which the server knows a data folder, bound to this computer and to the folder.

A copied data folder must not share it: answers could go to the wrong desktop. What binds it is kept with it,
as hashes. If neither the folder's path nor its number on the disk is the one that is known, or the computer
is another one, the folder is a copy, or was moved far: it gets another name. No job is lost then: what the
server has under the earlier name is sent again under the new one.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
import secrets
import sys
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from fi_desktop.system import log
from fi_desktop.system.files import write_whole

FILE = "cluster.id"
_NAME = re.compile(r"[0-9a-f]{12}")
_HASH_DIGITS = 16


def desktop_id(home: Path) -> str:
    """Return the name of a data folder, made when it is first needed."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = _read(home / FILE)
    name, now = str(known.get("id", "")), _binding(home)
    before = {key: known.get(key) for key in now}
    if _NAME.fullmatch(name) and before == now:
        return name
    if not _NAME.fullmatch(name):
        name = secrets.token_hex(6)
    elif known.keys() != {"id"} and not _is_same(before, now):  # earlier versions kept nothing but the name
        name = secrets.token_hex(6)
        log.event("CLUSTER_ID_RENEWED")
    write_whole(home / FILE, json.dumps({"id": name, **now}).encode("ascii"), mode=0o600)
    return name


def _read(path: Path) -> dict[str, Any]:
    """Return what is known; empty if that is nothing, or damaged."""
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return {}
    if _NAME.fullmatch(text):
        return {"id": text}
    with suppress(ValueError):
        said = json.loads(text)
        if isinstance(said, dict):
            return said
    return {}


def _is_same(before: dict[str, Any], now: dict[str, str]) -> bool:
    """Whether this is the same folder: moved on its disk, or restored where it was, at most."""
    same_place = before["path"] == now["path"] or before["number"] == now["number"]
    return bool(same_place and before["computer"] == now["computer"])


def _binding(home: Path) -> dict[str, str]:
    place = home.resolve()
    return {
        "computer": _hashed(_computer()),
        "path": _hashed(str(place)),
        "number": _hashed(str(place.stat().st_ino)),
    }


def _hashed(text: str) -> str:
    said = text.encode("utf-8", "surrogateescape")
    return hashlib.sha256(b"fi-desktop cluster.id " + said).hexdigest()[:_HASH_DIGITS]


def _computer() -> str:
    """Return what tells this computer from others, and stays as it is."""
    if sys.platform == "win32":
        import winreg

        with (
            suppress(OSError),
            winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key,
        ):
            return str(winreg.QueryValueEx(key, "MachineGuid")[0])
    for file in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        with suppress(OSError):
            if text := Path(file).read_text(encoding="ascii").strip():
                return text
    node = uuid.getnode()
    # the bit says that it is no hardware address, but random at each start
    return platform.node() if node >> 40 & 1 else f"{node:x}"
