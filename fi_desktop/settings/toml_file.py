"""Reads and writes `settings.toml`; a person's comments and order stay.

In a sealed home the private settings are in a sealed file of the same form. Those that are in `settings.toml`
nevertheless count more: a person has just typed them there, and the next start moves them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.system.files import write_whole
from fi_desktop.vault.home_files import HomeFile, HomeFiles

FILE = "settings.toml"


def read(home: Path) -> dict[str, Any]:
    """Return the values in the file; empty if it does not exist.

    Raises:
        UserError: the file cannot be read.
    """
    return tomllib.loads(_text(home))


def write(home: Path, values: Mapping[str, Any]) -> None:
    """Write values to the file atomically; None removes a value.

    Raises:
        UserError: the existing file cannot be read.
        TransientError: the disk is full.
    """
    text = _with_values(_text(home), values)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(home / FILE, text.encode())


def read_sealed(files: HomeFiles) -> dict[str, Any]:
    """Return the values in the sealed file; empty if it does not exist.

    Raises:
        UserError: the vault is locked, or the file was damaged.
    """
    return tomllib.loads(_sealed_text(files))


def write_sealed(files: HomeFiles, values: Mapping[str, Any]) -> None:
    """Write values to the sealed file atomically, and to no other; None removes a value.

    Raises:
        UserError: the vault is locked, or a file cannot be read.
        TransientError: the disk is full.
    """
    files.write(HomeFile.SETTINGS, _with_values(_sealed_text(files), values).encode())
    in_clear = values.keys() & read(files.home).keys()
    if in_clear:
        write(files.home, dict.fromkeys(in_clear))


def move_to_sealed(files: HomeFiles, names: Collection[str]) -> list[str]:
    """Move values with these names from `settings.toml` to the sealed file; return which there were.

    Raises:
        UserError, TransientError: see `write_sealed`.
    """
    in_clear = {name: value for name, value in read(files.home).items() if name in names}
    if in_clear:
        write_sealed(files, in_clear)
    return sorted(in_clear)


def move_to_clear(files: HomeFiles) -> None:
    """Move all values from the sealed file to `settings.toml`; one that was damaged stays as it is.

    Raises:
        UserError, TransientError: see `write_sealed`.
    """
    try:
        values = read_sealed(files) | read(files.home)
    except UserError as error:
        if error.code != messages.SETTINGS_DAMAGED.code:
            raise
        return
    write(files.home, values)
    files.remove(HomeFile.SETTINGS)


def _with_values(text: str, values: Mapping[str, Any]) -> str:
    import tomlkit  # takes 0.1 s to import, which would delay every start

    document = tomlkit.parse(text)
    for name, value in values.items():
        if value is None:
            document.pop(name, None)
        else:
            document[name] = list(value) if isinstance(value, tuple) else value
    return tomlkit.dumps(document)


def _sealed_text(files: HomeFiles) -> str:
    try:
        text = files.read(HomeFile.SETTINGS).decode()
        tomllib.loads(text)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise UserError(messages.SETTINGS_DAMAGED, file=HomeFile.SETTINGS.value) from error
    return text


def _text(home: Path) -> str:
    path = home / FILE
    try:
        if path.exists() and not path.is_file():  # reading a pipe would never end
            raise _unreadable("it is not a file")
        text = path.read_text(encoding="utf-8")
        tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML, or nested too deeply
        raise _unreadable(str(error)) from error
    except OSError as error:
        raise _unreadable(error.strerror or type(error).__name__) from error
    return text


def _unreadable(reason: str) -> UserError:
    return UserError(messages.SETTINGS_UNREADABLE, error=reason)
