"""`HomeFiles` reads and writes what a clinic writes itself: sealed if its home is, in clear otherwise.

These files belong to no job. The key of each follows from the vault's secret and from its name, so that none
can take the place of another, and a change of lock or a rotation rewrites none of them.

A file in clear is read in a sealed home too: an earlier version wrote it, or a person put it there. The next
start seals it.
"""

from __future__ import annotations

import errno
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from fi_desktop.system.files import write_whole
from fi_desktop.vault import keys_folder, vault_exists
from fi_desktop.vault.sealed_file import IN_CLEAR, MAGIC, FileSeal, reading

if TYPE_CHECKING:
    from fi_desktop.vault.vault import Vault

WINDOW_STATE = "window.ini"
"""Name of the file with the state of the windows, in the data folder."""
TYPED_KEY = "options/chosen"
"""Key in it of the options chosen last, with what was typed; not used in a sealed home."""
_TYPED = re.compile(rb"^%b=.*\n" % TYPED_KEY.partition("/")[2].encode(), re.MULTILINE)
_PRIVATE = 0o600
_WRITING = threading.Lock()  # so that sealing a file never overtakes a change of it


class HomeFile(StrEnum):
    """Names of the files, in the data folder."""

    PROFILES = "profiles.json"
    WATCHED_FOLDERS = "watch.json"
    SEEN_FOLDERS = "watch-keys.json"
    EXPORT_RULES = "export-rules.json"
    EXPORT_FOLDERS = "exports.json"
    CLINIC_NAMES = "identifiers.txt"
    SETTINGS = "private-settings.toml"


def _nowhere() -> None:
    return None


@dataclass(frozen=True, slots=True)
class HomeFiles:
    """The files of one home.

    Attributes:
        home: the data folder.
        vault: returns the vault once it was unlocked; None: the home has none, or it was not unlocked yet.
    """

    home: Path
    vault: Callable[[], Vault | None] = field(default=_nowhere, repr=False, compare=False)

    @property
    def sealed(self) -> bool:
        """Whether what is written is sealed."""
        return self.vault() is not None or vault_exists(keys_folder(self.home))

    def read(self, name: str, most: int = -1) -> bytes:
        """Return a file's content. name: its path in the home; most: bytes to read at most, -1 for all.

        Raises:
            VaultLocked: it is sealed, and the vault is locked.
            OSError: it does not exist, or cannot be read.
            SealBroken: it was changed, cut, or sealed with another key.
        """
        path = self.home / name
        if path.exists() and not path.is_file():  # reading a pipe would never end
            raise OSError(errno.EINVAL, "Not a file", str(path))
        if _is_sealed(path):
            with reading(self._seal(name), path) as file:
                return file.read(most)
        with path.open("rb") as file:
            return file.read(most)

    def write(self, name: str, data: bytes) -> None:
        """Write a file atomically.

        Raises:
            VaultLocked: the home is sealed, and the vault is locked.
            TransientError: the disk is full.
            OSError: it cannot be written.
        """
        path = self.home / name
        with _WRITING:
            # a sealed file whose keys are away is not overwritten either
            seal = self._seal(name) if self.sealed or (path.is_file() and _is_sealed(path)) else IN_CLEAR
            write_whole(path, seal.whole(data), mode=_PRIVATE)

    def remove(self, name: HomeFile) -> None:
        """Delete a file, if it exists."""
        with _WRITING:
            (self.home / name).unlink(missing_ok=True)

    def set_aside(self, name: HomeFile) -> str:
        """Rename a damaged file, so that nothing overwrites it; return its new name."""
        path = self.home / name
        return path.replace(_aside(path)).name

    def in_clear(self) -> list[HomeFile]:
        """Return the files that are in clear, also in a sealed home; links are not among them."""
        return sorted({name for name, path in self._stored() if _is_in_clear(path)})

    # ---- changing a home

    def seal_all(self) -> set[HomeFile]:
        """Seal the files that are in clear, and return which those were.

        A link stays: what it leads to is a person's own file somewhere else.

        Raises:
            VaultLocked: the vault is locked.
            TransientError: the disk is full.
            OSError: one cannot be read or written.
        """
        return {name for name, path in self._stored() if self._seal_file(name, path)}

    def seal(self, name: str) -> bool:
        """Seal a file that is in clear, and return whether it was. Raises as `seal_all`."""
        return self._seal_file(name, self.home / name)

    def unseal(self, name: str) -> None:
        """Write a file in clear that is sealed. Raises as `seal_all`."""
        self._unseal_file(name, self.home / name)

    def forget_typed(self) -> None:
        """Delete what was typed for recordings from the window's state, which Qt writes in clear.

        Raises:
            OSError: the file cannot be read or written.
        """
        path = self.home / WINDOW_STATE
        if path.is_file():
            state = path.read_bytes()
            if (kept := _TYPED.sub(b"", state)) != state:
                write_whole(path, kept, mode=_PRIVATE)

    def unseal_all(self) -> None:
        """Write the files in clear that are sealed; one that was damaged stays as it is. See `seal_all`."""
        for name, path in self._stored():
            self._unseal_file(name, path)

    def _seal_file(self, name: str, path: Path) -> bool:
        with _WRITING:
            if not _is_in_clear(path):
                return False
            write_whole(path, self._seal(name).whole(path.read_bytes()), mode=_PRIVATE)
            return True

    def _unseal_file(self, name: str, path: Path) -> None:
        from fi_desktop.vault.sealing import SealBroken

        with _WRITING:
            if path.is_file() and _is_sealed(path):
                with suppress(SealBroken):
                    write_whole(path, self._seal(name).read(path), mode=_PRIVATE)

    def _stored(self) -> Iterator[tuple[HomeFile, Path]]:
        """Yield the paths of all files, also of damaged ones, with their names."""
        for name in HomeFile:
            path = self.home / name
            yield name, path
            yield name, _aside(path)

    def _seal(self, name: str) -> FileSeal:
        from fi_desktop.vault.vault import VaultLocked

        vault = self.vault()
        if vault is None:
            raise VaultLocked
        return FileSeal(vault.secret(f"file {name}"), mixed=True)


def _is_sealed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _is_in_clear(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and not _is_sealed(path)


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.stem}-unreadable{path.suffix}")
