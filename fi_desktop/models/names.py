"""Names that come from a manifest, a hub or an archive: none may lead out of its folder, on any system."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError

_PACK = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}[a-z0-9]")
_RESERVED = frozenset(
    {"builtin", "con", "prn", "aux", "nul"} | {f"{d}{n}" for d in ("com", "lpt") for n in range(10)}
)
_LONGEST = 240  # characters; with the data folder before it, still under Windows' limit for most


def check_pack_name(name: str) -> str:
    """Return `name` where it can be a pack's folder.

    Raises:
        UserError: models.bad_name.
    """
    if not _PACK.fullmatch(name) or name.split(".")[0] in _RESERVED:
        raise UserError(
            messages.MODELS_BAD_NAME,
            name=name,
        )
    return name


def pack_name_from(text: str) -> str:
    """Make a pack's name of a file's or folder's."""
    slug = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip(".-_")[:64].rstrip(".-_")
    return check_pack_name(slug or "pack")


def check_path(path: str) -> str:
    """Return `path` where it names a file inside its folder, the same one on every system.

    Raises:
        UserError: models.unsafe_path.
    """
    parts = path.split("/")
    odd = not path or len(path) > _LONGEST or "\\" in path or ":" in path or any(ord(c) < 32 for c in path)
    if odd or any(_is_unsafe(part) for part in parts):
        raise UserError(
            messages.MODELS_UNSAFE_PATH,
            path=path[:80],
        )
    return path


def check_distinct(paths: Iterable[str]) -> None:
    """Make sure that no two paths are one and the same file where case does not count.

    Raises:
        UserError: models.unsafe_path.
    """
    seen: set[str] = set()
    for path in paths:
        key = unicodedata.normalize("NFC", path).casefold()
        if key in seen:
            raise UserError(
                messages.MODELS_SAME_PATH,
                path=path[:80],
            )
        seen.add(key)


def _is_unsafe(part: str) -> bool:
    return (
        part in ("", ".", "..") or part[-1] in ". " or part.split(".")[0].lower() in _RESERVED - {"builtin"}
    )
