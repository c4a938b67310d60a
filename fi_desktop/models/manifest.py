"""A model pack and its manifest, `manifest.json` in the pack's folder.

The manifest is written last, so a pack is complete or absent. Names and paths from manifests, hubs and
archives are checked here: none may lead out of its folder, on any system.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import Note, system_reason
from fi_desktop.system.files import write_whole

MANIFEST = "manifest.json"
MAX_BYTES = 1_000_000
"""Larger than any valid manifest."""

UNKNOWN_LICENCE = "unknown"
"""The licence of a pack that came without a manifest."""

_FORMAT = 1
_MAX_FILES = 1000
_CONTROL = ("Cc", "Cf", "Cs")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PACK_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}[a-z0-9]")
_DEVICES = frozenset({"con", "prn", "aux", "nul"} | {f"{d}{n}" for d in ("com", "lpt") for n in range(10)})
_RESERVED = _DEVICES | {"builtin"}
_MAX_PATH = 240  # characters; leaves room for the data folder within Windows' limit


class PackKind(StrEnum):
    """What a pack's weights are for, and so which engine loads them."""

    PYANNOTE = "pyannote"
    WHISPER = "whisper"


@dataclass(frozen=True, slots=True)
class PackFile:
    """One file of a pack.

    Attributes:
        path: relative to the pack's folder, with "/".
        size: bytes.
        sha256: of its content, 64 hexadecimal digits.
    """

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Pack:
    """A model pack as its manifest describes it.

    Attributes:
        name: name of its folder.
        kind: decides which engine loads it.
        version: the hub's revision, or "imported".
        licence: SPDX identifier if possible.
        attribution: the authors, as they want to be named.
        languages: ISO 639-1 codes; empty for any.
        files: everything that an engine reads; no other file is ever loaded.
        folder: its location; None if it is not on this computer yet.
    """

    name: str
    kind: PackKind
    version: str
    licence: str
    attribution: str
    languages: tuple[str, ...]
    files: tuple[PackFile, ...]
    folder: Path | None = None

    @property
    def size_bytes(self) -> int:
        """Total size of all files."""
        return sum(file.size for file in self.files)


def read(folder: Path) -> Pack:
    """Read the manifest of the pack in `folder`.

    Raises:
        OSError: it does not exist, or cannot be read.
        UserError: models.bad_manifest.
    """
    with (folder / MANIFEST).open("rb") as file:
        pack = parse(file.read(MAX_BYTES + 1), folder=folder)
    if pack.name != folder.name:
        raise _bad(messages.PACK_OTHER_FOLDER(name=pack.name))
    return pack


def parse(data: bytes, *, folder: Path | None = None) -> Pack:
    """Return the pack that a manifest describes.

    Raises:
        UserError: models.bad_manifest.
    """
    if len(data) > MAX_BYTES:
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
    """Write the pack's manifest to `folder`.

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


def check_pack_name(name: str) -> str:
    """Return `name` if it is valid as the name of a pack's folder.

    Raises:
        UserError: models.bad_name.
    """
    if not _PACK_NAME.fullmatch(name) or name.split(".")[0] in _RESERVED:
        raise UserError(messages.MODELS_BAD_NAME, name=name)
    return name


def pack_name_from(text: str) -> str:
    """Return a pack name derived from the name of a file or folder.

    Raises:
        UserError: models.bad_name.
    """
    slug = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip(".-_")[:64].rstrip(".-_")
    return check_pack_name(slug or "pack")


def check_path(path: str) -> str:
    """Return `path` if it names a file inside its folder, and the same file on every system.

    Raises:
        UserError: models.unsafe_path.
    """
    odd = not path or len(path) > _MAX_PATH or "\\" in path or ":" in path or any(ord(c) < 32 for c in path)
    if odd or any(_is_unsafe(part) for part in path.split("/")):
        raise UserError(messages.MODELS_UNSAFE_PATH, path=path[:80])
    return path


def check_distinct(paths: Iterable[str]) -> None:
    """Check that no two paths are the same file on a case-insensitive file system.

    Raises:
        UserError: models.same_path.
    """
    seen: set[str] = set()
    for path in paths:
        key = unicodedata.normalize("NFC", path).casefold()
        if key in seen:
            raise UserError(messages.MODELS_SAME_PATH, path=path[:80])
        seen.add(key)


def _is_unsafe(part: str) -> bool:
    return part in ("", ".", "..") or part[-1] in ". " or part.split(".")[0].lower() in _DEVICES


def _pack(value: dict[str, Any], folder: Path | None) -> Pack:
    if len(value["files"]) > _MAX_FILES:
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
        raise TypeError("not a string")
    if any(unicodedata.category(letter) in _CONTROL for letter in value):  # terminals obey them
        raise _bad(messages.PACK_CONTROL_CHARACTERS())
    return value


def _bad(reason: Note) -> UserError:
    return UserError(messages.MODELS_BAD_MANIFEST, reason=reason)
