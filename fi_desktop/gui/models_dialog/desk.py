"""Does what the models dialog is asked for, and knows what is under way."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from fi_desktop.core.messages import verbatim
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.models_dialog import work as work_on
from fi_desktop.gui.models_dialog.row import Doing
from fi_desktop.gui.models_dialog.work import Meter, Outcome
from fi_desktop.models import find, library, remove, token, verify
from fi_desktop.models.catalog import HUB, Known
from fi_desktop.models.download import discard, install
from fi_desktop.models.hub import Hub
from fi_desktop.models.importing import import_pack
from fi_desktop.models.library import Report
from fi_desktop.system.files import resource
from fi_desktop.viewmodel import models_state as state


class ModelsDesk(QObject):
    """Carries out one thing a model at a time, each on a thread of its own.

    Attributes:
        meters: how far each model's work is, by the pack's name.
        doing: what the work is.
        importing: how far the import is; None where none runs.

    Signals:
        shelf_read: a `Shelf`: what is there now.
        token_recalled: the pack that it is for, and the token, or "" where none was kept.
        token_kept: the pack that it is for, the token, and whether a keyring took it.
        fetched, checked, removed: the pack's name and an `Outcome`.
        imported: the path that it was imported from, and an `Outcome`.
        broken: a sentence for what nobody foresaw.
    """

    shelf_read = Signal(object)
    token_recalled = Signal(str, str)
    token_kept = Signal(str, str, bool)
    fetched = Signal(str, object)
    checked = Signal(str, object)
    removed = Signal(str, object)
    imported = Signal(str, object)
    broken = Signal(str)

    def __init__(self, root: Path, bridge: Bridge, parent: QObject, *, address: str = HUB) -> None:
        """Work on the models below `root`; `address`: the hub's."""
        super().__init__(parent)
        self.meters: dict[str, Meter] = {}
        self.doing: dict[str, Doing] = {}
        self.importing: Meter | None = None
        self._unwanted: set[str] = set()  # what is to be deleted once it has stopped
        self._root, self._bundle = root, resource("models")
        self._bridge, self._address = bridge, address

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self.meters) or self.importing is not None

    def look(self) -> None:
        """Read what is there; `shelf_read` follows."""
        work = partial(state.look, self._root, self._bundle)
        self._bridge.run_task(work, self._on_looked, self._on_broken)

    def recall_token(self, name: str) -> None:
        """Look for the person's token; `token_recalled` follows."""
        done = partial(self._on_recalled, name)
        work_on.in_thread(token.recall, self._bridge, done, self._on_broken)

    def keep_token(self, name: str, given: str) -> None:
        """Keep a token where that is safe; `token_kept` follows."""
        done = partial(self._on_kept, name, given)
        work_on.in_thread(partial(token.keep, given), self._bridge, done, self._on_broken)

    def fetch(self, known: Known, given: str = "", *, replace: bool = False) -> None:
        """Fetch a pack, or go on with it; `given`: the person's token. `fetched` follows."""
        root, address = self._root, self._address

        def deed(report: Report) -> None:
            install(known, root, Hub(address, token=given or None), report=report, replace=replace)

        self._start(known.name, Doing.FETCHING, deed)

    def check(self, name: str) -> None:
        """Compare every byte of a pack; `checked` follows."""
        roots = (self._bundle, self._root)

        def deed(report: Report) -> None:
            pack = find(name, roots)
            if pack is None:
                raise library.missing(name)
            verify(pack, report)

        self._start(name, Doing.CHECKING, deed)

    def stop(self, name: str) -> None:
        """Stop what is done with a pack; what has come of it is kept."""
        if name in self.meters:
            self.meters[name].stopping = True

    def cancel(self, name: str) -> None:
        """Stop what is done with a pack, and delete what has come of it; `shelf_read` follows."""
        if name not in self.meters:
            self._forget(name)
            return
        if self.doing[name] is Doing.FETCHING:
            self._unwanted.add(name)
        self.stop(name)

    def stop_all(self) -> None:
        """Stop everything."""
        for meter in (*self.meters.values(), *([self.importing] if self.importing else [])):
            meter.stopping = True

    def remove(self, name: str) -> None:
        """Delete a pack; `removed` follows."""
        root, bundle = self._root, self._bundle
        ended = partial(self._on_removed, name)
        work_on.start(
            lambda _report: remove(name, root, bundled=(bundle,)), self._bridge, ended, self._on_broken
        )

    def bring(self, path: str, *, approved: bool = False, replace: bool = False) -> None:
        """Import a pack from a folder or archive; `imported` follows."""
        root = self._root

        def deed(report: Report) -> None:
            import_pack(Path(path), root, report=report, approved=approved, replace=replace)

        ended, broken = partial(self._on_imported, path), partial(self._on_import_broken, path)
        self.importing = work_on.start(deed, self._bridge, ended, broken)

    def stop_bringing(self) -> None:
        """Stop the import; nothing is left of it."""
        if self.importing is not None:
            self.importing.stopping = True

    def _start(self, name: str, doing: Doing, deed: work_on.Deed) -> None:
        if name in self.meters:
            return
        self.doing[name] = doing
        ended, broken = partial(self._on_ended, name), partial(self._on_work_broken, name)
        self.meters[name] = work_on.start(deed, self._bridge, ended, broken)

    def _forget(self, name: str) -> None:
        self._bridge.run_task(partial(discard, name, self._root), self._on_forgotten, self._on_broken)

    def _on_ended(self, name: str, outcome: Outcome) -> None:
        del self.meters[name]
        told = self.fetched if self.doing.pop(name) is Doing.FETCHING else self.checked
        told.emit(name, outcome)
        if name in self._unwanted:
            self._unwanted.discard(name)
            self._forget(name)
        else:
            self.look()

    def _on_work_broken(self, name: str, sentence: str) -> None:
        self._on_ended(name, Outcome("models.bug", verbatim(sentence)))

    def _on_removed(self, name: str, outcome: Outcome) -> None:
        self.removed.emit(name, outcome)
        self.look()

    def _on_imported(self, path: str, outcome: Outcome) -> None:
        self.importing = None
        self.imported.emit(path, outcome)
        self.look()

    def _on_import_broken(self, path: str, sentence: str) -> None:
        self._on_imported(path, Outcome("models.bug", verbatim(sentence)))

    def _on_looked(self, shelf: state.Shelf) -> None:
        self.shelf_read.emit(shelf)

    def _on_recalled(self, name: str, kept: str | None) -> None:
        self.token_recalled.emit(name, kept or "")

    def _on_kept(self, name: str, given: str, kept: bool) -> None:
        self.token_kept.emit(name, given, kept)

    def _on_forgotten(self, _nothing: None) -> None:
        self.look()

    def _on_broken(self, sentence: str) -> None:
        self.broken.emit(sentence)
        self.look()
