"""A mail server and a web server for tests of alerts, on this computer, with and without TLS."""

from __future__ import annotations

import base64
import socket
import socketserver
import ssl
import threading
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any


@dataclass(frozen=True)
class Mail:
    """What a mail server received.

    Attributes:
        secure: whether the connection was encrypted.
        login: the account and the password; "" without one.
    """

    secure: bool
    login: str
    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    greeting: str


class MailServer(socketserver.ThreadingTCPServer):
    """Speaks SMTP (RFC 5321): EHLO, STARTTLS, AUTH PLAIN and LOGIN, MAIL, RCPT, DATA, QUIT.

    Attributes:
        received: the e-mails.
        refusals: how many of the next e-mails are refused for now.
        silent: accept connections, and say nothing.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None = None, *, implicit: bool = False) -> None:
        """Serve on a free port. context: of TLS; implicit: from the first byte, not by STARTTLS."""
        super().__init__(("127.0.0.1", 0), _MailHandler)
        self.context, self.implicit = context, implicit
        self.received: SimpleQueue[Mail] = SimpleQueue()
        self.refusals, self.silent = 0, False
        self.connections: SimpleQueue[str] = SimpleQueue()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that refuses the certificate is no error of the server."""


class _MailHandler(socketserver.BaseRequestHandler):
    server: MailServer

    def handle(self) -> None:
        connection: socket.socket = self.request
        self.server.connections.put("opened")
        if self.server.silent:
            connection.recv(1)  # until the client goes away
            return
        secure = False
        if self.server.context is not None and self.server.implicit:
            connection, secure = self.server.context.wrap_socket(connection, server_side=True), True
        file = connection.makefile("rb")
        sender, recipients, login, greeting = "", list[str](), "", ""

        def say(line: str) -> None:
            connection.sendall(f"{line}\r\n".encode())

        say("220 test ESMTP")
        while line := file.readline().decode().rstrip("\r\n"):
            verb, _, rest = line.partition(" ")
            match verb.upper():
                case "EHLO":
                    greeting = rest
                    offers = self.server.context is not None and not secure
                    say("250-test")
                    say("250-STARTTLS" if offers else "250-8BITMIME")
                    say("250 AUTH PLAIN LOGIN")
                case "STARTTLS" if self.server.context is not None:
                    say("220 go")
                    connection, secure = self.server.context.wrap_socket(connection, server_side=True), True
                    file = connection.makefile("rb")
                case "AUTH":
                    login = base64.b64decode(rest.partition(" ")[2]).decode().strip("\0").replace("\0", ":")
                    say("235 welcome")
                case "MAIL":
                    sender = rest.partition("<")[2].partition(">")[0]
                    refused, self.server.refusals = self.server.refusals > 0, self.server.refusals - 1
                    say("451 later" if refused else "250 ok")
                case "RCPT":
                    recipients.append(rest.partition("<")[2].partition(">")[0])
                    say("250 ok")
                case "DATA":
                    say("354 go")
                    content = b""
                    while (part := file.readline()) != b".\r\n":
                        content += part
                    say("250 ok")
                    message = message_from_bytes(content, policy=default)
                    self.server.received.put(
                        Mail(secure, login, sender, tuple(recipients), message, greeting)
                    )
                case "RSET":
                    say("250 ok")
                case "QUIT":
                    say("221 bye")
                    break
                case _:
                    say("502 unknown")
        file.close()
        connection.close()


class HookServer(ThreadingHTTPServer):
    """Takes what is posted.

    Attributes:
        received: path and content of requests.
        status: what is answered.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _HookHandler)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.scheme = "http" if context is None else "https"
        self.received: SimpleQueue[tuple[str, bytes]] = SimpleQueue()
        self.status = 204
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}/alerts?token=7"

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that refuses the certificate is no error of the server."""


class _HookHandler(BaseHTTPRequestHandler):
    server: HookServer

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.put((self.path, content))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""
