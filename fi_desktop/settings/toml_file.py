"""Reads and writes `settings.toml`; a person's comments and order stay."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.system.files import write_whole

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
    import tomlkit  # takes 0.1 s to import, which would delay every start

    document = tomlkit.parse(_text(home))
    for name, value in values.items():
        if value is None:
            document.pop(name, None)
        else:
            document[name] = list(value) if isinstance(value, tuple) else value
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(home / FILE, tomlkit.dumps(document).encode())


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
