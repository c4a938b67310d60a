"""Downloads packs from the hub; can be interrupted at any byte, and continues from there.

Partial files are kept in `<root>/.partial/<name>`. Each file is checked against the hash in `pins.py`,
including what an earlier attempt left.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.models import library, manifest
from fi_desktop.models.catalog import CatalogEntry
from fi_desktop.models.hub import Hub, HubClient, HubFile
from fi_desktop.models.library import Report
from fi_desktop.models.manifest import Pack, PackFile, PackKind, check_distinct, check_path
from fi_desktop.models.structure import CONFIG, check_structure, localized
from fi_desktop.system import log
from fi_desktop.system.files import disk_full, is_disk_full, write_whole

_PART = ".part"


def install(entry: CatalogEntry, root: Path, hub: Hub, *, report: Report, replace: bool = False) -> Pack:
    """Download a pack and add it below `root`; return it.

    Args:
        entry: the pack.
        root: folder of the packs.
        hub: where it comes from.
        report: called several times a second; an exception from it stops the download, and a later call
            continues it.
        replace: whether to download an installed pack again; its intact files are reused.

    Raises:
        UserError: models.already, models.no_room, models.busy, models.incomplete, models.needs_token,
            models.bad_token, models.gated, models.not_offered, models.other_file.
        TransientError: models.damaged, models.cut, models.offline, models.untrusted, models.proxy,
            models.hub_trouble, models.odd_answer, disk.full.
    """
    if not replace:
        library.check_name_is_free(root, entry.name)
    with library.locked_partial_folder(root, entry.name) as folder:
        report(0, entry.about_bytes)
        with HubClient(hub, library.partial_folder(root, "hub-client")) as client:
            try:
                files = _files_of(entry, client, lambda: report(0, entry.about_bytes))
                download = _Download(entry, files, folder, client, report)
                download.remove_obsolete()
                for path in files:
                    download.reuse(path, root / entry.name)
                library.check_disk_space(root, download.missing_bytes)
                for path in files:
                    download.fetch(path)
                pack = download.finish()
            except OSError as error:
                if is_disk_full(error):
                    raise disk_full() from error
                raise
        library.add(folder, root / entry.name)
    log.event("MODELS_INSTALLED", pack=pack.name, version=pack.version)
    return library.find(entry.name, (root,)) or pack


def fetched_bytes(name: str, root: Path) -> int:
    """Return the size of what an earlier download of a pack has left."""
    total = 0
    for path in library.partial_folder(root, name).rglob("*"):
        with suppress(FileNotFoundError):  # renamed when complete
            found = path.stat()
            total += found.st_size if stat.S_ISREG(found.st_mode) else 0
    return total


def discard(name: str, root: Path) -> None:
    """Delete what an earlier download of a pack has left.

    Raises:
        UserError: models.busy.
    """
    with library.locked_partial_folder(root, name) as folder:
        shutil.rmtree(folder, ignore_errors=True)


def _files_of(entry: CatalogEntry, client: HubClient, wait: Callable[[], None]) -> dict[str, HubFile]:
    """Ask the hub for a pack's files, which are pinned; return them by their paths in the pack."""
    files: dict[str, HubFile] = {}
    for source in entry.sources:
        listed = {file.path: file for file in client.files(source.repo, source.commit, wait)}
        for path, sha256 in source.hashes.items():
            file, host = listed.get(path), client.hub.host
            if file is None:
                raise UserError(messages.MODELS_NOT_OFFERED, host=host, repo=source.repo)
            if file.sha256 not in ("", sha256):
                raise UserError(messages.MODELS_OTHER_FILE, host=host, path=path)
            inside = check_path(f"{source.into}/{path}" if source.into else path)
            files[inside] = HubFile(file.repo, file.revision, path, file.size, sha256)
    check_distinct(files)
    check_structure(entry.kind, entry.name, files, b"")
    return files


class _Download:
    """Downloads the files of one pack into a folder."""

    def __init__(
        self,
        entry: CatalogEntry,
        files: dict[str, HubFile],
        folder: Path,
        client: HubClient,
        report: Report,
    ) -> None:
        self._entry, self._files, self._folder = entry, files, folder
        self._client, self._report_bytes = client, report
        self._total_bytes = sum(file.size for file in files.values())
        self._done_bytes = 0  # of complete files

    @property
    def missing_bytes(self) -> int:
        """What is still to be downloaded."""
        parts = (self._part(path) for path in self._files)
        return self._total_bytes - self._done_bytes - sum(_size(part) for part in parts)

    def remove_obsolete(self) -> None:
        """Delete what an earlier attempt left of another revision."""
        useful = {self._folder / path for path in self._files} | {self._part(path) for path in self._files}
        for path in self._folder.rglob("*"):
            if path.is_file() and path not in useful:
                path.unlink()

    def reuse(self, path: str, installed: Path) -> None:
        """Keep an intact file of an earlier attempt, or of the installed pack that is to be replaced."""
        file, target, part = self._files[path], self._folder / path, self._part(path)
        if not self._is_intact(target, file):
            target.unlink(missing_ok=True)
            if self._is_intact(installed / path, file):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(installed / path, target)
        if target.exists():
            part.unlink(missing_ok=True)
            self._done_bytes += file.size
        elif _size(part) > file.size:
            part.unlink()
        self._report(_size(part))

    def fetch(self, path: str) -> None:
        """Download what is missing of a file, and check all of it."""
        file, target, part = self._files[path], self._folder / path, self._part(path)
        if target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        part.touch()

        def watch() -> None:
            if _size(part) > file.size:
                raise self._damaged(path)
            self._report(_size(part))

        if _size(part) < file.size:
            self._client.fetch(file, part, watch)
        if not self._is_intact(part, file):
            part.unlink()
            raise self._damaged(path)
        part.replace(target)
        self._done_bytes += file.size
        self._report()

    def finish(self) -> Pack:
        """Write the manifest; return the pack."""
        entry, folder = self._entry, self._folder
        if entry.kind is PackKind.PYANNOTE:
            write_whole(folder / CONFIG, localized((folder / CONFIG).read_bytes()))
        # config.yaml may have been rewritten
        files = tuple(
            PackFile(
                path,
                _size(folder / path),
                library.hash_file(folder / path) if path == CONFIG else file.sha256,
            )
            for path, file in self._files.items()
        )
        version = next(iter(self._files.values())).revision[:12]
        pack = Pack(entry.name, entry.kind, version, entry.licence, entry.attribution, (), files, folder)
        library.check(pack)
        manifest.write(pack, folder)
        return pack

    def _part(self, path: str) -> Path:
        """Return the partial file, which is specific to the content."""
        file, target = self._files[path], self._folder / path
        return target.with_name(f"{target.name}.{file.sha256[:16]}{_PART}")

    def _is_intact(self, path: Path, file: HubFile) -> bool:
        """Whether a file's content is the pinned one."""
        if not path.is_file() or _size(path) != file.size:
            return False
        return library.hash_file(path, lambda _read: self._report()) == file.sha256

    def _damaged(self, path: str) -> TransientError:
        return TransientError(messages.MODELS_DAMAGED, host=self._client.hub.host, path=path)

    def _report(self, part_bytes: int = 0) -> None:
        self._report_bytes(self._done_bytes + part_bytes, self._total_bytes)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
