"""What the models dialog asks: confirmations, a file to import, and a Hugging Face token."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.gui import theme
from fi_desktop.gui.models_dialog.model_list import ModelLabels
from fi_desktop.gui.widgets import FileDialog, message_box
from fi_desktop.models import catalog
from fi_desktop.models.catalog import HUB, TOKENS_PAGE, CatalogEntry


class ModelPrompts(QObject):
    """Asks before a model is downloaded, trusted, replaced or removed; one prompt at a time."""

    def __init__(self, labels: ModelLabels, host: str, window: QWidget) -> None:
        """Ask above `window`; `host`: the source of downloads."""
        super().__init__(window)
        self._labels, self._host, self._window = labels, host, window
        self._open: QMessageBox | QFileDialog | None = None

    def confirm_download(self, known: CatalogEntry, accepted: Callable[[], None], *, repair: bool) -> None:
        """Ask whether to download a model; `repair`: only its damaged or missing files."""
        size = self._labels.size(known.about_bytes)
        repos = ", ".join(source.repo for source in known.sources)
        question = self.tr("Repair {title}?") if repair else self.tr("Download {title}?")
        amount = self.tr("At most {size}") if repair else self.tr("About {size}")
        self._ask(
            question.format(title=known.title),
            self.tr(
                "{size} will be downloaded from {host} ({repos}). Your recordings are never sent anywhere: "
                "the model runs on this computer."
            ).format(size=amount.format(size=size), host=self._host, repos=repos),
            self.tr("Download"),
            self.tr("Not now"),
            accepted,
            cautious=False,
        )

    def confirm_trust(self, warning: str, accepted: Callable[[], None]) -> None:
        """Ask whether to trust a pack whose weights may run code."""
        question = self.tr("Do you trust the source of this model?")
        self._ask(question, warning, self.tr("I trust it: import"), self.tr("Do not import"), accepted)

    def confirm_replace(self, explanation: str, accepted: Callable[[], None]) -> None:
        """Ask whether to replace an installed pack."""
        question = self.tr("Replace the installed model?")
        self._ask(question, explanation, self.tr("Replace"), self.tr("Keep"), accepted)

    def confirm_remove(self, name: str, accepted: Callable[[], None]) -> None:
        """Ask whether to delete a pack."""
        question = self.tr("Remove {title}?").format(title=catalog.title(name))
        more = self.tr("Its files are deleted. Results made with it are kept.")
        self._ask(question, more, self.tr("Remove"), self.tr("Keep"), accepted)

    def choose_path(self, *, folder: bool, chosen: Callable[[str], None]) -> None:
        """Ask for a zip archive or a folder to import."""
        if self._open is not None:
            return
        dialog = FileDialog(self._window, self.tr("Import a model"))
        if folder:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        else:
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
            dialog.setNameFilters([self.tr("Model files (*.zip)"), self.tr("All files (*)")])
        dialog.fileSelected.connect(chosen)
        self._show(dialog)

    def _ask(
        self,
        question: str,
        more: str,
        yes: str,
        no: str,
        accepted: Callable[[], None],
        *,
        cautious: bool = True,
    ) -> None:
        if self._open is not None:
            return
        box = message_box(self._window, QMessageBox.Icon.Question, self.tr("Models"), question, more)
        accept = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
        reject = box.addButton(no, QMessageBox.ButtonRole.RejectRole)
        box.setEscapeButton(reject)
        box.setDefaultButton(reject if cautious else accept)
        accept.clicked.connect(lambda: accepted())
        self._show(box)

    def _show(self, dialog: QMessageBox | QFileDialog) -> None:
        self._open = dialog
        dialog.finished.connect(self._on_finished)
        dialog.open()

    @Slot()
    def _on_finished(self) -> None:
        if self._open is not None:
            self._open.deleteLater()
            self._open = None


class TokenPanel(QWidget):
    """Explains how to get a Hugging Face token, and asks for it; the panel does not keep it.

    Attributes:
        field: the token.
        go: accepts the token.
        leave: closes the panel.

    Signals:
        token_given: the pack's name and the token.
        left: the panel was closed without a token.
    """

    token_given = Signal(str, str)
    left = Signal()

    def __init__(self, labels: ModelLabels, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = labels
        self._name = ""
        self.setAutoFillBackground(True)
        self._title = QLabel(self)
        self._title.setFont(theme.scaled(self.font(), 1.08, QFont.Weight.DemiBold))
        self._problem, self._steps = QLabel(self), QLabel(self)
        self._problem.setTextFormat(Qt.TextFormat.PlainText)
        self._steps.setTextFormat(Qt.TextFormat.RichText)
        self._steps.setOpenExternalLinks(True)
        self._steps.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self._steps.setAccessibleName(self.tr("What to do"))
        for label in (self._problem, self._steps):
            label.setWordWrap(True)
        self.field = QLineEdit(self)
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.field.setPlaceholderText(self.tr("hf_…"))
        self.field.setAccessibleName(self.tr("Hugging Face token"))
        self.field.setMinimumHeight(30)
        self.go, self.leave = QPushButton(self.tr("Download"), self), QPushButton(self.tr("Not now"), self)
        self.go.setObjectName("primary")
        self.leave.setObjectName("plain")
        for button in (self.go, self.leave):
            button.setAccessibleName(button.text())
            button.setAutoDefault(False)
        note = QLabel(
            self.tr(
                "The token is saved in this computer's keyring; without a keyring, it is used once and not "
                "saved. It is sent to huggingface.co only. Your recordings are never sent anywhere."
            ),
            self,
        )
        note.setObjectName("quiet")
        note.setWordWrap(True)
        self.field.textChanged.connect(self._on_text_changed)
        self.field.returnPressed.connect(self._on_go)
        self.go.clicked.connect(self._on_go)
        self.leave.clicked.connect(self._on_leave)
        entry = QHBoxLayout()
        entry.setSpacing(8)
        entry.addWidget(self.field, 1)
        entry.addWidget(self.go)
        entry.addWidget(self.leave)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(8)
        for widget in (self._title, self._problem, self._steps):
            column.addWidget(widget)
        column.addLayout(entry)
        column.addWidget(note)
        self.hide()

    @property
    def problem(self) -> str:
        """Why the last token was rejected, or ""."""
        return self._problem.text()

    def ask(self, known: CatalogEntry, problem: str = "") -> None:
        """Ask for a pack's token; `problem`: why the last one was rejected."""
        self._name = known.name
        self._title.setText(self.tr("{title} needs a free Hugging Face account").format(title=known.title))
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        pages = [f"{HUB}/{source.repo}" for source in known.sources if source.gated]
        links = ", ".join(self._link(page, page.removeprefix(f"{HUB}/")) for page in dict.fromkeys(pages))
        steps = [
            self.tr("Sign in and accept the conditions of {pages}.").format(pages=links),
            self.tr("Create an access token with read permission: {page}.").format(
                page=self._link(TOKENS_PAGE, TOKENS_PAGE.removeprefix("https://"))
            ),
            self.tr("Paste it here. About {size} will then be downloaded from huggingface.co.").format(
                size=escape(self._labels.size(known.about_bytes))
            ),
        ]
        self._steps.setText("<br>".join(f"{number}.&nbsp; {step}" for number, step in enumerate(steps, 1)))
        self.field.clear()
        self._on_text_changed("")
        self._apply_theme()
        self.show()
        self.field.setFocus()

    def _link(self, address: str, text: str) -> str:
        colour = theme.tone("info", self.palette()).name()
        return f'<a href="{escape(address)}" style="color: {colour}">{escape(text)}</a>'

    def _apply_theme(self) -> None:
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.WindowText, theme.tone("bad", self.palette()))
        self._problem.setPalette(palette)

    @Slot(str)
    def _on_text_changed(self, text: str) -> None:
        self.go.setEnabled(bool(text.strip()))

    @Slot()
    def _on_go(self) -> None:
        token = self.field.text().strip()
        if not token:
            return
        self.field.clear()
        self.hide()
        self.token_given.emit(self._name, token)

    @Slot()
    def _on_leave(self) -> None:
        self.field.clear()
        self.hide()
        self.left.emit()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "field"):
            self._apply_theme()
