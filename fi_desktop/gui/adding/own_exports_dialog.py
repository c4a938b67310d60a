"""The dialog that says how the results of a profile or a watched folder are written automatically."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.core.errors import UserError, error_info
from fi_desktop.gui.export_fields import FolderField, FormatsField, TextField
from fi_desktop.gui.labels import sentence
from fi_desktop.gui.language import setting_text
from fi_desktop.gui.setting_fields import ChoiceField, SettingField
from fi_desktop.jobs.export_rules import AS_SETTINGS, ExportRule, formats_for_recordings
from fi_desktop.settings import SPECS
from fi_desktop.settings.policy import NO_POLICY, Policy

_FOLDER, _NEXT_TO, _SUBFOLDER = "folder", "next", "subfolder"


class OwnExportsDialog(QDialog):
    """Edits a rule.

    Attributes:
        when, place, folder, formats, name: the fields; `place` only for a watched folder.
        save: accepts the rule; disabled while it is incomplete.
        hint: says what is missing, or when the rule takes effect.
    """

    def __init__(
        self,
        rule: ExportRule,
        otherwise: str,
        parent: QWidget,
        *,
        policy: Policy = NO_POLICY,
        watched: Path | None = None,
    ) -> None:
        """Show a rule.

        Args:
            rule: the rule.
            otherwise: the label of the choice that leaves it to somebody else.
            parent: the dialog's window.
            policy: what may be chosen on this machine.
            watched: the watched folder, to whose recordings results may be written.
        """
        super().__init__(parent)
        self._before, self._policy, self._watched = rule, policy, watched
        self._subfolder = rule.subfolder or self.tr("Transcripts")
        self.setWindowTitle(self.tr("Automatic export"))
        choices = SPECS["export_when"].choices.items()
        whens = [(otherwise, AS_SETTINGS), *((setting_text(label), value) for value, label in choices)]
        self.when = ChoiceField(whens, self)
        next_to = self.tr("Next to the recordings")
        subfolder = self.tr("Subfolder “{name}”").format(name=self._subfolder)
        places = [(next_to, _NEXT_TO), (subfolder, _SUBFOLDER), (self.tr("In another folder"), _FOLDER)]
        self.place = ChoiceField(places, self)
        self.folder = FolderField(self.tr("Folder for results"), self)
        self.formats, self.name = FormatsField(self), TextField(self)
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(14)
        self._form.setVerticalSpacing(9)
        self._add("export_when", self.when)
        self._add_labelled(self.tr("&Place"), self.place)
        self._add("export_folder", self.folder)
        self._add("export_formats", self.formats)
        self._add("export_name", self.name)
        self._show(rule)
        self._lay_out()
        fields: tuple[SettingField, ...] = (self.when, self.place, self.folder, self.formats, self.name)
        for field in fields:
            field.edited.connect(self._on_edited)
        self._on_edited()

    def _add(self, setting: str, field: SettingField) -> None:
        self._add_labelled(setting_text(SPECS[setting].title), field)

    def _add_labelled(self, title: str, field: SettingField) -> None:
        field.editor.setAccessibleName(title.replace("&", ""))
        self._form.addRow(title, field)

    def _lay_out(self) -> None:
        self.hint = QLabel(self)
        self.hint.setObjectName("quiet")
        self.hint.setWordWrap(True)
        self.save, cancel = QPushButton(self.tr("Save"), self), QPushButton(self.tr("Cancel"), self)
        self.save.setObjectName("primary")
        self.save.setDefault(True)
        cancel.setObjectName("plain")
        buttons = QDialogButtonBox(self)
        buttons.addButton(self.save, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(cancel, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(12)
        column.addLayout(self._form)
        column.addWidget(self.hint)
        column.addStretch(1)
        column.addWidget(buttons)
        self.setMinimumWidth(460)

    def rule(self) -> ExportRule:
        """Return the rule as it is chosen now."""
        place = self._place()
        return replace(
            self._before,
            when=self.when.raw_value(),
            folder=str(self._watched) if place != _FOLDER else self.folder.raw_value(),
            with_recordings=place != _FOLDER,
            subfolder=self._subfolder if place == _SUBFOLDER else "",
            formats=self.formats.raw_value(),
            name=self.name.raw_value(),
        )

    def _place(self) -> str:
        return str(self.place.raw_value()) if self._watched is not None else _FOLDER

    def _show(self, rule: ExportRule) -> None:
        self.when.show_value(rule.when)
        with_recordings = rule.with_recordings or not rule.folder
        self.place.show_value(_FOLDER if not with_recordings else _SUBFOLDER if rule.subfolder else _NEXT_TO)
        self.folder.show_value("" if rule.with_recordings else rule.folder)
        self.formats.show_value(rule.formats)
        self.name.show_value(rule.name)

    def _missing(self, rule: ExportRule) -> str:
        """Return what the rule lacks, or what the policy does not allow, in a sentence; "" if nothing."""
        if not rule.writes:
            return ""
        formats = formats_for_recordings(rule.formats) if rule.with_recordings else rule.formats
        said = {"export_when": rule.when, "export_formats": formats, "export_name": rule.name}
        try:
            self._policy.check(SPECS, said | ({"export_folder": rule.folder} if rule.folder else {}))
            if not rule.folder:
                return self.tr("Choose the folder for the results.")
            if not formats:
                return self.tr("Choose at least one format.")
            SPECS["export_name"].parse(rule.name)
        except UserError as error:
            return sentence(error_info(error))
        return ""

    @Slot()
    def _on_edited(self) -> None:
        rule = self.rule()
        for field in (self.place, self.folder, self.formats, self.name):
            self._form.setRowVisible(field, rule.writes)
        self._form.setRowVisible(self.place, rule.writes and self._watched is not None)
        self._form.setRowVisible(self.folder, rule.writes and not rule.with_recordings)
        missing = self._missing(rule)
        self.save.setEnabled(not missing)
        applies = self.tr(
            "Applies to results that are finished from now on, and to those that wait for a folder."
        )
        self.hint.setText(missing or (applies if rule.writes else ""))
