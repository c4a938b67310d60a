"""The list of watched folders: add, configure, remove. Files in the folders are never touched."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path, PurePath

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Slot
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListView,
    QListWidgetItem,
    QMessageBox,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.gui import theme
from fi_desktop.gui.adding.own_exports import OwnExportLabels
from fi_desktop.gui.adding.own_exports_dialog import OwnExportsDialog
from fi_desktop.gui.adding.profiles import ProfileController
from fi_desktop.gui.adding.watched_folders import WatchController, WatchedFolderLabels
from fi_desktop.gui.widgets import ElidedLabel, FileDialog, ItemList, draw_text, message_box, plain_tooltip
from fi_desktop.gui.window_state import resize_to_screen
from fi_desktop.watch.config import WatchedFolder
from fi_desktop.watch.watcher import FoundFile

PATH_ROLE = int(Qt.ItemDataRole.UserRole)
STATE_ROLE = PATH_ROLE + 1
_PADDING = 8
_RADIUS = 4


class WatchedFoldersDialog(QDialog):
    """Lists the watched folders with their state.

    Attributes:
        list: the folders.
        add, remove: change the list.
        subfolders, profile: how the current folder is watched.
        export: changes how its results are written automatically; exported: says how they are.
        question: the open question about existing recordings, if any.
    """

    def __init__(self, controller: WatchController, profiles: ProfileController, parent: QWidget) -> None:
        super().__init__(parent)
        self._controller = controller
        self._profiles = profiles
        self._labels = WatchedFolderLabels(self)
        self._export_labels = OwnExportLabels(self)
        self._export_dialog: OwnExportsDialog | None = None
        self.question: QMessageBox | None = None
        self._files: QFileDialog | None = None
        self.setWindowTitle(self.tr("Watched folders"))
        self._lay_out()
        self.add.clicked.connect(self._on_add_requested)
        self.remove.clicked.connect(self._on_remove_requested)
        self.subfolders.clicked.connect(self._on_subfolders_clicked)
        self.profile.activated.connect(self._on_profile_chosen)
        self.export.clicked.connect(self._on_export_requested)
        self.list.currentRowChanged.connect(self._show_current)
        controller.changed.connect(self._show)
        profiles.changed.connect(self._list_profiles)
        profiles.exports.changed.connect(self._show_current)
        self._list_profiles()
        resize_to_screen(self, (600, 400))

    def propose(self, folder: WatchedFolder) -> None:
        """Watch a folder, after asking whether to add recordings that are already in it."""
        self._controller.find_existing(folder, partial(self._on_found, folder))

    def _lay_out(self) -> None:
        hint = QLabel(
            self.tr(
                "New recordings in these folders are added once they are complete. The files stay there."
            ),
            self,
        )
        hint.setObjectName("quiet")
        hint.setWordWrap(True)
        self.list = ItemList(self)
        self.list.setAccessibleName(self.tr("Watched folders"))
        self.list.setItemDelegate(WatchedFolderDelegate(self.list))
        self.subfolders = QCheckBox(self.tr("Include &subfolders"), self)
        label = QLabel(self.tr("&Profile"), self)
        self.profile = QComboBox(self)
        self.profile.setAccessibleName(self.tr("Profile for recordings from this folder"))
        label.setBuddy(self.profile)
        self.add = QPushButton(self.tr("&Add folder…"), self)
        self.remove = QPushButton(self.tr("&Remove"), self)
        done = QPushButton(self.tr("Done"), self)
        done.setObjectName("primary")
        done.clicked.connect(self.close)
        chosen = QHBoxLayout()
        chosen.setSpacing(8)
        chosen.addWidget(label)
        chosen.addWidget(self.profile, 1)
        chosen.addSpacing(12)
        chosen.addWidget(self.subfolders)
        self.export = QPushButton(self.tr("E&xport…"), self)
        self.export.setObjectName("plain")
        self.export.setAutoDefault(False)
        self.exported = ElidedLabel("", self)
        self.exported.setObjectName("quiet")
        exported = QHBoxLayout()
        exported.setSpacing(8)
        exported.addWidget(self.export)
        exported.addWidget(self.exported, 1)
        buttons = QHBoxLayout()
        for button in (self.add, self.remove):
            button.setObjectName("plain")
            button.setAutoDefault(False)
            buttons.addWidget(button)
        buttons.addStretch()
        buttons.addWidget(done)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        column.addWidget(hint)
        column.addWidget(self.list, 1)
        column.addLayout(chosen)
        column.addLayout(exported)
        column.addLayout(buttons)

    def _current(self) -> WatchedFolder | None:
        row, folders = self.list.currentRow(), self._controller.watcher.folders
        return folders[row] if 0 <= row < len(folders) else None

    @Slot()
    def _list_profiles(self) -> None:
        self.profile.clear()
        self.profile.addItem(self.tr("Options chosen in the window"), "")
        for each in self._profiles.all():
            self.profile.addItem(self._profiles.title(each), each.name)
        self._show()

    @Slot()
    def _show(self) -> None:
        scans = self._controller.scans()
        before = self.list.currentRow()
        self.list.blockSignals(True)
        while self.list.count() > len(scans):
            self.list.takeItem(self.list.count() - 1)
        while self.list.count() < len(scans):
            self.list.addItem(QListWidgetItem())
        for row, (folder, scan) in enumerate(scans.items()):
            item = self.list.item(row)
            item.setText(f"{folder.path}\n{self._labels.state(scan)}")  # for screen readers
            item.setData(PATH_ROLE, str(folder.path))
            item.setData(STATE_ROLE, self._labels.state(scan))
            item.setToolTip(plain_tooltip(str(folder.path)))
        self.list.setCurrentRow(min(max(before, 0), len(scans) - 1))
        self.list.blockSignals(False)
        self._show_current()

    @Slot()
    def _show_current(self) -> None:
        folder = self._current()
        for widget in (self.remove, self.subfolders, self.profile, self.export):
            widget.setEnabled(folder is not None)
        self.subfolders.setChecked(folder is not None and folder.subfolders)
        name = folder.profile if folder is not None else ""
        # a deleted profile falls back to the options chosen in the window
        self.profile.setCurrentIndex(max(0, self.profile.findData(name)))
        self._show_export(folder)

    def _show_export(self, folder: WatchedFolder | None) -> None:
        text = ""
        if folder is not None:
            rule, otherwise = self._profiles.exports.rule(folder.exports), self.tr("As the profile says")
            text = self._export_labels.summary(rule, otherwise)
        self.exported.setText(text)
        self.export.setAccessibleDescription(text)

    @Slot()
    def _on_add_requested(self) -> None:
        if self._files is not None:
            return
        self._files = FileDialog(self, self.tr("Watch a folder"))
        self._files.setFileMode(QFileDialog.FileMode.Directory)
        self._files.fileSelected.connect(self._on_folder_selected)
        self._files.finished.connect(self._on_files_finished)
        self._files.open()

    @Slot(str)
    def _on_folder_selected(self, name: str) -> None:
        path = Path(name)
        if all(known.path != path for known in self._controller.watcher.folders):
            self.propose(WatchedFolder(path))

    @Slot()
    def _on_files_finished(self) -> None:
        if self._files is not None:
            self._files.deleteLater()
            self._files = None

    @Slot()
    def _on_subfolders_clicked(self) -> None:
        folder = self._current()
        if folder is not None:
            self.propose(replace(folder, subfolders=self.subfolders.isChecked()))

    @Slot()
    def _on_profile_chosen(self) -> None:
        folder = self._current()
        if folder is not None:
            self._controller.watch(replace(folder, profile=self.profile.currentData()), [])

    @Slot()
    def _on_export_requested(self) -> None:
        folder = self._current()
        if folder is None:
            return
        exports, otherwise = self._profiles.exports, self.tr("As the profile says")
        self._export_dialog = OwnExportsDialog(
            exports.rule(folder.exports), otherwise, self, policy=exports.policy, watched=folder.path
        )
        self._export_dialog.accepted.connect(partial(self._on_export_chosen, folder))
        self._export_dialog.open()

    def _on_export_chosen(self, folder: WatchedFolder) -> None:
        if self._export_dialog is not None:
            key = self._profiles.exports.assign(folder.exports, self._export_dialog.rule())
            self._controller.watch(replace(folder, exports=key), [])

    @Slot()
    def _on_remove_requested(self) -> None:
        folder = self._current()
        if folder is not None:
            self._controller.stop(folder)

    def _on_found(self, folder: WatchedFolder, found: list[FoundFile]) -> None:
        if not found:
            self._controller.watch(folder, [])
            return
        if self.question is not None:
            return
        box = message_box(
            self,
            QMessageBox.Icon.Question,
            self.tr("Watch a folder"),
            self.tr("Add the %Ln recording(s) already in this folder?", "", len(found)),
            self.tr("New recordings will be added in any case."),
        )
        add = box.addButton(self.tr("Add them"), QMessageBox.ButtonRole.AcceptRole)
        new = box.addButton(self.tr("Only new ones"), QMessageBox.ButtonRole.DestructiveRole)
        cancel = box.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.setEscapeButton(cancel)
        box.setDefaultButton(new)
        add.clicked.connect(lambda: self._controller.watch(folder, []))
        new.clicked.connect(lambda: self._controller.watch(folder, found))
        box.finished.connect(self._on_answered)
        self.question = box
        box.open()

    @Slot()
    def _on_answered(self) -> None:
        if self.question is not None:
            self.question.deleteLater()
            self.question = None
        self._show_current()


class WatchedFolderDelegate(QStyledItemDelegate):
    """Paints a folder's name before its path, because names distinguish folders with long paths."""

    def __init__(self, view: QListView) -> None:
        super().__init__(view)
        self._view = view

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint a folder."""
        path = PurePath(index.data(PATH_ROLE))
        text, quiet = option.palette.color(QPalette.ColorRole.Text), theme.quiet(option.palette)
        small, font = theme.scaled(option.font, 0.9), theme.scaled(option.font, 1.0, QFont.Weight.Medium)
        painter.save()
        self._paint_background(painter, option)
        area = option.rect.adjusted(_PADDING, _PADDING - 1, -_PADDING, -_PADDING)
        top = QRect(area.left(), area.top(), area.width(), QFontMetrics(font).height())
        middle = Qt.TextElideMode.ElideMiddle
        name = QFontMetrics(font).elidedText(path.name or str(path), middle, top.width())
        draw_text(painter, top, name, font, text)
        if path.name:
            used = theme.text_width(font, name) + _PADDING
            rest = top.adjusted(used, 0, 0, 0)
            draw_text(painter, rest, str(path.parent), small, quiet, elide=middle)
        below = QRect(area.left(), top.bottom() + 2, area.width(), area.bottom() - top.bottom())
        draw_text(painter, below, index.data(STATE_ROLE), small, quiet)
        painter.restore()

    def _paint_background(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        if not option.state & QStyle.StateFlag.State_Selected:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(theme.selected(option.palette))
        focused = self._view.hasFocus()
        painter.setPen(option.palette.color(QPalette.ColorRole.Highlight) if focused else Qt.PenStyle.NoPen)
        painter.drawRoundedRect(option.rect.toRectF().adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return the height of two lines."""
        small = QFontMetrics(theme.scaled(option.font, 0.9))
        return QSize(0, QFontMetrics(option.font).height() + small.height() + 2 * _PADDING + 2)
