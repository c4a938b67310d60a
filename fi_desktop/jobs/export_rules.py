"""How profiles and watched folders have results written to files automatically.

The rules are in a file of the data folder, sealed with it, each with a key. A job remembers the key and not
the rule: if a person chooses another folder, results that wait for the old one are written there. A rule
outlives its profile or watched folder, so that the results of recordings that were added with it are written
as it says, and nowhere else. A key without a rule has nothing written: the file that had the rule was
damaged.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import PurePath
from typing import Any

from fi_desktop.audio.media_files import MEDIA_EXTENSIONS
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.exporters import EXPORTERS
from fi_desktop.vault.home_files import HomeFile, HomeFiles

AS_SETTINGS = "settings"
NEVER = "never"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class ExportRule:
    """When, where and how results are written to files automatically.

    Attributes:
        when: `AS_SETTINGS`, or a value of the setting `export_when`.
        folder: for results; the watched folder if they are written to the recordings.
        with_recordings: each result is written to the folder of its recording.
        subfolder: name of the folder in that one; "": into the same folder.
        formats: keys of `EXPORTERS`.
        name: template of the files' names.
        since: results that were finished earlier are not written, UTC, seconds since the epoch.
        owned: whether its profile or watched folder still exists; if not, no message says that results wait.
    """

    when: str = AS_SETTINGS
    folder: str = ""
    with_recordings: bool = False
    subfolder: str = ""
    formats: tuple[str, ...] = ("docx",)
    name: str = "{name}"
    since: float = 0.0
    owned: bool = True

    @property
    def writes(self) -> bool:
        """Whether it has results written in its own way."""
        return self.when not in (AS_SETTINGS, NEVER)

    @property
    def extensions(self) -> frozenset[str]:
        """The endings of the files that are written to the recordings; none if they are written elsewhere."""
        if not (self.writes and self.with_recordings):
            return frozenset()
        return frozenset(f".{EXPORTERS[format].extension}" for format in formats_for_recordings(self.formats))


def formats_for_recordings(formats: Iterable[str]) -> tuple[str, ...]:
    """Return the known formats whose files cannot be taken for recordings, as those of a plugin might."""
    known = (format for format in formats if format in EXPORTERS)
    return tuple(each for each in known if f".{EXPORTERS[each].extension}" not in MEDIA_EXTENSIONS)


def new_key() -> str:
    """Return a key that no rule has."""
    return secrets.token_hex(8)


def load_rules(files: HomeFiles) -> dict[str, ExportRule]:
    """Return the rules by key.

    Raises:
        UserError: the file is damaged; it was set aside, so that nothing overwrites it. Or it is sealed, and
            the vault is locked.
        OSError: it cannot be read.
    """
    try:
        data = json.loads(files.read(HomeFile.EXPORT_RULES))
        if data["version"] != _VERSION:
            raise ValueError("another version")
        return {str(key): _parse(item) for key, item in data["rules"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        aside = files.set_aside(HomeFile.EXPORT_RULES)
        raise UserError(messages.EXPORT_RULES_DAMAGED, file=aside) from error


def save_rules(files: HomeFiles, changes: Mapping[str, ExportRule], *, now: float) -> dict[str, ExportRule]:
    """Write some rules, and return all.

    A rule that is switched on or off concerns results that finish from `now`, UTC, seconds since the epoch.

    Raises:
        UserError: they are sealed, and the vault is locked.
        TransientError: the disk is full.
        OSError: they cannot be written.
    """
    try:
        rules = load_rules(files)
    except UserError as error:
        if error.code == messages.VAULT_LOCKED.code:
            raise
        rules = {}
    for key, rule in changes.items():
        before = rules.get(key, ExportRule(NEVER))
        same = rule.writes == before.writes and (rule.when == AS_SETTINGS) == (before.when == AS_SETTINGS)
        rules[key] = replace(rule, since=before.since if same else now)
    data = {"version": _VERSION, "rules": {key: asdict(rule) for key, rule in rules.items()}}
    files.write(HomeFile.EXPORT_RULES, json.dumps(data, indent=1).encode())
    return rules


def _parse(data: Mapping[str, Any]) -> ExportRule:
    rule = ExportRule(**{**data, "formats": tuple(data["formats"])})
    if rule.subfolder != PurePath(rule.subfolder).name or rule.subfolder == "..":
        raise ValueError("not the name of a folder")
    return rule
