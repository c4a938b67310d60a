"""The template that exports follow: the setting's, until somebody chooses another in a menu."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QActionGroup, QDesktopServices
from PySide6.QtWidgets import QMenu

from fi_desktop.core.errors import UserError, error_info
from fi_desktop.core.text import one_line
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.exporters.files import Exportable
from fi_desktop.exporters.template_folder import FoundTemplate, by_template, copy_built_in, found_templates
from fi_desktop.gui import labels
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.gui.widgets import plain_tooltip, url_from_path
from fi_desktop.gui.window_state import WindowState
from fi_desktop.settings import Settings


class TemplateChoice(QObject):
    """The chosen template, which is remembered until the setting changes, and the folder of templates.

    Attributes:
        name: of the template; "" for none.
    """

    def __init__(
        self, settings: Settings, window_state: WindowState, bridge: Bridge, message: MessageBar
    ) -> None:
        """Start with what was chosen last. message: says why the folder cannot be opened."""
        super().__init__(message)
        self._roots = settings.template_roots
        self._window_state, self._bridge, self._message = window_state, bridge, message
        self.apply_settings(settings)

    def apply_settings(self, settings: Settings) -> None:
        """Use the setting's template, if that is another one than when somebody chose one."""
        self._default = settings.export_template
        self.name = self._window_state.template(self._default)

    def choose(self, name: str) -> None:
        """Let exports follow a template from now on."""
        self.name = name
        self._window_state.save_template(self._default, name)

    def found(self) -> tuple[FoundTemplate, ...]:
        """Return all templates.

        Raises:
            UserError: the folder cannot be listed.
        """
        return found_templates(self._roots)

    def offered(self) -> tuple[list[tuple[str, str]], list[str]]:
        """Return title and name of the templates that can be used, and why others cannot."""
        try:
            found = self.found()
        except UserError as error:
            return [], [labels.sentence(error_info(error))]
        titles = [(title_of(one), one.name) for one in found if one.problem is None]
        return titles, [labels.sentence(error_info(one.problem)) for one in found if one.problem is not None]

    def apply(
        self, results: Sequence[Exportable], options: ExportOptions
    ) -> tuple[tuple[Exportable, ...], ExportOptions]:
        """Return results under the template's names, and how they are written; on any thread.

        Raises:
            UserError: the template cannot be used.
        """
        return by_template(self.name, self._roots, results, options)

    @Slot()
    def open_folder(self) -> None:
        """Put copies of the built-in templates into the clinic's folder, and show it."""
        self._bridge.run_task(partial(copy_built_in, self._roots), self._show_folder, self._on_refused)

    def _show_folder(self, folder: Path) -> None:
        QDesktopServices.openUrl(url_from_path(folder))

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        self._message.error(sentence)


def title_of(one: FoundTemplate) -> str:
    """Return what people call a template, in the window's language."""
    return one_line(one.title(labels.export_labels().code[:2]))


class TemplateMenu(QMenu):
    """Chooses a template, or opens their folder; the list is read each time it opens."""

    def __init__(self, choice: TemplateChoice, parent: QMenu) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("&Template"))
        self.setToolTipsVisible(True)
        self._choice = choice
        self._group = QActionGroup(self)
        self.aboutToShow.connect(self._fill)

    @Slot()
    def _fill(self) -> None:
        self.clear()
        for action in self._group.actions():
            self._group.removeAction(action)
        self._add(self.tr("&None"), "")
        self.addSeparator()
        try:
            found = self._choice.found()
        except UserError as error:
            found = ()
            self.addAction(labels.sentence(error_info(error))).setEnabled(False)
        for one in found:
            problem = labels.sentence(error_info(one.problem)) if one.problem is not None else ""
            self._add(title_of(one).replace("&", "&&"), one.name, problem)
        if self._group.checkedAction() is None:
            missing = self.tr("{name} (missing)").format(name=one_line(self._choice.name))
            self._add(missing.replace("&", "&&"), self._choice.name, missing)
        self.addSeparator()
        folder = self.addAction(self.tr("Open the &folder of templates"))
        folder.triggered.connect(self._choice.open_folder)

    def _add(self, text: str, name: str, problem: str = "") -> None:
        """Add a template; `problem`: why it cannot be chosen."""
        action = self.addAction(text)
        action.setCheckable(True)
        action.setChecked(name == self._choice.name)
        action.setEnabled(not problem)
        action.setToolTip(plain_tooltip(problem))
        action.setData(name)
        action.triggered.connect(partial(self._choose, name))
        self._group.addAction(action)

    def _choose(self, name: str, _checked: bool = False) -> None:
        self._choice.choose(name)
