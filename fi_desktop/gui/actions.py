"""What a person can do, each once: the same action in menu bar, toolbar, row menu and under its key."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence, QPalette
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from fi_desktop.gui import icons
from fi_desktop.gui.export_controller import ExportMenu
from fi_desktop.gui.language import SYSTEM, TONGUES
from fi_desktop.viewmodel.rows import Row


class Actions(QObject):
    """The window's actions.

    Attributes:
        add, add_folder: choose recordings.
        paste: add what was copied in a file manager.
        watch: choose folders that are watched.
        models: show and change the models of this computer.
        preferences: change settings.
        lock: cover the windows.
        pause: have the queue pause, or go on.
        monitor: see how workers and queue do.
        open, cancel, retry, remove: do something with the selected jobs.
        export: make files of the selected jobs' results.
        details: show what is known of the selected job.
        undo: bring back what was removed last.
        fold, unfold: show batches on one line each, or their jobs.
        select_all, quit: as everywhere.
        languages: what the window can speak; which one it does is to be checked.

    Signals:
        language_asked: "system", or the language that the window is to speak.
    """

    language_asked = Signal(str)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._icons: dict[QAction, str] = {}
        self.add = self._make(self.tr("Add &recordings…"), "add", QKeySequence.StandardKey.Open)
        self.add_folder = self._make(self.tr("Add &folder…"), "folder", "Ctrl+Shift+O")
        self.paste = self._make(
            self.tr("&Paste"),
            "",
            QKeySequence.StandardKey.Paste,
            tip=self.tr("Add the files that were copied, or whose paths were"),
        )
        self.watch = self._make(
            self.tr("&Watch folders…"),
            "eye",
            "Ctrl+Shift+E",
            tip=self.tr("Take recordings by themselves that arrive in a folder"),
        )
        self.models = self._make(
            self.tr("&Models…"),
            "models",
            "Ctrl+Shift+M",
            tip=self.tr("Install models that tell voices apart and write down what was said"),
        )
        self.monitor = self._make(
            self.tr("M&onitor…"), "monitor", "Ctrl+Shift+W", tip=self.tr("See how workers and queue do")
        )
        self.preferences = self._make(
            self.tr("&Settings…"), "settings", "Ctrl+,", tip=self.tr("Change how the program does its work")
        )
        self.pause = self._make("", "paused", "Ctrl+Shift+P")
        self.pause.setCheckable(True)
        self.show_paused(paused=False)
        self.lock = self._make(
            self.tr("&Lock"), "lock", "Ctrl+L", tip=self.tr("Cover the window until the PIN is typed")
        )
        self.preferences.setMenuRole(QAction.MenuRole.PreferencesRole)
        self.open = self._make(self.tr("&Open"), "open", "Return", tip=self.tr("Show who spoke when"))
        self.cancel = self._make(self.tr("&Cancel"), "cancel", "Ctrl+.", tip=self.tr("Stop working on it"))
        self.retry = self._make(self.tr("Re&try"), "retry", "Ctrl+R", tip=self.tr("Do it again, or now"))
        self.remove = self._make(
            self.tr("Re&move"),
            "remove",
            QKeySequence.StandardKey.Delete,
            tip=self.tr("Forget it with its result; the recording stays where it is"),
        )
        self.export = ExportMenu(window)
        self._icons[self.export.menuAction()] = "export"
        self.details = self._make(
            self.tr("&Details"), "details", "F4", tip=self.tr("Show what is known of the selected job")
        )
        self.details.setShortcuts([QKeySequence("F4"), QKeySequence("Ctrl+I")])
        self.details.setCheckable(True)
        self.undo = self._make(
            self.tr("&Undo removal"),
            "",
            QKeySequence.StandardKey.Undo,
            tip=self.tr("Bring back the jobs that were removed last"),
        )
        self.undo.setEnabled(False)
        self.fold = self._make(self.tr("&Fold batches"), "", "Ctrl+Shift+F")
        self.fold.setToolTip(self.tr("Show recordings that were added together on one line"))
        self.unfold = self._make(self.tr("&Unfold all"), "", "Ctrl+Shift+U")
        self.select_all = self._make(self.tr("Select &all"), "", QKeySequence.StandardKey.SelectAll)
        self.quit = self._make(self.tr("&Quit"), "", "Ctrl+Q")
        self.languages = self._offer_languages()
        # Enter belongs to the table, which has the focus then; here it is only shown
        self.open.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.dress(window.palette())

    @property
    def of_jobs(self) -> list[QAction]:
        """Those that do something with the selected jobs."""
        return [self.open, self.cancel, self.retry, self.remove]

    def fit(self, rows: Sequence[Row]) -> None:
        """Enable what makes sense with these jobs selected."""
        self.open.setEnabled(len(rows) == 1)
        self.cancel.setEnabled(any(row.cancellable for row in rows))
        self.retry.setEnabled(any(row.retriable for row in rows))
        self.remove.setEnabled(any(row.removable for row in rows))
        self.export.menuAction().setEnabled(any(row.exportable for row in rows))

    def fill(self, bar: QMenuBar, columns: QMenu) -> None:
        """Put them into the menu bar, with the menu of the table's columns."""
        file = QMenu(self.tr("&File"), bar)
        file.addActions([self.add, self.add_folder, self.paste, self.watch])
        file.addSeparator()
        file.addActions([self.monitor, self.models, self.preferences])
        file.addSeparator()
        file.addActions([self.lock, self.quit])
        job = QMenu(self.tr("&Job"), bar)
        job.addActions(self.of_jobs)
        job.addMenu(self.export)
        job.addSeparator()
        job.addActions([self.undo, self.select_all, self.pause])
        view = QMenu(self.tr("&View"), bar)
        view.addAction(self.details)
        view.addMenu(columns)
        view.addActions([self.fold, self.unfold])
        view.addSeparator()
        language = QMenu(self.tr("&Language"), view)
        language.addActions(self.languages.actions())
        view.addMenu(language)
        bar.addMenu(file)
        bar.addMenu(job)
        bar.addMenu(view)

    def dress(self, palette: QPalette) -> None:
        """Draw the icons in the palette's colours."""
        for action, name in self._icons.items():
            if name:
                action.setIcon(icons.icon(name, palette))

    def show_paused(self, *, paused: bool) -> None:
        """Offer to go on where the queue is paused."""
        self.pause.setChecked(paused)
        self.pause.setText(self.tr("Resume the &queue") if paused else self.tr("Pause the &queue"))
        name = self.pause.text().replace("&", "")
        key = self.pause.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        self.pause.setToolTip(f"{name} ({key})")

    def show_language(self, choice: str) -> None:
        """Check the language that was chosen."""
        for action in self.languages.actions():
            action.setChecked(action.data() == choice)

    def _offer_languages(self) -> QActionGroup:
        group = QActionGroup(self)
        names = {SYSTEM: self.tr("As the &system"), "en": "&English", "es": "Es&pañol"}
        for choice in (*TONGUES, SYSTEM):
            action = QAction(names[choice], self, checkable=True)
            action.setData(choice)
            group.addAction(action)
        group.triggered.connect(self._on_language_chosen)
        return group

    @Slot(QAction)
    def _on_language_chosen(self, action: QAction) -> None:
        self.language_asked.emit(action.data())

    def _make(self, text: str, icon: str, key: QKeySequence.StandardKey | str, *, tip: str = "") -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(key))
        shown = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        name = tip or text.replace("&", "").removesuffix("…")
        action.setToolTip(f"{name} ({shown})" if shown else name)
        self._icons[action] = icon
        return action
