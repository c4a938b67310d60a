"""Downloads packs from the hub; can be interrupted at any byte, and continues from there.

`huggingface_hub` runs in a child process: it is imported only on request, can be stopped at any moment even
if the network hangs, and may go online, which is forbidden in all other processes (see
`fi_desktop/__init__.py`). Partial files are kept in `<root>/.partial/<name>`. Each file is checked against
the hash that the hub states, including what an earlier attempt left.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import signal
import ssl
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http import HTTPStatus
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from fi_desktop import __version__
from fi_desktop.core import messages
from fi_desktop.core.errors import FiError, TransientError, UserError
from fi_desktop.models import library, manifest
from fi_desktop.models.catalog import HUB, TOKENS_PAGE, CatalogEntry
from fi_desktop.models.library import Report
from fi_desktop.models.manifest import Pack, PackFile, PackKind, check_distinct, check_path
from fi_desktop.models.structure import CONFIG, check_structure, localized
from fi_desktop.system import log
from fi_desktop.system.files import disk_full, is_disk_full, write_whole

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PART = ".part"
_TICK_S = 0.2  # between two looks at a growing file; also the longest wait for a cancelled download to stop
_TIMEOUT_S = 20  # without a single byte; the client retries several times
_CHUNK_BYTES = 1 << 16  # written at once; a killed download loses at most this much


@dataclass(frozen=True, slots=True)
class Hub:
    """A model hub.

    Attributes:
        address: an https address, or one of this computer.
        token: the person's, for gated packs.
    """

    address: str = HUB
    token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check the address.

        Raises:
            UserError: models.bad_address.
        """
        parts = urlsplit(self.address)
        if parts.hostname is None or not (parts.scheme == "https" or parts.hostname in _LOOPBACK):
            raise UserError(messages.MODELS_BAD_ADDRESS)

    @property
    def host(self) -> str:
        """The host's name, for people."""
        return urlsplit(self.address).netloc


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository.

    Attributes:
        repo: "owner/name".
        revision: the commit.
        path: in the repository.
        size: bytes.
        sha256: of a large file; "" for small ones.
        blob: git's SHA-1 of a small file; "" for large ones.
    """

    repo: str
    revision: str
    path: str
    size: int
    sha256: str
    blob: str


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
            models.bad_token, models.gated, models.not_offered.
        TransientError: models.damaged, models.cut, models.offline, models.untrusted, models.proxy,
            models.hub_trouble, models.odd_answer, disk.full.
    """
    if not replace:
        library.check_name_is_free(root, entry.name)
    with library.locked_partial_folder(root, entry.name) as folder:
        report(0, entry.about_bytes)
        with _HubClient(hub, library.partial_folder(root, "hub-client")) as client:
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


def _files_of(entry: CatalogEntry, client: _HubClient, wait: Callable[[], None]) -> dict[str, HubFile]:
    """Ask the hub for a pack's files; return them by their paths in the pack."""
    files: dict[str, HubFile] = {}
    for source in entry.sources:
        for file in client.files(source.repo, wait):
            if any(fnmatchcase(file.path, pattern) for pattern in source.patterns):
                files[check_path(f"{source.into}/{file.path}" if source.into else file.path)] = file
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
        client: _HubClient,
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
        files = tuple(
            PackFile(path, _size(folder / path), file.sha256 or library.hash_file(folder / path))
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
        return target.with_name(f"{target.name}.{(file.sha256 or file.blob)[:16]}{_PART}")

    def _is_intact(self, path: Path, file: HubFile) -> bool:
        """Whether a file's content is what the hub states."""
        if not path.is_file() or _size(path) != file.size:
            return False
        if file.sha256:
            return library.hash_file(path, lambda _read: self._report()) == file.sha256
        content = path.read_bytes()
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
        return blob.hexdigest() == file.blob

    def _damaged(self, path: str) -> TransientError:
        return TransientError(messages.MODELS_DAMAGED, host=self._client.hub.host, path=path)

    def _report(self, part_bytes: int = 0) -> None:
        self._report_bytes(self._done_bytes + part_bytes, self._total_bytes)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why the child process could not do what it was asked.

    Attributes:
        message: code of a message; "" if one of the others is set.
        status: HTTP status; 0 if there was no answer.
        errno: of a full disk; else 0.
    """

    message: str = ""
    status: int = 0
    errno: int = 0


class _HubClient:
    """The child process that runs huggingface_hub; a context manager that kills it at the end."""

    def __init__(self, hub: Hub, scratch: Path) -> None:
        """Prepare; `scratch` is where the library may write."""
        self.hub = hub
        context = multiprocessing.get_context("spawn")
        self._pipe, self._theirs = context.Pipe()
        arguments = (self._theirs, hub.address, hub.token, str(scratch))
        self._process = context.Process(target=_serve, args=arguments, daemon=True)

    def __enter__(self) -> Self:
        token = self.hub.token or ""
        if not token.isascii() or any(letter.isspace() for letter in token):  # cannot be sent
            raise self._refused(HTTPStatus.UNAUTHORIZED, "")
        self._process.start()
        self._theirs.close()
        return self

    def __exit__(self, *_error: object) -> None:
        self._pipe.close()
        self._process.kill()
        self._process.join()

    def files(self, repo: str, wait: Callable[[], None]) -> list[HubFile]:
        """Return what a repository holds now; `wait` is called meanwhile."""
        answer: list[HubFile] = self._ask(repo, repo, wait)
        return answer

    def fetch(self, file: HubFile, part: Path, wait: Callable[[], None]) -> None:
        """Append what is missing of a file to `part`; `wait` is called meanwhile."""
        self._ask((file, str(part)), file.repo, wait)

    def _ask(self, request: object, repo: str, wait: Callable[[], None]) -> Any:
        try:
            self._pipe.send(request)
            while not self._pipe.poll(_TICK_S):
                wait()
            answer = self._pipe.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError):  # it was killed
            raise TransientError(messages.MODELS_CUT, host=self.hub.host) from None
        if isinstance(answer, _Failure):
            raise self._error(answer, repo)
        return answer

    def _error(self, failure: _Failure, repo: str) -> Exception:
        if failure.errno:
            return OSError(failure.errno, os.strerror(failure.errno))
        if failure.status:
            return self._refused(failure.status, repo)
        return TransientError(messages.MESSAGES[failure.message], host=self.hub.host)

    def _refused(self, status: int, repo: str) -> FiError:
        page, host = f"{HUB}/{repo}", self.hub.host
        match status:
            case HTTPStatus.UNAUTHORIZED if not self.hub.token:
                return UserError(messages.MODELS_NEEDS_TOKEN, repo=repo, page=page, tokens=TOKENS_PAGE)
            case HTTPStatus.UNAUTHORIZED:
                return UserError(messages.MODELS_BAD_TOKEN, host=host, tokens=TOKENS_PAGE)
            case HTTPStatus.FORBIDDEN:
                return UserError(messages.MODELS_GATED, repo=repo, page=page)
            case HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
                return TransientError(messages.MODELS_PROXY)
            case HTTPStatus.NOT_FOUND:
                return UserError(messages.MODELS_NOT_OFFERED, host=host, repo=repo)
        return TransientError(messages.MODELS_HUB_TROUBLE, host=host, status=status)


def _serve(pipe: Connection, address: str, token: str | None, scratch: str) -> None:
    """Answer requests until the pipe is closed; the target of the child process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's to handle
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    os.environ |= {
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DOWNLOAD_TIMEOUT": str(_TIMEOUT_S),
        "HF_HUB_VERBOSITY": "critical",
        "HF_HOME": scratch,
    }
    from huggingface_hub import HfApi, constants, hf_hub_url
    from huggingface_hub.file_download import http_get

    constants.DOWNLOAD_CHUNK_SIZE = _CHUNK_BYTES
    api = HfApi(address, token or False, library_name="fi-desktop", library_version=__version__)
    headers = {"user-agent": f"fi-desktop/{__version__}"}
    if token:
        headers["authorization"] = f"Bearer {token}"  # not sent on to the storage that the hub redirects to

    def files(repo: str) -> list[HubFile]:
        info = api.model_info(repo, revision="main", files_metadata=True, timeout=_TIMEOUT_S)
        return [_hub_file(repo, info.sha, sibling) for sibling in info.siblings or ()]

    def fetch(file: HubFile, part: str) -> bool:
        url = hf_hub_url(file.repo, file.path, revision=file.revision, endpoint=address)
        with Path(part).open("r+b") as out:
            size = out.seek(0, os.SEEK_END)
            # not hf_hub_download: it deletes a partial file when it stops
            http_get(url, out, resume_size=size, headers=headers, expected_size=file.size)
            out.flush()
            os.fsync(out.fileno())
        return True

    while True:
        try:
            request = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(files(request) if isinstance(request, str) else fetch(*request))
        except Exception as error:  # noqa: BLE001 the child's edge: the parent turns it into a sentence
            pipe.send(_failure(error, listing=isinstance(request, str)))


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _hub_file(repo: str, revision: str | None, sibling: Any) -> HubFile:
    large = sibling.lfs
    size = large.size if large else sibling.size
    sha256, blob = (large.sha256, "") if large else ("", sibling.blob_id)
    if not revision or size is None or size < 0 or len(sha256 or blob) not in (40, 64):
        raise ValueError("no size or hash")
    return HubFile(repo, revision, sibling.rfilename, size, sha256, blob)


def _failure(error: Exception, *, listing: bool) -> _Failure:
    """Describe an exception of huggingface_hub, or of the HTTP library that it uses."""
    if status := getattr(getattr(error, "response", None), "status_code", 0):
        return _Failure(status=status)
    if isinstance(error, OSError) and error.errno and is_disk_full(error):
        return _Failure(errno=error.errno)
    if listing and isinstance(error, ValueError | KeyError | TypeError | AttributeError):
        return _Failure(messages.MODELS_ODD_ANSWER.code)
    name, text = type(error).__name__, f"{error!r} {error.__cause__!r} {error.__context__!r}"
    if ssl.SSLCertVerificationError.__name__ in text or "CERTIFICATE_VERIFY_FAILED" in text:
        return _Failure(messages.MODELS_UNTRUSTED.code)
    if name == "ProxyError" and str(int(HTTPStatus.PROXY_AUTHENTICATION_REQUIRED)) in text:
        return _Failure(status=HTTPStatus.PROXY_AUTHENTICATION_REQUIRED)
    broken_off = not listing and not name.startswith(("Connect", "Proxy"))
    return _Failure((messages.MODELS_CUT if broken_off else messages.MODELS_OFFLINE).code)
