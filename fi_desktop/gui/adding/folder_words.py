"""What is said of watched folders."""

from __future__ import annotations

from PySide6.QtCore import QDateTime, QLocale, QObject

from fi_desktop.core.names import one_line
from fi_desktop.gui import errors
from fi_desktop.watch.watched import FolderState, Look, WatchedFolder


class FolderWords(QObject):
    """Words for how watched folders do."""

    def state(self, look: Look | None) -> str:
        """Return how a folder does; None: nobody has looked yet."""
        if look is None:
            return self.tr("Is looked at for the first time…")
        parts = [self._watching(look)]
        if look.growing:
            parts.append(self.tr("%Ln still being written", "", look.growing))
        if look.locked:
            parts.append(self.tr("%Ln cannot be opened", "", look.locked))
        if look.left_out.unreadable:
            parts.append(self.tr("%Ln folder(s) cannot be read", "", len(look.left_out.unreadable)))
        if look.left_out.others:
            others = self.tr("%Ln file(s) of other kinds left out ({kinds})", "", look.left_out.number)
            parts.append(others.format(kinds=one_line(look.left_out.kinds)))
        if look.taken:
            parts.append(self.tr("%Ln taken", "", look.taken))
        if look.last_at is not None:
            parts.append(self.tr("last {moment}").format(moment=_moment(look.last_at)))
        return ", ".join(parts)

    def trouble(self, folder: WatchedFolder, look: Look) -> str:
        """Return a sentence for what keeps a folder from being watched; "": nothing does."""
        name = one_line(folder.path.name or str(folder.path))
        match look.state:
            case FolderState.GONE:
                return self.tr(
                    "The watched folder “{name}” is not there now; it is looked for again."
                ).format(name=name)
            case FolderState.UNREADABLE:
                return self.tr("The watched folder “{name}” cannot be read: {reason}.").format(
                    name=name, reason=look.reason
                )
            case FolderState.REFUSED if look.refusal is not None:
                return self.tr("The watched folder “{name}”: {reason}").format(
                    name=name, reason=errors.sentence(look.refusal)
                )
            case _:
                return ""

    def _watching(self, look: Look) -> str:
        match look.state:
            case FolderState.WATCHING:
                return self.tr("Watching")
            case FolderState.GONE:
                return self.tr("Not there now")
            case FolderState.UNREADABLE:
                return self.tr("Cannot be read ({reason})").format(reason=look.reason)
            case FolderState.REFUSED:
                return self.tr("Watching; nothing can be taken now")


def _moment(at: float) -> str:
    """Return the time of day, with the date where that is not today."""
    moment, form = QDateTime.fromSecsSinceEpoch(int(at)), QLocale.FormatType.ShortFormat
    if moment.date() == QDateTime.currentDateTime().date():
        return QLocale().toString(moment.time(), form)
    return QLocale().toString(moment, form)
