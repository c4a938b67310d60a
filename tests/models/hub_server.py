"""A model hub on this computer: real HTTP, including everything that can go wrong with a real one."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from fi_desktop.models.pins import PINS, Pin

REVISION = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "hf_agoodtoken"
_LARGE = (".bin", ".npz")
_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it was received.

    Attributes:
        host: requested host, as a proxy sees it.
        path: without the query.
        token: whether it carried a token.
        start: first requested byte.
        agent: the User-Agent header.
    """

    host: str
    path: str
    token: bool
    start: int
    agent: str = ""


@dataclass
class FakeHub:
    """The hub's content and behaviour.

    Attributes:
        repos: content by path by repository.
        gated: repositories that need a token.
        unaccepted: repositories whose conditions the token's account has not accepted.
        cuts: bytes to send of the next large files before closing the connection, one number per file.
        spoiled: paths of files that are sent with a wrong byte.
        stated_sizes: wrong sizes to list, by path.
        ranges: whether range requests are honored.
        hold_after: bytes to send of a large file before waiting for `release`; 0 to send all at once.
        release: lets held files continue.
        down: status of all answers; 0 for normal operation.
        keeps_connections: whether a connection stays open after an answer, and is closed at the next request,
            as if that crossed the closing of an idle one.
        seen: all requests.
    """

    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    unaccepted: set[str] = field(default_factory=set)
    cuts: list[int] = field(default_factory=list)
    spoiled: set[str] = field(default_factory=set)
    stated_sizes: dict[str, int] = field(default_factory=dict)
    ranges: bool = True
    hold_after: int = 0
    release: threading.Event = field(default_factory=threading.Event)
    down: int = 0
    keeps_connections: bool = False
    seen: list[Seen] = field(default_factory=list)
    address: str = ""
    storage: str = ""

    def publish(self, repo: str, path: str, content: bytes) -> None:
        """Replace a file, as if the program were a later version that knows the new one."""
        self.repos[repo][path] = content
        PINS[repo] = self.pin(repo)

    def pin(self, repo: str) -> Pin:
        """Return what a version of the program that knows this content pins."""
        hashes = {path: hashlib.sha256(content).hexdigest() for path, content in self.repos[repo].items()}
        return Pin(REVISION, hashes)

    def starts(self, ending: str) -> list[int]:
        """Return the first bytes that were requested of a large file."""
        return [
            seen.start
            for seen in self.seen
            if seen.path.startswith("/storage/") and seen.path.endswith(ending)
        ]

    def listing(self, repo: str) -> object:
        """Return the repository's files as the hub's API does."""
        siblings = [self._entry(*file) for file in self.repos[repo].items()]
        return {"id": repo, "sha": REVISION, "siblings": siblings}

    def _entry(self, path: str, content: bytes) -> dict[str, object]:
        size = self.stated_sizes.get(path, len(content))
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        entry: dict[str, object] = {"rfilename": path, "size": size, "blobId": blob}
        if path.endswith(_LARGE):
            entry["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": size, "pointerSize": 130}
        return entry


@contextmanager
def serving(hub: FakeHub) -> Iterator[FakeHub]:
    """Serve the hub, and pin its content; large files are on another host, as with the real hub.

    The real weights cannot be had in tests, so their hashes give way to those of the noise on this hub.
    """
    pinned = dict(PINS)
    PINS.update((repo, hub.pin(repo)) for repo in hub.repos)

    class Handler(_Handler):
        fake = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    port = server.server_address[1]
    hub.address, hub.storage = f"http://127.0.0.1:{port}", f"http://localhost:{port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        PINS.update(pinned)
        hub.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeHub
    protocol_version = "HTTP/1.1"
    answered = False  # on this connection

    def end_headers(self) -> None:
        if self.close_connection:
            self.send_header("Connection", "close")
        super().end_headers()

    def do_GET(self) -> None:
        self.close_connection = not self.fake.keeps_connections or self.answered
        if self.fake.keeps_connections and self.answered:
            return
        self.answered = True
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        token = self.headers.get("Authorization", "")
        wanted = self.headers.get("Range", "bytes=0-")
        start = int(wanted.removeprefix("bytes=").rstrip("-"))
        host, agent = parts.netloc or self.headers["Host"], self.headers.get("User-Agent", "")
        self.fake.seen.append(Seen(host, path, bool(token), start, agent))
        if self.fake.down:
            self._refuse(self.fake.down)
        elif path.startswith("/storage/"):
            repo, file = _split(path.removeprefix("/storage/"))
            self._send(file, self.fake.repos[repo][file], start)
        elif path.startswith("/api/models/"):
            repo = path.removeprefix("/api/models/").removesuffix(f"/revision/{REVISION}")
            if repo in self.fake.repos:
                self._send("", json.dumps(self.fake.listing(repo)).encode(), 0)
            else:
                self._refuse(404)
        else:
            self._resolve(path, token, start)

    def _resolve(self, path: str, token: str, start: int) -> None:
        repo, file = _split(path.removeprefix("/").replace(f"/resolve/{REVISION}/", "/"))
        if (token or repo in self.fake.gated) and token != f"Bearer {TOKEN}":
            self._refuse(401)
        elif repo in self.fake.unaccepted:
            self._refuse(403)
        elif file.endswith(_LARGE):
            self.send_response(302)
            self.send_header("Location", f"{self.fake.storage}/storage/{repo}/{file}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._send(file, self.fake.repos[repo][file], start)

    def _send(self, file: str, content: bytes, start: int) -> None:
        if file in self.fake.spoiled:
            content = content[:-1] + bytes([content[-1] ^ 1])
        partial = bool(start) and self.fake.ranges
        rest = content[start:] if partial else content
        self.send_response(206 if partial else 200)
        self.send_header("Content-Length", str(len(rest)))
        if partial:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        cut = self.fake.cuts.pop(0) if file.endswith(_LARGE) and self.fake.cuts else len(rest)
        held = self.fake.hold_after if file.endswith(_LARGE) and self.fake.hold_after else 0
        with suppress(ConnectionError):  # the client stopped
            self.wfile.write(rest[: min(held, cut)])
            if held:
                self.wfile.flush()
                self.fake.release.wait(_TIMEOUT_S)
            self.wfile.write(rest[min(held, cut) : cut])

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


def _split(path: str) -> tuple[str, str]:
    owner, name, file = path.split("/", 2)
    return f"{owner}/{name}", file
