"""`settings.toml`: read as plain values, written so that a person's comments and order stay."""

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
    """Return what the file says; nothing where there is none.

    Raises:
        UserError: it cannot be read.
    """
    return tomllib.loads(_text(home))


def write(home: Path, values: Mapping[str, Any]) -> None:
    """Write values into the file, whole or not at all; one that is None is taken out of it.

    Raises:
        UserError: the file that is there cannot be read.
        TransientError: the disk is full.
    """
    import tomlkit  # a tenth of a second that no start waits for

    document = tomlkit.parse(_text(home))
    for name, value in values.items():
        if value is None:
            document.pop(name, None)
        else:
            document[name] = list(value) if isinstance(value, tuple) else value
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(home / FILE, tomlkit.dumps(document).encode())


def _text(home: Path) -> str:
    try:
        text = (home / FILE).read_text(encoding="utf-8")
        tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (ValueError, RecursionError) as error:  # no UTF-8, no TOML, or nested without end
        raise _unreadable(str(error)) from error
    except OSError as error:
        raise _unreadable(error.strerror or type(error).__name__) from error
    return text


def _unreadable(reason: str) -> UserError:
    return UserError(messages.SETTINGS_UNREADABLE, error=reason)
