"""The model hub: a child process that runs `huggingface_hub`, and the person's token in the keyring.

The child process is started on request and killed at the end. So the library is imported only for a download,
which stops at any moment even if the network hangs, and only that process may go online: all others forbid it
(see `fi_desktop/__init__.py`). The token is never in a file, a log or an error.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from fi_desktop import __version__
from fi_desktop.core import messages
from fi_desktop.core.errors import FiError, TransientError, UserError
from fi_desktop.models.catalog import HUB, TOKENS_PAGE
from fi_desktop.system import keyring_access
from fi_desktop.system.files import is_disk_full

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_POLL_S = 0.2  # between two calls of `wait`, and so the longest time that a cancelled download takes to stop
_TIMEOUT_S = 20  # without a single byte; the client retries several times
_DROPPED = ("RemoteProtocolError", "ReadError", "WriteError")
"""Errors of the HTTP library if the hub has just closed a connection that was kept for the next request."""
_CHUNK_BYTES = 1 << 16  # written at once; a killed download loses at most this much
_KEYRING_ACCOUNT = "huggingface.co"


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
        sha256: as the hub states it; "" for small files, of which it states none.
    """

    repo: str
    revision: str
    path: str
    size: int
    sha256: str


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


class HubClient:
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
        if not token.isascii() or any(letter.isspace() for letter in token):  # not valid in a header
            raise self._refused(HTTPStatus.UNAUTHORIZED, "")
        self._process.start()
        self._theirs.close()
        return self

    def __exit__(self, *_error: object) -> None:
        self._pipe.close()
        self._process.kill()
        self._process.join()

    def files(self, repo: str, commit: str, wait: Callable[[], None]) -> list[HubFile]:
        """Return what a repository holds in a commit; `wait` is called meanwhile."""
        answer: list[HubFile] = self._ask((repo, commit), repo, wait)
        return answer

    def fetch(self, file: HubFile, part: Path, wait: Callable[[], None]) -> None:
        """Append what is missing of a file to `part`; `wait` is called meanwhile."""
        self._ask((file, str(part)), file.repo, wait)

    def _ask(self, request: object, repo: str, wait: Callable[[], None]) -> Any:
        try:
            self._pipe.send(request)
            while not self._pipe.poll(_POLL_S):
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

    def information(repo: str, commit: str) -> Any:
        return api.model_info(repo, revision=commit, files_metadata=True, timeout=_TIMEOUT_S)

    def files(repo: str, commit: str) -> list[HubFile]:
        try:
            info = information(repo, commit)
        except Exception as error:
            if type(error).__name__ not in _DROPPED:
                raise
            info = information(repo, commit)
        return [_hub_file(repo, commit, sibling) for sibling in info.siblings or ()]

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
        listing = isinstance(request[0], str)
        try:
            pipe.send(files(*request) if listing else fetch(*request))
        except Exception as error:  # noqa: BLE001 the child's edge: the parent turns it into a sentence
            pipe.send(_failure(error, listing=listing))


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _hub_file(repo: str, commit: str, sibling: Any) -> HubFile:
    large = sibling.lfs
    size = large.size if large else sibling.size
    if size is None or size < 0:
        raise ValueError("no size")
    return HubFile(repo, commit, sibling.rfilename, size, large.sha256 if large else "")


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


def stored_token() -> str | None:
    """Return the stored token; None if there is no token or no keyring."""
    return keyring_access.read(_KEYRING_ACCOUNT)


def store_token(token: str) -> bool:
    """Store a token; return whether a keyring accepted it."""
    return keyring_access.write(_KEYRING_ACCOUNT, token)


def delete_token() -> bool:
    """Delete the token; return whether one was stored."""
    return keyring_access.delete(_KEYRING_ACCOUNT)
