"""Where a result went: a kind of place and a code of the folder; a path may hold a name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.audit.trail import AuditTrail
from fi_desktop.system.data_folder import is_on_network

STDOUT = "terminal"
CLIPBOARD = "clipboard"
DRAGGED = "another program"
PRINTER = "printer"

_REMOVABLE = ("/media", "/run/media", "/mnt", "/Volumes")


def place_of(folder: Path) -> str:
    """Return what kind of place a folder is."""
    resolved = folder.absolute().resolve()
    try:
        if is_on_network(resolved):
            return "network"
    except OSError:  # the drive is gone
        return "other"
    if any(resolved.is_relative_to(root) for root in _REMOVABLE):
        return "drive"
    return "home" if resolved.is_relative_to(Path.home()) else "other"


def exported(trail: AuditTrail, job: int | None, format: str, target: Path, **detail: object) -> Act:
    """Return the act of writing a result to a file.

    format: a key of the table of exporters; detail: what else is to be recorded, without names.
    """
    return Act(ActKind.EXPORTED, job, detail={"format": format, **_where(trail, target), **detail})


def _where(trail: AuditTrail, target: Path) -> dict[str, str | None]:
    return {
        "place": place_of(target.parent),
        "folder": trail.code(str(target.parent.absolute())),
        "file": trail.code(target.name),
    }


def record_exports(
    trail: AuditTrail | None, files: Iterable[tuple[int | None, Path]], format: str, *, dragged: bool = False
) -> None:
    """Record that results are about to be written: their jobs and files."""
    if trail is None:
        return
    if dragged:
        detail = {"format": format, "place": DRAGGED}
        acts = [Act(ActKind.EXPORTED, job, detail=detail) for job, _ in files]
    else:
        acts = [exported(trail, job, format, target) for job, target in files]
    if acts:
        trail.record_first(*acts)


def record_prints(trail: AuditTrail | None, jobs: Iterable[int | None], file: Path | None) -> None:
    """Record that results are about to be printed. `file`: into this file; None: by a printer."""
    if trail is None:
        return
    where = _where(trail, file) if file is not None else {"place": PRINTER}
    trail.record_first(*(Act(ActKind.PRINTED, job, detail=where) for job in jobs))
