"""The toolbar: add recordings, act on jobs, and on the right the options of the next drop."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Slot
from PySide6.QtGui import QAction, QColor, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolBar, QToolButton, QWidget

from fi_desktop.gui import icons, theme
from fi_desktop.gui.actions import Actions
from fi_desktop.gui.job_options.bar import OptionsBar


class ToolBar(QToolBar):
    """The window's toolbar; where it is narrow, icons go without their words, so that the options stay.

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
        self._worded: list[QToolButton] = []
        self.add = QToolButton(self)
        self.add.setObjectName("primary")
        self.add.setText(self.tr("Add recordings"))
        self.add.setToolTip(actions.add.toolTip())
        self.add.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.add.setAccessibleName(self.tr("Add recordings"))
        self.add.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.add.clicked.connect(actions.add.trigger)
        self.addWidget(self.add)
        self._offer(actions.add_folder, self.tr("Add a folder"), Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.addSeparator()
        for action in actions.of_jobs:
            name = action.text().replace("&", "").removesuffix("…")
            self._offer(action, name, Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._pause = actions.pause
        self._offer(actions.pause, self._pause.text().replace("&", ""), Qt.ToolButtonStyle.ToolButtonIconOnly)
        actions.pause.changed.connect(self._on_pause_changed)
        space = QWidget(self)
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(space)
        self.addWidget(options)
        for button in self.findChildren(QToolButton, "qt_toolbar_ext_button"):  # Qt gives it no name
            button.setAccessibleName(self.tr("More"))
        self._dress()

    def _offer(self, action: QAction, name: str, style: Qt.ToolButtonStyle) -> None:
        self.addAction(action)
        button = self.widgetForAction(action)
        if isinstance(button, QToolButton):
            button.setToolButtonStyle(style)
            button.setText(name)
            button.setAccessibleName(name)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            if style is Qt.ToolButtonStyle.ToolButtonTextBesideIcon:
                self._worded.append(button)

    @Slot()
    def _on_pause_changed(self) -> None:
        button = self.widgetForAction(self._pause)
        if button is not None:
            button.setAccessibleName(self._pause.text().replace("&", ""))

    def _fit(self) -> None:
        """Leave words out as far as need be: Qt would drop what stands last, and that is the options."""
        beside, alone = (
            Qt.ToolButtonStyle.ToolButtonTextBesideIcon,
            Qt.ToolButtonStyle.ToolButtonIconOnly,
        )
        for of_jobs, of_add in ((beside, beside), (alone, beside), (alone, alone)):
            for button in self._worded:
                button.setToolButtonStyle(of_jobs)
            self.add.setToolButtonStyle(of_add)
            self._options.shrink()
            if self.sizeHint().width() <= self.width():
                break
        self._options.sum_up()
        layout = self.layout()
        if layout is not None:
            layout.activate()

    def _dress(self) -> None:
        white = "#10151b" if theme.is_dark(self.palette()) else "#ffffff"
        self.add.setIcon(icons.icon_in("add", QColor(white)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Say what there is room for."""
        self._fit()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "add"):
            self._dress()
