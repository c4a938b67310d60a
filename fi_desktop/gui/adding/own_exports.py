"""How profiles and watched folders have results written automatically: their rules in the window."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Signal

from fi_desktop.core.text import one_line
from fi_desktop.exporters import EXPORTERS
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.labels import translated
from fi_desktop.gui.language import setting_text
from fi_desktop.jobs.export_rules import (
    AS_SETTINGS,
    NEVER,
    ExportRule,
    formats_for_recordings,
    load_rules,
    new_key,
    save_rules,
)
from fi_desktop.jobs.queue_events import ExportRulesChanged
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import SPECS, Settings
from fi_desktop.vault.home_files import HomeFiles


class OwnExports(QObject):
    """Reads and writes the rules.

    Attributes:
        rules: all rules by key.
        policy: what may be chosen on this machine.

    Signals:
        changed: rules were read or changed.
        failed: why they cannot be read or written, in a sentence.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, settings: Settings, service: JobService, bridge: Bridge, parent: QObject) -> None:
        """Prepare; the rules are stored in the data folder, sealed if that is."""
        super().__init__(parent)
        self.rules: Mapping[str, ExportRule] = {}
        self.policy = settings.policy
        self._files, self._service, self._bridge = service.folders.home_files, service, bridge

    def read(self) -> None:
        """Read the rules."""
        self._bridge.run_task(partial(load_rules, self._files), self._on_read, self.failed.emit)

    def rule(self, key: str) -> ExportRule:
        """Return the rule with a key; "" has results written as the settings say."""
        return self.rules.get(key, ExportRule(NEVER)) if key else ExportRule()

    def assign(self, key: str, rule: ExportRule) -> str:
        """Write a rule for the profile or folder that has this key; return its key from now on.

        Recordings that were added with the key follow, also if it has no rule any more.
        """
        if rule.when == AS_SETTINGS and not key:
            return ""
        key = key or new_key()
        self._save({key: replace(rule, owned=True)})
        return "" if rule.when == AS_SETTINGS else key

    def set_owned(self, key: str, *, owned: bool) -> None:
        """Record that the profile or folder with this key was deleted, or is back."""
        if key in self.rules:
            self._save({key: replace(self.rules[key], owned=owned)})

    def _save(self, changes: Mapping[str, ExportRule]) -> None:
        self.rules = {**self.rules, **changes}
        self.changed.emit()
        self._bridge.run_task(partial(_save, self._files, changes, self._service), None, self.failed.emit)

    def _on_read(self, rules: Mapping[str, ExportRule]) -> None:
        self.rules = rules
        self.changed.emit()


def _save(files: HomeFiles, changes: Mapping[str, ExportRule], service: JobService) -> None:
    save_rules(files, changes, now=time.time())
    service.announce(ExportRulesChanged())


class OwnExportLabels(QObject):
    """Summarizes a rule in a few words."""

    def summary(self, rule: ExportRule, otherwise: str) -> str:
        """Return when, where and in which formats results are written; otherwise: as who says by default."""
        if rule.when == AS_SETTINGS:
            return otherwise
        choices = SPECS["export_when"].choices
        when = setting_text(choices.get(rule.when, rule.when))
        if rule.when == NEVER:
            return when
        formats = formats_for_recordings(rule.formats) if rule.with_recordings else rule.formats
        titles = ", ".join(
            translated(EXPORTERS[each].title) if each in EXPORTERS else each for each in formats
        )
        return " · ".join((when, self.place(rule), titles))

    def place(self, rule: ExportRule) -> str:
        """Return where results are written."""
        if not rule.with_recordings:
            return one_line(rule.folder)
        if rule.subfolder:
            return self.tr("in a subfolder “{name}”").format(name=rule.subfolder)
        return self.tr("next to the recordings")
