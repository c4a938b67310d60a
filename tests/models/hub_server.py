"""A model hub on this computer: real HTTP, with everything that a real one does to its visitors."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

REVISION = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "hf_agoodtoken"
_LARGE = (".bin", ".npz")
_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came.

    Attributes:
        host: what it asked for, as a proxy sees it.
        path: without the query.
        token: whether the person's token came with it.
        start: first byte asked for.
    """

    host: str
    path: str
    token: bool
    start: int


@dataclass
class FakeHub:
    """What the hub holds, and how it behaves.

    Attributes:
        repos: content by path by repository.
        gated: repositories that need a token.
        unaccepted: repositories whose conditions the token's account has not accepted.
        cuts: so many bytes are sent of the next files, one number a file, before the connection is closed.
        spoiled: paths of files that are sent with other bytes than promised.
        stated_sizes: other sizes than the files have, by path.
        ranges: whether parts of files are served.
        hold_after: so many bytes are sent of a large file before `release` is waited for; 0: all at once.
        release: lets files that are held go on.
        down: status that is answered to everything; 0: none.
        seen: what was asked for.
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
    seen: list[Seen] = field(default_factory=list)
    address: str = ""
    storage: str = ""

    def starts(self, ending: str) -> list[int]:
        """First bytes that were asked for of a large file."""
        return [
            seen.start
            for seen in self.seen
            if seen.path.startswith("/storage/") and seen.path.endswith(ending)
        ]

    def listing(self, repo: str) -> dict[str, object]:
        return {"sha": REVISION, "siblings": [self._entry(*file) for file in self.repos[repo].items()]}

    def _entry(self, path: str, content: bytes) -> dict[str, object]:
        size = self.stated_sizes.get(path, len(content))
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        entry: dict[str, object] = {"rfilename": path, "size": size, "blobId": blob}
        if path.endswith(_LARGE):
            entry["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": size, "pointerSize": 130}
        return entry


@contextmanager
def serving(hub: FakeHub) -> Iterator[FakeHub]:
    """Serve the hub while the block runs; large files lie at another host, as they do in the world."""

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
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeHub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.close_connection = True
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        token = self.headers.get("Authorization", "")
        wanted = self.headers.get("Range", "bytes=0-")
        start = int(wanted.removeprefix("bytes=").rstrip("-"))
        self.fake.seen.append(Seen(parts.netloc or self.headers["Host"], path, bool(token), start))
        if self.fake.down:
            self._refuse(self.fake.down)
        elif path.startswith("/storage/"):
            repo, file = _split(path.removeprefix("/storage/"))
            self._send(file, self.fake.repos[repo][file], start)
        elif path.startswith("/api/models/"):
            repo = path.removeprefix("/api/models/").removesuffix("/revision/main")
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
        part = bool(start) and self.fake.ranges
        rest = content[start:] if part else content
        self.send_response(206 if part else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        cut = self.fake.cuts.pop(0) if file.endswith(_LARGE) and self.fake.cuts else len(rest)
        held = self.fake.hold_after if file.endswith(_LARGE) and self.fake.hold_after else 0
        with suppress(ConnectionError):  # the visitor paused
            self.wfile.write(rest[: min(held, cut)])
            if held:
                self.wfile.flush()
                self.fake.release.wait(_PATIENCE_S)
            self.wfile.write(rest[min(held, cut) : cut])

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _split(path: str) -> tuple[str, str]:
    owner, name, file = path.split("/", 2)
    return f"{owner}/{name}", file
