"""The model hub over HTTPS: what a repository holds, and its files from any byte on.

The one module of the program that goes to the network, and only for a person who asked for a pack. It speaks
the hub's plain HTTP rather than use its client: that is told to stay offline in all of our processes (see
`fi_desktop/__init__.py`). The system's proxy settings hold (HTTPS_PROXY, NO_PROXY).
"""

from __future__ import annotations

import json
import re
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, Any, Self
from urllib.parse import quote, urlsplit

import certifi

from fi_desktop import __version__
from fi_desktop.core import messages
from fi_desktop.core.errors import FiError, TransientError, UserError
from fi_desktop.models.catalog import HUB, TOKENS_PAGE

_TIMEOUT_S = 20.0  # without a single byte
_LONGEST_ANSWER = 10_000_000
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_HASH = re.compile(r"[0-9a-f]{64}|[0-9a-f]{40}")
_BROKEN = (OSError, HTTPException)  # URLError, resets and timeouts are OSErrors


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository.

    Attributes:
        repo: "owner/name".
        revision: the commit that it belongs to.
        path: in the repository.
        size: bytes.
        sha256: as the hub states it for large files; "" for small ones.
        blob: git's own SHA-1 of it, as the hub states it for small files; else "".
    """

    repo: str
    revision: str
    path: str
    size: int
    sha256: str
    blob: str


class Stream:
    """A file as it comes; a context manager.

    Attributes:
        start: the byte that it begins at: not the one that was asked for where whole files only are served.
    """

    def __init__(self, answer: HTTPResponse, start: int, host: str) -> None:
        self.start = start
        self._answer, self._host = answer, host

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._answer.close()

    def read(self, count: int) -> bytes:
        """Return at most `count` bytes, and at least one.

        Raises:
            TransientError: models.cut.
        """
        try:
            block = self._answer.read1(count)
        except _BROKEN as error:
            raise self._cut() from error
        if not block:
            raise self._cut()
        return block

    def _cut(self) -> TransientError:
        return TransientError(
            messages.MODELS_CUT,
            host=self._host,
        )


class Hub:
    """A model hub.

    Attributes:
        host: what a person is told where files come from.
    """

    def __init__(self, address: str = HUB, *, token: str | None = None) -> None:
        """Speak to the hub at `address`; `token`: of the person's account there, where one is needed.

        Raises:
            UserError: models.bad_address: it is no https address.
        """
        parts = urlsplit(address)
        if parts.hostname is None or not (parts.scheme == "https" or parts.hostname in _LOOPBACK):
            raise UserError(messages.MODELS_BAD_ADDRESS)
        self.host = parts.netloc
        self._address = address.rstrip("/")
        self._token = token
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=_trust()), _Redirects(f"{parts.scheme}://{parts.netloc}")
        )

    def files(self, repo: str) -> tuple[RemoteFile, ...]:
        """Return what a repository holds now.

        Raises:
            UserError, TransientError: as `open`; models.odd_answer.
        """
        try:
            with self._get(f"/api/models/{repo}/revision/main?blobs=true", repo) as answer:
                told = json.loads(answer.read(_LONGEST_ANSWER))
            return tuple(_remote_file(repo, told["sha"], entry) for entry in told["siblings"])
        except (ValueError, KeyError, TypeError) as error:
            raise TransientError(
                messages.MODELS_ODD_ANSWER,
                host=self.host,
            ) from error
        except _BROKEN as error:
            raise self._unreachable(error) from error

    def open(self, file: RemoteFile, offset: int) -> Stream:
        """Open a file from `offset` on.

        Raises:
            UserError: models.needs_token, models.bad_token, models.gated, models.not_there.
            TransientError: models.offline, models.untrusted, models.proxy, models.hub_trouble.
        """
        path = f"/{file.repo}/resolve/{quote(file.revision)}/{quote(file.path)}"
        answer = self._get(path, file.repo, offset)
        return Stream(answer, offset if answer.status == HTTPStatus.PARTIAL_CONTENT else 0, self.host)

    def _get(self, path: str, repo: str, offset: int = 0) -> HTTPResponse:
        request = urllib.request.Request(self._address + path)
        request.add_header("User-Agent", f"fi-desktop/{__version__}")
        if offset:
            request.add_header("Range", f"bytes={offset}-")
        if self._token:
            # "unredirected": where large files lie is another server, which must not see it
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            answer: HTTPResponse = self._opener.open(request, timeout=_TIMEOUT_S)
        except urllib.error.HTTPError as error:
            error.close()
            raise self._refused(error.code, repo) from None
        except ValueError as error:  # what was pasted cannot be a header, and so is no token
            raise self._refused(HTTPStatus.UNAUTHORIZED, repo) from error
        except _BROKEN as error:
            raise self._unreachable(error) from error
        return answer

    def _refused(self, status: int, repo: str) -> FiError:
        page = f"{HUB}/{repo}"
        match status:
            case HTTPStatus.UNAUTHORIZED if not self._token:
                return UserError(
                    messages.MODELS_NEEDS_TOKEN,
                    repo=repo,
                    page=page,
                    tokens=TOKENS_PAGE,
                )
            case HTTPStatus.UNAUTHORIZED:
                return UserError(
                    messages.MODELS_BAD_TOKEN,
                    host=self.host,
                    tokens=TOKENS_PAGE,
                )
            case HTTPStatus.FORBIDDEN:
                return UserError(
                    messages.MODELS_GATED,
                    repo=repo,
                    page=page,
                )
            case HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
                return TransientError(messages.MODELS_PROXY)
            case HTTPStatus.NOT_FOUND:
                return UserError(
                    messages.MODELS_NOT_OFFERED,
                    host=self.host,
                    repo=repo,
                )
        return TransientError(
            messages.MODELS_HUB_TROUBLE,
            host=self.host,
            status=status,
        )

    def _unreachable(self, error: BaseException) -> TransientError:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            return TransientError(
                messages.MODELS_UNTRUSTED,
                host=self.host,
            )
        if str(HTTPStatus.PROXY_AUTHENTICATION_REQUIRED.value) in str(reason):  # from a tunnel, as text only
            return TransientError(messages.MODELS_PROXY)
        return TransientError(
            messages.MODELS_OFFLINE,
            host=self.host,
        )


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to where large files lie: never to an unsafe address, and with the token on the hub alone."""

    def __init__(self, origin: str) -> None:
        self._origin = origin

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the request to follow with."""
        parts = urlsplit(newurl)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            fp.close()
            raise urllib.error.URLError("an unsafe redirect")
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        token = req.unredirected_hdrs.get("Authorization")
        if following is not None and token and f"{parts.scheme}://{parts.netloc}" == self._origin:
            following.add_unredirected_header("Authorization", token)
        return following


def _trust() -> ssl.SSLContext:
    """Trust what the computer trusts, a clinic's own authority too, and what browsers do."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _remote_file(repo: str, revision: str, entry: dict[str, Any]) -> RemoteFile:
    large = entry.get("lfs") or {}
    size = int(large["size"] if large else entry["size"])
    if size < 0:
        raise ValueError("a size below zero")
    sha256, blob = (str(large["sha256"]), "") if large else ("", str(entry["blobId"]))
    if not _HASH.fullmatch(sha256 or blob):
        raise ValueError("no hash")
    return RemoteFile(repo, str(revision), str(entry["rfilename"]), size, sha256, blob)
