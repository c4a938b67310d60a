"""Reads, merges and writes the values of settings, within the policy.

Defaults < settings.toml (`toml_file.py`) < FI_DESKTOP_* environment < command line. `Settings` are immutable:
`save` writes the file, and callers use the instance that `save_changes` returns.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import platformdirs

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.settings import toml_file
from fi_desktop.settings.declarations import PRIVATE, SPECS, Settings
from fi_desktop.settings.policy import Policy
from fi_desktop.settings.policy_file import read_policy
from fi_desktop.settings.spec import LOOPBACK, host_and_port
from fi_desktop.vault.home_files import HomeFiles

_HOME_VARIABLE = "FI_DESKTOP_HOME"


def load(environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Return the settings in force; `overrides` that are None do not count.

    Raises:
        UserError: a value is invalid, or the policy does not allow one that the environment or the command
            line gives; the message names the setting. Or the policy is not valid.
    """
    environment = os.environ if environment is None else environment
    home = environment.get(_HOME_VARIABLE) or platformdirs.user_data_dir("fi-desktop", appauthor=False)
    settings = Settings(Path(home).expanduser().absolute())
    above = {spec.name: environment[spec.env_var] for spec in SPECS.values() if spec.env_var in environment}
    above |= {name: value for name, value in overrides.items() if value is not None}
    policy = read_policy(environment, SPECS)
    settings = changed(settings, toml_file.read(settings.home))
    settings = within(policy, replace(settings, policy=policy))
    parsed = _parsed(above)
    policy.check(SPECS, parsed)
    return replace(settings, **parsed, overridden=frozenset(above))


def with_private(settings: Settings, files: HomeFiles) -> Settings:
    """Return the settings with those that are sealed, of a home whose vault is unlocked.

    Raises:
        UserError: the vault is locked, or they were damaged, or a value is invalid.
    """
    stored = toml_file.read_sealed(files) | toml_file.read(settings.home)
    known = {name: stored[name] for name in PRIVATE - settings.overridden if name in stored}
    return within(settings.policy, changed(settings, known))


def within(policy: Policy, settings: Settings) -> Settings:
    """Return the settings with the nearest values that the policy allows."""
    values = {name: getattr(settings, name) for name in policy.rules}
    return replace(settings, **policy.nearest(SPECS, values))


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Return a copy of the settings with other values.

    Raises:
        UserError: a value is invalid, or there is no such setting.
    """
    return replace(settings, **_parsed(changes))


def save(home: Path, changes: Mapping[str, Any], files: HomeFiles | None = None) -> None:
    """Write changes to `settings.toml` atomically; a setting at its default is removed from the file.

    Comments, order and settings that are not in `changes` stay. In a sealed home, private settings are
    written to another file, which is sealed. files: has its keys.

    Raises:
        UserError: a value is invalid, the existing file cannot be read, or the vault is locked.
        TransientError: the disk is full.
    """
    values = {
        name: None if value == SPECS[name].default else value for name, value in _parsed(changes).items()
    }
    files = files or HomeFiles(home)
    private = PRIVATE if files.sealed else frozenset[str]()
    if sealed := {name: value for name, value in values.items() if name in private}:
        toml_file.write_sealed(files, sealed)
    if in_clear := {name: value for name, value in values.items() if name not in private}:
        toml_file.write(home, in_clear)


def save_changes(settings: Settings, changes: Mapping[str, Any], files: HomeFiles | None = None) -> Settings:
    """Save changes, then return the settings with them. files: see `save`.

    Raises:
        UserError: as `save`; or the environment or the command line overrides a setting; or the policy does
            not allow a value; or the hard limit is
            below the soft limit, or results are to be written, but no folder or format is chosen, or e-mail
            is to be sent without a server, or unencrypted to another computer. `load` accepts such files: the
            hard limit wins, and nothing is written or sent.
        TransientError: the disk is full.
    """
    for name in sorted(settings.overridden & set(changes)):
        raise UserError(messages.SETTINGS_OVERRIDDEN, name=name)
    settings.policy.check(SPECS, _parsed(changes))
    updated = changed(settings, changes)
    if {"soft_limit_s", "hard_limit_s"} & set(changes) and updated.soft_limit_s > updated.hard_limit_s:
        raise UserError(messages.SETTINGS_LIMITS)
    exports = {"export_when", "export_folder", "export_formats"} & set(changes)
    if exports and updated.export_when != "never" and not (updated.export_folder and updated.export_formats):
        raise UserError(messages.SETTINGS_EXPORT_FOLDER)
    if any(name.startswith("alert_mail_") for name in changes):
        _check_mail(updated)
    save(settings.home, changes, files)
    return updated


def _check_mail(settings: Settings) -> None:
    if settings.alert_mail_to and not settings.alert_mail_server:
        raise UserError(messages.SETTINGS_ALERT_SERVER)
    if settings.alert_mail_security == "none" and settings.alert_mail_server:
        host, _ = host_and_port(settings.alert_mail_server, 0)
        if host not in LOOPBACK:
            raise UserError(messages.SETTINGS_ALERT_PLAIN)


def _parsed(values: Mapping[str, Any]) -> dict[str, Any]:
    for name in values:
        if name not in SPECS:
            raise UserError(messages.SETTINGS_UNKNOWN, name=name)
    return {name: SPECS[name].parse(value) for name, value in values.items()}
