"""Reads the machine's policy from the one file that an administrator writes; see docs/policy.md.

A file that is damaged, that names what does not exist, or that another account could have written is refused
as a whole: the program does not start with wider rules than the administrator meant.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import system_reason
from fi_desktop.settings.policy import NO_POLICY, Policy, Rule
from fi_desktop.settings.spec import SettingSpec

VARIABLE = "FI_DESKTOP_POLICY"
"""Names another file, for tests. It does not count on a machine that has a policy."""
FILE = "policy.toml"
_LARGEST_BYTES = 65_536
_WRITABLE_BY_OTHERS = 0o022


def machine_file(environment: Mapping[str, str]) -> Path:
    """Return where this machine's policy is, if it has one."""
    if sys.platform == "win32":
        return Path(environment.get("ProgramData") or r"C:\ProgramData", "fi-desktop", FILE)
    if sys.platform == "darwin":
        return Path("/Library/Application Support/fi-desktop", FILE)
    return Path("/etc/fi-desktop", FILE)


def read_policy(environment: Mapping[str, str], specs: Mapping[str, SettingSpec]) -> Policy:
    """Return the policy in force; `NO_POLICY` on a machine without one.

    Raises:
        UserError: it cannot be read, is not valid, or could have been written by another account.
    """
    file = machine_file(environment)
    content = _content(file)
    if content is None and (other := environment.get(VARIABLE)):
        file = Path(other)
        content = _content(file)
        if content is None:
            raise _unreadable(file, messages.SETTINGS_POLICY_NO_FILE())
    if content is None:
        return NO_POLICY
    try:
        data = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML, or nested too deeply
        raise _unreadable(file, str(error)) from error
    rules = {name: _rule(file, name, value, specs) for name, value in data.items()}
    return Policy(rules, hashlib.sha256(content).hexdigest())


def _rule(file: Path, name: str, data: Any, specs: Mapping[str, SettingSpec]) -> Rule:
    if name not in specs:
        raise UserError(messages.SETTINGS_POLICY_UNKNOWN, file=str(file), name=name)
    try:
        return Rule.of(specs[name], data)
    except (UserError, KeyError, TypeError, ValueError) as error:
        raise UserError(messages.SETTINGS_POLICY_RULE, file=str(file), name=name) from error


def _content(file: Path) -> bytes | None:
    """Return the bytes of a file that only an administrator or this account can write; None without one."""
    try:
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(file, system_reason(error)) from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_BYTES:
            raise _unreadable(file, messages.SETTINGS_POLICY_NO_FILE())
        # its folder too: who may write there can put another file in its place
        if sys.platform != "win32" and not all(map(_is_safe, (status, file.resolve().parent.stat()))):
            raise UserError(messages.SETTINGS_POLICY_EXPOSED, file=str(file))
        return os.read(handle, _LARGEST_BYTES)
    finally:
        os.close(handle)


def _is_safe(status: os.stat_result) -> bool:
    """Whether only an administrator or this account can write."""
    sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    writable = status.st_mode & _WRITABLE_BY_OTHERS and not sticky
    return status.st_uid in (0, os.geteuid()) and not writable


def _unreadable(file: Path, reason: str | messages.Note) -> UserError:
    return UserError(messages.SETTINGS_POLICY_UNREADABLE, file=str(file), error=reason)
