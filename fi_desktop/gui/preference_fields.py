"""Rows of the settings dialog: a title, a sentence, and what edits the value or runs an action."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.core.errors import UserError, error_info
from fi_desktop.engines import registry
from fi_desktop.gui import theme
from fi_desktop.gui.adding.languages_dialog import OTHER_LANGUAGES
from fi_desktop.gui.adding.options_menu import COUNTS, LANGUAGES
from fi_desktop.gui.export_fields import FolderField, FormatsField, TemplateField, TextField
from fi_desktop.gui.labels import UiLabels, sentence
from fi_desktop.gui.language import setting_text
from fi_desktop.gui.pattern_field import PatternField
from fi_desktop.gui.setting_fields import (
    ChoiceField,
    ClockField,
    FlagField,
    LanguagesField,
    NumberField,
    SettingField,
    TermListsField,
    TermsField,
)
from fi_desktop.gui.widgets import ElidedLabel
from fi_desktop.settings import Kind, SettingSpec
from fi_desktop.settings.policy import Rule


class DialogRow(QWidget):
    """A title and a sentence, with room for widgets at the right and below."""

    def __init__(self, title: str, help: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._texts = (title, help)
        self._title, self._help = QLabel(self), QLabel(self)
        self._title.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        self._help.setObjectName("quiet")
        self._help.setWordWrap(True)
        for label in (self._title, self._help):
            label.setTextFormat(Qt.TextFormat.RichText)
        self.text = QVBoxLayout()
        self.text.setSpacing(3)
        self.text.addWidget(self._title)
        self.text.addWidget(self._help)
        self.right = QHBoxLayout()
        self.right.setSpacing(8)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 11, 24, 11)
        row.setSpacing(20)
        row.addLayout(self.text, 1)
        row.addLayout(self.right)
        row.setAlignment(self.right, Qt.AlignmentFlag.AlignTop)
        self.search("")

    def set_help(self, help: str) -> None:
        """Show another sentence."""
        self._texts = (self._texts[0], help)
        self.search("")

    def search(self, query: str) -> bool:
        """Highlight matches; return whether there is one. The empty query matches every row."""
        for label, text in zip((self._title, self._help), self._texts, strict=True):
            label.setText(self._highlighted(text, query))
        return any(query.casefold() in text.casefold() for text in self._texts)

    def _highlighted(self, text: str, query: str) -> str:
        start = text.casefold().find(query.casefold()) if query else -1
        if start < 0:
            return escape(text)
        end = start + len(query)
        base, mark = self.palette().color(QPalette.ColorRole.Base), theme.tone("warn", self.palette())
        background = theme.mix(base, mark, 0.3).name()
        before, match, after = map(escape, (text[:start], text[start:end], text[end:]))
        return f'{before}<span style="background-color:{background}">{match}</span>{after}'


class SettingRow(DialogRow):
    """One setting.

    Attributes:
        spec: the setting.
        field: edits the value.
        reset: restores the default; shown if the value differs from it.
        error: why the input is invalid; "" if it is valid.

    Signals:
        changed: the value or its validity may have changed.
    """

    changed = Signal()

    def __init__(
        self,
        spec: SettingSpec,
        field: SettingField,
        *,
        rule: Rule | None = None,
        overridden: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """Show a setting.

        Args:
            spec: the setting, within the policy.
            field: edits the value.
            rule: what the policy says of it, if anything.
            overridden: the environment or the command line overrides it.
            parent: the dialog.
        """
        title, help = setting_text(spec.title), setting_text(spec.help)
        super().__init__(title, help, parent)
        self.spec, self.field, self.error = spec, field, ""
        self._rule, self._fixed = rule, rule is not None and rule.fixed is not None
        self._read_only = self._fixed or overridden
        self._note = ElidedLabel(self._note_text(), self)
        self._note.setObjectName("quiet")
        self._note.setFont(theme.scaled(self.font(), 0.9))
        self.reset = QPushButton(self.tr("Reset to default"), self)
        self.reset.setObjectName("link")
        self.reset.setAutoDefault(False)
        self.reset.setAccessibleName(self.tr("Reset to default: {name}").format(name=title))
        self.reset.clicked.connect(self._on_reset)
        self._error_icon, self._error_label = QLabel(self), QLabel(self)
        self._error_label.setWordWrap(True)
        field.setEnabled(not self._read_only)
        field.editor.setAccessibleName(title)
        field.editor.setAccessibleDescription(f"{help} {self._note.text()}")
        field.edited.connect(self._on_edited)
        self._lay_out()

    @property
    def note(self) -> str:
        """The text below the sentence: the default, and what the policy allows."""
        return self._note.text()

    @property
    def value(self) -> Any:
        """The parsed value; only valid while `error` is empty."""
        return self.spec.parse(self.field.raw_value())

    def show_value(self, value: Any) -> None:
        """Show a value."""
        self.field.show_value(value)
        self._on_edited()

    def _note_text(self) -> str:
        if self._fixed:
            return self.tr("Set by your clinic")
        if self._read_only:
            return self.tr("Set by the environment or the command line; cannot be changed here")
        spec = self.spec
        default = f"{self.field.text_of(spec.default)} {setting_text(spec.unit.value)}".strip()
        notes = [self.tr("Default: {value}").format(value=default or self.tr("none"))]
        if self._rule is not None:
            notes.append(self._allowed_text(self._rule))
        if spec.needs_restart:
            notes.append(self.tr("takes effect after a restart"))
        return "  ·  ".join(notes)

    def _allowed_text(self, rule: Rule) -> str:
        """Return what a person may choose."""
        unit = setting_text(self.spec.unit.value)
        least, most = ("" if n is None else f"{n:g} {unit}".strip() for n in (rule.minimum, rule.maximum))
        if rule.only:
            return self.tr("limited by your clinic")
        if least and most:
            return self.tr("your clinic allows {least} to {most}").format(
                least=f"{rule.minimum:g}", most=most
            )
        if least:
            return self.tr("your clinic allows {least} or more").format(least=least)
        return self.tr("your clinic allows at most {most}").format(most=most)

    def _lay_out(self) -> None:
        below = QHBoxLayout()
        below.setSpacing(10)
        below.addWidget(self._note)
        below.addWidget(self.reset)
        below.addStretch(1)
        error = QHBoxLayout()
        error.setSpacing(6)
        error.addWidget(self._error_icon)
        error.addWidget(self._error_label, 1)
        self.text.addLayout(below)
        self.text.addLayout(error)
        self.text.addStretch(1)  # a field may be taller than the text
        self.right.addWidget(self.field)
        if unit := setting_text(self.spec.unit.value):
            label = QLabel(unit, self)
            label.setObjectName("quiet")
            self.right.addWidget(label)

    def _hint(self) -> str:
        """Return what input is valid."""
        spec = self.spec
        if spec.kind is Kind.NUMBERS:
            return self.tr("Enter numbers separated by commas, each 0 or higher.")
        if spec.kind is Kind.SERVER:
            return self.tr("Enter a server, such as server.example.org:587.")
        if spec.kind is Kind.ADDRESSES:
            return self.tr("Enter e-mail addresses, separated by commas.")
        if spec.kind is Kind.WEB_ADDRESS:
            return self.tr("Enter an address that begins with https://.")
        if spec.zero_allowed:
            return self.tr("Enter 0, or a number of {minimum} or higher.").format(minimum=round(spec.minimum))
        if spec.maximum != math.inf:
            hint = self.tr("Enter a whole number from {minimum} to {maximum}.")
            if spec.kind is Kind.NUMBER:
                hint = self.tr("Enter a number from {minimum} to {maximum}.")
            return hint.format(minimum=round(spec.minimum), maximum=round(spec.maximum))
        if spec.kind is Kind.INTEGER:
            return self.tr("Enter a whole number, 0 or higher.")
        return self.tr("Enter a number, 0 or higher.")

    @Slot()
    def _on_edited(self) -> None:
        try:
            differs = self.value != self.spec.default
            self.error = ""
        except UserError as error:
            differs = True
            self.error = self._hint()
            if self.spec.kind in (Kind.NAME_TEMPLATE, Kind.NAME_PATTERN):
                self.error = sentence(error_info(error))
        self._error_label.setText(self.error)
        self._error_label.setVisible(bool(self.error))
        self._error_icon.setVisible(bool(self.error))
        self.reset.setVisible(differs and not self._read_only)
        self._apply_colours()
        self.changed.emit()

    @Slot()
    def _on_reset(self) -> None:
        self.show_value(self.spec.default)
        self.field.editor.setFocus()

    def _apply_colours(self) -> None:
        red = theme.tone("bad", self.palette())
        self._error_icon.setPixmap(theme.pixmap("error", 16, red, self.devicePixelRatioF()))
        palette = QPalette(self.palette())
        palette.setColor(self._error_label.foregroundRole(), red)
        self._error_label.setPalette(palette)
        palette = QPalette(self.palette())
        if self.error:
            palette.setColor(QPalette.ColorRole.Text, red)
        self.field.editor.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_error_label"):
            self._apply_colours()


class ActionRow(DialogRow):
    """A button with an explanation.

    Attributes:
        button: runs the action.
    """

    def __init__(
        self, title: str, help: str, button: str, detail: str = "", parent: QWidget | None = None
    ) -> None:
        """Show a button; `detail` is shown below the sentence, such as a path."""
        super().__init__(title, help, parent)
        self.button = QPushButton(button, self)
        self.button.setObjectName("plain")
        self.button.setAutoDefault(False)
        self.button.setAccessibleName(f"{title}: {button.removesuffix('…')}")
        self.right.addWidget(self.button)
        if detail:
            label = QLabel(detail, self)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setWordWrap(True)
            self.text.addWidget(label)


def make_field(
    spec: SettingSpec,
    packs: Iterable[str],
    term_lists: Iterable[str],
    parent: QWidget,
    templates: Iterable[tuple[str, str]] = (),
) -> SettingField:
    """Return a field for a setting.

    Args:
        spec: the setting.
        packs: names of installed models.
        term_lists: names of vocabulary lists.
        parent: the field's parent.
        templates: titles and names of templates.
    """
    labels = UiLabels(parent)
    match spec.kind:
        case Kind.FLAG:
            return FlagField(parent)
        case Kind.TERMS:
            return TermsField(parent)
        case Kind.CLOCK:
            return ClockField(parent)
        case Kind.LANGUAGES:
            return LanguagesField(setting_text(spec.help), parent)
        case Kind.FOLDER:
            return FolderField(setting_text(spec.title), parent)
        case Kind.FORMATS:
            return FormatsField(parent)
        case Kind.NAME_TEMPLATE | Kind.TEXT | Kind.SERVER | Kind.ADDRESSES | Kind.WEB_ADDRESS:
            return TextField(parent)
        case Kind.NAME_PATTERN:
            return PatternField(parent)
        case Kind.TERM_LISTS:
            return TermListsField(term_lists, parent)
        case Kind.INTEGER | Kind.NUMBER:
            return NumberField(parent)
        case Kind.NUMBERS:
            return NumberField(parent, several=True)
        case Kind.TEMPLATE:
            return TemplateField(templates, parent)
        case Kind.CHOICE:
            choices = [(setting_text(label), value) for value, label in spec.choices.items()]
        case Kind.SPEAKERS:
            choices = [(labels.requested_speakers(count), count) for count in COUNTS]
        case Kind.ENGINE:
            choices = [(labels.engine(engine), engine) for engine in registry.diarizer_names()]
        case Kind.TRANSCRIBER:
            choices = [(labels.transcriber(name), name) for name in registry.transcriber_names(packs)]
        case Kind.LANGUAGE:
            choices = [(labels.requested_language(code), code or "auto") for code in LANGUAGES]
            choices += sorted((labels.language(code), code) for code in OTHER_LANGUAGES)
            return ChoiceField(choices, parent, label=labels.language)
    return ChoiceField(choices, parent)
