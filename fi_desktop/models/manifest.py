"""A pack's manifest, `manifest.json` in its folder; written last, so a pack is there whole or not at all."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import Note, system_reason
from fi_desktop.models.names import check_distinct, check_pack_name, check_path
from fi_desktop.models.pack import Pack, PackFile, PackKind
from fi_desktop.system.files import write_whole

MANIFEST = "manifest.json"
LONGEST_BYTES = 1_000_000
"""More than any honest manifest has."""

_FORMAT = 1
_MOST_FILES = 1000
_CONTROL = ("Cc", "Cf", "Cs")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def read(folder: Path) -> Pack:
    """Read the manifest of the pack in `folder`.

    Raises:
        OSError: it is not there, or cannot be read.
        UserError: models.bad_manifest.
    """
    with (folder / MANIFEST).open("rb") as file:
        pack = parse(file.read(LONGEST_BYTES + 1), folder=folder)
    if pack.name != folder.name:
        raise _bad(messages.PACK_OTHER_FOLDER(name=pack.name))
    return pack


def parse(data: bytes, *, folder: Path | None = None) -> Pack:
    """Return the pack that a manifest tells of.

    Raises:
        UserError: models.bad_manifest.
    """
    if len(data) > LONGEST_BYTES:
        raise _bad(messages.PACK_TOO_LONG())
    try:
        value = json.loads(data)
        if value["format"] != _FORMAT:
            raise _bad(messages.PACK_NEWER())
        pack = _pack(value, folder)
        check_pack_name(pack.name)
        for file in pack.files:
            check_path(file.path)
        check_distinct([MANIFEST, *(file.path for file in pack.files)])
    except UserError as error:
        raise error if error.code == "models.bad_manifest" else _bad(error.note) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _bad(system_reason(error)) from error
    return pack


def write(pack: Pack, folder: Path) -> None:
    """Write the pack's manifest into `folder`.

    Raises:
        TransientError: disk.full.
    """
    value = {
        "format": _FORMAT,
        "name": pack.name,
        "kind": pack.kind.value,
        "version": pack.version,
        "licence": pack.licence,
        "attribution": pack.attribution,
        "languages": list(pack.languages),
        "size": pack.size_bytes,
        "files": [{"path": file.path, "size": file.size, "sha256": file.sha256} for file in pack.files],
    }
    write_whole(folder / MANIFEST, json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n")


def _pack(value: dict[str, Any], folder: Path | None) -> Pack:
    if len(value["files"]) > _MOST_FILES:
        raise _bad(messages.PACK_TOO_MANY_FILES())
    return Pack(
        _text(value["name"]),
        PackKind(value["kind"]),
        _text(value["version"]),
        _text(value["licence"]),
        _text(value["attribution"]),
        tuple(_text(language) for language in value["languages"]),
        tuple(_file(file) for file in value["files"]),
        folder,
    )


def _file(value: dict[str, Any]) -> PackFile:
    file = PackFile(_text(value["path"]), value["size"], _text(value["sha256"]))
    if type(file.size) is not int or file.size < 0 or not _SHA256.fullmatch(file.sha256):
        raise _bad(messages.PACK_BAD_FILE())
    return file


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    if any(unicodedata.category(letter) in _CONTROL for letter in value):  # terminals obey them
        raise _bad(messages.PACK_CONTROL_CHARACTERS())
    return value


def _bad(reason: Note) -> UserError:
    return UserError(messages.MODELS_BAD_MANIFEST, reason=reason)
