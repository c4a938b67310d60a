"""The list of models: one row each, under a heading for each kind."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QLocale, QObject, Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.gui import labels, theme, widgets
from fi_desktop.gui.language import language_name
from fi_desktop.models import PackKind, catalog
from fi_desktop.models.manifest import UNKNOWN_LICENCE
from fi_desktop.viewmodel.catalog_state import Activity, CatalogState, ModelEntry, TaskProgress


class ModelLabels(QObject):
    """Texts about models, in the person's language."""

    def kind(self, kind: PackKind) -> str:
        """Return the heading of a kind of model."""
        match kind:
            case PackKind.PYANNOTE:
                return self.tr("Identify speakers")
            case PackKind.WHISPER:
                return self.tr("Transcribe speech")

    def purpose(self, name: str) -> str:
        """Return what a model is good for."""
        match name:
            case "speaker-diarization-community-1":
                return self.tr("An alternative to the built-in engine, for comparison.")
            case "speaker-diarization-3.1":
                return self.tr("The previous generation, for results comparable with older ones.")
            case "faster-whisper-large-v3":
                return self.tr("The fewest mistakes. Slow without a graphics card.")
            case "faster-whisper-large-v3-turbo":
                return self.tr("Nearly as accurate as Large v3, and several times faster.")
            case "faster-whisper-medium":
                return self.tr("Accurate, but takes time without a graphics card.")
            case "faster-whisper-small":
                return self.tr("A good balance on a laptop.")
            case "faster-whisper-base":
                return self.tr("Fast, with more mistakes.")
            case "faster-whisper-tiny":
                return self.tr("The fastest, for trying things out.")
        return self.tr("Imported from a file.")

    def facts(self, entry: ModelEntry) -> str:
        """Return size, licence and languages in one line."""
        size = self.size(entry.size_bytes)
        parts = [
            size if entry.installed else self.tr("about {size}").format(size=size),
            self.licence(entry.licence),
            self.languages(entry.languages),
        ]
        return "  ·  ".join(parts)

    def licence(self, licence: str) -> str:
        """Return an SPDX licence expression as text."""
        if licence == UNKNOWN_LICENCE:
            return self.tr("unknown licence")
        return licence.replace(" AND ", self.tr(" and "))

    def languages(self, codes: tuple[str, ...]) -> str:
        """Return the names of languages; no codes: any language."""
        if not codes:
            return self.tr("any language")
        return ", ".join(map(language_name, codes))

    def size(self, count: int) -> str:
        """Return a number of bytes as text: "3.1 GB"."""
        decimals = 1 if 1e9 <= count < 1e11 else 0
        return QLocale().formattedDataSize(count, decimals, QLocale.DataSizeFormat.DataSizeSIFormat)

    def progress(self, done: int, total: int, bytes_per_s: float) -> str:
        """Return a download's progress: "412 MB of 3.1 GB · 12 MB/s · 4 min left"."""
        parts = [self.tr("{done} of {total}").format(done=self.size(done), total=self.size(total))]
        if bytes_per_s >= 1000 and done < total:
            parts.append(self.tr("{size}/s").format(size=self.size(round(bytes_per_s))))
            parts.append(self.time_left((total - done) / bytes_per_s))
        return "  ·  ".join(parts)

    def time_left(self, seconds: float) -> str:
        """Return the approximate remaining time as text."""
        if seconds < 60:
            return self.tr("less than a minute left")
        if seconds < 5400:
            return self.tr("{minutes} min left").format(minutes=round(seconds / 60))
        return self.tr("{hours} h left").format(hours=round(seconds / 3600))


class ModelRow(QWidget):
    """Shows one model.

    Attributes:
        name: the pack's.
        install, pause, cancel, check, remove: the buttons; only those that apply are visible.

    Signals (each with the pack's name):
        install_asked: install the model, resume its download, or repair it.
        pause_asked: stop the download and keep its files.
        cancel_asked: stop the download and delete its files.
        check_asked: verify the model's files.
        remove_asked: delete the model.
    """

    install_asked = Signal(str)
    pause_asked = Signal(str)
    cancel_asked = Signal(str)
    check_asked = Signal(str)
    remove_asked = Signal(str)

    def __init__(self, entry: ModelEntry, labels: ModelLabels, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = entry.name
        self._labels = labels
        self._entry = entry
        self._activity = Activity.NONE
        self._tone = "neutral"
        self._title, self._icon, self._state = QLabel(self), QLabel(self), QLabel(self)
        self._title.setFont(theme.scaled(self.font(), 1.08, QFont.Weight.DemiBold))
        self._purpose, self._facts, self._trouble = QLabel(self), QLabel(self), QLabel(self)
        self._facts.setObjectName("quiet")
        for label in (self._purpose, self._facts, self._trouble):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)  # texts from a manifest
        self._facts.setFont(theme.scaled(self.font(), 0.93))
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(8)
        self._bar.setRange(0, 1000)
        self._progress = QLabel(self)
        self._progress.setObjectName("quiet")
        self._progress.setFont(theme.tabular(theme.scaled(self.font(), 0.93)))
        self.install, self.pause = self._button(self.install_asked), self._button(self.pause_asked)
        self.cancel, self.check = self._button(self.cancel_asked), self._button(self.check_asked)
        self.remove = self._button(self.remove_asked)
        self._lay_out()
        self.show_entry(entry, Activity.NONE)

    @property
    def state(self) -> str:
        """The model's state as shown."""
        return self._state.text()

    @property
    def activity(self) -> Activity:
        """The task that runs on the model."""
        return self._activity

    def show_entry(self, entry: ModelEntry, activity: Activity) -> None:
        """Show the model's state and running task."""
        self._entry, self._activity = entry, activity
        title = catalog.title(entry.name)
        self._title.setText(title)
        self._title.setToolTip(widgets.plain_tooltip(f"{entry.name}\n{entry.attribution}"))
        self._purpose.setText(self._labels.purpose(entry.name))
        self._facts.setText(self._labels.facts(entry))
        self._trouble.setText(labels.sentence(entry.trouble))
        self._trouble.setVisible(bool(entry.trouble))
        busy = activity is not Activity.NONE
        paused = bool(entry.fetched_bytes) and not entry.installed and not busy
        self._bar.setVisible(busy or paused)
        self._progress.setVisible(busy or paused)
        if paused:
            self._show_progress(entry.fetched_bytes, max(entry.fetched_bytes, entry.size_bytes), 0.0)
        state = self._update_state(paused=paused)
        self._name_buttons(title, paused=paused)
        self.install.setVisible(not busy and entry.known and (not entry.installed or bool(entry.trouble)))
        self.pause.setVisible(activity is Activity.DOWNLOADING)
        self.cancel.setVisible(busy or paused)
        self.check.setVisible(not busy and entry.installed and not entry.trouble)
        self.remove.setVisible(not busy and entry.installed and not entry.bundled)
        self.setAccessibleName(title)
        self.setAccessibleDescription(f"{state}. {self._purpose.text()} {self._facts.text()}")
        self._apply_theme()

    def show_progress(self, progress: TaskProgress, now: float) -> None:
        """Show a task's progress; `now`: seconds, monotonic."""
        rate = progress.bytes_per_s(now)
        if progress.stopping:
            self._state.setText(self.tr("Stopping…"))
            self.pause.setEnabled(False)
            self.cancel.setEnabled(False)
        elif progress.total:
            self._show_progress(progress.done, progress.total, rate)
        else:
            self._progress.setText(self.tr("Connecting…"))

    def _update_state(self, *, paused: bool) -> str:
        match self._activity:
            case Activity.DOWNLOADING:
                text, self._tone = self.tr("Downloading"), "info"
            case Activity.CHECKING:
                text, self._tone = self.tr("Checking"), "info"
            case _ if self._entry.trouble:
                text, self._tone = self.tr("Cannot be used"), "bad"
            case _ if self._entry.bundled:
                text, self._tone = self.tr("Included"), "good"
            case _ if self._entry.installed:
                text, self._tone = self.tr("Installed"), "good"
            case _ if paused:
                text, self._tone = self.tr("Paused"), "warn"
            case _:
                text, self._tone = self.tr("Needs a free account") if self._entry.gated else "", "neutral"
                if self._entry.recommended:
                    text, self._tone = self.tr("Recommended for this computer"), "good"
        self._state.setText(text)
        return text or self.tr("Not installed")

    def _name_buttons(self, title: str, *, paused: bool) -> None:
        label = self.tr("Repair") if self._entry.installed else self.tr("Install…")
        texts = {
            self.install: self.tr("Resume") if paused else label,
            self.pause: self.tr("Pause"),
            self.cancel: self.tr("Cancel"),
            self.check: self.tr("Check"),
            self.remove: self.tr("Remove…"),
        }
        for button, text in texts.items():
            button.setText(text)
            button.setAccessibleName(f"{text.removesuffix('…')}: {title}")
            button.setEnabled(True)
        self._bar.setAccessibleName(self.tr("Progress: {title}").format(title=title))

    def _show_progress(self, done: int, total: int, rate: float) -> None:
        self._bar.setValue(round(1000 * done / total) if total else 0)
        self._progress.setText(self._labels.progress(done, total, rate))

    def _button(self, signal: SignalInstance) -> QPushButton:
        button = QPushButton(self)
        button.setObjectName("plain")
        button.setAutoDefault(False)
        button.clicked.connect(lambda: signal.emit(self.name))
        return button

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._title)
        head.addSpacing(8)
        head.addWidget(self._icon)
        head.addWidget(self._state)
        head.addStretch()
        text = QVBoxLayout()
        text.setSpacing(3)
        text.addLayout(head)
        text.addWidget(self._purpose)
        text.addWidget(self._facts)
        text.addWidget(self._trouble)
        text.addSpacing(3)
        text.addWidget(self._bar)
        text.addWidget(self._progress)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 13, 24, 12)
        row.setSpacing(8)
        row.addLayout(text, 1)
        row.addSpacing(16)
        for button in (self.install, self.pause, self.check, self.cancel, self.remove):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)

    def _apply_theme(self) -> None:
        colour = theme.tone(self._tone, self.palette())
        names = {"good": "state-completed", "bad": "error", "warn": "state-retrying", "info": "state-running"}
        self._icon.setVisible(self._tone in names)
        self._emphasize_install()
        if self._tone in names:
            self._icon.setPixmap(theme.pixmap(names[self._tone], 16, colour, self.devicePixelRatioF()))
        for label, tone in ((self._state, self._tone), (self._trouble, "bad")):
            palette = QPalette(self.palette())
            palette.setColor(label.foregroundRole(), theme.tone(tone, self.palette()))
            label.setPalette(palette)

    def _emphasize_install(self) -> None:
        """Emphasize the install button of the recommended model."""
        name = "primary" if self._entry.recommended and self._activity is Activity.NONE else "plain"
        if self.install.objectName() != name:
            self.install.setObjectName(name)
            self.install.style().polish(self.install)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "remove"):
            self._apply_theme()


class ModelsList(QScrollArea):
    """Shows all models under their headings, in a fixed order.

    Attributes:
        rows: by the pack's name.
    """

    def __init__(self, labels: ModelLabels, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: dict[str, ModelRow] = {}
        self._labels = labels
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Models"))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._page = QWidget(self)
        self._page.setAutoFillBackground(True)
        self._page.setBackgroundRole(QPalette.ColorRole.Base)
        self._column = QVBoxLayout(self._page)
        self._column.setContentsMargins(0, 0, 0, 12)
        self._column.setSpacing(0)
        self._sections = {kind: self._section(kind) for kind in PackKind}
        self._column.addStretch()
        self.setWidget(self._page)

    def show_catalog(self, state: CatalogState, activity: dict[str, Activity]) -> list[ModelRow]:
        """Show the catalog's state; return the new rows."""
        names = {entry.name for entry in state.models}
        for name in [name for name in self.rows if name not in names]:
            row = self.rows.pop(name)
            row.hide()
            row.deleteLater()
        new: list[ModelRow] = []
        rows_at = dict.fromkeys(PackKind, 1)  # index 0 is the heading
        for entry in state.models:
            if entry.name not in self.rows:
                row = self.rows[entry.name] = ModelRow(entry, self._labels, self._page)
                self._sections[entry.kind].insertWidget(rows_at[entry.kind], row)
                new.append(row)
                if entry.recommended:  # scroll there after the layout
                    QTimer.singleShot(0, self, partial(self.ensureWidgetVisible, row))
            rows_at[entry.kind] += 1
            self.rows[entry.name].show_entry(entry, activity.get(entry.name, Activity.NONE))
        return new

    def _section(self, kind: PackKind) -> QVBoxLayout:
        holder = QWidget(self._page)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        heading = QLabel(self._labels.kind(kind), holder)
        heading.setObjectName("quiet")
        heading.setFont(theme.scaled(self.font(), 0.95, QFont.Weight.DemiBold))
        heading.setContentsMargins(24, 16, 24, 2)
        column.addWidget(heading)
        self._column.addWidget(holder)
        return column
