"""A server of the test's own, which says what version there is and remembers what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class UpdateServer:
    """Answers every GET.

    Attributes:
        answer, status: what is answered; "@" in it stands for the server's own address.
        asked: each request's path and headers.
    """

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.answer = '{"version": "99.0.0", "page": "@/get"}'
        self.status = 200
        self.asked: list[tuple[str, dict[str, str]]] = []


@contextmanager
def serving() -> Iterator[UpdateServer]:
    """Serve until the block is left."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append((self.path, dict(self.headers)))
            body = told.answer.replace("@", told.address).encode()
            self.send_response(told.status)
            if told.status == 302:
                self.send_header("Location", f"{told.address}/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_line: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told = UpdateServer(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()
