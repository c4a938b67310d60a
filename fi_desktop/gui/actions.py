"""The window's actions, and the menu bar, toolbar and help menu that offer them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QColor, QKeySequence, QPalette, QResizeEvent
from PySide6.QtWidgets import QMainWindow, QMenu, QMenuBar, QSizePolicy, QToolBar, QToolButton, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.adding.options_bar import OptionsBar
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.export_controller import ExportMenu
from fi_desktop.gui.job_table.controller import JobController
from fi_desktop.gui.job_table.operations import OPERATIONS, JobOperation
from fi_desktop.gui.language import language_choices
from fi_desktop.viewmodel.rows import Row

if TYPE_CHECKING:
    from fi_desktop.gui.help import AboutDialog, ShortcutsDialog


class Actions(QObject):
    """The window's actions, each with its text, icon, shortcut and tooltip.

    Attributes:
        add, add_folder: choose recordings.
        paste: add files copied in a file manager.
        watch: choose watched folders.
        models: show and install models.
        preferences: open the settings.
        lock: lock the windows.
        pause: pause or resume the queue.
        low_priority: let other programs go first.
        any_time, at_night: when recordings start.
        only_mains: start no recording on battery.
        monitor: show workers and queue.
        jobs: actions on the selected jobs, by key of `OPERATIONS`.
        export: export the selected jobs' results.
        details: show the details of the selected job.
        find: find words in all transcripts.
        undo: undo the last removal.
        collapse, expand: show batches as one row each, or all their jobs.
        show_cases: call jobs by their cases.
        select_all, quit: as usual.
        languages: languages of the window.

    Signals:
        language_requested: "system" or the language to switch to.
    """

    language_requested = Signal(str)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._icons: dict[QAction, str] = {}
        self.add = self._make(self.tr("Add &recordings…"), "add", QKeySequence.StandardKey.Open)
        self.add_folder = self._make(self.tr("Add &folder…"), "folder", "Ctrl+Shift+O")
        self.paste = self._make(
            self.tr("&Paste"),
            "",
            QKeySequence.StandardKey.Paste,
            tip=self.tr("Add copied files, or files whose paths were copied"),
        )
        self.watch = self._make(
            self.tr("&Watch folders…"),
            "eye",
            "Ctrl+Shift+E",
            tip=self.tr("Add new recordings from a folder automatically"),
        )
        self.models = self._make(
            self.tr("&Models…"),
            "models",
            "Ctrl+Shift+M",
            tip=self.tr("Install models for speaker identification and transcription"),
        )
        self.monitor = self._make(
            self.tr("M&onitor…"), "monitor", "Ctrl+Shift+W", tip=self.tr("Show workers and queue")
        )
        self.preferences = self._make(
            self.tr("&Settings…"), "settings", "Ctrl+,", tip=self.tr("Change the settings")
        )
        self.pause = self._make("", "paused", "Ctrl+Shift+P")
        self.pause.setCheckable(True)
        self.show_paused(paused=False)
        self.low_priority = self._make(
            self.tr("Use &less of this computer"), "", "", tip=self.tr("Let your other programs go first")
        )
        self.low_priority.setCheckable(True)
        self.any_time = self._make(
            self.tr("At &any time"), "", "", tip=self.tr("Recordings start at any time")
        )
        self.at_night = self._make("", "", "", tip=self.tr("Recordings start at night only"))
        times = QActionGroup(self)
        for action in (self.any_time, self.at_night):
            action.setCheckable(True)
            times.addAction(action)
        self.only_mains = self._make(
            self.tr("Only on &mains power"), "", "", tip=self.tr("No recording starts on battery")
        )
        self.only_mains.setCheckable(True)
        self.lock = self._make(
            self.tr("&Lock"), "lock", "Ctrl+L", tip=self.tr("Lock the window until you enter the PIN")
        )
        self.preferences.setMenuRole(QAction.MenuRole.PreferencesRole)
        self.jobs = {
            each.key: self._make(each.label, each.icon, each.shortcut, tip=each.label_tip)
            for each in OPERATIONS
            if each.in_toolbar or each.in_menu
        }
        self.export = ExportMenu(window)
        self._icons[self.export.menuAction()] = "export"
        self.details = self._make(
            self.tr("&Details"), "details", "F4", tip=self.tr("Show details of the selected job")
        )
        self.details.setShortcuts([QKeySequence("F4"), QKeySequence("Ctrl+I")])
        self.details.setCheckable(True)
        self.find = self._make(
            self.tr("&Find in transcripts…"),
            "find",
            "Ctrl+Shift+F",
            tip=self.tr("Find words in all transcripts"),
        )
        self.undo = self._make(
            self.tr("&Undo removal"),
            "",
            QKeySequence.StandardKey.Undo,
            tip=self.tr("Restore the jobs removed last"),
        )
        self.undo.setEnabled(False)
        self.collapse = self._make(
            self.tr("Collapse &batches"),
            "",
            "Ctrl+Shift+L",
            tip=self.tr("Show recordings that were added together as one row"),
        )
        self.expand = self._make(self.tr("&Expand batches"), "", "Ctrl+Shift+U")
        self.show_cases = self._make(
            self.tr("Cases instead of file &names"),
            "",
            "",
            tip=self.tr("Call recordings by their cases, if they have one"),
        )
        self.show_cases.setCheckable(True)
        self.select_all = self._make(self.tr("Select &all"), "", QKeySequence.StandardKey.SelectAll)
        self.quit = self._make(self.tr("&Quit"), "", "Ctrl+Q")
        self.languages = self._make_languages()
        # the table handles Enter; the action only shows the key
        self.jobs["open"].setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.update_icons(window.palette())

    @property
    def job_actions(self) -> list[QAction]:
        """Actions on the selected jobs that the toolbar offers."""
        return [self.jobs[operation.key] for operation in OPERATIONS if operation.in_toolbar]

    def connect_jobs(self, controller: JobController) -> None:
        """Let a controller run the actions on the selected jobs."""
        for operation in OPERATIONS:
            if operation.key in self.jobs:
                self.jobs[operation.key].triggered.connect(partial(self._run, operation, controller))

    def _run(self, operation: JobOperation, controller: JobController, _checked: bool = False) -> None:
        operation.run(controller)

    def update_for(self, rows: Sequence[Row]) -> None:
        """Enable the actions that apply to the selected rows."""
        for operation in OPERATIONS:
            if operation.key in self.jobs:
                self.jobs[operation.key].setEnabled(operation.applies(rows))
        self.export.menuAction().setEnabled(any(row.exportable for row in rows))

    def fill_menu_bar(self, bar: QMenuBar, columns: QMenu) -> None:
        """Fill the menu bar. `columns`: menu of the table's columns."""
        file = QMenu(self.tr("&File"), bar)
        file.addActions([self.add, self.add_folder, self.paste, self.watch])
        file.addSeparator()
        file.addActions([self.monitor, self.models, self.preferences])
        file.addSeparator()
        file.addActions([self.lock, self.quit])
        job = QMenu(self.tr("&Job"), bar)
        job.addActions(self.job_actions)
        job.addMenu(self.export)
        job.addActions([self.jobs[operation.key] for operation in OPERATIONS if operation.in_menu])
        job.addSeparator()
        job.addActions([self.undo, self.select_all])
        job.addSeparator()
        job.addAction(self.find)
        queue = QMenu(self.tr("&Queue"), bar)
        queue.addActions([self.pause, self.low_priority])
        queue.addSeparator()
        queue.addActions([self.any_time, self.at_night, self.only_mains])
        view = QMenu(self.tr("&View"), bar)
        view.addAction(self.details)
        view.addMenu(columns)
        view.addActions([self.collapse, self.expand, self.show_cases])
        view.addSeparator()
        language = QMenu(self.tr("&Language"), view)
        language.addActions(self.languages.actions())
        view.addMenu(language)
        bar.addMenu(file)
        bar.addMenu(job)
        bar.addMenu(queue)
        bar.addMenu(view)

    def update_icons(self, palette: QPalette) -> None:
        """Draw the icons in the palette's colours."""
        for action, name in self._icons.items():
            if name:
                action.setIcon(theme.icon(name, palette))

    def show_paused(self, *, paused: bool) -> None:
        """Offer to pause or resume."""
        self.pause.setChecked(paused)
        self.pause.setText(self.tr("Resume the &queue") if paused else self.tr("Pause the &queue"))
        name = self.pause.text().replace("&", "")
        key = self.pause.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        self.pause.setToolTip(f"{name} ({key})")

    def show_times(self, *, at_night: bool, night: str, only_mains: bool) -> None:
        """Check when recordings start. `night`: from when to when it is night."""
        self.at_night.setText(self.tr("At &night ({times})").format(times=night))
        (self.at_night if at_night else self.any_time).setChecked(True)
        self.only_mains.setChecked(only_mains)

    def show_language(self, choice: str) -> None:
        """Check the chosen language."""
        for action in self.languages.actions():
            action.setChecked(action.data() == choice)

    def _make_languages(self) -> QActionGroup:
        group = QActionGroup(self)
        for choice, label in language_choices():
            action = QAction(label, self, checkable=True)
            action.setData(choice)
            group.addAction(action)
        group.triggered.connect(self._on_language_chosen)
        return group

    @Slot(QAction)
    def _on_language_chosen(self, action: QAction) -> None:
        self.language_requested.emit(action.data())

    def _make(self, text: str, icon: str, key: QKeySequence.StandardKey | str, *, tip: str = "") -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(key))
        shown = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        name = tip or text.replace("&", "").removesuffix("…")
        action.setToolTip(f"{name} ({shown})" if shown else name)
        self._icons[action] = icon
        return action


class ToolBar(QToolBar):
    """The window's toolbar; in a narrow window, buttons lose their text so that the options stay visible.

    Attributes:
        add: the button that adds recordings.
    """

    def __init__(self, actions: Actions, options: OptionsBar, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("toolbar")
        self.setWindowTitle(self.tr("Toolbar"))
        self.setMovable(False)
        self.setIconSize(QSize(18, 18))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._options = options
        self._text_buttons: list[QToolButton] = []
        self.add = QToolButton(self)
        self.add.setObjectName("primary")
        self.add.setText(self.tr("Add recordings"))
        self.add.setToolTip(actions.add.toolTip())
        self.add.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.add.setAccessibleName(self.tr("Add recordings"))
        self.add.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.add.clicked.connect(actions.add.trigger)
        self.addWidget(self.add)
        self._add_button(actions.add_folder, self.tr("Add a folder"), Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.addSeparator()
        for action in actions.job_actions:
            name = action.text().replace("&", "").removesuffix("…")
            self._add_button(action, name, Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._pause = actions.pause
        self._add_button(
            actions.pause, self._pause.text().replace("&", ""), Qt.ToolButtonStyle.ToolButtonIconOnly
        )
        actions.pause.changed.connect(self._on_pause_changed)
        space = QWidget(self)
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(space)
        self.addWidget(options)
        for button in self.findChildren(QToolButton, "qt_toolbar_ext_button"):  # Qt leaves it without a name
            button.setAccessibleName(self.tr("More"))
        self._update_icon()

    def _add_button(self, action: QAction, name: str, style: Qt.ToolButtonStyle) -> None:
        self.addAction(action)
        button = self.widgetForAction(action)
        if isinstance(button, QToolButton):
            button.setToolButtonStyle(style)
            button.setText(name)
            button.setAccessibleName(name)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            if style is Qt.ToolButtonStyle.ToolButtonTextBesideIcon:
                self._text_buttons.append(button)

    @Slot()
    def _on_pause_changed(self) -> None:
        button = self.widgetForAction(self._pause)
        if button is not None:
            button.setAccessibleName(self._pause.text().replace("&", ""))

    def _fit_width(self) -> None:
        """Hide texts as necessary; otherwise Qt hides the last widget, which is the options."""
        text, icon = Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly
        for job_style, add_style in ((text, text), (icon, text), (icon, icon)):
            for button in self._text_buttons:
                button.setToolButtonStyle(job_style)
            self.add.setToolButtonStyle(add_style)
            self._options.shrink()
            if self.sizeHint().width() <= self.width():
                break
        self._options.show_summary()
        layout = self.layout()
        if layout is not None:
            layout.activate()

    def _update_icon(self) -> None:
        white = "#10151b" if theme.is_dark(self.palette()) else "#ffffff"
        self.add.setIcon(theme.tinted_icon("add", QColor(white)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the texts to the width."""
        self._fit_width()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "add"):
            self._update_icon()


class HelpMenu(QMenu):
    """The help menu; it creates its dialogs on demand.

    Attributes:
        welcome, shortcuts, about: its actions.
        shortcuts_dialog, about_dialog: its dialogs; None before the first use.
    """

    def __init__(self, window: QMainWindow, bridge: Bridge, model_roots: tuple[Path, ...]) -> None:
        super().__init__(window)
        self._window, self._bridge, self._roots = window, bridge, model_roots
        self.shortcuts_dialog: ShortcutsDialog | None = None
        self.about_dialog: AboutDialog | None = None
        self.setTitle(self.tr("&Help"))
        self.welcome = self.addAction(self.tr("&Welcome"))
        self.shortcuts = self.addAction(self.tr("&Keyboard shortcuts"))
        self.shortcuts.setShortcuts([QKeySequence("F1"), QKeySequence("Ctrl+?")])
        self.shortcuts.triggered.connect(self._on_shortcuts_requested)
        self.addSeparator()
        self.about = self.addAction(self.tr("&About fi-desktop"))
        self.about.setMenuRole(QAction.MenuRole.AboutRole)
        self.about.triggered.connect(self._on_about_requested)

    @Slot()
    def _on_shortcuts_requested(self) -> None:
        from fi_desktop.gui.help import ShortcutsDialog

        if self.shortcuts_dialog is not None:
            self.shortcuts_dialog.deleteLater()  # shortcuts may have changed
        self.shortcuts_dialog = ShortcutsDialog(self._window)
        self.shortcuts_dialog.show()

    @Slot()
    def _on_about_requested(self) -> None:
        if self.about_dialog is None:
            from fi_desktop.gui.help import AboutDialog

            self.about_dialog = AboutDialog(self._bridge, self._roots, self._window)
        self.about_dialog.show()
        self.about_dialog.raise_()
        self.about_dialog.activateWindow()
